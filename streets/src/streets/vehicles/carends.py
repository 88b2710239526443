"""The front and the rear of a car: screens, lamps, grille, tailgate, bumpers; built once per shape."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from streets.optics.camera import Points
from streets.paint.round import circle
from streets.vehicles.cartrim import Face, Shape
from streets.vehicles.decals import Decal, Decals, end_patch, end_points, end_shape
from streets.vehicles.loft import Body
from streets.vehicles.vehicle import Facets, facets


def _end_glass(body: Body, front: bool, foot: float, top: float) -> tuple[Decal, Facets]:
    h, t = np.meshgrid(np.linspace(foot, top, 6), np.linspace(-0.9, 0.9, 7), indexing="ij")
    pane = end_points(body, front, h, t)
    frame = end_patch(body, front, (foot - 0.03, top + 0.03), (-0.95, 0.95))
    return Decal(frame, "black"), facets(pane if front else pane[::-1])


@lru_cache(maxsize=32)
def rear_face(shape: Shape) -> Face:
    """The rear: window, lamps, tailgate, bumper."""
    body = shape.body
    frame, pane = _end_glass(body, False, shape.shelf + 0.02, body.height - 0.12)
    over = [*_seats(shape), *_bumper(shape), *_tail_lamps(shape), *_tailgate(shape)]
    return Face(Decals([frame]), pane, Decals(over))


def _seats(shape: Shape) -> Iterator[Decal]:
    body, foot, top = shape.body, shape.shelf, shape.body.height - 0.12
    rise = top - foot
    yield Decal(end_patch(body, False, (foot + 0.32 * rise, top - 0.07), (-0.66, 0.66)), "shine", 40)
    for t in (-0.40, 0.40):
        knob = circle(0, 0, 1.0, 12) * (0.24 * rise, 0.13) + (foot + 0.38 * rise, t)
        yield Decal(end_points(body, False, knob[:, 0], knob[:, 1]), "seat", 40)
        back = end_patch(body, False, (foot + 0.02, foot + 0.26 * rise), (t - 0.24, t + 0.24))
        yield Decal(back, "seat", 40)


def _bumper(shape: Shape) -> Iterator[Decal]:
    body, sill = shape.body, shape.body.profile[0][1]
    yield Decal(end_patch(body, False, (sill, sill + 0.11), (-0.86, 0.86)), "trim", 8)
    for sign in (-1, 1):
        eye = end_patch(body, False, (sill + 0.13, sill + 0.17), (sign * 0.6, sign * 0.84))
        yield Decal(eye, "tail", 40)


def _tail_lamps(shape: Shape) -> Iterator[Decal]:
    body = shape.body
    low, high = shape.lamp
    tall = high - low
    for s in (-1.0, 1.0):
        outer = np.array(
            [[low, 0.74 * s], [low + 0.15 * tall, 1.0 * s], [high, 1.0 * s], [high - 0.1 * tall, 0.66 * s]]
        )
        yield Decal(end_shape(body, False, outer), "tail")
        core = np.array(
            [
                [low + 0.42 * tall, 0.76 * s],
                [low + 0.45 * tall, 0.96 * s],
                [high - 0.08 * tall, 0.95 * s],
                [high - 0.16 * tall, 0.73 * s],
            ]
        )
        yield Decal(end_shape(body, False, core), "tail core", 14)
        white = np.array(
            [
                [low + 0.12 * tall, 0.78 * s],
                [low + 0.2 * tall, 0.95 * s],
                [low + 0.36 * tall, 0.95 * s],
                [low + 0.33 * tall, 0.76 * s],
            ]
        )
        yield Decal(end_shape(body, False, white), "tail white", 30)


def _tailgate(shape: Shape) -> Iterator[Decal]:
    body, t = shape.body, np.linspace(-0.88, 0.88, 9)
    yield Decal(end_points(body, False, np.full(9, 0.60), t), "gap", 30, 0.014)
    yield Decal(end_points(body, False, np.full(9, shape.shelf - 0.06), 0.72 * t), "crease", 40, 0.02)
    handle = end_patch(body, False, (shape.lamp[0] + 0.14, shape.lamp[0] + 0.17), (-0.3, 0.3))
    yield Decal(handle, "gap", 40)
    badge = end_points(body, False, *_disc(shape.shelf - 0.11, 0.035))
    yield Decal(badge, "chrome", 40)


def _disc(h: float, radius: float) -> tuple[Points, Points]:
    points = circle(h, 0.0, radius, 12)
    return points[:, 0], points[:, 1] * 1.2


@lru_cache(maxsize=32)
def front_face(shape: Shape) -> Face:
    """The front: windscreen, grille, headlamps, bumper."""
    body = shape.body
    frame, pane = _end_glass(body, True, shape.hood + 0.03, body.height - 0.10)
    over = [*_wipers(shape), *_grille(shape), *_headlamps(shape)]
    return Face(Decals([frame]), pane, Decals(over))


def _wipers(shape: Shape) -> Iterator[Decal]:
    foot = shape.hood + 0.045
    for t in (-0.55, 0.12):
        h = np.array([foot, foot + 0.02, foot + 0.035])
        yield Decal(end_points(shape.body, True, h, t + np.array([0, 0.25, 0.5])), "hole", 50, 0.015)


def _grille(shape: Shape) -> Iterator[Decal]:
    body, sill, nose = shape.body, shape.body.profile[-1][1], shape.hood - 0.28
    intake = np.array([[sill + 0.03, -0.7], [sill + 0.03, 0.7], [sill + 0.15, 0.58], [sill + 0.15, -0.58]])
    yield Decal(end_shape(body, True, intake), "grille", 10)
    mouth = np.array([[nose - 0.12, -0.34], [nose - 0.12, 0.34], [nose + 0.03, 0.44], [nose + 0.03, -0.44]])
    yield Decal(end_shape(body, True, mouth), "grille")
    for k in range(3):
        h = nose - 0.085 + 0.04 * k
        yield Decal(end_points(body, True, np.full(7, h), np.linspace(-0.36, 0.36, 7)), "crease", 50, 0.012)
    yield Decal(end_points(body, True, *_disc(nose - 0.035, 0.05)), "chrome", 30)
    yield Decal(end_points(body, True, np.full(9, 0.56), np.linspace(-0.9, 0.9, 9)), "gap", 60, 0.01)


def _headlamps(shape: Shape) -> Iterator[Decal]:
    body, sill, nose = shape.body, shape.body.profile[-1][1], shape.hood - 0.28
    for s in (-1.0, 1.0):
        lamp = np.array(
            [[nose - 0.07, 0.52 * s], [nose - 0.03, 0.98 * s], [nose + 0.12, 0.98 * s], [nose + 0.04, 0.5 * s]]
        )
        yield Decal(end_shape(body, True, lamp), "lamp edge")
        middle = lamp.mean(0)
        yield Decal(end_shape(body, True, middle + 0.84 * (lamp - middle)), "lamp glass")
        for share, radius in ((0.66, 0.042), (0.83, 0.036)):
            core = circle(nose + 0.015 + 0.03 * (share > 0.7), s * share, radius, 10) * (1.0, 1.0)
            yield Decal(end_points(body, True, core[:, 0], core[:, 1]), "lamp core", 18)
        fog = circle(sill + 0.12, s * 0.76, 0.035, 10)
        yield Decal(end_points(body, True, fog[:, 0], fog[:, 1]), "lamp core", 45)
