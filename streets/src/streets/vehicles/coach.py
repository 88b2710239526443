"""Buses, trams and lorries on the street."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from streets.optics.camera import Points
from streets.optics.light import Color
from streets.paint.canvas import Canvas
from streets.paint.inlay import inlay, lettered
from streets.paint.sprite import Sprite
from streets.vehicles.coachtrim import Coach, long_front, long_rear, long_side
from streets.vehicles.decals import end_points
from streets.vehicles.loft import Body
from streets.vehicles.plate import paint_plate
from streets.vehicles.vehicle import Coachwork, Pose, ground_corners
from streets.vehicles.wheel import drums


def _box(a0: float, a1: float, h0: float, h1: float, width: float, *, slope: float, nose: float = 0.015) -> Body:
    """A box with rounded edges; its front leans back by `slope` metres."""
    back, front = a0, a1 - slope
    profile = (
        (back + 0.05, h0), (back, h0 + 0.15), (back, h1 - 0.25), (back + 0.06, h1 - 0.08), (back + 0.3, h1),
        (front + 0.1 * slope - 0.4, h1), (front + 0.25 * slope - 0.1, h1 - 0.12),
        (front + 0.45 * slope, h1 - 0.5), (front + 0.95 * slope, h0 + 0.8),
        (a1, h0 + 0.45), (a1, h0 + 0.15), (a1 - 0.06, h0),
    )  # fmt: skip
    return Body(profile, width, 0.5, 0.012, nose, 0.16)


COACHES = {
    "bus": Coach(
        "bus", (_box(0, 11.9, 0.32, 3.05, 2.5, slope=0.35),), (3.1, 9.2), 0.48, ((0.7, 10.9), (1.35, 2.6)),
        1.42, ((1.3, 2.3), (5.0, 6.3), (10.3, 11.4)), (1.25, 2.55), "window",
    ),
    "tram": Coach(
        "train", (_box(0, 25.5, 0.28, 3.45, 2.4, slope=0.9, nose=0.10),), (), 0.4, ((0.9, 24.3), (1.3, 2.6)),
        1.55, ((4.4, 5.8), (11.2, 12.6), (14.6, 16.0), (20.2, 21.6)), (1.15, 2.7), "window", (8.6, 17.0),
    ),
    "lorry": Coach(
        "truck",
        (_box(0, 6.2, 0.95, 3.45, 2.45, slope=0.06, nose=0.0), _box(6.35, 8.3, 0.45, 2.85, 2.35, slope=0.25)),
        (1.7, 7.2), 0.47, None, 1.0, (), (1.55, 2.45), "shutters",
    ),
    "transporter": Coach(
        "truck",
        (_box(0, 3.9, 0.62, 2.85, 2.1, slope=0.04, nose=0.0), _box(4.0, 6.1, 0.36, 2.3, 2.0, slope=1.1)),
        (1.0, 5.1), 0.35, None, 1.0, (), (1.2, 1.95), "shutters",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Hauler:
    """One bus, tram or lorry on the street."""

    kind: str
    x: float
    z: float
    heading: float
    color: Color
    stripe: Color
    sign: str
    """What its destination board says."""
    seed: int
    y: float = 0.0

    @property
    def coach(self) -> Coach:
        """The make: hulls and what is set into them."""
        return COACHES[self.kind]

    @property
    def pose(self) -> Pose:
        """Where it stands."""
        return Pose(self.x, self.z, self.heading, self.coach.body.length, self.y)

    @property
    def height(self) -> float:
        """Height of the lowest hull."""
        return min(hull.height for hull in self.coach.hulls)

    def footprint(self) -> Points:
        """(4, 3) corners on the ground."""
        return self.pose.world(ground_corners(self.coach.body))

    def paint(self, canvas: Canvas, sunlit: float = 1.0) -> None:
        """Tyres, hulls, then every face that shows."""
        coach, pose = self.coach, self.pose
        outline = [pose.world(hull.grid()).reshape(-1, 3) for hull in coach.hulls]
        pixels = canvas.camera.project(np.concatenate([*outline, self.footprint()]))
        sprite = Sprite.around(canvas, pixels, self.z)
        if sprite is None:
            return
        works = [Coachwork(canvas, sprite, hull, pose, sunlit) for hull in coach.hulls]
        palette = self._palette(works[0])
        for drum in drums(coach.body, coach.axles, coach.radius, wide=0.3):
            hull = cv2.convexHull(works[0].pixels(drum).astype(np.float32))[:, 0]
            sprite.fill(hull, palette["tyre wall"])
        away = bool(np.cos(self.heading) > 0)
        for work in works[::-1] if away else works:
            work.hull(self.color, 0.6)
        plate = self._paint_faces(works, palette)
        sprite.paste(coach.label)
        if plate is not None:
            canvas.annotate("license plate", plate)

    def _paint_faces(self, works: list[Coachwork], palette: dict[str, Points]) -> Points | None:
        coach, front = self.coach, works[-1]
        faces = [(front, long_side(coach, front.side))] if front.side else []
        if works[0].shows_rear:
            faces.append((works[0], long_rear(coach)))
        if front.shows_front:
            faces.append((front, long_front(coach)))
        for work, face in faces:
            work.apply(face.under, palette)
            work.glass(face.glass)
            work.apply(face.over, palette)
        if front.shows_front and coach.rear == "window":
            self._paint_board(front)
        work = front if front.shows_front else works[0]
        if coach.label == "train" or not (work.shows_front or work.shows_rear):
            return None
        high = work.body.profile[0][1] + (0.28 if coach.rear == "window" else 0.1)
        return paint_plate(work, front.shows_front, high, self.seed)

    def _paint_board(self, work: Coachwork) -> None:
        top = self.coach.screen[1]
        h = np.array([top + 0.05, top + 0.05, top + 0.32, top + 0.32])
        corners = work.pixels(end_points(work.body, True, h, np.array([0.6, -0.6, -0.6, 0.6])))
        board = lettered(self.sign, (300, 50), ink=(255, 178, 52), paper=(20, 20, 21), weight=600)
        inlay(work.sprite, corners, board)

    def _palette(self, work: Coachwork) -> dict[str, Points]:
        coat = np.asarray(self.color, float)
        matt = work.palette({
            "black": (26, 27, 28), "trim": (44, 45, 46), "grille": (30, 31, 32), "hole": (20, 20, 21),
            "tyre": (48, 48, 49), "tyre wall": (33, 33, 34),
            "rim edge": (120, 122, 124), "cap": (132, 134, 136),
            "gap": tuple(0.6 * coat), "crease": (86, 87, 88), "stripe": self.stripe, "pane": (48, 54, 58),
            "tail": (140, 20, 20), "tail core": (190, 36, 32), "lamp glass": (190, 194, 198),
            "lamp core": (120, 124, 128),
        })  # fmt: skip
        matt["seat"] = np.array((30.0, 32.0, 34.0))
        matt["shine"] = 0.36 * np.asarray(work.canvas.light.horizon)
        if work.canvas.light.lamps > 0:
            matt["lamp core"], matt["lamp glass"] = np.full(3, 255.0), np.array((250.0, 246.0, 228.0))
            matt["tail core"], matt["shine"] = np.array((255.0, 60.0, 46.0)), np.array((212.0, 196.0, 158.0))
        return matt
