"""Trees, bushes and hedges on the street."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from streets.optics.camera import Points
from streets.paint.canvas import Canvas
from streets.paint.round import circle, disc
from streets.paint.upright import Upright
from streets.plants.foliage import FOLIAGE, paint_foliage

BARK = (88.0, 80.0, 70.0)
PLAIN = 7.0
"""Half a crown's width in pixels below which it is one green disc."""


def _cluster(rng: np.random.Generator, n: int, low: Points, high: Points, size: tuple[float, float]) -> Points:
    """(n, 5) clumps inside an ellipsoid given by its corners: x, y, half axes in metres, brightness."""
    direction = rng.standard_normal((n, 2))
    direction /= np.linalg.norm(direction, axis=1)[:, None]
    place = direction * np.sqrt(rng.uniform(0.05, 1.0, n))[:, None]
    center, half = (low + high) / 2, (high - low) / 2
    radius = rng.uniform(*size, n)
    axes = np.stack([radius * rng.uniform(0.95, 1.3, n), radius * rng.uniform(0.75, 1.0, n)], -1)
    bright = rng.uniform(0.80, 1.12, n)
    core = np.array([[*center, *(0.72 * half), 0.9], [*(center + 0.2 * half), *(0.6 * half), 1.0]])
    return np.vstack([core, np.column_stack([center + place * np.maximum(half - 0.7 * axes, 0.05), axes, bright])])


def _projected(canvas: Canvas, clumps: Points, x: Points | float, z: Points | float, y: float) -> Points:
    """Clumps in metres beside their feet at (x, y, z) -> clumps in pixels."""
    camera = canvas.camera
    scale = camera.focal / np.asarray(z)
    u = camera.center + (x + clumps[:, 0]) * scale
    v = camera.horizon + (camera.eye - y - clumps[:, 1]) * scale
    return np.column_stack([u, v, clumps[:, 2] * scale, clumps[:, 3] * scale, clumps[:, 4]])


