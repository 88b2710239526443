"""The sides of a car: windows, seats behind them, doors, wheels, mirrors; built once per shape."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from streets.optics.camera import Points
from streets.paint.round import circle
from streets.vehicles.decals import Decal, Decals, side_shape
from streets.vehicles.loft import Body
from streets.vehicles.vehicle import Facets, facets
from streets.vehicles.wheel import wheel


@dataclass(frozen=True)
class Shape:
    """A body and what is set into it; lengths in metres."""

    body: Body
    axles: tuple[float, float]
    wheel: float
    glass: tuple[float, float]
    """From where to where the side windows go."""
    posts: tuple[float, ...]
    """Pillars between the side windows."""
    doors: tuple[float, ...]
    """Gaps of the doors."""
    hood: float
    """Height at which the windscreen begins."""
    shelf: float
    """Height at which the rear window begins."""
    lamp: tuple[float, float]
    """Heights of the rear lamps."""


@dataclass(frozen=True)
class Face:
    """One face of a car: what lies under the glass, the glass, and what lies on it."""

    under: Decals
    glass: Facets
    over: Decals


def _window_line(shape: Shape) -> tuple[Points, Points, Points]:
    """Stations ahead of the side windows, and the heights of their lower and upper edges there."""
    ahead = np.linspace(shape.glass[0], shape.glass[1], 15)
    roof = shape.body.roof(ahead) - shape.body.corner - 0.02
    rising = 0.05 * (shape.glass[1] - ahead) / shape.body.length
    return ahead, np.minimum(shape.body.belt + 0.03 + rising, roof), roof


@lru_cache(maxsize=64)
def side_face(shape: Shape, sign: int, spokes: int) -> Face:
    """The right (+1) or left (-1) side."""
    body = shape.body
    ahead, foot, roof = _window_line(shape)
    frame = np.concatenate([body.side(ahead, foot - 0.025, sign), body.side(ahead[::-1], roof[::-1] + 0.02, sign)])
    rows = np.linspace(0, 1, 4)[:, None]
    inner = slice(1, -1)
    pane = body.side(ahead[None, inner], foot[inner] + rows * (roof - foot)[inner], sign)
    under = [*_sills(shape, sign, spokes), Decal(frame, "black")]
    over = [*_cabin(shape, sign), *_posts(shape, sign), *_doors(shape, sign)]
    return Face(Decals(under), facets(pane if sign < 0 else pane[::-1]), Decals(over))


def _sills(shape: Shape, sign: int, spokes: int) -> Iterator[Decal]:
    body, sill = shape.body, shape.body.profile[0][1]
    low = np.linspace(shape.axles[0], shape.axles[1], 8)
    skirt = np.concatenate([body.side(low, sill, sign), body.side(low[::-1], sill + 0.08, sign)])
    yield Decal(skirt, "trim")
    for ahead in shape.axles:
        yield from wheel(body, ahead, shape.wheel, sign, spokes)


def _cabin(shape: Shape, sign: int) -> Iterator[Decal]:
    """What is seen through the glass: the windows of the other side, and the seats before them."""
    body = shape.body
    ahead, foot, roof = (line[2:-3] for line in _window_line(shape))
    rise = roof - foot
    through = np.concatenate(
        [body.side(ahead, foot + 0.2 * rise, sign), body.side(ahead[::-1], (foot + 0.66 * rise)[::-1], sign)]
    )
    yield Decal(through, "shine", 45)
    for post in shape.posts[-2:]:
        head = circle(post + 0.1, body.belt + 0.26, 0.11, 10) * (1.0, 1.0)
        back = np.array([[-0.12, 0.0], [0.3, 0.0], [0.24, 0.17], [-0.04, 0.19]]) + (post, body.belt + 0.03)
        yield Decal(side_shape(body, back, sign), "seat", 45)
        yield Decal(side_shape(body, head, sign), "seat", 45)


def _posts(shape: Shape, sign: int) -> Iterator[Decal]:
    ahead, foot, roof = _window_line(shape)
    for post in shape.posts:
        span = np.array([post - 0.05, post + 0.04, post + 0.01, post - 0.07])
        height = np.where([True, True, False, False], np.interp(span, ahead, foot), np.interp(span, ahead, roof))
        yield Decal(shape.body.side(span, height, sign), "black")


def _doors(shape: Shape, sign: int) -> Iterator[Decal]:
    body = shape.body
    for gap in shape.doors:
        h = np.linspace(body.profile[0][1] + 0.1, body.belt, 6)
        yield Decal(body.side(gap + 0.06 * (h - 0.6), h, sign), "gap", 45, 0.012)
    ahead = np.linspace(shape.doors[0] - 0.5, shape.doors[-1] + 0.5, 10)
    yield Decal(body.side(ahead, body.belt - 0.15, sign), "crease", 60, 0.02)
    for gap in shape.doors[:-1]:
        span = np.array([gap + 0.06, gap + 0.24])
        yield Decal(body.side(span, body.belt - 0.10, sign), "handle", 45, 0.032)
    lamp = np.array([[-0.02, -0.32], [-0.30, -0.26], [-0.36, -0.19], [-0.05, -0.17]]) + (body.length, shape.hood)
    yield Decal(side_shape(body, np.maximum(lamp, 0.3), sign), "lamp glass", 20)
    low, high = shape.lamp
    tail = np.array([[0.03, low], [0.16, low + 0.04], [0.2, high], [0.08, high]])
    yield Decal(side_shape(body, tail, sign), "tail", 12)


@lru_cache(maxsize=128)
def mirror(shape: Shape, sign: int, seen_from_behind: bool) -> Decals:
    """The outside mirror of one side."""
    ahead, h = shape.glass[1] - 0.25, shape.body.belt + 0.08
    reach = np.array([0.0, 0.05, 0.17, 0.20, 0.19, 0.06])
    rise = np.array([0.0, -0.04, -0.04, 0.0, 0.09, 0.11])
    w = sign * (float(shape.body.half_width(ahead, h)) + reach)
    near = np.stack([np.full(6, ahead - 0.04), h + rise, w], -1)
    deep = near + (0.13, 0.0, 0.0)
    first, second = (deep, near) if seen_from_behind else (near, deep)
    return Decals([Decal(first, "shell", 18), Decal(second, "seat" if seen_from_behind else "shell", 18)])
