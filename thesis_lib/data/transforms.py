"""The augmentation of hszhao/semseg (util/transform.py, tool/train.py) as transforms of torchvision.

semseg scales, rotates, blurs, flips and crops one after the other; here scale, rotation and crop are one warp, which
interpolates once and only computes the pixels of the crop.
"""

from math import cos, radians, sin
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2

from thesis_lib.data.labels import IGNORE

RGB = tuple[float, float, float]


class RandomView(v2.Transform):
    """Scale by U(scale), rotate by U(-rotate, rotate) degrees with probability 1/2, and crop at random.

    The image is padded with its mean and the label with 255, wherever the crop reaches beyond the scaled image. As in
    semseg, a crop is centred along an axis on which the scaled image is the smaller one.

    Args:
        crop: (height, width) of the result.
        scale, rotate: ranges.
        fill: the mean RGB, in [0, 1].
    """

    def __init__(self, crop: tuple[int, int], *, scale: tuple[float, float], rotate: float, fill: RGB) -> None:
        super().__init__()
        self.crop = crop
        self.scale = scale
        self.rotate = rotate
        self.fill = tuple(255 * value for value in fill)

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """Draw the matrix (2, 3) that takes coordinates of the image to those of the crop."""
        height, width = v2.functional.get_size(flat_inputs[0])
        draw, where_y, where_x, turn = torch.rand(4).tolist()
        angle = radians(self.rotate * (2 * turn - 1)) if torch.rand(()) < 0.5 else 0.0
        scale = self.scale[0] + (self.scale[1] - self.scale[0]) * draw
        scaled = np.array([round(width * scale), round(height * scale)])
        room = scaled - np.array(self.crop[::-1])
        corner = np.where(room > 0, np.floor((room + 1) * [where_x, where_y]), np.trunc(room / 2))
        return {"matrix": view_matrix((width, height), tuple(scaled), angle, tuple(corner))}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """Warp an image (3, H, W) linearly and a mask (H, W) by the nearest pixel, both uint8."""
        if isinstance(inpt, tv_tensors.Mask):
            return tv_tensors.Mask(self._warp(inpt.numpy(), params["matrix"], cv2.INTER_NEAREST, IGNORE))
        warped = self._warp(inpt.permute(1, 2, 0).numpy(), params["matrix"], cv2.INTER_LINEAR, self.fill)
        return tv_tensors.Image(torch.from_numpy(warped).permute(2, 0, 1))

    def _warp(self, pixels: np.ndarray, matrix: np.ndarray, interpolation: int, fill: Any) -> np.ndarray:
        size = self.crop[::-1]
        return cv2.warpAffine(
            pixels, matrix, size, flags=interpolation, borderMode=cv2.BORDER_CONSTANT, borderValue=fill
        )


class RandomBlur(v2.Transform):
    """Gaussian blur 5 x 5 with probability 1/2, its sigma by OpenCV's rule: semseg's RandomGaussianBlur."""

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """Draw whether to blur."""
        return {"blur": bool(torch.rand(()) < 0.5)}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """Blur an image, and leave a mask as it is."""
        if isinstance(inpt, tv_tensors.Mask) or not params["blur"]:
            return inpt
        blurred = cv2.GaussianBlur(inpt.permute(1, 2, 0).numpy(), (5, 5), 0)
        return tv_tensors.Image(torch.from_numpy(blurred).permute(2, 0, 1))


def view_matrix(
    size: tuple[int, int], scaled: tuple[int, int], angle: float, corner: tuple[float, float]
) -> np.ndarray:
    """Affine matrix (2, 3) that resizes `size` to `scaled`, turns by `angle` about the centre, and crops at `corner`.

    Sizes and corner are (width, height); pixel centres lie at integers, as for cv2.resize and cv2.warpAffine.
    """
    factor = np.array(scaled) / np.array(size)
    resize = np.array([[factor[0], 0, (factor[0] - 1) / 2], [0, factor[1], (factor[1] - 1) / 2], [0, 0, 1]])
    middle = np.array(scaled) / 2
    turn = np.array([[cos(angle), sin(angle), 0], [-sin(angle), cos(angle), 0], [0, 0, 1]])
    turn[:2, 2] = middle - turn[:2, :2] @ middle
    cut = np.array([[1, 0, -corner[0]], [0, 1, -corner[1]]])
    return cut @ turn @ resize


def train_transform(
    crop: tuple[int, int], *, mean: RGB, std: RGB, scale: tuple[float, float] = (0.5, 2), rotate: float = 10
) -> v2.Transform:
    """Compose semseg's training augmentation, to a normalised image (3, *crop) float32 and a mask (*crop) uint8."""
    return v2.Compose(
        [
            RandomView(crop, scale=scale, rotate=rotate, fill=mean),
            RandomBlur(),
            v2.RandomHorizontalFlip(),
            normalization(mean, std),
        ]
    )


def normalization(mean: RGB, std: RGB) -> v2.Transform:
    """Make the transform from uint8 RGB to (x / 255 - mean) / std, float32, which leaves masks as they are."""
    return v2.Compose(
        [v2.ToDtype({tv_tensors.Image: torch.float32, "others": None}, scale=True), v2.Normalize(mean, std)]
    )


def denormalize(images: Tensor, mean: RGB, std: RGB) -> Tensor:
    """Undo `normalization` of images (..., 3, H, W): values in [0, 1]."""
    shape = (3, 1, 1)
    return (images * images.new_tensor(std).view(shape) + images.new_tensor(mean).view(shape)).clamp(0, 1)
