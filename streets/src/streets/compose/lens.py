"""What happens to a picture after it is painted: wet ground mirrors it, the lens and the sensor soften and grain it."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from streets.optics.camera import Camera
from streets.paint.canvas import Canvas, Image
from streets.road.ground import sample
from streets.road.path import Path

COARSE = 4


def mirror_ground(canvas: Canvas, ground: np.ndarray) -> None:
    """Mirror in wet ground what stands on it.

    For every ground pixel the picture is folded at the lowest thing above it in its column: exact for
    upright things on a flat mirror (the image of a point lies as far below its foot as the point above).

    Args:
        canvas: The frame, everything painted.
        ground: (height, width) bool, true on open ground.
    """
    wet = canvas.light.wet
    if wet <= 0:
        return
    size = (-(-canvas.camera.width // COARSE), -(-canvas.camera.height // COARSE))
    small = cv2.resize(canvas.image, size, interpolation=cv2.INTER_AREA)
    open_ = cv2.resize(ground.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    row = np.arange(size[1])[:, None]
    foot = np.maximum.accumulate(np.where(open_, -1, row), axis=0)
    fold = np.clip(2 * foot - row + 1, 0, size[1] - 1)
    seen = cv2.blur(small[fold, np.arange(size[0])[None]], (3, 1))
    seen = cv2.blur(seen, (1, max(size[1] // 26, 1)))
    below = np.clip((row - canvas.camera.horizon / COARSE) / size[1], 0.0, 1.0)
    share = wet * np.clip(0.62 - 0.9 * below, 0.12, 1.0) * open_ * _puddles(canvas.camera.reduced(COARSE))
    weight = cv2.blur(np.clip(255 * share, 0, 255).astype(np.uint8), (3, 3))
    top, full = int(canvas.camera.horizon), canvas.image.shape[1::-1]
    mirrored = cv2.resize(seen, full, interpolation=cv2.INTER_LINEAR)[top:]
    fine = cv2.resize(weight, full, interpolation=cv2.INTER_LINEAR)[top:]
    canvas.blend(mirrored, np.where(ground[top:], fine, 0).astype(np.uint8), (0, top))


def _puddles(camera: Camera) -> np.ndarray:
    """(h, w) how smooth the water is: rough asphalt between puddles mirrors less."""
    top = int(camera.horizon) + 1
    noise = sample(camera, Path(), "stains", 9.0, (0, top, camera.width, camera.height)).astype(np.float32)
    smooth = np.ones((camera.height, camera.width), np.float32)
    smooth[top:] = np.clip(1.0 + (128 - noise) / 40, 0.45, 1.35)
    return smooth


def expose(image: Image, cast: tuple[float, float, float], *, seed: int, noise: float, lift: float) -> Image:
    """Give a scene as the sensor records it: soft, darker in the corners, slightly tinted, grainy.

    Args:
        image: (height, width, 3) RGB, the scene.
        cast: Factor on each channel.
        seed: Which grain.
        noise: Spread of the grain in grey levels.
        lift: Grey level of black.
    """
    height, width = image.shape[:2]
    soft = cv2.GaussianBlur(image, (0, 0), 0.2 + 0.32 * width / 2048)
    soft = cv2.multiply(soft, _vignette(height, width, cast), scale=1 / 255)
    graded = cv2.LUT(soft, _grade(lift))
    return cv2.addWeighted(graded, 1.0, _grain(height, width, seed), noise / 16, -128 * noise / 16)


@lru_cache(maxsize=4)
def _vignette(height: int, width: int, cast: tuple[float, float, float]) -> Image:
    """(h, w, 3) what the lens and the sensor's colours leave of 255."""
    v, u = np.mgrid[0:height, 0:width].astype(np.float32)
    far = ((u / width - 0.5) ** 2 + 0.4 * (v / height - 0.5) ** 2) / 0.35
    kept = np.clip(1 - 0.22 * far * far - 0.06 * far, 0, 1)
    return cv2.merge([(255 * channel * kept).astype(np.uint8) for channel in cast])


def _grade(lift: float) -> Image:
    """(256,) curve: lifted blacks, a shoulder in the lights."""
    value = np.arange(256) / 255
    curve = value + 0.10 * value * (1 - value) * (2 * value - 1)
    curve = np.where(curve > 0.8, 0.8 + 0.2 * np.tanh((curve - 0.8) / 0.2), curve)
    return np.clip(lift + (255 - lift) * curve, 0, 255).astype(np.uint8)


@lru_cache(maxsize=4)
def _grain_tile(height: int, width: int) -> Image:
    rng = np.random.default_rng([91, height, width])
    fine = rng.standard_normal((height + 64, width + 64, 3), dtype=np.float32)
    fine += 0.6 * rng.standard_normal((height + 64, width + 64, 1), dtype=np.float32)
    return np.clip(128 + 14 * cv2.GaussianBlur(fine, (3, 3), 0.6) * 1.6, 0, 255).astype(np.uint8)


def _grain(height: int, width: int, seed: int) -> Image:
    dv, du = np.random.default_rng(seed).integers(0, 64, 2)
    return _grain_tile(height, width)[dv : dv + height, du : du + width]
