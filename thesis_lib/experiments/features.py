"""Feature maps of one image, and what clustering makes of them."""

import cv2
import numpy as np
import torch
from torch import Tensor

from thesis_lib.clustering.eigen import fix_signs
from thesis_lib.models.backbones import Backbone
from thesis_lib.models.cluster_layer import pixel_points

LAYERS = (1, 2, 3, 4)
MARGIN = 64
"""Pixels by which an image is mirrored beyond its sides: zeros, with which networks pad, make clusters of borders."""


@torch.no_grad()
def layer_features(backbone: Backbone, image: np.ndarray, size: tuple[int, int]) -> list[Tensor]:
    """Features of layers 1 to 4 of an RGB image, seen as if it went on beyond its sides.

    Args:
        image: (H, W, 3) uint8.
        size: (height, width) at which the network sees it.

    Returns:
        four maps (C_i, h_i, w_i).
    """
    resized = np.pad(resize_image(image, size), ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)), mode="symmetric")
    mean, std = np.array(backbone.mean, np.float32), np.array(backbone.std, np.float32)
    normalised = torch.from_numpy((resized / np.float32(255) - mean) / std).permute(2, 0, 1)[None]
    device = next(backbone.parameters()).device
    return [_without_margin(features[0], resized.shape[0]) for features in backbone.eval()(normalised.to(device))]


def _without_margin(features: Tensor, height: int) -> Tensor:
    margin = MARGIN // round(height / features.shape[1])
    return features[:, margin:-margin, margin:-margin].contiguous()


def resize_image(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8 to (*size, 3), averaging when it shrinks."""
    smaller = size[0] < image.shape[0]
    return cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)


def principal_maps(features: Tensor, count: int = 3) -> np.ndarray:
    """The leading principal components of a map (C, h, w), as maps (count, h, w), their signs fixed."""
    points = as_points(features).double()
    centred = points - points.mean(0)
    # by the covariance: for 2,048 channels the singular vectors of the points take ten times as long
    _, directions = torch.linalg.eigh(centred.T @ centred)
    components = centred @ fix_signs(directions[:, -count:].flip(1))
    return components.T.reshape(count, *features.shape[1:]).numpy()


def as_points(features: Tensor, *, position: float = 0.0) -> Tensor:
    """A map (C, h, w) as points (h w, C), or (h w, C + 2) with a pixel's place of that weight, see `pixel_points`."""
    return pixel_points(features[None], position)[0]
