"""What is set into the hulls of buses, trams and lorries; built once per make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from streets.optics.camera import Points
from streets.paint.round import circle
from streets.vehicles.cartrim import Face
from streets.vehicles.decals import Decal, Decals, end_patch, end_points, end_shape
from streets.vehicles.loft import Body
from streets.vehicles.vehicle import Facets, facets
from streets.vehicles.wheel import wheel

Span = tuple[float, float]


@dataclass(frozen=True)
class Coach:
    """A long vehicle: one or two hulls, and what is set into them; lengths in metres."""

    label: str
    hulls: tuple[Body, ...]
    axles: tuple[float, ...]
    radius: float
    windows: tuple[Span, Span] | None
    """(a0, a1), (h0, h1) of the side's band of windows."""
    posts: float
    doors: tuple[Span, ...]
    """Doors of the right side."""
    screen: Span
    """Heights of the windscreen."""
    rear: str
    """"window" or "shutters"."""
    joints: tuple[float, ...] = ()
    """Bellows between the sections of a tram."""

    @property
    def body(self) -> Body:
        """The hull that has the front."""
        return self.hulls[-1]


@lru_cache(maxsize=32)
def long_side(coach: Coach, sign: int) -> Face:
    """The right (+1) or left (-1) side."""
    under = [*_running_gear(coach, sign), *_panels(coach, sign)]
    if coach.windows is None:
        return Face(Decals([*under, *_cab_door(coach, sign)]), _cab_glass(coach, sign), Decals([]))
    (a0, a1), (h0, h1) = coach.windows
    body = coach.hulls[0]
    ahead = np.linspace(a0, a1, 24)
    band = np.concatenate([body.side(ahead, h0 - 0.05, sign), body.side(ahead[::-1], h1 + 0.05, sign)])
    h, along = np.meshgrid(np.linspace(h0, h1, 3), ahead, indexing="ij")
    pane = body.side(along, h, sign)
    over = [
        *_cabin(coach, sign),
        *_posts(coach, sign),
        *(_doors(coach, sign) if sign > 0 else ()),
        *_bellows(coach, sign),
    ]
    return Face(Decals([*under, Decal(band, "black")]), facets(pane if sign < 0 else pane[::-1]), Decals(over))


def _strip(body: Body, ahead: Span, h: Span, sign: int) -> Points:
    along = np.linspace(*ahead, 8)
    return np.concatenate([body.side(along, h[0], sign), body.side(along[::-1], h[1], sign)])


def _running_gear(coach: Coach, sign: int) -> Iterator[Decal]:
    low = min(body.profile[0][1] for body in coach.hulls)
    if len(coach.hulls) > 1:
        yield Decal(
            _strip(coach.hulls[0], (0.3, coach.hulls[0].length), (low, coach.hulls[0].profile[0][1] + 0.02), sign),
            "hole",
        )
        yield Decal(
            _strip(coach.hulls[0], (coach.axles[0] + 0.7, coach.hulls[0].length - 0.4), (low + 0.02, low + 0.42), sign),
            "trim",
        )
    for ahead in coach.axles:
        hull = coach.hulls[0] if ahead < coach.hulls[0].length else coach.body
        yield from wheel(hull, ahead, coach.radius, sign, 0)


def _panels(coach: Coach, sign: int) -> Iterator[Decal]:
    hull = coach.hulls[0]
    low, top = hull.profile[0][1], hull.height
    yield Decal(_strip(hull, (0.2, hull.length - 0.25), (low + 0.42, low + 0.62), sign), "stripe", 6)
    if coach.windows is None:
        yield Decal(_strip(hull, (0.8, hull.length - 0.8), (0.55 * top, 0.78 * top), sign), "stripe", 6)
    for ahead in np.arange(1.5, hull.length - 0.5, 1.5).tolist():
        yield Decal(hull.side(np.array([ahead, ahead]), np.array([low + 0.1, low + 0.85]), sign), "gap", 35, 0.012)
    yield Decal(_strip(hull, (0.1, hull.length - 0.15), (low, low + 0.1), sign), "trim", 6)


