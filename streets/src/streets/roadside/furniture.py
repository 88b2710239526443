"""Boxes, bins, columns and bridges: what a street is furnished with besides poles and trees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from streets.optics.camera import Points
from streets.optics.light import Color
from streets.paint.canvas import Canvas
from streets.paint.sprite import Sprite
from streets.paint.upright import Upright, paint_upright


@dataclass(frozen=True)
class Block:
    """A box on the ground: a switch cabinet, a bin, a planter."""

    x: float
    z: float
    size: tuple[float, float, float]
    """Width, height and depth in metres."""
    color: Color
    label: str = "static"
    y: float = 0.12

    def footprint(self) -> Points:
        """(4, 3) corners on the ground."""
        wide, _, deep = self.size
        return np.array(
            [
                [self.x - wide / 2, self.y, self.z],
                [self.x + wide / 2, self.y, self.z],
                [self.x + wide / 2, self.y, self.z + deep],
                [self.x - wide / 2, self.y, self.z + deep],
            ]
        )

    def paint(self, canvas: Canvas, sunlit: float = 1.0) -> None:
        """The side that shows, then the front, then a lid."""
        base = self.footprint()
        up = np.array([0.0, self.size[1], 0.0])
        side = base[[1, 2]] if self.x < 0 else base[[0, 3]]
        faces = (
            (np.stack([*side, side[1] + up, side[0] + up]), (1.0 if self.x < 0 else -1.0, 0.0, 0.0), 1.0),
            (np.stack([base[0], base[1], base[1] + up, base[0] + up]), (0.0, 0.0, -1.0), 1.0),
            (np.stack([base[0] + 0.96 * up, base[1] + 0.96 * up, base[1] + up, base[0] + up]), (0.0, 0.6, -0.8), 1.12),
            (np.stack([base[0], base[1], base[1] + 0.06 * up, base[0] + 0.06 * up]), (0.0, 0.0, -1.0), 0.7),
        )
        pixels = canvas.camera.project(np.concatenate([faces[0][0], faces[1][0]]))
        sprite = Sprite.around(canvas, pixels, self.z)
        if sprite is None:
            return
        for corners, normal, bright in faces:
            gain = canvas.light.gain(np.asarray(normal), sunlit)
            sprite.fill(canvas.camera.project(corners), bright * np.asarray(self.color) * gain)
        sprite.paste(self.label)


@dataclass(frozen=True)
class Bridge:
    """A bridge over the street: a beam of concrete on two abutments."""

    x: float
    z: float
    clear: float
    """Metres between the road and the beam."""
    seed: int

    def footprint(self) -> Points:
        """(2, 3) the line below its near edge."""
        return np.array([[self.x - 30, 0.0, self.z], [self.x + 30, 0.0, self.z]])

    def paint(self, canvas: Canvas, sunlit: float = 1.0) -> None:
        """Underside, beam, abutments."""
        under = np.array(
            [
                [-30, self.clear, self.z],
                [30, self.clear, self.z],
                [30, self.clear, self.z + 7],
                [-30, self.clear, self.z + 7],
            ]
        )
        outline = canvas.camera.flat(under + (self.x, 0, 0))
        if len(outline) > 2:
            shade = np.array((58.0, 58.0, 56.0)) * canvas.light.gain(np.array([0.0, -1.0, 0.0]))
            canvas.fill(outline, canvas.light.seen(shade, self.z))
            canvas.annotate("bridge", outline)
        beam = Upright((self.x - 30, self.z), (self.x + 30, self.z), 1.6, self.clear)
        paint_upright(canvas, beam, self._concrete, label="bridge", plain=(120, 120, 116))
        for s in (-30.0, 13.0):
            pier = Upright((self.x + s, self.z), (self.x + s + 17.0, self.z), self.clear)
            paint_upright(canvas, pier, self._concrete, label="bridge", plain=(120, 120, 116))

    def _concrete(self, sheet) -> None:
        sheet.cover("plaster", 6.0, (96, 96, 92), (150, 149, 144), offset=self.seed % 512)
        sheet.shade(-99, 0, 99, 0.2, 0.7)
        sheet.shade(-99, 1.35, 99, 1.42, 0.75)
