"""Poles and what hangs on them: lamps, traffic lights, wires."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from streets.optics.camera import Points
from streets.optics.light import Color
from streets.paint.canvas import Canvas
from streets.paint.round import circle, disc
from streets.paint.sprite import Sprite

STEEL = (118.0, 120.0, 120.0)


def paint_tube(canvas: Canvas, line: Points, width: Points, color: Color, sunlit: float, label: str | None) -> None:
    """A round tube along an (n, 3) world line with (n,) diameters in metres: facets from edge to edge."""
    pixels = canvas.camera.project(line)
    step = np.gradient(pixels, axis=0)
    across = np.stack([-step[:, 1], step[:, 0]], -1)
    across /= np.maximum(np.linalg.norm(across, axis=1), 1e-6)[:, None]
    across *= np.where(across[:, :1] + 0.01 * across[:, 1:] < 0, -1, 1)
    scale = canvas.camera.focal / np.maximum(line[:, 2], 0.5)
    half = np.maximum(0.5 * width * scale, 0.55)
    facets = 5 if half.max() > 4 else 3 if half.max() > 1.5 else 1
    steps = np.linspace(-1, 1, facets + 1)
    grid = pixels[:, None] + across[:, None] * (half[:, None] * steps)[..., None]
    angle = np.pi * (np.arange(facets) + 0.5) / facets
    normal = np.stack([-np.cos(angle), np.full(facets, 0.1), -np.sin(angle)], -1)
    tint = canvas.light.seen(np.asarray(color) * canvas.light.gain(normal, sunlit), float(line[:, 2].mean()))
    quads = np.stack([grid[:-1, :-1], grid[1:, :-1], grid[1:, 1:], grid[:-1, 1:]], 2).reshape(-1, 4, 2)
    canvas.faces(quads, np.tile(tint, (len(line) - 1, 1)))
    if label is not None:
        canvas.annotate(label, np.concatenate([grid[:, 0], grid[::-1, -1]]))


@dataclass(frozen=True)
class Lamp:
    """A street lamp whose arm reaches over the road."""

    x: float
    z: float
    height: float
    reach: float
    """Metres that the arm goes to the right; negative to the left."""
    old: bool = False
    y: float = 0.12

    def footprint(self) -> Points:
        """(6, 3) a disc on the ground by which it takes its turn in the painting."""
        return disc(self.x, self.y, self.z, 0.1)

    def paint(self, canvas: Canvas, sunlit: float = 1.0) -> None:
        """Mast, arm, lamp head; the head shines at dusk."""
        foot = np.array([self.x, self.y, self.z])
        rise = np.array([0.0, 0.9, 0.91, self.height])
        mast = foot + rise[:, None] * (0, 1, 0)
        paint_tube(canvas, mast, np.array([0.17, 0.17, 0.12, 0.08]), STEEL, sunlit, "pole")
        arm = foot + np.array(
            [[0, self.height - 0.05, 0], [0.5 * self.reach, self.height + 0.28, 0], [self.reach, self.height + 0.34, 0]]
        )
        if not self.old:
            paint_tube(canvas, arm, np.array([0.08, 0.07, 0.06]), STEEL, sunlit, "pole")
        self._paint_head(canvas, foot + (0, self.height, 0) if self.old else arm[-1])

    def _paint_head(self, canvas: Canvas, place: Points) -> None:
        half = 0.2 if self.old else 0.34
        shape = np.array([[-half, 0, 0], [half, 0.03, 0], [0.8 * half, 0.13, 0], [-0.7 * half, 0.14, 0]]) + place
        pixels = canvas.camera.project(shape)
        sprite = Sprite.around(canvas, pixels, self.z)
        if sprite is None:
            return
        sprite.fill(pixels, np.array((96.0, 98.0, 100.0)) * canvas.light.gain(np.array([0.0, 0.2, -0.98])))
        if canvas.light.lamps > 0:
            glass = canvas.camera.project(shape[[0, 1, 1, 0]] - [[0, 0, 0], [0, 0, 0], [0, 0.07, 0], [0, 0.07, 0]])
            sprite.fill(glass, (255.0, 236.0, 196.0))
        sprite.paste("static")
        if canvas.light.lamps > 0:
            canvas.glow(pixels.mean(0), 1.1 * canvas.camera.scale(self.z), (255, 214, 150), 0.75 * canvas.light.lamps)


@dataclass(frozen=True)
class TrafficLight:
    """A signal on a mast, with a second one on an arm over the road where `reach` is given."""

    x: float
    z: float
    state: str
    """"red", "amber" or "green"."""
    reach: float = 0.0
    height: float = 3.3
    away: bool = False
    """Whether it shows us its back."""
    y: float = 0.12

    def footprint(self) -> Points:
        """(6, 3) a disc on the ground by which it takes its turn in the painting."""
        return disc(self.x, self.y, self.z, 0.1)

    def paint(self, canvas: Canvas, sunlit: float = 1.0) -> None:
        """Mast, arm, housings."""
        foot = np.array([self.x, self.y, self.z])
        top = self.height if not self.reach else 5.6
        mast = foot + np.array([0.0, top])[:, None] * (0, 1, 0)
        paint_tube(canvas, mast, np.array([0.14, 0.11]), (104.0, 108.0, 106.0), sunlit, "pole")
        if self.reach:
            arm = foot + np.array([[0, 5.4, 0], [self.reach, 5.6, 0]])
            paint_tube(canvas, arm, np.array([0.12, 0.08]), (104.0, 108.0, 106.0), sunlit, "pole")
            self._paint_housing(canvas, arm[-1] - (0, 0.95, 0.08))
        self._paint_housing(canvas, foot + (0.0, min(top, 3.3) - 1.0, -0.1))

    def _paint_housing(self, canvas: Canvas, foot: Points) -> None:
        corners = np.array([[-0.16, 0, 0], [0.16, 0, 0], [0.16, 0.96, 0], [-0.16, 0.96, 0]])
        pixels = canvas.camera.project(corners * (1.15, 1.04, 1) + foot)
        sprite = Sprite.around(canvas, pixels, self.z)
        if sprite is None:
            return
        gain = canvas.light.gain(np.array([0.0, 0.2, -0.98]))
        sprite.fill(pixels, np.array((52.0, 56.0, 54.0)) * gain)
        sprite.fill(canvas.camera.project(corners + foot + (0, 0.01, 0)), np.array((26.0, 28.0, 28.0)) * gain)
        glows = []
        for k, (name, color) in enumerate(
            (("green", (66, 226, 160)), ("amber", (255, 186, 60)), ("red", (255, 62, 48)))
        ):
            disc = circle(0.0, 0.17 + 0.31 * k, 0.105, 14)
            lens = canvas.camera.project(np.column_stack([disc, np.zeros(len(disc))]) + foot)
            lit = self.state == name and not self.away
            dark = np.asarray(color) * (0.22 if not self.away else 0.12)
            sprite.fill(lens, np.asarray(color, float) if lit else dark * gain)
            hood = circle(0.0, 0.17 + 0.31 * k, 0.125, 10, start=0.1, end=np.pi - 0.1)
            edge = canvas.camera.project(np.column_stack([hood, np.zeros(len(hood))]) + foot)
            sprite.stroke(edge, 0.035 * canvas.camera.scale(self.z), np.array((36.0, 38.0, 38.0)) * gain)
            glows += [(lens.mean(0), color)] if lit else []
        sprite.paste("traffic light" if not self.away else "static")
        for place, color in glows:
            canvas.glow(place, 0.28 * canvas.camera.scale(self.z), color, 0.28 + 0.3 * canvas.light.lamps)


@dataclass(frozen=True)
class Mast:
    """A bare pole, a bollard or the mast of a wire."""

    x: float
    z: float
    height: float
    width: float
    color: Color = STEEL
    label: str = "pole"
    y: float = 0.12

    def footprint(self) -> Points:
        """(6, 3) a disc on the ground by which it takes its turn in the painting."""
        return disc(self.x, self.y, self.z, 0.1)

    def paint(self, canvas: Canvas, sunlit: float = 1.0) -> None:
        """One tube."""
        foot = np.array([self.x, self.y, self.z])
        line = foot + np.array([0.0, 0.5, 1.0])[:, None] * (0, self.height, 0)
        paint_tube(canvas, line, self.width * np.array([1.0, 0.95, 0.85]), self.color, sunlit, self.label)


@dataclass(frozen=True)
class Wire:
    """A wire that sags between two points; too thin to be annotated."""

    start: tuple[float, float, float]
    end: tuple[float, float, float]
    sag: float

    def footprint(self) -> Points:
        """(6, 3) a disc below its nearer end."""
        x, _, z = min(self.start, self.end, key=lambda place: place[2])
        return disc(x, 0.0, z, 0.1)

    def paint(self, canvas: Canvas, sunlit: float = 1.0) -> None:
        """A chain of segments, each as thin as it is far."""
        share = np.linspace(0, 1, 15)[:, None]
        line = np.asarray(self.start) * (1 - share) + np.asarray(self.end) * share
        line[:, 1] -= 4 * self.sag * (share * (1 - share))[:, 0]
        pixels = canvas.camera.project(line)
        for k in range(14):
            depth = float(line[k, 2])
            if depth > 3:
                wide = 0.5 * max(0.02 * canvas.camera.scale(depth), 0.35)
                across = np.array([pixels[k, 1] - pixels[k + 1, 1], pixels[k + 1, 0] - pixels[k, 0]])
                across = across / max(np.linalg.norm(across), 1e-6) * wide
                ends = pixels[k : k + 2]
                canvas.fill(
                    np.concatenate([ends + across, ends[::-1] - across]), canvas.light.seen((52, 54, 56), depth)
                )