def _cabin(coach: Coach, sign: int) -> Iterator[Decal]:
    (a0, a1), (h0, h1) = coach.windows or ((0, 1), (0, 1))
    hull = coach.hulls[0]
    for ahead in np.arange(a0 + 0.1, a1 - coach.posts, coach.posts).tolist():
        yield Decal(_strip(hull, (ahead + 0.15, ahead + coach.posts - 0.2), (h0 + 0.35, h1 - 0.2), sign), "shine", 25)
        seat = np.array([[ahead + 0.3, h0], [ahead + 0.85, h0], [ahead + 0.8, h0 + 0.36], [ahead + 0.4, h0 + 0.38]])
        yield Decal(hull.side(seat[:, 0], seat[:, 1], sign), "seat", 30)
        head = circle(ahead + 0.62, h0 + 0.5, 0.12, 9)
        if round(ahead * 7) % 3:
            yield Decal(hull.side(head[:, 0], head[:, 1], sign), "seat", 40)


def _posts(coach: Coach, sign: int) -> Iterator[Decal]:
    (a0, a1), (h0, h1) = coach.windows or ((0, 1), (0, 1))
    for ahead in np.arange(a0, a1 + 0.1, coach.posts).tolist():
        yield Decal(_strip(coach.hulls[0], (ahead - 0.05, ahead + 0.05), (h0, h1), sign), "black", 8)


def _doors(coach: Coach, sign: int) -> Iterator[Decal]:
    hull = coach.hulls[0]
    low = hull.profile[0][1]
    for a0, a1 in coach.doors:
        yield Decal(_strip(hull, (a0, a1), (low + 0.04, 2.65), sign), "black")
        middle = (a0 + a1) / 2
        for a, b in ((a0 + 0.07, middle - 0.03), (middle + 0.03, a1 - 0.07)):
            yield Decal(_strip(hull, (a, b), (low + 0.16, 2.56), sign), "pane", 8)
            yield Decal(_strip(hull, (a, b), (low + 0.95, 2.2), sign), "shine", 30)


def _bellows(coach: Coach, sign: int) -> Iterator[Decal]:
    hull = coach.hulls[0]
    for ahead in coach.joints:
        yield Decal(_strip(hull, (ahead - 0.35, ahead + 0.35), (hull.profile[0][1], hull.height - 0.1), sign), "trim")
        for k in np.linspace(-0.28, 0.28, 6):
            line = hull.side(np.array([ahead + k, ahead + k]), np.array([0.5, hull.height - 0.15]), sign)
            yield Decal(line, "hole", 20, 0.03)


def _cab_door(coach: Coach, sign: int) -> Iterator[Decal]:
    body, (h0, h1) = coach.body, coach.screen
    a1 = body.length - 0.32 - 0.5 * (body.length - float(body.front(h1, 0.0)[0]))
    outline = np.array([[a1 - 1.05, h0 - 0.05], [a1 + 0.12, h0 - 0.08], [a1 - 0.1, h1], [a1 - 1.05, h1]])
    yield Decal(body.side(outline[:, 0], outline[:, 1], sign), "black")
    for ahead in (a1 - 1.1, a1 + 0.1):
        yield Decal(
            body.side(np.array([ahead, ahead]), np.array([body.profile[0][1] + 0.3, h0]), sign), "gap", 30, 0.014
        )


def _cab_glass(coach: Coach, sign: int) -> Facets:
    body, (h0, h1) = coach.body, coach.screen
    a1 = body.length - 0.36 - 0.5 * (body.length - float(body.front(h1, 0.0)[0]))
    h, ahead = np.meshgrid(np.linspace(h0 + 0.02, h1 - 0.06, 3), np.linspace(a1 - 0.96, a1 - 0.08, 4), indexing="ij")
    pane = body.side(ahead, h, sign)
    return facets(pane if sign < 0 else pane[::-1])


