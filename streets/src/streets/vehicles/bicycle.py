"""Bicycles, on their stands or under a rider."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from streets.optics.camera import Points
from streets.optics.light import Color
from streets.paint.canvas import Canvas
from streets.paint.round import circle
from streets.paint.sprite import Sprite
from streets.people.gait import seated
from streets.vehicles.twowheeler import RUBBER, STEEL, Bench, Rider, annotate_solid, flat, paint_rider
from streets.vehicles.vehicle import Pose


@dataclass(frozen=True)
class Bicycle:
    """A bicycle, on its stand or under a rider."""

    x: float
    z: float
    heading: float
    color: Color
    seed: int
    rider: Rider | None = None
    y: float = 0.0

    @property
    def pose(self) -> Pose:
        """Where it stands."""
        return Pose(self.x, self.z, self.heading, 1.75, self.y)

    def footprint(self) -> Points:
        """(4, 3) corners on the ground."""
        return self.pose.world(np.array([[0.1, 0, -0.12], [1.65, 0, -0.12], [1.65, 0, 0.12], [0.1, 0, 0.12]]))

    def paint(self, canvas: Canvas, sunlit: float = 1.0) -> None:
        """Wheels, frame, bars; then the rider."""
        pose = self.pose
        reach = pose.world(np.array([[0, 0, -0.3], [0, 1.25, 0.3], [1.75, 1.25, -0.3], [1.75, 0, 0.3]]))
        sprite = Sprite.around(canvas, canvas.camera.project(reach), self.z)
        if sprite is None:
            return
        bench = Bench(canvas, sprite, pose, sunlit)
        rng = np.random.default_rng(self.seed)
        wheels = [circle(ahead, 0.34, 0.34, 26) for ahead in (0.36, 1.40)]
        for wheel, ahead in zip(wheels, (0.36, 1.40), strict=True):
            _paint_spoked(bench, wheel, ahead)
        _paint_frame(bench, self.color, rng)
        sprite.paste(None)
        frame = np.array([[0.36, 0.34], [0.58, 0.9], [1.25, 0.95], [1.40, 0.34], [0.85, 0.28]])
        annotate_solid(canvas, sprite, "bicycle", [bench.pixels(flat(part)) for part in (*wheels, frame)])
        if self.rider is not None:
            joints = seated(0.98, np.array([0.62, 1.05, 0.24]), self.rider.pedal, 0.32)
            paint_rider(canvas, pose, self.rider, joints, 0.52, sunlit)


def _paint_spoked(bench: Bench, wheel: Points, ahead: float) -> None:
    if bench.scale > 45:
        for angle in np.linspace(0, np.pi, 9, endpoint=False):
            reach = 0.32 * np.array([np.cos(angle), np.sin(angle)])
            spoke = flat(np.array([(ahead, 0.34) - reach, (ahead, 0.34) + reach]))
            bench.sprite.stroke(bench.pixels(spoke), 0.2, 0.8 * np.asarray(STEEL) * bench.gain)
    for radius, metres, color in ((0.30, 0.016, STEEL), (0.335, 0.042, RUBBER)):
        ring = circle(ahead, 0.34, radius, 26)
        bench.sprite.stroke(bench.pixels(flat(ring)), metres * bench.scale, np.asarray(color) * bench.gain)


def _paint_frame(bench: Bench, color: Color, rng: np.random.Generator) -> None:
    crank, seat, head = (0.80, 0.29), (0.60, 0.78), (1.22, 0.80 + 0.06 * rng.random())
    step_through = rng.random() < 0.5
    dark = (40.0, 41.0, 42.0)
    bench.tube(flat([(0.36, 0.34), crank]), 0.03, color)
    bench.tube(flat([(0.36, 0.34), seat]), 0.026, color)
    bench.tube(flat([crank, seat, (0.57, 0.90)]), 0.036, color)
    top = [(0.74, 0.45), (1.19, 0.70)] if step_through else [seat, head]
    bench.tube(flat(top), 0.036, color)
    bench.tube(flat([crank, (1.23, 0.68)]), 0.042, color)
    bench.tube(flat([(1.18, 0.98), (1.26, 0.62), (1.40, 0.34)]), 0.034, color)
    bench.tube(
        np.array([[1.02, 1.05, -0.27], [1.12, 1.04, -0.2], [1.17, 1.0, 0.0], [1.12, 1.04, 0.2], [1.02, 1.05, 0.27]]),
        0.03,
        dark,
    )
    bench.slab([(0.42, 0.92), (0.46, 0.96), (0.70, 0.94), (0.70, 0.91)], 0.06, dark)
    bench.tube(flat([(0.12, 0.72), (0.55, 0.74)]), 0.026, dark)
    for start, end in ((0.5, 2.6), (0.7, 2.3)):
        ahead = 0.36 if start == 0.5 else 1.40
        bench.tube(flat(circle(ahead, 0.34, 0.375, 12, start=start, end=end)), 0.03, dark)
    bench.slab(circle(0.80, 0.29, 0.09, 10), 0.03, (70.0, 70.0, 72.0))
    for sign in (-1, 1):
        bench.tube(np.array([[0.80, 0.29, 0.08 * sign], [0.80 + 0.15 * sign, 0.24, 0.1 * sign]]), 0.03, dark)
    bench.slab([(0.05, 0.60), (0.09, 0.60), (0.09, 0.66), (0.05, 0.66)], 0.04, (170.0, 24.0, 24.0))
    if rng.random() < 0.35:
        bench.slab([(1.24, 0.80), (1.50, 0.82), (1.52, 1.06), (1.24, 1.04)], 0.16, (92.0, 74.0, 54.0))
