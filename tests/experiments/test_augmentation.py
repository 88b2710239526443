"""What a training sees of its images: each turned, blurred and mirrored as often as semseg's recipe says."""

from collections import Counter
from collections.abc import Callable

import cv2
import numpy as np
import pytest
import torch

from tests.experiments.child import small_pspnet
from thesis_lib.data import Cityscapes
from thesis_lib.data.transforms import denormalize
from thesis_lib.experiments import Profile
from thesis_lib.experiments.training import datasets

Make = Callable[..., Profile]
DRAWS = 60


def blurred(image: np.ndarray) -> np.ndarray:
    """semseg's RandomGaussianBlur: 5 x 5, and OpenCV's own sigma for it."""
    return cv2.GaussianBlur(image, (5, 5), 0)


@pytest.fixture
def samples(small_profile: Make) -> tuple[np.ndarray, np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    """A frame and its labels, and what a training makes of them in many epochs where nothing is scaled or turned."""
    profile = small_profile("training.crop=[48,96]", "training.scale=[1.0,1.0]", "training.rotate=0")
    model = small_pspnet()
    train, _ = datasets(profile, model)
    image, labels = Cityscapes(profile.dataset, "train").read(0)
    seen = []
    for epoch in range(DRAWS):
        found, mask = train[epoch, 0]
        pixels = denormalize(found, model.backbone.mean, model.backbone.std).permute(1, 2, 0) * 255
        seen.append((pixels.round().to(torch.uint8).numpy(), mask.numpy()))
    return image.permute(1, 2, 0).numpy(), labels.numpy(), seen


def test_half_of_the_images_are_mirrored_and_half_are_blurred(samples: tuple) -> None:
    image, labels, seen = samples
    kinds = {
        (flip, blur): (look[:, ::-1] if flip else look)
        for blur, look in ((False, image), (True, blurred(image)))
        for flip in (False, True)
    }
    counts: Counter[tuple[bool, bool]] = Counter()
    for pixels, mask in seen:
        matching = [kind for kind, expected in kinds.items() if np.array_equal(pixels, expected)]
        assert len(matching) == 1
        counts[matching[0]] += 1
        np.testing.assert_array_equal(mask, labels[:, ::-1] if matching[0][0] else labels)
    for index in (0, 1):
        share = sum(count for kind, count in counts.items() if kind[index]) / DRAWS
        assert 0.3 < share < 0.7, ("flip", "blur")[index]  # 3 standard deviations
    assert len(counts) == 4


def looks(profile: Profile) -> set[bytes]:
    """All that the first frame looks like in many epochs."""
    train, _ = datasets(profile, small_pspnet())
    return {train[epoch, 0][0].numpy().tobytes() for epoch in range(DRAWS)}


@pytest.mark.parametrize("change", ["training.scale=[1.2,1.2]", "training.rotate=10"])
def test_images_are_scaled_and_turned(small_profile: Make, change: str) -> None:
    plain = ["training.crop=[48,96]", "training.scale=[1.0,1.0]", "training.rotate=0"]
    alike = looks(small_profile(*plain))
    assert len(alike) == 4  # mirrored or not, blurred or not
    assert looks(small_profile(*plain)) == alike
    assert not looks(small_profile(*plain, change)) <= alike
