"""Traffic signs on their posts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from streets.optics.camera import Points
from streets.optics.light import Color
from streets.paint.canvas import Canvas
from streets.paint.inlay import inlay, lettered
from streets.paint.round import circle, disc
from streets.paint.sprite import Sprite
from streets.roadside.pole import STEEL, paint_tube

_RED, _BLUE, _WHITE = (186.0, 28.0, 36.0), (28.0, 82.0, 160.0), (222.0, 222.0, 218.0)
_YELLOW, _BLACK, _GREY = (234.0, 188.0, 40.0), (26.0, 26.0, 27.0), (120.0, 122.0, 124.0)
Plate = list[tuple[Points, Color]]
"""(n, 2) outlines right and up from the middle of the sign, in metres, each with its colour."""


def _ring(radius: float) -> Points:
    return circle(0.0, 0.0, radius, 24)


def _rectangle(wide: float, tall: float) -> Points:
    return np.array([[-wide, -tall], [wide, -tall], [wide, tall], [-wide, tall]]) / 2


def _triangle(size: float, up: float = 1.0) -> Points:
    return up * size * np.array([[-0.5, -0.29], [0.5, -0.29], [0.0, 0.58]])


def _plates() -> dict[str, Plate]:
    bar = np.array([[-0.24, -0.06], [0.24, -0.06], [0.24, 0.06], [-0.24, 0.06]])
    slash = np.array([[-0.21, 0.15], [-0.15, 0.21], [0.21, -0.15], [0.15, -0.21]])
    diamond = np.array([[0.0, -0.42], [0.42, 0.0], [0.0, 0.42], [-0.42, 0.0]])
    arrow = np.array(
        [[-0.06, -0.2], [0.06, -0.2], [0.06, 0.05], [0.16, 0.05], [0.0, 0.22], [-0.16, 0.05], [-0.06, 0.05]]
    )
    walker = np.array([[-12, -20], [-2, -2], [-6, 12], [0, 20], [6, 12], [8, -2], [14, -20], [3, -8]]) / 100
    return {
        "limit": [(_ring(0.30), _RED), (_ring(0.235), _WHITE)],
        "no entry": [(_ring(0.30), _RED), (bar, _WHITE)],
        "no stopping": [(_ring(0.30), _RED), (_ring(0.245), _BLUE), (slash, _RED), (slash * (-1, 1), _RED)],
        "no parking": [(_ring(0.30), _RED), (_ring(0.245), _BLUE), (slash, _RED)],
        "straight on": [(_ring(0.30), _BLUE), (arrow, _WHITE)],
        "yield": [(_triangle(0.90, -1), _RED), (_triangle(0.60, -1), _WHITE)],
        "warning": [(_triangle(0.90), _RED), (_triangle(0.62), _WHITE), (_rectangle(0.06, 0.2), _BLACK)],
        "priority": [(diamond, _BLACK), (0.96 * diamond, _WHITE), (0.6 * diamond, _YELLOW)],
        "crossing": [(_rectangle(0.6, 0.6), _BLUE), (_triangle(0.5), _WHITE), (0.8 * walker, _BLACK)],
        "parking": [(_rectangle(0.6, 0.6), _BLUE)],
        "direction": [(_rectangle(1.9, 0.5), _BLACK), (_rectangle(1.86, 0.46), _YELLOW)],
        "board": [(_rectangle(2.6, 1.7), _BLACK), (_rectangle(2.54, 1.64), _YELLOW)],
        "street": [(_rectangle(0.95, 0.22), _BLUE)],
        "back": [(_ring(0.30), _GREY)],
    }  # fmt: skip


PLATES = _plates()
LETTERS: dict[str, tuple[float, float, Color, Color]] = {
    "limit": (0.30, 0.26, _BLACK, _WHITE),
    "parking": (0.44, 0.52, _WHITE, _BLUE),
    "direction": (1.7, 0.38, _BLACK, _YELLOW),
    "board": (2.3, 0.5, _BLACK, _YELLOW),
    "street": (0.88, 0.18, _WHITE, _BLUE),
}
"""Width and height of the lettering in metres, its ink and its paper."""


@dataclass(frozen=True)
class Signpost:
    """One post with signs one above the other, the highest first."""

    x: float
    z: float
    signs: tuple[tuple[str, str], ...]
    """(plate, text) of each."""
    height: float = 2.9
    turn: float = 0.0
    """Radians by which the plates look away from the camera."""
    y: float = 0.12

    def footprint(self) -> Points:
        """(6, 3) a disc on the ground by which it takes its turn in the painting."""
        return disc(self.x, self.y, self.z, 0.1)

    def paint(self, canvas: Canvas, sunlit: float = 1.0) -> None:
        """The post, then the plates."""
        foot = np.array([self.x, self.y, self.z])
        post = foot + np.array([0.0, self.height])[:, None] * (0, 1, 0)
        paint_tube(canvas, post, np.array([0.07, 0.07]), STEEL, sunlit, "pole")
        top = self.height
        for name, text in self.signs:
            outline = PLATES[name][0][0]
            middle = top - outline[:, 1].max()
            self._paint_plate(canvas, name, text, foot + (0, middle, -0.05), sunlit)
            top = middle + outline[:, 1].min() - 0.06

    def _place(self, canvas: Canvas, outline: Points, middle: Points) -> Points:
        cos, sin = np.cos(self.turn), np.sin(self.turn)
        world = np.stack([outline[:, 0] * cos, outline[:, 1], outline[:, 0] * sin], -1) + middle
        return canvas.camera.project(world)

    def _paint_plate(self, canvas: Canvas, name: str, text: str, middle: Points, sunlit: float) -> None:
        parts = PLATES[name]
        sprite = Sprite.around(canvas, self._place(canvas, parts[0][0], middle), self.z)
        if sprite is None:
            return
        gain = canvas.light.gain(np.array([np.sin(self.turn), 0.15, -np.cos(self.turn)]), sunlit)
        for outline, color in parts:
            sprite.fill(self._place(canvas, outline, middle), np.asarray(color) * gain)
        if text and canvas.camera.scale(self.z) > 14:
            wide, tall, ink, paper = LETTERS[name]
            size = (max(int(64 * wide / tall), 20), 64)
            tinted = (tuple(np.clip(np.asarray(c) * gain * sprite.clear + sprite.veil, 0, 255)) for c in (ink, paper))
            picture = lettered(text, size, ink=next(tinted), paper=next(tinted), weight=600)
            inlay(sprite, self._place(canvas, _rectangle(wide, tall), middle), picture)
        sprite.paste("static" if name == "back" else "traffic sign")
