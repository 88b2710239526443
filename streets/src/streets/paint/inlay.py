"""Lettered plates: a flat picture drawn into a quadrilateral of a sprite."""

import cv2
import numpy as np

from streets.optics.camera import Points
from streets.optics.light import Color
from streets.paint.canvas import Image
from streets.paint.sprite import FINE, Sprite

_SANS = cv2.FontFace("sans")


def lettered(text: str, size: tuple[int, int], *, ink: Color, paper: Color, weight: int = 500) -> Image:
    """Draw a (height, width, 3) plate of `size` (width, height) pixels with one centred line of text."""
    width, height = size
    letters = np.zeros((height, width), np.uint8)
    points = 0.72 * height
    wide = cv2.getTextSize(size, text, (0, 0), _SANS, 100, weight=weight)[2] / 100
    points = int(min(points, 0.92 * width / max(wide, 0.1)))
    start = (int(width - wide * points) // 2, int(height + 0.72 * points) // 2)
    cv2.putText(letters, text, start, (255,), _SANS, points, weight=weight)
    share = letters[..., None] / 255
    return (np.asarray(paper) * (1 - share) + np.asarray(ink) * share).astype(np.uint8)


def inlay(sprite: Sprite, pixels: Points, picture: Image) -> None:
    """Draw a picture into a quadrilateral of a sprite, (4, 2) pixels from its lower left corner round."""
    target = (pixels - sprite.box[:2] + 0.5) * FINE - 0.5
    low = np.maximum(np.floor(target.min(0)).astype(int), 0)
    high = np.minimum(np.ceil(target.max(0)).astype(int) + 1, sprite.rgba.shape[1::-1])
    if (high - low).min() < 4:
        return
    height, width = picture.shape[:2]
    source = np.array([[0, height], [width, height], [width, 0], [0, 0]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, (target - low).astype(np.float32))
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    inside = cv2.warpPerspective(np.full((height, width), 255, np.uint8), matrix, size)
    drawn = cv2.warpPerspective(picture, matrix, size)
    window = sprite.rgba[low[1] : high[1], low[0] : high[0], :3]
    window[inside > 127] = drawn[inside > 127]
