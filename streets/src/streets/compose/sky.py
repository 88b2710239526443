"""The sky: a gradient, clouds on a plane high above the street, and the glow around the sun."""

import cv2
import numpy as np

from streets.optics.light import Color
from streets.paint.canvas import Canvas
from streets.paint.tiles import SIZE, blurred

COARSE = 6
"""The sky has no fine detail: it is computed on a grid of so many pixels."""


def paint_sky(canvas: Canvas) -> None:
    """Paint and annotate the sky, everything above the horizon."""
    camera = canvas.camera
    bottom = min(int(camera.horizon) + 2, camera.height)
    rows, columns = -(-bottom // COARSE) + 1, -(-camera.width // COARSE) + 1
    v, u = np.meshgrid(np.arange(rows) * COARSE, np.arange(columns) * COARSE, indexing="ij")
    rise = np.maximum(camera.horizon - v, 0) / camera.focal
    side = (u - camera.center) / camera.focal
    color = _gradient(canvas, rise, side) + _clouds(canvas, rise, side)
    coarse = cv2.merge(list(np.clip(color, 0, 255).astype(np.uint8)))
    fine = cv2.resize(coarse, (columns * COARSE, rows * COARSE), interpolation=cv2.INTER_LINEAR)
    canvas.image[:bottom] = fine[:bottom, : camera.width]
    top = np.array([[0, 0], [camera.width - 1, 0], [camera.width - 1, bottom], [0, bottom]])
    canvas.annotate("sky", top)


def _gradient(canvas: Canvas, rise: np.ndarray, side: np.ndarray) -> np.ndarray:
    """(3, h, w) the bare sky, and the glow around the sun."""
    light = canvas.light
    height = np.clip(rise / 0.5, 0, 1) ** 0.75
    color = _planes(light.horizon) * (1 - height) + _planes(light.zenith) * height
    if light.casts_shadows:
        ray = np.stack([side, rise, np.ones_like(rise)], -1)
        near = (ray @ light.direction) / np.linalg.norm(ray, axis=-1)
        color += 90 * np.clip(near, 0, 1) ** 12
    return color


def _planes(color: Color) -> np.ndarray:
    return np.asarray(color)[:, None, None]


def _clouds(canvas: Canvas, rise: np.ndarray, side: np.ndarray) -> np.ndarray:
    """(3, h, w) what clouds add to the bare sky; far ones are drawn together towards the horizon."""
    light = canvas.light
    distance = 1 / (rise + 0.10)
    shift = (light.seed * 37) % SIZE
    noise = cv2.remap(
        blurred("clouds", 3, 3),
        (side * distance * 70 + shift).astype(np.float32),
        (distance * 45 + 2 * shift).astype(np.float32) % SIZE,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_WRAP,
    )
    cover = np.clip((noise.astype(np.float32) - 128) / 60 + 2 * light.clouds - 0.8, 0, 1)
    thick = np.clip((noise.astype(np.float32) - 120) / 90, 0, 1)
    cloud = _planes(light.horizon) * (1.10 - 0.24 * thick)
    bare = _planes(light.zenith) * 0.5 + _planes(light.horizon) * 0.5
    return 0.75 * cover * (cloud - bare)
