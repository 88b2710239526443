"""Light on the ground: sun and shadow, the dark under things, stains, and the air."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from streets.optics.camera import Points
from streets.optics.light import Light
from streets.paint.canvas import SHIFT, Canvas, fixed, ramped, rows_of
from streets.road.ground import depths, sample
from streets.road.path import Path

COARSE = 3
"""Shadows have soft edges: their layers are coarser than the frame."""

_RINGS, _DEEP = np.array([1.18, 1.08, 1.0, 0.9])[:, None, None], (0.25, 0.5, 0.75, 1.0)
"""Sizes of the rings of a contact shadow, and how deep each is."""


@dataclass(frozen=True)
class Shadow:
    """An (n, 3) world polygon on the ground that gets less light.

    A "cast" shadow takes the sun, a "stain" some of all light, a "contact" most in its middle.
    """

    outline: Points
    strength: float = 1.0
    kind: str = "cast"


def cast(light: Light, points: Points, heights: Points) -> Points:
    """Give the (n, 3) hull on the ground of what stands over (n, 3) points up to (n,) heights, away from the sun."""
    sun = light.direction
    drift = np.outer(heights, [-sun[0] / sun[1], 0.0, -sun[2] / sun[1]])
    spread = np.concatenate([points, points + drift])
    hull = cv2.convexHull(spread[:, [0, 2]].astype(np.float32))[:, 0].astype(float)
    return np.stack([hull[:, 0], np.full(len(hull), points[:, 1].mean()), hull[:, 1]], axis=-1)


def light_ground(canvas: Canvas, path: Path, shadows: list[Shadow]) -> None:
    """Turn the ground's own colours into what the scene's light shows of them."""
    top = int(canvas.camera.horizon) + 1
    full = canvas.image[top:]
    camera = canvas.camera.reduced(COARSE)
    rows, columns = -(-len(full) // COARSE), -(-full.shape[1] // COARSE)
    sun, dark = _layers(canvas, shadows, (rows, columns), top)
    box = (0, top // COARSE, columns, top // COARSE + rows)
    stains = sample(camera, path, "stains", 17.0, box)
    up = np.array([0.0, 1.0, 0.0])
    lit, shaded = (100 * canvas.light.gain(up, k) for k in (1.0, 0.0))
    ramp = shaded + (lit - shaded) * (np.arange(256)[:, None] / 255)
    clear = 1 - canvas.light.haze(depths(camera, np.arange(box[1], box[3])))
    dim = cv2.multiply(stains, dark, scale=1 / 255)
    dim = cv2.multiply(dim, np.repeat((255 * clear[:, None]).astype(np.uint8), columns, axis=1), scale=1 / 255)
    tint = ramped(sun, np.minimum(ramp, 255).astype(np.uint8))
    factor = cv2.multiply(tint, cv2.merge([dim] * 3), scale=1 / 128)
    fine = cv2.resize(factor, (columns * COARSE, rows * COARSE))
    cv2.multiply(full, np.ascontiguousarray(fine[: len(full), : full.shape[1]]), dst=full, scale=1 / 100)
    air = 1 - clear.repeat(COARSE)[: len(full), None]
    hazy = int(np.count_nonzero(air > 0.004))
    veil = np.asarray(canvas.light.horizon) * air[:hazy]
    cv2.add(full[:hazy], rows_of(veil, full.shape[1]), dst=full[:hazy])


def _layers(canvas: Canvas, shadows: list[Shadow], shape: tuple[int, int], top: int) -> tuple[np.ndarray, np.ndarray]:
    """(h, w) share of the sun and share of all light, both 0 to 255."""
    sun, dark = np.full(shape, 255, np.uint8), np.full(shape, 255, np.uint8)
    outlines = canvas.camera.flats([shadow.outline for shadow in shadows])
    for shadow, pixels in zip(shadows, outlines, strict=True):
        if len(pixels) < 3:
            continue
        pixels = (pixels - (0, top)) / COARSE
        if shadow.kind != "contact":
            layer, level = sun if shadow.kind == "cast" else dark, round(255 * (1 - shadow.strength))
            cv2.fillPoly(layer, [fixed(pixels)], level, cv2.LINE_AA, SHIFT)
            continue
        middle = pixels.mean(0)
        for outline, deep in zip(fixed(middle + _RINGS * (pixels - middle)), _DEEP, strict=True):
            cv2.fillPoly(dark, [outline], round(255 * (1 - shadow.strength * deep)), cv2.LINE_AA, SHIFT)
    return cv2.blur(sun, (3, 3)), cv2.blur(dark, (5, 3))
