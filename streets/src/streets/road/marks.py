"""What is on the road: paint, patches, cracks, manholes, curbs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from streets.optics.camera import Points
from streets.optics.light import Color
from streets.paint.canvas import SHIFT, Canvas, coverage, fixed
from streets.paint.round import circle
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
    rows = np.flatnonzero(paint.any(1))
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
    window[...] = cv2.multiply(np.ascontiguousarray(window), cv2.merge([tone] * 3), scale=1 / 128)


def _blend_paint(canvas: Canvas, path: Path, paint: np.ndarray, band: Band, wear: float) -> None:
    """White over the asphalt's own grain, less where tyres have worn it off."""
    filled = np.flatnonzero(paint.any(0))
    if not len(filled):
        return
    left, right = int(filled[0]), int(filled[-1]) + 1
    rough = sample_band(canvas.camera, path, "rough", _WORN, band, (left, right), 0.0)
    kept = cv2.convertScaleAbs(255 - rough, alpha=1.6, beta=255 * (0.75 - wear))
    window = canvas.image[band.start : band.end, left:right]
    white = cv2.LUT(np.ascontiguousarray(window), _WHITENED)
    canvas.blend(white, cv2.multiply(paint[:, left:right], kept, scale=0.9 / 255), (left, band.start))


def line(
    path: Path, s: float, z: tuple[float, float], *, width: float, dash: float = 0.0, gap: float = 0.0
) -> Iterator[Mark]:
    """A painted line along the road, solid or dashed; lengths in metres."""
    if not dash:
        yield Mark(path.strip((s - width / 2, s + width / 2), z))
        return
    for start in np.arange(z[0], z[1], dash + gap).tolist():
        yield Mark(path.strip((s - width / 2, s + width / 2), (start, min(start + dash, z[1]))))


def crossing(path: Path, s: tuple[float, float], z: float, *, zebra: bool) -> Iterator[Mark]:
    """A zebra crossing of 4 m, or the two broken lines of a signalled one."""
    if zebra:
        for start in np.arange(s[0] + 0.3, s[1] - 0.5, 1.0).tolist():
            yield Mark(path.strip((start, start + 0.5), (z, z + 4.0)))
        return
    for edge in (z, z + 3.5):
        for start in np.arange(s[0] + 0.2, s[1] - 0.4, 0.7).tolist():
            yield Mark(path.strip((start, start + 0.45), (edge, edge + 0.14)))


def arrow(path: Path, s: float, z: float) -> Iterator[Mark]:
    """A straight-ahead arrow of 5 m."""
    shape = np.array([[-0.07, 0], [0.07, 0], [0.07, 3.2], [0.32, 3.2], [0, 5.0], [-0.32, 3.2], [-0.07, 3.2]])
    yield Mark(path.place(s + shape[:, 0], z + shape[:, 1]))


def repairs(path: Path, rng: np.random.Generator, s: tuple[float, float], count: int) -> Iterator[Mark]:
    """Rectangles of newer or older asphalt, sealed with tar at their edges."""
    for _ in range(count):
        z, left = rng.uniform(6, 45), rng.uniform(s[0], s[1] - 1)
        right, far = left + rng.uniform(0.5, 1.8), z + rng.uniform(1.2, 8.0)
        yield Mark(path.strip((left, right), (z, far)), float(rng.choice([0.82, 0.87, 0.92, 1.08])))
        for edge in (left, right):
            yield Mark(path.strip((edge - 0.025, edge + 0.025), (z, far)), 0.74)
        for edge in (z, far):
            yield Mark(path.strip((left, right), (edge - 0.05, edge + 0.05)), 0.74)


def cracks(path: Path, rng: np.random.Generator, s: tuple[float, float], count: int) -> Iterator[Mark]:
    """Random walks, some of them filled with tar."""
    for _ in range(count):
        steps = int(rng.integers(20, 70))
        across = bool(rng.random() < 0.35)
        drift = np.cumsum(rng.normal(0, 0.035, steps) + 0.012 * np.cumsum(rng.normal(0, 0.5, steps)))
        run = np.cumsum(rng.uniform(0.03, 0.14, steps))
        z0, s0 = rng.uniform(5.5, 32), rng.uniform(*s)
        side, ahead = (s0 + run, z0 + drift) if across else (s0 + drift, z0 + run)
        keep = (side > s[0]) & (side < s[1])
        if keep.sum() < 3:
            continue
        line_ = path.place(side[keep], ahead[keep])
        thick = rng.uniform(0.004, 0.014) * np.clip(1 + 0.5 * rng.normal(0, 1, len(line_)), 0.2, 2.0)
        wide = thick[:, None] * np.array([0.0, 0, 1.0] if across else [1.0, 0, 0])
        yield Mark(np.concatenate([line_ - wide, line_[::-1] + wide[::-1]]), float(rng.uniform(0.6, 0.85)))


def manholes(path: Path, rng: np.random.Generator, s: tuple[float, float], count: int) -> Iterator[Mark]:
    """Round lids in a ring of iron."""
    for _ in range(count):
        side, z = rng.uniform(s[0] + 0.8, s[1] - 0.8), rng.uniform(7, 34)
        for radius, factor in ((0.40, 0.86), (0.335, 0.64), (0.30, 1.4)):
            ring = circle(side, z, radius, 24)
            yield Mark(path.place(ring[:, 0], ring[:, 1]), factor)
        for x in np.linspace(-0.2, 0.2, 5):
            yield Mark(path.strip((side + x - 0.014, side + x + 0.014), (z - 0.2, z + 0.2)), 0.8)


def gullies(path: Path, curb: float, inward: float) -> Iterator[Mark]:
    """Iron gratings at the curb every 20 m."""
    near, far = sorted((curb, curb + 0.34 * inward))
    for z in np.arange(9.0, 60.0, 20.0).tolist():
        yield Mark(path.strip((near + 0.02, far + 0.08), (z, z + 0.5)), 0.5)
        for k in range(4):
            yield Mark(path.strip((near + 0.04, far), (z + 0.06 + 0.11 * k, z + 0.10 + 0.11 * k)), 0.56)


def paint_curb(canvas: Canvas, path: Path, curb: float, height: float, gap: tuple[float, float] | None) -> None:
    """The upright face of a curb, stone by stone; left out in the gap of a side street."""
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
