"""What is on the road, painted: marks of any outline, and the faces of curbs."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from streets.optics.camera import Points
from streets.optics.light import Color
from streets.paint.canvas import SHIFT, Canvas, coverage, fixed
from streets.road.ground import Band, bands, sample_band
from streets.road.path import Path

_WORN = 1.7
"""Metres over which the wear of paint repeats."""
_WHITENED = np.clip(np.arange(256)[:, None] * 0.55 + (150, 150, 145), 0, 225).astype(np.uint8)[None]
"""(1, 256, 3) painted asphalt for each grey of the bare one: its grain shows through."""


@dataclass(frozen=True)
class Mark:
    """An (n, 3) world polygon on the ground: a factor on its brightness, a colour, or else white paint."""

    outline: Points
    factor: float | None = None
    color: Color | None = None


def paint_marks(canvas: Canvas, path: Path, marks: list[Mark], wear: float) -> None:
    """Lay marks on the ground's own colours; `wear`, 0 to 1, is how much paint the tyres have taken."""
    paint = np.zeros(canvas.image.shape[:2], np.uint8)
    for mark, pixels in zip(marks, canvas.camera.flats([mark.outline for mark in marks]), strict=True):
        if len(pixels) < 3:
            continue
        if mark.factor is not None:
            _tone(canvas, pixels, mark.factor)
        elif mark.color is not None:
            canvas.fill(pixels, mark.color)
        else:
            cv2.fillPoly(paint, [fixed(pixels)], 255, cv2.LINE_AA, SHIFT)
    rows = np.flatnonzero(paint.max(1))
    if len(rows):
        for band in bands(canvas.camera, _WORN, (int(rows[0]), int(rows[-1]) + 1), 0.0):
            _blend_paint(canvas, path, paint[band.start : band.end], band, wear)


def _tone(canvas: Canvas, pixels: Points, factor: float) -> None:
    """Multiply what lies within a polygon."""
    box = canvas.clipped(pixels.min(0), pixels.max(0))
    if box is None:
        return
    u0, v0, u1, v1 = box
    tone = cv2.convertScaleAbs(coverage(pixels, box), alpha=128 / 255 * (factor - 1), beta=128)
    window = canvas.image[v0:v1, u0:u1]
    cv2.multiply(window, cv2.merge([tone] * 3), dst=window, scale=1 / 128)


def _blend_paint(canvas: Canvas, path: Path, paint: np.ndarray, band: Band, wear: float) -> None:
    """White over the asphalt's own grain, less where tyres have worn it off."""
    filled = np.flatnonzero(paint.max(0))
    if not len(filled):
        return
    left, right = int(filled[0]), int(filled[-1]) + 1
    rough = sample_band(canvas.camera, path, "rough", _WORN, band, (left, right), 0.0)
    kept = cv2.convertScaleAbs(255 - rough, alpha=1.6, beta=255 * (0.75 - wear))
    window = canvas.image[band.start : band.end, left:right]
    white = cv2.LUT(window, _WHITENED)
    canvas.blend(white, cv2.multiply(paint[:, left:right], kept, scale=0.9 / 255), (left, band.start))


def paint_curb(canvas: Canvas, path: Path, curb: float, height: float, gap: tuple[float, float] | None) -> None:
    """Paint and annotate the upright face of a curb, stone by stone; left out in the gap of a side street."""
    ends = np.concatenate([np.arange(3.0, 40.0, 1.0), np.geomspace(40.0, 200.0, 16)])
    faces = np.stack([ends[:-1], ends[1:], ends[1:], ends[:-1]], axis=-1)
    bright = np.random.default_rng(7).uniform(0.95, 1.03, (len(faces), 1))
    if gap:
        outside = (faces[:, 0] >= gap[1]) | (faces[:, 1] <= gap[0])
        faces, bright = faces[outside], bright[outside]
    corners = path.place(curb, faces, np.array([0.0, 0.0, height, height]))
    canvas.faces(canvas.camera.project(corners), np.array((104.0, 103.0, 99.0)) * bright)
    if gap is None:
        canvas.annotate("sidewalk", canvas.camera.flat(_ribbon(path, curb, height, (3.0, 200.0))))
        return
    for span in ((3.0, gap[0]), (gap[1], 200.0)):
        canvas.annotate("sidewalk", canvas.camera.flat(_ribbon(path, curb, height, span)))


def _ribbon(path: Path, curb: float, height: float, z: tuple[float, float]) -> Points:
    steps = np.geomspace(z[0], max(z[1], z[0] + 0.1), 20)
    return np.concatenate([path.place(curb, steps, 0.0), path.place(curb, steps[::-1], height)])
