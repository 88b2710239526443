"""Wheels: a rubber drum under the hull, an arch in it, a rim with spokes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from streets.optics.camera import Points
from streets.paint.round import circle
from streets.vehicles.decals import Decal, upright
from streets.vehicles.loft import Body


def drums(body: Body, axles: tuple[float, ...], radius: float, *, wide: float = 0.22) -> Iterator[Points]:
    """The (n, 3) points of every tyre: drums whose convex hulls show below the vehicle."""
    half = body.width / 2 - 0.03
    for sign in (-1.0, 1.0):
        for ahead in axles:
            rim = circle(ahead, radius, radius, 16)
            yield np.concatenate([upright(rim, sign * half), upright(rim, sign * (half - wide))])


def wheel(body: Body, ahead: float, radius: float, sign: float, spokes: int) -> Iterator[Decal]:
    """One wheel of a side: arch, tyre, rim."""
    w = sign * (float(body.half_width(ahead, radius)) + 0.006)
    arch = circle(ahead, radius, radius + 0.065, 20, start=-0.25, end=np.pi + 0.25)
    arch[:, 1] = np.maximum(arch[:, 1], body.profile[0][1])
    yield Decal(upright(arch, w), "hole")
    yield Decal(upright(circle(ahead, radius, radius), w), "tyre")
    yield Decal(upright(circle(ahead, radius, 0.9 * radius), w), "tyre wall")
    yield from _rim(ahead, radius, 0.68 * radius, w, spokes)
    shade = circle(ahead, radius, radius + 0.02, 14, start=0.35, end=np.pi - 0.35)
    yield Decal(upright(shade, w), "hole", 40, 0.05)


def _rim(ahead: float, h: float, disc: float, w: float, spokes: int) -> Iterator[Decal]:
    yield Decal(upright(circle(ahead, h, disc), w), "rim edge", 12)
    yield Decal(upright(circle(ahead, h, 0.93 * disc), w), "hole" if spokes else "cap", 20)
    for k in range(spokes):
        angle = 2 * np.pi * (k + 0.3 * ahead) / spokes
        across, along = np.array([-np.sin(angle), np.cos(angle)]), np.array([np.cos(angle), np.sin(angle)])
        root, tip = 0.075 * across, 0.95 * disc * along + 0.035 * across
        spoke = np.stack([root, tip, tip - 0.07 * across, -root]) + (ahead, h)
        yield Decal(upright(spoke, w), "rim" if np.sin(angle) > -0.3 else "rim edge", 20)
    if not spokes:
        for k in range(9):
            angle = 2 * np.pi * k / 9
            hole = circle(ahead + 0.72 * disc * np.cos(angle), h + 0.72 * disc * np.sin(angle), 0.09 * disc, 7)
            yield Decal(upright(hole, w), "hole", 60)
    yield Decal(upright(circle(ahead, h, 0.2 * disc, 10), w), "rim edge", 30)
