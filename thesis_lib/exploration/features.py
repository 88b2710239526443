"""Feature maps of images, aligned with their pixels, and as points to cluster."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import Tensor

from thesis_lib.clustering.embedding import fix_signs
from thesis_lib.models.backbones import Backbone
from thesis_lib.models.cluster_layer import pixel_points

LAYERS = (1, 2, 3, 4)
STRIDES = {1: 4, 2: 8, 3: 8, 4: 8}
"""Pixels from one cell of a layer to the next."""
MARGIN = 64
"""Pixels, about, by which an image is mirrored beyond its sides: zeros, with which networks pad, cluster borders."""
SHARED = 0.75
"""Pixels off at which a layer's cells may look, so that it shares another's forward pass."""


@torch.no_grad()
def layer_features(
    backbone: Backbone, image: np.ndarray, size: tuple[int, int], *, layers: Sequence[int] = LAYERS
) -> list[Tensor]:
    """Features of an RGB image, seen as if it went on beyond its sides, each cell looking at where it is drawn.

    A map (C, h, w) divides the image evenly into h x w cells: drawn over it, stretched to its size, cell (i, j) covers
    what it looks at. For that the network sees the image at whole cells (`size` rounded up to multiples of the stride),
    and behind margins that undo where its cells look (`Backbone.looks_at`), to a pixel.

    Args:
        image: (H, W, 3) uint8.
        size: (height, width) at which the network sees it.
        layers: those wanted, of 1 to 4; early ones alone are cheap.

    Returns:
        a map (C, ceil(height / s), ceil(width / s)) for each layer, s its stride: 4 for layer 1, else 8.
    """
    mean, std = np.array(backbone.mean, np.float32), np.array(backbone.std, np.float32)
    device = next(backbone.parameters()).device
    by_size: dict[tuple[int, int], list[int]] = {}
    for layer in layers:
        height, width = (-(-length // STRIDES[layer]) * STRIDES[layer] for length in size)
        by_size.setdefault((height, width), []).append(layer)
    found: dict[int, Tensor] = {}
    for whole, together in by_size.items():
        normalised = torch.from_numpy((resize_image(image, whole) / np.float32(255) - mean) / std)
        found |= mirrored_features(backbone, normalised.permute(2, 0, 1)[None].to(device), together)
    return [found[layer][0].contiguous() for layer in layers]


def mirrored_features(backbone: Backbone, images: Tensor, layers: Sequence[int] = LAYERS) -> dict[int, Tensor]:
    """Features of images that are mirrored beyond their sides, by margins that make the cells look straight ahead.

    Args:
        images: (B, 3, H, W), normalised; sides are multiples of the layers' strides.

    Returns:
        (B, C, H / s, W / s) by layer. Of cell (i, j) the middle of what it sees is that of the s x s pixels from
        (s i, s j), up to `SHARED` pixels.
    """
    found = {}
    height, width = images.shape[-2:]
    for (down, right), together in layers_by_shift(backbone.eval().looks_at((8, 8))).items():
        wanted = [layer for layer in layers if layer in together]
        if not wanted:
            continue
        rows, columns = mirrored_places(height, MARGIN + down), mirrored_places(width, MARGIN + right)
        maps = backbone(images[..., rows, :][..., columns], max(wanted))
        for layer in wanted:
            stride = STRIDES[layer]
            middle = maps[layer - 1][..., MARGIN // stride :, MARGIN // stride :]
            found[layer] = middle[..., : height // stride, : width // stride]
    return found


def layers_by_shift(looks: Sequence[tuple[float, float]]) -> dict[tuple[int, int], list[int]]:
    """Whole (y, x) pixels by which margins shift the image so that cells look straight ahead, and the layers for each.

    A layer shares the shift of a deeper one where that is right for it up to `SHARED` pixels.

    Args:
        looks: where layers 1 to 4 look, of `Backbone.looks_at`.
    """
    shifts: dict[tuple[int, int], list[int]] = {}
    for layer in reversed(LAYERS):
        y, x = looks[layer - 1]
        near = [shift for shift in shifts if max(abs(y - shift[0]), abs(x - shift[1])) <= SHARED]
        shifts.setdefault(near[0] if near else (round(y), round(x)), []).append(layer)
    return shifts


def mirrored_places(length: int, before: int) -> Tensor:
    """Indices of a row of pixels mirrored beyond both ends: `before` first, then a margin up to a multiple of 8."""
    total = -(-length // 8) * 8 + 2 * MARGIN
    places = (torch.arange(total) - before) % (2 * length)
    return torch.minimum(places, 2 * length - 1 - places)


def resize_image(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize an image (H, W, 3) uint8 to (*size, 3), averaging when it shrinks."""
    smaller = size[0] < image.shape[0]
    return cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)


def principal_maps(features: Tensor, count: int = 3) -> np.ndarray:
    """Leading principal components of a map (C, h, w), as maps (count, h, w) with fixed signs."""
    points = as_points(features).cpu().double()
    centred = points - points.mean(0)
    # by the covariance: for 2,048 channels the singular vectors of the points take ten times as long
    _, directions = torch.linalg.eigh(centred.T @ centred)
    components = centred @ fix_signs(directions[:, -count:].flip(1))
    return components.T.reshape(count, *features.shape[1:]).numpy()


def as_points(features: Tensor, *, position: float = 0.0) -> Tensor:
    """Turn a map (C, h, w) into points (h w, C), or (h w, C + 2) with coordinates weighted by `position`."""
    return pixel_points(features[None], position)[0]
