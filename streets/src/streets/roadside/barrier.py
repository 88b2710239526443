"""Fences, walls and guard rails along the street."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from streets.optics.camera import NEAR, Points
from streets.optics.light import Color
from streets.paint.canvas import Canvas
from streets.paint.sprite import Sprite
from streets.paint.upright import Upright, paint_upright


@dataclass(frozen=True)
class Masonry:
    """A free-standing wall."""

    start: tuple[float, float]
    end: tuple[float, float]
    height: float
    material: str
    """"brick", "plaster", "rough" (concrete) or "slabs" (stone)."""
    color: Color
    seed: int
    label: str = "wall"
    y: float = 0.12

    def footprint(self) -> Points:
        """(2, 3) the line that it stands on."""
        return Upright(self.start, self.end, self.height, self.y).foot

    def paint(self, canvas: Canvas, sunlit: float = 1.0) -> None:
        """The face, then the coping stone on it."""
        wall = Upright(self.start, self.end, self.height, self.y)
        metres = {"brick": 2.6, "plaster": 6.0, "rough": 4.0, "slabs": 4.0}[self.material]
        tone = np.asarray(self.color)

        def face(sheet):
            sheet.cover(self.material, metres, tuple(0.74 * tone), tuple(1.26 * tone), offset=self.seed % 512)
            for tall, factor in ((0.2, 0.82), (0.5, 0.92)):
                sheet.shade(-9, 0, 999, tall, factor)
            for x in np.arange(0, wall.length, 3.0):
                sheet.shade(x - 0.02, 0, x + 0.02, self.height, 0.86)
            sheet.fill(-9, self.height - 0.1, 999, self.height, tuple(np.minimum(1.15 * tone + 10, 235)))
            sheet.shade(-9, self.height - 0.15, 999, self.height - 0.1, 0.7)

        paint_upright(canvas, wall, face, label=self.label, plain=self.color, shadow_top=0.0 if sunlit else 99.0)


@dataclass(frozen=True)
class Fence:
    """A fence one can see through: pickets, bars or wire mesh."""

    start: tuple[float, float]
    end: tuple[float, float]
    height: float
    kind: str
    """"pickets", "bars" or "mesh"."""
    color: Color
    y: float = 0.12

    def footprint(self) -> Points:
        """(2, 3) the line that it stands on."""
        return Upright(self.start, self.end, self.height, self.y).foot

    def paint(self, canvas: Canvas, sunlit: float = 1.0) -> None:
        """Rails, then pickets, then posts; annotated as a whole, gaps included."""
        fence = Upright(self.start, self.end, self.height, self.y)
        span = fence.visible(canvas)
        if span is None:
            return
        outline = canvas.camera.flat(fence.at(np.array([*span, *span[::-1]]), np.array([0, 0, 1, 1]) * self.height))
        if len(outline) < 3:
            return
        depth = float(fence.at(0.5 * sum(span), 0.0)[2])
        sprite = Sprite.around(canvas, outline, depth)
        if sprite is None:
            return
        tone = np.asarray(self.color) * canvas.light.gain(fence.normal, sunlit)
        self._paint_rails(canvas, sprite, fence, span, tone)
        self._paint_pickets(canvas, sprite, fence, span, tone)
        sprite.paste(None)
        canvas.annotate("fence", outline)

    def _paint_rails(
        self, canvas: Canvas, sprite: Sprite, fence: Upright, span: tuple[float, float], tone: Points
    ) -> None:
        ends = np.array([*span, *span[::-1]])
        for share in (0.22, 0.82) if self.kind != "mesh" else (0.02, 0.97):
            y = self.height * share
            rail = fence.at(ends, np.array([y, y, y + 0.06, y + 0.06]))
            sprite.fill(canvas.camera.project(rail), 0.8 * tone)

    def _paint_pickets(
        self, canvas: Canvas, sprite: Sprite, fence: Upright, span: tuple[float, float], tone: Points
    ) -> None:
        gap, wide = {"pickets": (0.14, 0.085), "bars": (0.13, 0.022), "mesh": (0.10, 0.008)}[self.kind]
        start, end = span[0] * fence.length, span[1] * fence.length
        every = np.arange(np.ceil(start / gap) * gap, end - wide, gap)
        posts = np.arange(np.ceil(start / 2.4) * 2.4, end, 2.4)
        for places, width, top in ((every, wide, self.height), (posts, 0.09, self.height + 0.04)):
            if not len(places):
                continue
            x = (places[:, None] + np.array([0, width, width, 0])) / fence.length
            y = np.broadcast_to(np.array([0.04, 0.04, top, top]), x.shape)
            quads = fence.at(x, y)
            quads = quads[quads[..., 2].min(1) > NEAR]
            bright = 0.9 + 0.2 * np.random.default_rng(len(places)).random((len(quads), 1))
            sprite.faces(canvas.camera.project(quads), tone * bright)


@dataclass(frozen=True)
class GuardRail:
    """A steel rail on posts."""

    start: tuple[float, float]
    end: tuple[float, float]
    height: float = 0.75
    y: float = 0.0

    def footprint(self) -> Points:
        """(2, 3) the line that it stands on."""
        return Upright(self.start, self.end, self.height, self.y).foot

    def paint(self, canvas: Canvas, sunlit: float = 1.0) -> None:
        """Posts, then the two waves of the rail in strips."""
        rail = Upright(self.start, self.end, self.height, self.y)
        span = rail.visible(canvas)
        if span is None:
            return
        ends = np.array([*span, *span[::-1]])
        outline = canvas.camera.flat(rail.at(ends, np.array([0.43, 0.43, 0.75, 0.75])))
        if len(outline) < 3:
            return
        sprite = Sprite.around(
            canvas, canvas.camera.project(rail.at(ends, np.array([0.0, 0.0, 0.75, 0.75]))), float(rail.at(0.5, 0.0)[2])
        )
        if sprite is None:
            return
        tone = np.array((158.0, 162.0, 164.0)) * canvas.light.gain(rail.normal, sunlit)
        for post in np.arange(span[0] * rail.length, span[1] * rail.length, 2.0) / rail.length:
            sides = np.array([0, 0.1, 0.1, 0]) / rail.length + post
            sprite.fill(canvas.camera.project(rail.at(sides, np.array([0, 0, 0.7, 0.7]))), 0.62 * tone)
        waves = (0.66, 0.98, 1.12, 0.94, 0.70, 0.98, 1.14, 0.90)
        for k, bright in enumerate(waves):
            low, high = 0.43 + 0.04 * k, 0.47 + 0.04 * k
            sprite.fill(canvas.camera.project(rail.at(ends, np.array([low, low, high, high]))), bright * tone)
        sprite.paste(None)
        canvas.annotate("guard rail", outline)
