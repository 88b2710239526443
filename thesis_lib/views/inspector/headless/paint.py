"""Painting of clusters over an image for files, with the colours and blending of `browser/js/paint.js`."""

from collections.abc import Collection

import cv2
import numpy as np

DIM = 0.6
"""How dark becomes what is not selected; as in browser/js/paint.js."""
LINE = (26, 26, 26)


def paint_overlay(
    image: np.ndarray,
    labels: np.ndarray,
    colors: np.ndarray,
    *,
    opacity: float,
    outlines: bool = False,
    selected: Collection[int] = (),
) -> np.ndarray:
    """Paint clusters over an image, as fill or as outlines: both together would be a grid where clusters are small.

    Args:
        image: (H, W, 3) uint8.
        labels: (h, w), enlarged to the image's size.
        colors: (80, 3) uint8.
        opacity: of the fill, 0 to 1.
        outlines: lines without a fill.
        selected: clusters that stand out, the others dimmed; none dims nothing.
    """
    large = enlarged(labels, image.shape[:2])
    alpha, color = np.full(256, 0.0 if outlines else opacity), np.zeros((256, 3))
    color[: len(colors)] = colors
    if selected:
        hidden = ~np.isin(np.arange(256), list(selected))
        alpha[hidden], color[hidden] = DIM, 0
    share = alpha[large][..., None]
    painted = (image * (1 - share) + color[large] * share).round().astype(np.uint8)
    if outlines:
        _draw_outlines(painted, large)
    return painted


def enlarged(values: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Enlarge (h, w, ...) to (height, width, ...): pixel x shows cell floor(x w / width), as in the browser."""
    (height, width), (rows, columns) = size, values.shape[:2]
    return values[(np.arange(height) * rows // height)[:, None], np.arange(width) * columns // width]


def _draw_outlines(painted: np.ndarray, labels: np.ndarray) -> None:
    """Draw dark lines on white ones between clusters, visible on any image."""
    thick = max(1, round(labels.shape[1] / 1024))
    border = np.zeros(labels.shape, np.uint8)
    border[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    border[1:] |= labels[1:] != labels[:-1]
    painted[cv2.dilate(border, np.ones((2 * thick + 1, 2 * thick + 1), np.uint8)) > 0] = 255
    painted[cv2.dilate(border, np.ones((thick, thick), np.uint8)) > 0] = LINE


def paint_heat(values: np.ndarray, colormap: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Paint values (h, w) in [0, 1] by a colormap (256, 3), enlarged to (height, width)."""
    colors = colormap[(255 * values.clip(0, 1)).round().astype(int)]
    return enlarged(colors, size)
