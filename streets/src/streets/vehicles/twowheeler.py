"""What bicycles and motorcycles share: a brush for tubes and slabs, a rider, an annotation."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from streets.optics.camera import Points
from streets.optics.light import Color
from streets.paint.canvas import Canvas
from streets.paint.sprite import Sprite
from streets.people.figure import Clothes, Figure, paint_figure
from streets.people.gait import Joints
from streets.vehicles.vehicle import Pose

STEEL = (150.0, 152.0, 154.0)
RUBBER = (34.0, 34.0, 35.0)


def flat(points: list[tuple[float, float]] | Points, w: float = 0.0) -> Points:
    """(n, 2) points (ahead, up) -> (n, 3) at the offset w."""
    plane = np.asarray(points, float)
    return np.concatenate([plane, np.full((len(plane), 1), w)], axis=1)


class Bench:
    """The brush for a two-wheeler: lines and slabs in its own frame (ahead, h, w)."""

    def __init__(self, canvas: Canvas, sprite: Sprite, pose: Pose, sunlit: float) -> None:
        """A brush for one vehicle on its sprite."""
        self.canvas, self.sprite, self.pose = canvas, sprite, pose
        self.scale = canvas.camera.scale(pose.z)
        self.gain = canvas.light.gain(np.array([0.0, 0.4, -0.9]), sunlit)
        self.near = 1.0 if pose.eye(canvas.camera)[2] > 0 else -1.0

    def pixels(self, points: Points) -> Points:
        """(..., 3) points of the vehicle -> (..., 2) pixels."""
        return self.canvas.camera.project(self.pose.world(points))

    def tube(self, points: Points, metres: float, color: Color) -> None:
        """A tube with a bright ridge."""
        line = self.pixels(points)
        self.sprite.stroke(line, metres * self.scale, 0.62 * np.asarray(color) * self.gain)
        if metres * self.scale > 1.6:
            self.sprite.stroke(
                line - (0, 0.2 * metres * self.scale), 0.45 * metres * self.scale, 1.1 * np.asarray(color) * self.gain
            )

    def slab(self, outline: list[tuple[float, float]] | Points, half: float, color: Color) -> None:
        """A solid between two copies of a side view, `half` metres to either side of the middle."""
        far, near = (self.pixels(flat(outline, side * self.near * half)) for side in (-1, 1))
        hull = cv2.convexHull(np.concatenate([far, near]).astype(np.float32))[:, 0]
        self.sprite.fill(hull, 0.66 * np.asarray(color) * self.gain)
        self.sprite.fill(near, np.asarray(color) * self.gain)


def annotate_solid(canvas: Canvas, sprite: Sprite, label: str, solids: list[Points]) -> None:
    """Annotate the union of pixel polygons and the sprite: an annotator does not cut out between spokes."""
    u0, v0, u1, v1 = sprite.box
    mask = cv2.resize(sprite.rgba[..., 3], (u1 - u0, v1 - v0), interpolation=cv2.INTER_AREA)
    for solid in solids:
        cv2.fillPoly(mask, [np.rint(solid - (u0, v0)).astype(np.int32)], 255)
    sprite.annotate(label, mask)


@dataclass(frozen=True)
class Rider:
    """Who sits on a two-wheeler."""

    clothes: Clothes
    height: float
    pedal: float


def paint_rider(canvas: Canvas, pose: Pose, rider: Rider, joints: Joints, saddle: float, sunlit: float) -> None:
    """Paint whoever sits `saddle` metres before the rear end."""
    foot = pose.world(np.array([saddle, 0.0, 0.0]))
    figure = Figure(canvas, joints, foot, pose.heading, rider.height, sunlit)
    paint_figure(figure, rider.clothes)
    figure.paste(canvas, float(foot[2]), "rider")
