"""Sliding-window, mirrored, multi-scale prediction with averaged softmax, as hszhao/semseg's tool/test.py."""

from itertools import product
from math import ceil

import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

from thesis_lib.experiments.profiles import Evaluation
from thesis_lib.models import PSPNet

WINDOWS = 4
"""Windows per forward pass."""


@torch.inference_mode()
def predict(model: PSPNet, image: Tensor, protocol: Evaluation) -> Tensor:
    """Predict the most probable class of every pixel of an image.

    Args:
        image: (3, H, W) uint8 RGB.
        protocol: windows, mirroring and scales.

    Returns:
        (H, W) int64, on the model's device: trainIds, if the network has Cityscapes' classes.
    """
    return predict_probabilities(model, image, protocol).max(0).indices  # on the CPU three times as fast as argmax


@torch.inference_mode()
def predict_probabilities(model: PSPNet, image: Tensor, protocol: Evaluation) -> Tensor:
    """Predict class probabilities (num_classes, H, W) of a uint8 RGB image (3, H, W).

    They are the mean of softmax over the protocol's scales, windows and, with `flip`, the mirror image.
    """
    device = next(model.parameters()).device
    mean, std = (
        torch.tensor(value, device=device).view(3, 1, 1) for value in (model.backbone.mean, model.backbone.std)
    )
    normalised = ((image.to(device) / 255 - mean) / std)[None]  # (1, 3, H, W)
    size = image.shape[-2:]
    total = torch.zeros((), device=device)
    for scale in protocol.scales:
        scaled = _resize(normalised, (round(size[0] * scale), round(size[1] * scale)))
        total = total + _resize(_slide(model, scaled, protocol), size)[0]
    return total / len(protocol.scales)


def _slide(model: PSPNet, image: Tensor, protocol: Evaluation) -> Tensor:
    """Predict probabilities (1, num_classes, h, w) of a normalised image (1, 3, h, w) by sliding windows.

    An image smaller than the window is padded with 0, the mean colour.
    """
    height, width = image.shape[-2:]
    window = (height, width) if protocol.window is None else protocol.window
    missing = max(window[0] - height, 0), max(window[1] - width, 0)
    top, left = missing[0] // 2, missing[1] // 2
    padded = pad(image, (left, missing[1] - left, top, missing[0] - top))
    total = padded.new_zeros(1, model.config["num_classes"], *padded.shape[-2:])
    count = padded.new_zeros(padded.shape[-2:])
    corners = _corners(padded.shape[-2:], window, protocol.stride_rate)
    for start in range(0, len(corners), WINDOWS):
        places = [(slice(y, y + window[0]), slice(x, x + window[1])) for y, x in corners[start:][:WINDOWS]]
        windows = torch.cat([padded[..., y, x] for y, x in places])  # (up to WINDOWS, 3, *window)
        found = _probabilities(model, windows, flip=protocol.flip)
        for (y, x), probabilities in zip(places, found, strict=True):
            total[..., y, x] += probabilities
            count[y, x] += 1
    return (total / count)[..., top : top + height, left : left + width]


def _corners(size: tuple[int, ...], window: tuple[int, int], rate: float) -> list[tuple[int, int]]:
    """Upper left corners (y, x) of a grid of windows that covers an image, the last ones flush with its border."""
    axes = []
    for length, side in zip(size, window, strict=True):
        stride = ceil(side * rate)
        count = ceil((length - side) / stride) + 1
        axes.append([min(index * stride, length - side) for index in range(count)])
    return list(product(*axes))  # type: ignore[arg-type]


def _probabilities(model: PSPNet, windows: Tensor, *, flip: bool) -> Tensor:
    found = model.logits(windows).float().softmax(1)
    if not flip:
        return found
    return (found + model.logits(windows.flip(-1)).float().softmax(1).flip(-1)) / 2


def _resize(images: Tensor, size: tuple[int, ...]) -> Tensor:
    if images.shape[-2:] == torch.Size(size):
        return images
    return interpolate(images, tuple(size), mode="bilinear", align_corners=False)
