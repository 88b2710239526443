"""The ego car's hood at the bottom of every frame, and the borders of the rectified picture."""

import cv2
import numpy as np

from streets.optics.camera import Points
from streets.paint.canvas import Canvas, coverage
from streets.paint.sprite import Sprite

BEYOND = 8.0
"""Pixels by which the hood is painted beyond the picture: its own soft edge would be a line along the border."""


def _edge(canvas: Canvas) -> Points:
    """(n, 2) pixels of the hood's far edge, from left to right."""
    height, width = canvas.camera.height, canvas.camera.width
    across = np.linspace(-1, 1, 41)
    rise = 0.150 - 0.070 * np.abs(across) ** 2.6 - 0.012 * across**2
    return np.stack([(across + 1) / 2 * (width - 1), height * (1 - rise)], axis=-1)


def paint_hood(canvas: Canvas, color: tuple[float, float, float]) -> None:
    """Paint and annotate a lacquered hood that mirrors the street, with an ornament on its ridge."""
    camera = canvas.camera
    edge = _edge(canvas)
    right, low = camera.width - 1.0, camera.height - 1.0
    top = int(edge[:, 1].min()) - 1
    box = (0, top, camera.width, camera.height)
    beyond = [
        [right + BEYOND, edge[-1, 1]],
        [right + BEYOND, low + BEYOND],
        [-BEYOND, low + BEYOND],
        [-BEYOND, edge[0, 1]],
    ]
    canvas.blend(_lacquer(canvas, color, top), coverage(np.concatenate([edge, beyond]), box), (0, top))
    canvas.annotate("ego vehicle", np.concatenate([edge, [[right, low], [0.0, low]]]))
    _paint_ornament(canvas, edge[20])


def _lacquer(canvas: Canvas, color: tuple[float, float, float], top: int) -> np.ndarray:
    """(h, w, 3) the hood: the street above it, turned over and blurred, on its own colour."""
    camera = canvas.camera
    rows = camera.height - top
    horizon = max(int(camera.horizon), 2)
    street = cv2.resize(canvas.image[:horizon], (64, 24), interpolation=cv2.INTER_AREA)[::-1]
    wide, tall = -(-camera.width // 4), -(-rows // 2)
    mirrored = cv2.resize(cv2.blur(street, (5, 5)), (wide, tall), interpolation=cv2.INTER_CUBIC)
    across = np.linspace(-1, 1, wide)[None, :, None]
    down = np.linspace(0, 1, tall)[:, None, None]
    gain = canvas.light.gain(np.array([0.0, 1.0, 0.0]), 0.6)
    body = np.asarray(color) * gain * (0.8 + 0.3 * down)
    crease = 14 * np.exp(-(((np.abs(across) - 0.42 - 0.1 * down) / 0.02) ** 2))
    share = 0.46 - 0.22 * down
    lacquer = np.clip(body * (1 - share) + mirrored * share + crease, 0, 255).astype(np.uint8)
    return cv2.resize(lacquer, (camera.width, rows), interpolation=cv2.INTER_LINEAR)


def _paint_ornament(canvas: Canvas, place: Points) -> None:
    """A ring on a foot, as upright ornaments go."""
    size = canvas.camera.width * 0.0125
    angle = np.linspace(0, 2 * np.pi, 25)
    middle = place + (0, -0.9 * size)
    ring = middle + size * 0.82 * np.stack([np.cos(angle), np.sin(angle)], -1)
    foot = place + size * np.array([[-0.34, 0.75], [-0.12, -0.1], [0.12, -0.1], [0.34, 0.75]])
    sprite = Sprite.around(canvas, np.concatenate([ring, foot]), 0.0, margin=4)
    if sprite is None:
        return
    chrome = np.array((150.0, 154.0, 156.0)) * canvas.light.gain(np.array([0.0, 0.5, -0.86]))
    sprite.fill(foot, 0.55 * chrome)
    sprite.stroke(ring, 0.2 * size, 0.6 * chrome)
    sprite.stroke(ring - (0.04 * size, 0.05 * size), 0.08 * size, 1.3 * chrome)
    sprite.paste("ego vehicle")


def paint_borders(canvas: Canvas) -> None:
    """Annotate the frame around the region of interest, and paint the strip that rectification leaves empty.

    As in Cityscapes that strip is not dark: every row's last pixel is repeated outwards.
    """
    height, width = canvas.camera.height, canvas.camera.width
    wide = max(round(width * 5 / 2048), 1)
    right, low = width - 1, height - 1
    ring = np.array(
        [
            [0, 0],
            [right, 0],
            [right, low],
            [0, low],
            [0, 0],
            [wide, wide],
            [wide, low - wide],
            [right - wide, low - wide],
            [right - wide, wide],
            [wide, wide],
        ]
    )
    canvas.annotate("out of roi", ring)
    canvas.image[:, :wide] = canvas.image[:, wide : wide + 1]
    top, bottom = wide + 1, low - wide - 1
    left = np.array([[0, top], [wide - 1, top], [wide - 1, bottom], [0, bottom]])
    canvas.annotate("rectification border", left)
