"""semseg's augmentation, done step by step with OpenCV, is what the one warp must give."""

import cv2
import numpy as np
import pytest
import torch
from torchvision import tv_tensors

from thesis_lib.data.transforms import RandomView, denormalize, normalization, train_transform, view_matrix

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def smooth_image(height: int = 60, width: int = 100) -> np.ndarray:
    random = np.random.default_rng(0)
    return cv2.resize(
        random.integers(0, 256, (6, 10, 3)).astype(np.uint8), (width, height), interpolation=cv2.INTER_CUBIC
    )


def step_by_step(
    image: np.ndarray, scaled: tuple[int, int], degrees: float, corner: tuple[int, int], crop: int
) -> np.ndarray:
    """Resize, rotate about the centre, pad and cut, as util/transform.py of semseg does."""
    resized = cv2.resize(image, scaled, interpolation=cv2.INTER_LINEAR)
    turn = cv2.getRotationMatrix2D((scaled[0] / 2, scaled[1] / 2), degrees, 1)
    turned = cv2.warpAffine(resized, turn, scaled, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    padded = cv2.copyMakeBorder(turned, 50, 50, 50, 50, cv2.BORDER_CONSTANT)
    return padded[corner[1] + 50 : corner[1] + 50 + crop, corner[0] + 50 : corner[0] + 50 + crop]


@pytest.mark.parametrize(
    ("scaled", "degrees", "corner"),
    [((100, 60), 0, (10, 5)), ((150, 90), 0, (33, 21)), ((150, 90), 9, (40, 20)), ((70, 42), -7, (11, -3))],
)
def test_the_one_warp_is_resize_rotate_and_crop(
    scaled: tuple[int, int], degrees: float, corner: tuple[int, int]
) -> None:
    image, crop = smooth_image(), 48
    matrix = view_matrix((100, 60), scaled, np.radians(degrees), corner)
    warped = cv2.warpAffine(image, matrix, (crop, crop), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    expected = step_by_step(image, scaled, degrees, corner, crop)
    inside = np.s_[8:-8, 8:-8]
    # interpolating once instead of twice moves values a little where the image is steep
    assert np.abs(warped[inside].astype(int) - expected[inside]).mean() < 2.5


def test_image_and_label_move_together() -> None:
    label = np.zeros((60, 100), np.uint8)
    label[20:40, 30:70] = 7
    image = np.repeat((label * 30)[..., None], 3, axis=2)
    view = RandomView((64, 64), scale=(0.5, 2), rotate=10, fill=(0, 0, 0))
    torch.manual_seed(0)
    for _ in range(20):
        seen, mask = view(
            tv_tensors.Image(torch.from_numpy(image).permute(2, 0, 1)), tv_tensors.Mask(torch.from_numpy(label))
        )
        agree = (seen[0] > 105) == (mask == 7)
        assert agree.float().mean() > 0.96


def test_outside_of_the_image_is_mean_and_ignore() -> None:
    view = RandomView((80, 80), scale=(0.5, 0.5), rotate=0, fill=MEAN)
    image, mask = view(
        tv_tensors.Image(torch.full((3, 60, 100), 255, dtype=torch.uint8)),
        tv_tensors.Mask(torch.zeros(60, 100, dtype=torch.uint8)),
    )
    assert (mask[:24] == 255).all()
    assert (mask[26:54, 16:64] == 0).all()
    torch.testing.assert_close(image[:, 0, 0].float(), torch.tensor([255 * value for value in MEAN]), atol=0.51, rtol=0)
    assert (image[:, 30, 40] == 255).all()


def test_scale_and_angle_cover_their_ranges() -> None:
    view = RandomView((50, 50), scale=(0.5, 2), rotate=10, fill=MEAN)
    torch.manual_seed(0)
    matrices = [view.make_params([tv_tensors.Image(torch.zeros(3, 60, 100))])["matrix"] for _ in range(400)]
    scales = np.array([np.sqrt(abs(np.linalg.det(matrix[:, :2]))) for matrix in matrices])
    angles = np.array([np.degrees(np.arctan2(matrix[0, 1], matrix[0, 0])) for matrix in matrices])
    assert 0.49 < scales.min() < 0.55
    assert 1.95 < scales.max() < 2.02
    assert 0.4 < (np.abs(angles) < 1e-6).mean() < 0.6
    assert -10 <= angles.min() < -8 < 8 < angles.max() <= 10


def test_the_result_is_a_normalised_crop() -> None:
    transform = train_transform((40, 56), mean=MEAN, std=STD)
    image, mask = transform(
        tv_tensors.Image(torch.from_numpy(smooth_image()).permute(2, 0, 1)),
        tv_tensors.Mask(torch.zeros(60, 100, dtype=torch.uint8)),
    )
    assert image.shape == (3, 40, 56)
    assert image.dtype == torch.float32
    assert mask.shape == (40, 56)
    assert mask.dtype == torch.uint8


def test_denormalising_undoes_normalising() -> None:
    image = torch.from_numpy(smooth_image()).permute(2, 0, 1)
    normalised, _ = normalization(MEAN, STD)(tv_tensors.Image(image), tv_tensors.Mask(torch.zeros(60, 100)))
    torch.testing.assert_close(denormalize(normalised, MEAN, STD) * 255, image.float(), atol=1e-3, rtol=0)
