"""Motorcycles and scooters, parked or ridden."""

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
class Motorcycle:
    """A motorcycle or scooter, parked or ridden."""

    x: float
    z: float
    heading: float
    color: Color
    scooter: bool
    rider: Rider | None = None
    moving: bool = False
    y: float = 0.0

    @property
    def pose(self) -> Pose:
        """Where it stands."""
        return Pose(self.x, self.z, self.heading, 2.0, self.y)

    def footprint(self) -> Points:
        """(4, 3) corners on the ground."""
        return self.pose.world(np.array([[0.1, 0, -0.25], [1.9, 0, -0.25], [1.9, 0, 0.25], [0.1, 0, 0.25]]))

    def paint(self, canvas: Canvas, sunlit: float = 1.0) -> None:
        """Wheels and engine, body, bars and mirrors; then the rider."""
        pose = self.pose
        reach = pose.world(np.array([[0, 0, -0.5], [0, 1.4, 0.5], [2.0, 1.4, -0.5], [2.0, 0, 0.5]]))
        sprite = Sprite.around(canvas, canvas.camera.project(reach), self.z)
        if sprite is None:
            return
        bench = Bench(canvas, sprite, pose, sunlit)
        radius = 0.24 if self.scooter else 0.31
        for ahead in (0.38, 1.62):
            _paint_tyre(bench, ahead, radius)
        (_paint_scooter if self.scooter else _paint_motorcycle)(bench, self.color)
        _paint_cockpit(bench, 1.38, 1.08 if self.scooter else 1.02)
        lamp = (255.0, 60.0, 44.0) if canvas.light.lamps and self.moving else (176.0, 26.0, 26.0)
        tail = [(0.12, 0.70), (0.17, 0.70), (0.17, 0.77), (0.12, 0.77)]
        bench.slab(tail, 0.07, lamp)
        sprite.paste(None)
        body = [(0.38, radius), (0.2, 0.8), (1.3, 1.0), (1.62, radius)]
        annotate_solid(canvas, sprite, "motorcycle", [bench.pixels(flat(body))])
        if self.rider is not None:
            joints = seated(0.82, np.array([0.66, 0.98, 0.30]), 0.6, 0.22)
            paint_rider(canvas, pose, self.rider, joints, 0.66, sunlit)


def _paint_tyre(bench: Bench, ahead: float, radius: float) -> None:
    bench.slab(circle(ahead, radius, radius, 20), 0.06, RUBBER)
    for share, color in ((0.66, (96.0, 97.0, 98.0)), (0.58, (26.0, 26.0, 27.0)), (0.24, STEEL)):
        disc = flat(circle(ahead, radius, share * radius, 16), bench.near * 0.062)
        bench.sprite.fill(bench.pixels(disc), np.asarray(color) * bench.gain)


def _paint_motorcycle(bench: Bench, color: Color) -> None:
    dark, steel = (36.0, 36.0, 38.0), (120.0, 121.0, 122.0)
    bench.tube(flat([(0.38, 0.31), (0.85, 0.36)]), 0.06, dark)
    bench.slab([(0.72, 0.24), (1.22, 0.22), (1.28, 0.55), (0.80, 0.60)], 0.17, (70.0, 70.0, 72.0))
    bench.slab([(0.78, 0.30), (0.98, 0.28), (1.0, 0.48), (0.8, 0.5)], 0.19, steel)
    bench.tube(np.array([[1.2, 0.34, 0.2], [0.8, 0.24, 0.22], [0.1, 0.36, 0.22]]), 0.09, steel)
    bench.slab([(0.15, 0.68), (0.55, 0.62), (0.85, 0.68), (0.82, 0.80), (0.5, 0.80), (0.12, 0.86)], 0.12, dark)
    bench.slab([(0.80, 0.66), (1.25, 0.68), (1.36, 0.86), (1.1, 0.98), (0.86, 0.88)], 0.15, color)
    bench.slab([(1.22, 0.62), (1.46, 0.70), (1.52, 0.94), (1.36, 1.06), (1.26, 0.9)], 0.17, color)
    bench.slab([(1.44, 0.82), (1.54, 0.84), (1.52, 0.98), (1.44, 0.98)], 0.1, (196.0, 198.0, 196.0))
    for sign in (-1, 1):
        bench.tube(np.array([[1.40, 0.92, 0.09 * sign], [1.62, 0.31, 0.09 * sign]]), 0.06, steel)
    bench.slab(circle(1.62, 0.31, 0.36, 10, start=0.5, end=2.6), 0.06, color)


def _paint_scooter(bench: Bench, color: Color) -> None:
    bench.slab([(0.15, 0.40), (0.85, 0.30), (0.88, 0.52), (0.72, 0.74), (0.14, 0.78)], 0.19, color)
    bench.slab([(0.85, 0.26), (1.36, 0.24), (1.36, 0.32), (0.85, 0.34)], 0.18, (58.0, 58.0, 60.0))
    bench.slab([(0.14, 0.78), (0.80, 0.74), (0.78, 0.84), (0.2, 0.87)], 0.15, (34.0, 34.0, 36.0))
    bench.slab([(1.30, 0.28), (1.44, 0.30), (1.46, 0.95), (1.36, 1.02)], 0.19, color)
    bench.slab(circle(1.62, 0.24, 0.30, 10, start=0.3, end=2.8), 0.08, color)
    bench.slab([(1.44, 0.84), (1.50, 0.85), (1.50, 0.96), (1.44, 0.97)], 0.08, (200.0, 202.0, 200.0))


def _paint_cockpit(bench: Bench, ahead: float, h: float) -> None:
    bench.tube(
        np.array([[ahead - 0.1, h, -0.36], [ahead, h, -0.1], [ahead, h, 0.1], [ahead - 0.1, h, 0.36]]),
        0.035,
        (40.0, 40.0, 42.0),
    )
    for sign in (-1, 1):
        bench.tube(
            np.array([[ahead, h, 0.26 * sign], [ahead + 0.02, h + 0.17, 0.34 * sign]]), 0.018, (60.0, 60.0, 60.0)
        )
        glass = np.array(
            [[ahead, h + 0.14, 0.28], [ahead, h + 0.14, 0.44], [ahead, h + 0.23, 0.43], [ahead, h + 0.23, 0.29]]
        )
        bench.sprite.fill(bench.pixels(glass * (1, 1, sign)), np.array((72.0, 76.0, 80.0)) * bench.gain)