@dataclass(frozen=True)
class Tree:
    """A street tree."""

    x: float
    z: float
    height: float
    radius: float
    """Half the width of the crown."""
    clear: float
    """Height at which the crown begins."""
    trunk: float
    """Diameter of the trunk."""
    leaves: str
    seed: int
    y: float = 0.12

    @property
    def middle(self) -> float:
        """Height of the middle of the crown."""
        return (self.clear + self.height) / 2

    def footprint(self) -> Points:
        """(6, 3) a disc on the ground by which it takes its turn in the painting."""
        return disc(self.x, self.y, self.z, 0.6 * self.radius)

    def paint(self, canvas: Canvas, sunlit: float = 1.0) -> None:
        """Trunk and boughs, then the crown."""
        rng = np.random.default_rng(self.seed)
        self._paint_wood(canvas, rng, sunlit)
        low, high = np.array([-self.radius, self.clear]), np.array([self.radius, self.height])
        size = canvas.camera.scale(self.z) * self.radius
        if size < PLAIN:
            self._paint_plain(canvas, sunlit)
            return
        count = 34 if size > 150 else 26 if size > 50 else 16 if size > 15 else 9
        clumps = _cluster(rng, 32, low, high, (0.20 * self.radius, 0.40 * self.radius))[:count]
        clumps = clumps[np.argsort(-clumps[:, 1])]
        pixels = _projected(canvas, clumps, self.x, self.z, self.y)
        paint_foliage(canvas, pixels, self.z, FOLIAGE[self.leaves], seed=self.seed, sunlit=sunlit)

    def _paint_plain(self, canvas: Canvas, sunlit: float) -> None:
        """A crown of a few pixels."""
        half = np.array([self.radius, (self.height - self.clear) / 2])
        outline = circle(self.x, self.y + self.middle, 1.0, 14) - (self.x, self.y + self.middle)
        outline = outline * half + (self.x, self.y + self.middle)
        pixels = canvas.camera.project(np.column_stack([outline, np.full(len(outline), self.z)]))
        tone = np.asarray(FOLIAGE[self.leaves].middle) * canvas.light.gain(np.array([0.0, 0.6, -0.8]), sunlit)
        canvas.fill(pixels, canvas.light.seen(tone, self.z))
        canvas.annotate("vegetation", pixels)

    def _boughs(self, rng: np.random.Generator) -> tuple[Points, Points]:
        """(n, 4, 2) metres beside and above the foot, and (n, 4) half widths: the stem first, then boughs."""
        top = self.clear + 0.45 * (self.height - self.clear)
        lean = rng.uniform(-0.03, 0.03) * top
        stem = np.array([[0.0, -0.05], [0.15 * lean, 0.4 * self.clear], [0.6 * lean, self.clear], [lean, top]])
        reach = rng.uniform(0.5, 0.8, 4) * self.radius * np.array([-1, 1, -1, 1])
        rise = rng.uniform(0.5, 1.0, 4) * (top - self.clear)
        start = stem[2] + np.stack([np.zeros(4), rng.uniform(-0.1, 0.3, 4) * (top - self.clear)], -1)
        share = np.array([[0.0, 0.0], [0.3, 0.4], [0.6, 0.7], [1.0, 1.0]])
        boughs = start[:, None] + share * np.stack([reach, rise], -1)[:, None]
        half = self.trunk * np.array([[0.6, 0.46, 0.4, 0.16], *4 * [[0.22, 0.17, 0.12, 0.05]]])
        return np.concatenate([stem[None], boughs]), half

    def _paint_stem(self, canvas: Canvas, sunlit: float) -> None:
        """The stem of a far tree, as one upright bar."""
        half, top = 0.45 * self.trunk, self.middle
        bar = np.array([[-half, 0.0], [half, 0.0], [0.6 * half, top], [-0.6 * half, top]])
        world = np.column_stack([self.x + bar[:, 0], self.y + bar[:, 1], np.full(4, self.z)])
        tone = 0.9 * np.asarray(BARK) * canvas.light.gain(np.array([0.0, 0.1, -1.0]), sunlit)
        pixels = canvas.camera.project(world)
        canvas.fill(pixels, canvas.light.seen(tone, self.z))
        canvas.annotate("vegetation", pixels)

    def _paint_wood(self, canvas: Canvas, rng: np.random.Generator, sunlit: float) -> None:
        """Round stems: strips from the left to the right edge, each in its own light."""
        lines, half = self._boughs(rng)
        scale = canvas.camera.scale(self.z)
        if scale * self.radius < 70:
            self._paint_stem(canvas, sunlit)
            return
        strips = 7 if scale * self.trunk > 10 else 2
        steps = np.linspace(-1, 1, strips + 1)
        axis = canvas.camera.project(np.array([self.x, self.y, self.z])) + lines * (scale, -scale)
        grid = np.repeat(axis[:, :, None], strips + 1, axis=2)
        grid[..., 0] += (half * scale)[..., None] * steps
        angle = np.pi * (np.arange(strips) + 0.5) / strips
        normal = np.stack([-np.cos(angle), np.zeros(strips), -np.sin(angle)], -1)
        furrows = rng.uniform(0.82, 1.1, (7, 1))[:strips]
        tint = canvas.light.seen(np.asarray(BARK) * furrows * canvas.light.gain(normal, sunlit), self.z)
        quads = np.stack([grid[:, :-1, :-1], grid[:, 1:, :-1], grid[:, 1:, 1:], grid[:, :-1, 1:]], axis=-2)
        canvas.faces(quads.reshape(-1, 4, 2), np.tile(tint, (3 * len(lines), 1)))
        for stem in grid:
            edge = np.concatenate([stem[:, 0], stem[::-1, -1]])
            canvas.annotate("vegetation", edge)


@dataclass(frozen=True)
class Shrub:
    """A bush, or with some length a hedge, from (x0, z0) to (x1, z1)."""

    start: tuple[float, float]
    end: tuple[float, float]
    height: float
    leaves: str
    seed: int
    trimmed: bool = False
    y: float = 0.12

    def footprint(self) -> Points:
        """(2, 3) the line that it stands on."""
        return Upright(self.start, self.end, self.height, self.y).foot

    def paint(self, canvas: Canvas, sunlit: float = 1.0) -> None:
        """Clump by clump along its foot."""
        rng = np.random.default_rng(self.seed)
        (x0, z0), (x1, z1) = self.start, self.end
        length = float(np.hypot(x1 - x0, z1 - z0))
        count = max(int(length / (0.35 * self.height)), 1) * 3 + 4
        share = np.sort(rng.uniform(0, 1, count))[::-1]
        spread = 0.05 if self.trimmed else 0.3
        middle = self.height * (0.5 if self.trimmed else 0.47)
        clumps = np.column_stack(
            [
                rng.uniform(-spread, spread, count) * self.height,
                middle + rng.uniform(-spread, spread, count) * self.height * 0.8,
                self.height * rng.uniform(0.38, 0.55, count),
                self.height * rng.uniform(0.40, 0.48, count),
                rng.uniform(0.8, 1.1, count),
            ]
        )
        pixels = _projected(canvas, clumps, x0 + (x1 - x0) * share, np.maximum(z0 + (z1 - z0) * share, 3.0), self.y)
        paint_foliage(
            canvas,
            pixels,
            (z0 + z1) / 2,
            FOLIAGE[self.leaves],
            seed=self.seed,
            sunlit=sunlit,
            ragged=0.2 if self.trimmed else 0.45,
        )
