"""Flat parts of a vehicle, given once on its hull in its own frame (ahead, h, w): lamps, gaps, wheels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from streets.optics.camera import Points
from streets.vehicles.loft import Body


@dataclass(frozen=True)
class Decal:
    """An (n, 3) polygon, or a line of `line` metres' width, in the colour of a role.

    It is left out where a metre has fewer than `finest` pixels.
    """

    points: Points
    role: str
    finest: float = 0.0
    line: float = 0.0


class Decals:
    """Many decals in painting order, stacked so that they are projected at once."""

    def __init__(self, decals: Iterable[Decal]) -> None:
        """Keep the decals; they are stacked when a scale is first asked for."""
        self._listed = list(decals)
        self._stacks: dict[int, tuple[Points, list[tuple[int, int, str, float]]]] = {}

    def at(self, scale: float) -> tuple[Points, list[tuple[int, int, str, float]]]:
        """What is worth painting at `scale` pixels per metre.

        Returns:
            (n, 3) points, and (start, end, role, line) of each decal among them.
        """
        level = int(2 * np.log2(max(scale, 1.0)))
        if level not in self._stacks:
            kept = [decal for decal in self._listed if decal.finest <= 2 ** (level / 2)]
            ends = np.cumsum([len(decal.points) for decal in kept]).tolist()
            points = np.concatenate([decal.points for decal in kept]) if kept else np.zeros((0, 3))
            parts = [(end - len(d.points), end, d.role, d.line) for d, end in zip(kept, ends, strict=True)]
            self._stacks[level] = points, parts
        return self._stacks[level]


def end_points(body: Body, front: bool, h: Points, t: Points) -> Points:
    """(..., 3) points on the front or rear at heights h and shares t of the half width there."""
    place = body.front if front else body.rear
    flat = place(h, 0.0)
    return place(h, t * (body.half_width(flat[..., 0], h) - 0.02))


def end_patch(body: Body, front: bool, h: tuple[float, float], t: tuple[float, float]) -> Points:
    """(n, 3) outline of a rectangle on the front or rear, its corners slightly rounded."""
    corners = np.array([[h[0], t[0]], [h[0], t[1]], [h[1], t[1]], [h[1], t[0]]])
    return end_shape(body, front, corners)


def end_shape(body: Body, front: bool, corners: Points) -> Points:
    """(n, 3) outline of a polygon of (h, t) corners on the front or rear."""
    after = np.roll(corners, -1, axis=0)
    steps = np.array([0.04, 0.28, 0.5, 0.72, 0.96])[:, None]
    outline = np.concatenate([a + (b - a) * steps for a, b in zip(corners, after, strict=True)])
    return end_points(body, front, outline[:, 0], outline[:, 1])


def side_shape(body: Body, corners: Points, sign: float) -> Points:
    """(n, 3) outline of a polygon of (ahead, h) corners on a side."""
    return body.side(corners[:, 0], corners[:, 1], sign)


def upright(outline: Points, w: float) -> Points:
    """(n, 2) points (ahead, h) -> (n, 3) at the offset w."""
    return np.concatenate([outline, np.full((len(outline), 1), w)], axis=1)
