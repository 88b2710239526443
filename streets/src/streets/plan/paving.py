"""The street's ground, laid by its cross-section: surfaces, wear, paint."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from streets.optics.camera import Points
from streets.plan import marks as paint
from streets.plan.street import CURB, Junction, Side, Street
from streets.road.ground import Surface
from streets.road.marks import Mark
from streets.road.path import Path
from streets.road.shade import Shadow

REACH = (2.0, 230.0)
"""Depths between which the street is laid."""


def surfaces(street: Street, path: Path) -> Iterator[Surface]:
    """The street's ground, in painting order."""
    yield Surface("road", street.materials["road"], path.strip((-70, 70), REACH))
    wild = street.kind in ("suburban", "residential")
    label, material = ("terrain", street.materials["verge"]) if wild else ("ground", "pavers")
    left, right = street.sides
    for s in ((-70, left.walk_outer), (right.walk_outer, 70)):
        yield Surface(label, material, path.strip(s, REACH))
    if street.rails:
        inner, outer = street.rails[0] + 1.6, street.rails[-1] - 1.6
        yield Surface("rail track", street.materials["rails"], path.strip((outer, inner), REACH))
    for side in street.sides:
        yield from _side_surfaces(street, side, path)
    if street.junction:
        yield _mouth(street, street.junction, path)


def _side_surfaces(street: Street, side: Side, path: Path) -> Iterator[Surface]:
    def between(a: float, b: float, y: float) -> Points:
        return path.strip((min(a, b), max(a, b)), REACH, y)

    if side.parking and street.materials["parking"]:
        inner = side.curb - side.sign * side.parking
        yield Surface("parking", street.materials["parking"], between(side.curb, inner, 0.0))
    yield Surface("sidewalk", "curb", between(side.curb, side.curb + 0.16 * side.sign, CURB))
    if side.verge:
        yield Surface(
            "terrain", street.materials["verge"], between(side.curb + 0.16 * side.sign, side.walk_inner, CURB)
        )
    yield Surface("sidewalk", street.materials["walk"], between(side.walk_inner, side.walk_outer, CURB))
    if side.setback:
        yield Surface("terrain", street.materials["verge"], between(side.walk_outer, side.front + side.sign, CURB))


def _mouth(street: Street, cut: Junction, path: Path) -> Surface:
    """The side street, its corners rounded with 3 m."""
    side = street.sides[(cut.sign + 1) // 2]
    turn = np.linspace(0, np.pi / 2, 7)
    out = side.curb + cut.sign * 3.0 * (1 - np.cos(turn[::-1]))
    near = np.stack([out[::-1], cut.z0 - 3.0 * (1 - np.sin(turn[::-1]))], -1)
    far = np.stack([out, cut.z1 + 3.0 * (1 - np.sin(turn))], -1)
    reach = side.curb + cut.sign * 60
    outline = np.concatenate(
        [
            near,
            [[reach, cut.z0], [reach, cut.z1]],
            far,
            [[side.curb - 0.2 * cut.sign, cut.z1 + 3], [side.curb - 0.2 * cut.sign, cut.z0 - 3]],
        ]
    )
    return Surface("road", street.materials["road"], path.place(outline[:, 0], outline[:, 1]))


def wear(street: Street, path: Path) -> Iterator[Shadow]:
    """The bands that tyres polish in every lane, and the dirt along the curbs."""
    for lane in street.lanes:
        for side in (-0.78, 0.78):
            for wide, strength in ((0.5, 0.028), (0.3, 0.05)):
                band = path.strip((lane + side - wide, lane + side + wide), (2.0, 120.0))
                yield Shadow(band, strength, "stain")
    for edge in street.sides:
        span = sorted((edge.curb, edge.curb - 0.34 * edge.sign))
        yield Shadow(path.strip((span[0], span[1]), (2.5, 90.0)), 0.14, "stain")


def road_marks(street: Street, path: Path, rng: np.random.Generator) -> Iterator[Mark]:
    """Repairs, iron and paint, in painting order."""
    left, right = street.edges
    lane = 0.5 * (street.lanes[0] - street.lanes[1]) if not street.rails else 1.6
    span = (street.rails[0] + 1.6 if street.rails else left, right)
    yield from paint.repairs(path, rng, span, int(rng.integers(1, 7)))
    yield from paint.cracks(path, rng, span, int(rng.integers(3, 16)))
    yield from paint.manholes(path, rng, span, int(rng.integers(1, 4)))
    for side in street.sides:
        yield from paint.gullies(path, side.curb, -side.sign)
    if street.rails:
        yield from _rails(street, path)
    yield from _lane_paint(street, path, rng, lane)


def _rails(street: Street, path: Path) -> Iterator[Mark]:
    """Bright steel beside the groove for the wheels' flanges."""
    for middle in street.rails:
        for rail in (middle - 0.72, middle + 0.72):
            yield Mark(path.strip((rail - 0.09, rail + 0.07), REACH), color=(58.0, 58.0, 57.0))
            yield Mark(path.strip((rail - 0.035, rail + 0.035), REACH), color=(148.0, 149.0, 150.0))


def _lane_paint(street: Street, path: Path, rng: np.random.Generator, lane: float) -> Iterator[Mark]:
    cut = street.junction
    stop = cut.z0 - 4.5 if cut and cut.signals else None
    if street.kind != "residential" or rng.random() < 0.3:
        solid = stop is not None and rng.random() < 0.6
        if not street.rails:
            start = 2.0 + rng.uniform(0, 5)
            yield from paint.line(path, -lane, (start, stop or 150.0), width=0.13, dash=0 if solid else 3.5, gap=5.0)
        else:
            yield from paint.line(path, -lane - 0.12, (2.0, 150.0), width=0.13)
    for side in street.sides:
        if side.parking and rng.random() < 0.5:
            inner = side.curb - side.sign * side.parking
            yield from paint.line(path, inner, (3.0, 90.0), width=0.12, dash=1.0, gap=1.0)
        elif street.kind in ("avenue", "suburban") and rng.random() < 0.5:
            yield from paint.line(path, side.curb - side.sign * 0.45, (3.0, 150.0), width=0.12)
    if stop is not None:
        yield Mark(path.strip((-lane + 0.1, street.sides[1].curb - street.sides[1].parking - 0.2), (stop - 0.5, stop)))
        yield from paint.crossing(path, street.edges, stop + 0.9, zebra=bool(rng.random() < 0.3))
        if rng.random() < 0.5:
            yield from paint.arrow(path, 0.0, stop - 9.0)
