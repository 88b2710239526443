"""Passenger cars of several shapes, parked and moving, seen from any side."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from streets.optics.camera import Points
from streets.optics.light import Color
from streets.paint.canvas import Canvas
from streets.paint.sprite import Sprite
from streets.vehicles.carends import front_face, rear_face
from streets.vehicles.cartrim import Face, Shape, mirror, side_face
from streets.vehicles.decals import end_points
from streets.vehicles.loft import Body
from streets.vehicles.plate import paint_plate
from streets.vehicles.vehicle import Coachwork, Pose, ground_corners
from streets.vehicles.wheel import drums

SHAPES = {
    "hatch": Shape(
        Body(((0.14, 0.28), (0.0, 0.40), (0.02, 0.64), (0.10, 0.84), (0.20, 1.02), (0.58, 1.36), (0.95, 1.45),
              (1.9, 1.47), (2.35, 1.41), (3.12, 0.99), (3.5, 0.93), (3.95, 0.82), (4.2, 0.64), (4.25, 0.42),
              (4.15, 0.24)), 1.78, 0.96),
        (0.78, 3.38), 0.31, (0.42, 3.0), (1.0, 1.95), (1.1, 1.98, 2.98), 1.0, 1.02, (0.72, 0.98)),
    "sedan": Shape(
        Body(((0.12, 0.28), (0.0, 0.42), (0.02, 0.70), (0.06, 0.96), (0.45, 1.03), (0.75, 1.06), (1.35, 1.38),
              (1.8, 1.44), (2.5, 1.44), (2.95, 1.36), (3.6, 0.98), (4.1, 0.92), (4.5, 0.80), (4.68, 0.62),
              (4.72, 0.42), (4.6, 0.24)), 1.82, 0.96),
        (0.98, 3.78), 0.33, (0.95, 3.45), (1.35, 2.3), (1.35, 2.32, 3.38), 1.0, 1.08, (0.72, 0.94)),
    "wagon": Shape(
        Body(((0.12, 0.28), (0.0, 0.42), (0.02, 0.68), (0.07, 0.95), (0.16, 1.05), (0.44, 1.36), (0.75, 1.46),
              (1.9, 1.49), (2.7, 1.42), (3.5, 0.99), (3.95, 0.93), (4.4, 0.82), (4.62, 0.64), (4.66, 0.42),
              (4.55, 0.24)), 1.82, 0.97),
        (0.98, 3.68), 0.33, (0.36, 3.36), (1.2, 2.15), (1.3, 2.2, 3.3), 1.01, 1.05, (0.74, 1.02)),
    "suv": Shape(
        Body(((0.14, 0.34), (0.0, 0.5), (0.02, 0.78), (0.08, 1.04), (0.18, 1.16), (0.50, 1.55), (0.85, 1.65),
              (1.9, 1.68), (2.5, 1.60), (3.2, 1.13), (3.7, 1.06), (4.15, 0.96), (4.38, 0.74), (4.42, 0.5),
              (4.3, 0.32)), 1.86, 1.10, 0.32),
        (0.82, 3.5), 0.36, (0.42, 3.06), (1.08, 2.0), (1.15, 2.05, 3.05), 1.14, 1.18, (0.86, 1.14)),
    "city": Shape(
        Body(((0.12, 0.28), (0.0, 0.42), (0.02, 0.68), (0.08, 0.92), (0.14, 1.04), (0.36, 1.38), (0.66, 1.47),
              (1.5, 1.50), (1.95, 1.43), (2.72, 1.0), (3.05, 0.94), (3.35, 0.82), (3.52, 0.62), (3.55, 0.42),
              (3.46, 0.25)), 1.64, 0.97),
        (0.55, 2.95), 0.29, (0.32, 2.6), (1.2,), (1.25, 2.55), 1.01, 1.04, (0.80, 1.22)),
    "van": Shape(
        Body(((0.08, 0.30), (0.0, 0.44), (0.01, 0.9), (0.04, 1.2), (0.10, 1.7), (0.22, 1.90), (0.6, 1.95),
              (3.2, 1.95), (3.65, 1.84), (4.32, 1.20), (4.6, 1.08), (4.82, 0.86), (4.88, 0.6), (4.86, 0.42),
              (4.76, 0.26)), 1.90, 1.12, 0.20, 0.10, 0.09),
        (0.95, 3.95), 0.34, (0.35, 4.1), (1.6, 2.75), (1.55, 2.8, 3.85), 1.22, 1.2, (0.75, 1.25)),
}  # fmt: skip


GROUPED = 80.0
"""Depth from which an annotator no longer tells parked cars apart."""


@dataclass(frozen=True)
class Car:
    """One car: its shape, place, colour and what makes it itself."""

    shape: str
    x: float
    z: float
    heading: float
    color: Color
    seed: int
    moving: bool = False
    braking: bool = False
    y: float = 0.0

    @property
    def pose(self) -> Pose:
        """Where it stands."""
        return Pose(self.x, self.z, self.heading, SHAPES[self.shape].body.length, self.y)

    @property
    def height(self) -> float:
        """Height of the roof."""
        return SHAPES[self.shape].body.height

    def footprint(self) -> Points:
        """(4, 3) corners on the ground."""
        return self.pose.world(ground_corners(SHAPES[self.shape].body))

    def paint(self, canvas: Canvas, sunlit: float = 1.0) -> None:
        """Tyres, hull, windows and trim, in this order."""
        shape, pose = SHAPES[self.shape], self.pose
        outline = np.concatenate([pose.world(shape.body.grid()).reshape(-1, 3), self.footprint()])
        sprite = Sprite.around(canvas, canvas.camera.project(outline), self.z)
        if sprite is None:
            return
        work = Coachwork(canvas, sprite, shape.body, pose, sunlit)
        palette = self._palette(work)
        for drum in drums(shape.body, shape.axles, shape.wheel):
            hull = cv2.convexHull(work.pixels(drum).astype(np.float32))[:, 0]
            sprite.fill(hull, palette["tyre wall"])
        behind = (-work.side,) if work.side else ()
        for sign in behind:
            work.apply(mirror(shape, sign, work.shows_rear), palette)
        work.hull(self.color)
        for face in self._faces(work, shape):
            work.apply(face.under, palette)
            work.glass(face.glass)
            work.apply(face.over, palette)
        for sign in (work.side,) if work.side else (-1, 1):
            work.apply(mirror(shape, sign, work.shows_rear), palette)
        plate = self._paint_plate(work, shape)
        sprite.paste("car" if self.moving or self.z < GROUPED else "cargroup")
        if plate is not None:
            canvas.annotate("license plate", plate)
        if self.moving and canvas.light.lamps > 0:
            self._shine(work, shape)

    def _faces(self, work: Coachwork, shape: Shape) -> list[Face]:
        faces = [side_face(shape, work.side, (0, 5, 5, 7, 10)[self.seed % 5])] if work.side else []
        if work.shows_rear:
            faces.append(rear_face(shape))
        if work.shows_front:
            faces.append(front_face(shape))
        return faces

    def _paint_plate(self, work: Coachwork, shape: Shape) -> Points | None:
        if work.scale < 25 or not (work.shows_rear or work.shows_front):
            return None
        middle = sum(shape.lamp) / 2 - 0.03 if self.seed % 3 else 0.49
        return paint_plate(work, work.shows_front, shape.hood - 0.52 if work.shows_front else middle, self.seed)

    def _shine(self, work: Coachwork, shape: Shape) -> None:
        """The glow of the lamps that face us."""
        high = shape.hood - 0.25 if work.shows_front else sum(shape.lamp) / 2
        color, radius = ((255, 244, 214), 0.30) if work.shows_front else ((255, 60, 44), 0.16)
        lamps = work.pixels(end_points(work.body, work.shows_front, np.full(2, high), np.array([-0.75, 0.75])))
        for lamp in lamps:
            work.canvas.glow(lamp, radius * work.scale, color, 0.7 * work.canvas.light.lamps)

    def _palette(self, work: Coachwork) -> dict[str, Points]:
        coat = np.asarray(self.color, float)
        matt = work.palette({
            "black": (22, 23, 24), "trim": (38, 39, 40), "grille": (24, 25, 26), "hole": (18, 18, 19),
            "tyre": (48, 48, 49), "tyre wall": (33, 33, 34), "cap": (134, 136, 138),
            "rim": (158, 160, 162), "rim edge": (112, 114, 116),
            "gap": tuple(0.42 * coat), "crease": tuple(0.8 * coat),
            "handle": tuple(0.6 * coat + 32), "shell": tuple(0.85 * coat), "chrome": (182, 184, 187),
            "tail": (126, 18, 20), "tail core": (158, 26, 26), "tail white": (176, 158, 154),
            "lamp edge": (70, 72, 74), "lamp glass": (182, 186, 190), "lamp core": (104, 108, 112),
        })  # fmt: skip
        matt["seat"] = np.array((24.0, 25.0, 26.0))
        matt["shine"] = 0.27 * np.asarray(work.canvas.light.horizon)
        lit = self.moving and work.canvas.light.lamps > 0
        if lit or self.braking:
            matt["tail core"] = np.array((255.0, 58.0, 44.0))
            matt["tail"] = np.array((196.0, 26.0, 26.0))
        if lit:
            matt["lamp core"], matt["lamp glass"] = np.full(3, 255.0), np.array((250.0, 246.0, 228.0))
        return matt
