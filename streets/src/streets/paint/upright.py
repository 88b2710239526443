"""Upright rectangles: fronts and walls drawn flat on a sheet, then lit and put into perspective."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from streets.optics.camera import NEAR, Points
from streets.optics.light import Color
from streets.paint.canvas import Canvas, Image, coverage, rows_of
from streets.paint.sheet import Sheet

Span = tuple[float, float]
SMALL = 450
"""Pixels below which a wall has no detail."""


@dataclass(frozen=True)
class Upright:
    """An upright rectangle on the line from `start` to `end`, (x, z) in metres."""

    start: tuple[float, float]
    end: tuple[float, float]
    height: float
    y: float = 0.0
    """Height of its lower edge above the road."""
    base: float = 0.0
    """Height of its lower edge in the drawing on it: more than 0 for the upper part of a wall."""

    @cached_property
    def length(self) -> float:
        """Metres along the foot."""
        return float(np.hypot(self.end[0] - self.start[0], self.end[1] - self.start[1]))

    @property
    def foot(self) -> Points:
        """(2, 3) the line that it stands on."""
        return np.array([[self.start[0], self.y, self.start[1]], [self.end[0], self.y, self.end[1]]])

    def at(self, share: Points | float, y: Points | float) -> Points:
        """Give the (..., 3) world points at shares of the way from start to end, y metres above the foot."""
        share = np.asarray(share, float)
        points = np.empty((*np.broadcast(share, y).shape, 3))
        points[..., 0] = self.start[0] + (self.end[0] - self.start[0]) * share
        points[..., 1] = self.y + y
        points[..., 2] = self.start[1] + (self.end[1] - self.start[1]) * share
        return points

    @cached_property
    def normal(self) -> Points:
        """(3,) unit normal on the camera's side."""
        dx, dz = (self.end[0] - self.start[0]) / self.length, (self.end[1] - self.start[1]) / self.length
        normal = np.array([dz, 0.0, -dx])
        return normal if normal[0] * self.start[0] + normal[2] * self.start[1] < 0 else -normal

    def visible(self, canvas: Canvas) -> Span | None:
        """Give the shares of the way from start to end between which it is in the frame, or None."""
        share = np.linspace(0, 1, 65)
        foot = self.at(share, 0.0)
        u = canvas.camera.project(foot)[:, 0]
        inside = (foot[:, 2] > NEAR) & (u > -0.03 * canvas.camera.width) & (u < 1.03 * canvas.camera.width)
        if not inside.any():
            return None
        kept = share[inside]
        return float(max(kept[0] - 1 / 64, 0.0)), float(min(kept[-1] + 1 / 64, 1.0))

    def niche(self, deep: float, eye: float) -> float:
        """Give the metres by which the bottom of a niche seems shifted along the wall, away from the camera."""
        middle = self.at(0.5, eye)
        along = (self.at(1.0, 0.0) - self.at(0.0, 0.0)) / self.length
        return deep * float(middle @ along) / max(-float(middle @ self.normal), 0.5)


def paint_upright(
    canvas: Canvas, wall: Upright, draw: Callable[[Sheet], None], *, label: str, plain: Color, shadow_top: float = 0.0
) -> None:
    """Have `draw` fill a sheet for the visible part of a wall, and paint and annotate it.

    The sun does not reach the wall below `shadow_top` metres. A wall of a few pixels is just `plain`.
    """
    span = wall.visible(canvas)
    if span is None:
        return
    camera = canvas.camera
    depth = wall.at(np.array(span), 0.0)[:, 2]
    top = min(wall.height, camera.eye - wall.y + (camera.horizon + 4) / camera.focal * depth.max())
    if top <= 0.05:
        return
    corners = wall.at(np.array([*span, *span[::-1]]), np.array([0.0, 0.0, top, top]))
    corners[:, 2] = np.maximum(corners[:, 2], 0.5)
    pixels = camera.project(corners)
    box = canvas.clipped(pixels.min(0), pixels.max(0))
    if box is None or min(box[2] - box[0], box[3] - box[1]) < 2:
        return
    if np.ptp(pixels[:, 0]) * (box[3] - box[1]) < SMALL:
        lit = np.asarray(plain) * canvas.light.gain(wall.normal, float(shadow_top < top / 2))
        canvas.fill(pixels, canvas.light.seen(lit, float(depth.mean())))
        canvas.annotate(label, camera.flat(corners))
        return
    sheet = _sheet(canvas, wall, span, pixels, top)
    draw(sheet)
    patch = _warped(_lit(canvas, wall, sheet, span, shadow_top), pixels, box)
    canvas.blend(patch, coverage(pixels, box), box[:2])
    canvas.annotate(label, camera.flat(corners))


def _sheet(canvas: Canvas, wall: Upright, span: Span, pixels: Points, top: float) -> Sheet:
    """An empty sheet for a stretch of wall up to `top`, about as fine as the frame shows it."""
    depth = np.maximum(wall.at(np.array(span), 0.0)[:, 2], NEAR)
    middle = float(depth.min() ** 0.6 * depth.max() ** 0.4)
    columns = int(np.clip(0.95 * np.ptp(pixels[:, 0]), 8, 1400))
    rows = int(np.clip(0.8 * canvas.camera.scale(middle) * top, 8, 1000))
    area = (span[0] * wall.length, wall.base, span[1] * wall.length, wall.base + top)
    return Sheet(area, columns=columns, rows=rows)


def _warped(flat: Image, pixels: Points, box: tuple[int, int, int, int]) -> Image:
    u0, v0, u1, v1 = box
    rows, columns = flat.shape[:2]
    source = np.array([[0, rows], [columns, rows], [columns, 0], [0, 0]], np.float32) - 0.5
    matrix = cv2.getPerspectiveTransform(source, (pixels - (u0, v0)).astype(np.float32))
    return cv2.warpPerspective(flat, matrix, (u1 - u0, v1 - v0), borderMode=cv2.BORDER_REPLICATE)


def _lit(canvas: Canvas, wall: Upright, sheet: Sheet, span: Span, shadow_top: float) -> Image:
    """The wall in the scene's light and air: (rows, columns, 3) 8-bit."""
    rows, columns = sheet.pixels.shape[:2]
    light = canvas.light
    y = sheet.y1 - (sheet.y1 - sheet.y0) * (np.arange(rows) + 0.5) / rows
    sun = np.minimum(np.maximum((y - shadow_top) / 0.15, 0), 1)
    gain = light.gain(np.broadcast_to(wall.normal, (rows, 3)), sun) * _canyon(y)[:, None]
    depth = np.maximum(wall.at(np.linspace(*span, columns), 0.0)[:, 2], 1.0)
    clear = (1 - light.haze(depth))[None, :, None]
    near = clear.max()
    lit = cv2.multiply(sheet.pixels, rows_of(np.minimum(100 * near * gain, 255), columns), scale=1 / 100)
    if light.lamps:
        lit = cv2.max(lit, sheet.glow)
    if near - clear.min() > 0.02:
        lit = cv2.multiply(lit, _columns_of(255 / near * clear * np.ones(3), rows), scale=1 / 255)
    return cv2.add(lit, _columns_of(np.asarray(light.horizon) * (1 - clear), rows))


def _columns_of(colors: Points, rows: int) -> Image:
    """(1, columns, 3) colours -> (rows, columns, 3) 8-bit, each column in its one colour."""
    return np.repeat(np.minimum(colors, 255).astype(np.uint8), rows, axis=0)


def _canyon(y: Points) -> Points:
    """Low on a wall the houses across the street hide a part of the sky."""
    return 0.84 + 0.16 * np.minimum(y / 9.0, 1)
