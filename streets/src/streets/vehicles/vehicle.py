"""A hull on the street: its pose, its lacquer and glass, and the flat parts set into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from streets.optics.camera import Camera, Points
from streets.optics.light import Color, Light
from streets.paint.canvas import Canvas
from streets.paint.sprite import Sprite
from streets.vehicles.decals import Decals
from streets.vehicles.loft import Body

GLASS = (30.0, 34.0, 36.0)


@dataclass(frozen=True)
class Pose:
    """Where a vehicle stands: its middle (x, z), its heading in radians to the right of z, the ground's y."""

    x: float
    z: float
    heading: float
    length: float
    y: float = 0.0

    def turn(self) -> Points:
        """Give the (3, 3) rotation whose rows are the vehicle's forward, up and right in the world."""
        sin, cos = np.sin(self.heading), np.cos(self.heading)
        return np.array([[sin, 0.0, cos], [0.0, 1.0, 0.0], [cos, 0.0, -sin]])

    def world(self, points: Points) -> Points:
        """Turn (..., 3) points (ahead, h, w) of the vehicle into world points."""
        return (points - (self.length / 2, 0.0, 0.0)) @ self.turn() + (self.x, self.y, self.z)

    def eye(self, camera: Camera) -> Points:
        """Give the (3,) place of the camera in the vehicle's frame."""
        return self.turn() @ (-self.x, camera.eye - self.y, -self.z) + (self.length / 2, 0.0, 0.0)


@dataclass(frozen=True)
class Facets:
    """The quads of a grid in the vehicle's frame: corners (k, 4, 3), unit normals (k, 3), centres (k, 3)."""

    corners: Points
    normals: Points
    centers: Points


def facets(grid: Points) -> Facets:
    """Cut a (n, m, 3) grid of points into its quads; degenerate ones are left out."""
    corners = np.stack([grid[:-1, :-1], grid[1:, :-1], grid[1:, 1:], grid[:-1, 1:]], axis=2).reshape(-1, 4, 3)
    normals = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    size = np.linalg.norm(normals, axis=1)
    solid = size > 1e-6
    return Facets(corners[solid], normals[solid] / size[solid, None], corners[solid].mean(1))


@lru_cache(maxsize=64)
def hull_facets(body: Body, step: int) -> Facets:
    """Give a hull's quads, from every `step`-th point of its grid."""
    grid = body.grid()
    stations = np.unique([*range(0, len(grid), step), len(grid) - 1])
    return facets(grid[stations])


def lacquer(light: Light, color: Points, normal: Points, toward: Points, sunlit: float, gloss: float) -> Points:
    """Give the (k, 3) colours of a glossy coat: its own colour in the light, and what it mirrors at a flat angle."""
    cosine = np.clip((normal * toward).sum(1), 0, 1)[:, None]
    mirror = 2 * cosine * normal - toward
    share = gloss * (0.10 + 0.80 * (1 - cosine) ** 4)
    body = np.asarray(color) * light.gain(normal, sunlit)
    glint = np.clip(mirror @ light.direction, 0, 1)[:, None] ** 60 * sunlit * max(light.sunlight) * 160 * gloss
    return body * (1 - share) + light.mirrored(mirror) * share + glint


class Coachwork:
    """The brush for one vehicle: shapes given on its hull end up on the sprite."""

    def __init__(self, canvas: Canvas, sprite: Sprite, body: Body, pose: Pose, sunlit: float) -> None:
        """A brush for one vehicle on its sprite; `sunlit` is the share of the sun that reaches it."""
        self.canvas, self.sprite, self.body, self.pose, self.sunlit = canvas, sprite, body, pose, sunlit
        self.scale = canvas.camera.scale(pose.z)
        self.eye = pose.eye(canvas.camera)
        self.side = 1 if self.eye[2] > body.width / 2 else -1 if self.eye[2] < -body.width / 2 else 0
        self.shows_rear = bool(self.eye[0] < 0)
        self.shows_front = bool(self.eye[0] > body.length)

    def pixels(self, points: Points) -> Points:
        """(..., 3) points of the vehicle -> (..., 2) pixels."""
        return self.canvas.camera.project(self.pose.world(points))

    def _shown(self, quads: Facets) -> tuple[Points, Points, Points]:
        """Corners, world normals and directions to the camera of the quads that face it, far to near."""
        toward = self.eye - quads.centers
        shown = np.flatnonzero((quads.normals * toward).sum(1) > 0)
        distance = np.linalg.norm(toward[shown], axis=1)
        order = shown[np.argsort(-distance, kind="stable")]
        turn = self.pose.turn()
        unit = toward[order] / np.linalg.norm(toward[order], axis=1)[:, None]
        return quads.corners[order], quads.normals[order] @ turn, unit @ turn

    def hull(self, color: Color, gloss: float = 1.0) -> None:
        """Paint the body; it darkens towards the road, whose shade it catches."""
        step = 1 if self.scale > 160 else 2 if self.scale > 40 else 4
        corners, normal, toward = self._shown(hull_facets(self.body, step))
        if not len(corners):
            return
        tint = lacquer(self.canvas.light, np.asarray(color), normal, toward, self.sunlit, gloss)
        rise = np.clip((corners[..., 1].mean(1) - 0.15) / 0.75, 0, 1)[:, None]
        radius = min(0.035 * self.scale, 4.0) if self.scale > 30 else 0.0
        self.sprite.smooth_faces(self.pixels(corners), tint * (0.62 + 0.38 * rise), radius)

    def glass(self, quads: Facets) -> None:
        """Paint panes, which mirror more than lacquer does."""
        corners, normal, toward = self._shown(quads)
        if len(corners):
            color = lacquer(self.canvas.light, np.array(GLASS), normal, toward, 0.3 * self.sunlit, 1.0)
            self.sprite.faces(self.pixels(corners), color)

    def apply(self, decals: Decals, palette: Mapping[str, Points]) -> None:
        """Paint flat parts, each in the colour that the palette gives its role."""
        points, parts = decals.at(self.scale)
        if not parts:
            return
        pixels = self.pixels(points)
        fixed = self.sprite.fixed(pixels)
        for start, end, role, line in parts:
            if line:
                self.sprite.stroke(pixels[start:end], line * self.scale, palette[role])
            else:
                self.sprite.fill_fixed(fixed[start:end], palette[role])

    def palette(self, colors: Mapping[str, Color]) -> dict[str, Points]:
        """Give matt colours in the scene's light, as an upright face catches it."""
        gain = self.canvas.light.gain(np.array([0.0, 0.3, -0.95]), 0.5 * self.sunlit)
        return dict(zip(colors, np.array(list(colors.values()), float) * gain, strict=True))


def ground_corners(body: Body) -> Points:
    """Give the (4, 3) rectangle that a vehicle stands on, in its own frame."""
    half = body.width / 2
    return np.array([[0, 0, -half], [body.length, 0, -half], [body.length, 0, half], [0, 0, half]], float)