@lru_cache(maxsize=16)
def long_front(coach: Coach) -> Face:
    """The front: windscreen, grille, lamps."""
    body, (h0, h1) = coach.body, coach.screen
    low = body.profile[-1][1]
    h, t = np.meshgrid(np.linspace(h0, h1, 6), np.linspace(-0.93, 0.93, 7), indexing="ij")
    frame = end_patch(body, True, (h0 - 0.04, h1 + (0.42 if coach.rear == "window" else 0.04)), (-0.97, 0.97))
    over: list[Decal] = []
    if coach.rear != "window":
        over.append(Decal(end_patch(body, True, (low + 0.35, h0 - 0.35), (-0.55, 0.55)), "grille"))
        over += [
            Decal(end_points(body, True, np.full(5, k), np.linspace(-0.5, 0.5, 5)), "crease", 25, 0.03)
            for k in np.linspace(low + 0.42, h0 - 0.42, 4)
        ]
    over.append(Decal(end_patch(body, True, (low, low + 0.2), (-0.95, 0.95)), "trim"))
    for s in (-1, 1):
        lamp = np.array([[low + 0.26, 0.62 * s], [low + 0.26, 0.96 * s], [low + 0.5, 0.97 * s], [low + 0.44, 0.66 * s]])
        over.append(Decal(end_shape(body, True, lamp), "lamp glass"))
        core = circle(low + 0.36, 0.82 * s, 0.07, 10)
        over.append(Decal(end_points(body, True, core[:, 0], core[:, 1]), "lamp core", 15))
    for t0 in (-0.5, 0.2):
        arm = end_points(body, True, np.array([h0 + 0.03, h0 + 0.45]), np.array([t0, t0 + 0.3]))
        over.append(Decal(arm, "hole", 25, 0.025))
    pane = end_points(body, True, h, t)
    return Face(Decals([Decal(frame, "black")]), facets(pane), Decals(over))


@lru_cache(maxsize=16)
def long_rear(coach: Coach) -> Face:
    """The rear: a window over shutters, or the doors of a box."""
    body = coach.hulls[0]
    low, top = body.profile[0][1], body.height
    foot, head = (1.7, 2.5) if coach.rear == "window" else (top, top)
    h, t = np.meshgrid(np.linspace(foot, head, 4), np.linspace(-0.85, 0.85, 6), indexing="ij")
    pane = end_points(body, False, h, t)
    under, over = [], [Decal(end_patch(body, False, (low, low + 0.16), (-0.96, 0.96)), "trim")]
    if coach.rear == "window":
        under.append(Decal(end_patch(body, False, (foot - 0.05, head + 0.05), (-0.9, 0.9)), "black"))
        over += [Decal(end_patch(body, False, (foot + 0.2, head - 0.1), (-0.7, 0.7)), "shine", 25)]
        over += [
            Decal(end_patch(body, False, (k, k + 0.03), (-0.5, 0.5)), "gap", 20)
            for k in np.arange(low + 0.4, 1.35, 0.1).tolist()
        ]
    else:
        over.append(Decal(end_points(body, False, np.array([low + 0.2, top - 0.2]), np.zeros(2)), "gap", 8, 0.03))
        for s in (-0.93, -0.3, 0.3, 0.93):
            bar = end_points(body, False, np.array([low + 0.2, top - 0.2]), np.full(2, s))
            over.append(Decal(bar, "rim edge", 15, 0.04))
        over.append(Decal(end_patch(body, False, (low - 0.25, low), (-0.94, 0.94)), "trim"))
    lamp_h = low + 0.22 if coach.rear == "window" else low - 0.2
    for s in (-1, 1):
        over.append(Decal(end_patch(body, False, (lamp_h, lamp_h + 0.16), (0.68 * s, 0.94 * s)), "tail"))
        over.append(Decal(end_patch(body, False, (lamp_h + 0.03, lamp_h + 0.13), (0.8 * s, 0.92 * s)), "tail core", 10))
    return Face(Decals(under), facets(pane), Decals(over))
