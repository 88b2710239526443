"""What stands beside the road: trees, lamps, signs, signals, fences, walls, boxes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from streets.plan.street import CURB, Side, Street
from streets.plants.plant import Shrub, Tree
from streets.road.path import Path
from streets.roadside.barrier import Fence, GuardRail, Masonry
from streets.roadside.furniture import Block
from streets.roadside.pole import Lamp, Mast, TrafficLight, Wire
from streets.roadside.signpost import Signpost

_SPACING = {"residential": (10, 17), "inner": (16, 34), "avenue": (9, 13), "suburban": (9, 17)}
_STREETS = ("Lindenweg", "Am Markt", "Kernstraße", "Nordring", "Gartenweg", "Hafenstraße")
_SIGNS = (
    ("limit", "30"), ("limit", "50"), ("no stopping", ""), ("no parking", ""), ("priority", ""),
    ("parking", "P"), ("warning", ""), ("straight on", ""), ("yield", ""), ("no entry", ""),
)  # fmt: skip


def draw_trees(rng: np.random.Generator, street: Street, path: Path) -> Iterator[Tree]:
    """Rows of trees along both curbs."""
    season = str(rng.choice(["lime", "dark", "spring", "olive", "autumn"], p=[0.38, 0.22, 0.14, 0.16, 0.10]))
    chance = {"residential": 0.75, "inner": 0.45, "avenue": 1.0, "suburban": 0.9}[street.kind]
    for side in street.sides:
        if rng.random() > chance:
            continue
        spacing = rng.uniform(*_SPACING[street.kind])
        height, radius = rng.uniform(6.5, 11.5), rng.uniform(1.9, 3.1)
        z = rng.uniform(7, 16)
        while z < 150:
            place = side.curb + side.sign * (0.9 if side.verge < 1.5 else 0.16 + side.verge / 2)
            if street.free(side.sign, z, 4.0) and rng.random() < 0.85:
                leaves = season if rng.random() < 0.8 else str(rng.choice(["lime", "dark", "olive"]))
                yield _tree(rng, path, place, z, height * rng.uniform(0.8, 1.15), radius, leaves)
            z += spacing * rng.uniform(0.85, 1.2) * max(1.0, z / 45)


def _tree(rng: np.random.Generator, path: Path, s: float, z: float, height: float, radius: float, leaves: str) -> Tree:
    return Tree(
        x=float(s + path.bend(z)),
        z=z,
        height=height,
        radius=radius * float(rng.uniform(0.8, 1.2)),
        clear=float(np.clip(0.33 * height, 2.3, 3.6)),
        trunk=0.018 * height + float(rng.uniform(0.03, 0.10)),
        leaves=leaves,
        seed=int(rng.integers(1 << 30)),
    )


def draw_gardens(rng: np.random.Generator, street: Street, path: Path) -> Iterator[Shrub | Fence | Masonry | Tree]:
    """The edge between sidewalk and garden: hedges, fences, walls; bushes and trees behind it."""
    for side in street.sides:
        if side.setback < 1.5:
            continue
        sure = {1: ["wall", "fence"], -1: ["fence", "wall"]}[side.sign] if street.kind == "suburban" else []
        z = 2.0 * abs(side.walk_outer) + rng.uniform(0, 3)
        while z < 120:
            length = rng.uniform(7, 14)
            if street.free(side.sign, z, 3.0) and street.free(side.sign, z + length, 3.0):
                chance = str(rng.choice(["fence", "wall", "hedge", ""], p=[0.4, 0.25, 0.3, 0.05]))
                kind = sure.pop() if sure else chance
                if kind:
                    yield draw_edge(rng, path, side, z, length, kind)
                yield from _garden(rng, path, side, z, length)
            z += length + (rng.uniform(2, 4) if rng.random() < 0.4 else 0.2)


def draw_edge(
    rng: np.random.Generator, path: Path, side: Side, z: float, length: float, kind: str
) -> Fence | Masonry | Shrub:
    """One stretch of garden edge: "fence", "wall" or "hedge"."""
    ends = path.place(side.walk_outer + 0.15 * side.sign, np.array([z, z + length]))
    start, end = (float(ends[0, 0]), float(ends[0, 2])), (float(ends[1, 0]), float(ends[1, 2]))
    if kind == "fence":
        style = str(rng.choice(["pickets", "bars", "mesh"], p=[0.4, 0.4, 0.2]))
        color = {"pickets": (122.0, 98.0, 72.0), "bars": (62.0, 66.0, 64.0), "mesh": (92.0, 108.0, 94.0)}[style]
        return Fence(start, end, float(rng.uniform(1.0, 1.5)), style, color)
    if kind == "wall":
        material = str(rng.choice(["brick", "plaster", "rough", "slabs"]))
        color = {
            "brick": (140.0, 92.0, 74.0),
            "plaster": (186.0, 178.0, 160.0),
            "rough": (142.0, 140.0, 134.0),
            "slabs": (150.0, 142.0, 126.0),
        }[material]
        return Masonry(start, end, float(rng.uniform(0.9, 1.9)), material, color, int(rng.integers(1 << 30)))
    leaves = str(rng.choice(["dark", "lime", "olive"]))
    return Shrub(
        start, end, float(rng.uniform(1.0, 1.9)), leaves, int(rng.integers(1 << 30)), trimmed=bool(rng.random() < 0.7)
    )


def _garden(rng: np.random.Generator, path: Path, side: Side, z: float, length: float) -> Iterator[Shrub | Tree]:
    leaves = str(rng.choice(["dark", "lime", "olive", "spring"]))
    if rng.random() < 0.6:
        middle, s = z + rng.uniform(0, length), side.walk_outer + side.sign * rng.uniform(1.0, 2.0)
        x = float(s + path.bend(middle))
        yield Shrub(
            (x, middle), (x + 1.0, middle + 0.6), float(rng.uniform(1.2, 2.6)), leaves, int(rng.integers(1 << 30))
        )
    if side.setback > 3 and rng.random() < 0.7:
        middle = z + rng.uniform(0, length)
        s = side.walk_outer + side.sign * rng.uniform(2.0, side.setback)
        yield _tree(rng, path, s, middle, rng.uniform(5, 11), rng.uniform(1.8, 3.2), leaves)


def draw_horizon(rng: np.random.Generator, street: Street, path: Path) -> Iterator[Tree]:
    """Trees far behind the houses and at the end of the road."""
    count = 18 if street.kind == "suburban" else 7
    for _ in range(count):
        z = rng.uniform(90, 190)
        side = rng.choice([-1, 1]) * rng.uniform(16, 60) if rng.random() < 0.75 else rng.uniform(-14, 14)
        if abs(side) < 14:
            z = rng.uniform(170, 200)
        leaves = str(rng.choice(["dark", "lime", "olive"]))
        yield _tree(rng, path, side, z, rng.uniform(8, 15), rng.uniform(3.0, 5.5), leaves)


def draw_lamps(rng: np.random.Generator, street: Street, path: Path) -> Iterator[Lamp]:
    """Street lamps, alternating from side to side."""
    spacing, old = rng.uniform(22, 32), bool(street.kind == "inner" and rng.random() < 0.4)
    height = rng.uniform(3.8, 4.6) if old else rng.uniform(6.0, 8.5)
    side, z = street.sides[int(rng.integers(2))], rng.uniform(10, 22)
    while z < 150:
        if street.free(side.sign, z):
            x = float(side.curb + side.sign * 0.55 + path.bend(z))
            yield Lamp(x, z, height, -side.sign * rng.uniform(1.2, 2.2), old)
        side = street.sides[0] if side is street.sides[1] else street.sides[1]
        z += spacing


def draw_signs(rng: np.random.Generator, street: Street, path: Path) -> Iterator[Signpost]:
    """Signs for us on the right, a few on the left, the backs of those for the others."""
    z = rng.uniform(14, 24)
    while z < 75:
        side = street.sides[1] if rng.random() < 0.7 else street.sides[0]
        if street.free(side.sign, z, 1.0):
            yield draw_sign(rng, path, side, z)
        z += rng.exponential(9) + 5


def draw_sign(rng: np.random.Generator, path: Path, side: Side, z: float) -> Signpost:
    """One post with one or two plates."""
    count = int(rng.choice([1, 1, 2]))
    picks = [_SIGNS[k] for k in rng.choice(len(_SIGNS), count, replace=False)]
    if side.sign < 0 and rng.random() < 0.6:
        picks = [("back", "")]
    elif rng.random() < 0.2:
        picks = [("street", str(rng.choice(_STREETS)))]
    elif rng.random() < 0.12:
        picks = [("direction", str(rng.choice(["Zentrum", "Hafen", "Messe", "Nordstadt"])))]
    x = float(side.curb + side.sign * rng.uniform(0.35, 0.7) + path.bend(z))
    return Signpost(x, z, tuple(picks), float(rng.uniform(2.5, 3.1)), float(rng.normal(0, 0.12)), CURB)


def draw_signals(rng: np.random.Generator, street: Street, path: Path) -> Iterator[TrafficLight]:
    """Traffic lights before the side street, or at a crossing where there is none."""
    cut = street.junction
    z = cut.z0 - 3.0 if cut else rng.uniform(17, 24)
    state = str(rng.choice(["red", "green", "green", "amber"]))
    right, left = street.sides[1].curb + 0.5, street.sides[0].curb - 0.5
    arm = -(street.sides[1].curb - 1.0) if rng.random() < 0.5 else 0.0
    yield TrafficLight(float(right + path.bend(z)), z, state, arm)
    if rng.random() < 0.6:
        yield TrafficLight(float(left + path.bend(z)), z + 0.5, state)
    far = (cut.z1 if cut else z + 10) + 3.5
    yield TrafficLight(float(left + path.bend(far)), far, state, away=True)
    if rng.random() < 0.6:
        yield TrafficLight(float(right + path.bend(far)), far, state)


def draw_catenary(street: Street, path: Path) -> Iterator[Wire | Mast]:
    """The tram's masts and wires."""
    if not street.rails:
        return
    middle = sum(street.rails) / len(street.rails)
    for z in np.arange(14.0, 150.0, 30.0).tolist():
        yield Mast(float(middle + path.bend(z)), z, 6.6, 0.22, (92.0, 100.0, 96.0))
    for rail in street.rails:
        for z in np.arange(-16.0, 140.0, 30.0).tolist():
            a, b = (path.place(rail, max(t, 3.0), 5.6) for t in (z, z + 30))
            yield Wire(tuple(a), tuple(b), 0.15)


def draw_boxes(rng: np.random.Generator, street: Street, path: Path) -> Iterator[Block | Mast]:
    """Switch cabinets, bins, bollards."""
    for side in street.sides:
        for _ in range(int(rng.integers(1, 4))):
            z = rng.uniform(9, 55)
            s = side.walk_outer - side.sign * 0.35
            kind = int(rng.integers(4))
            size = ((0.9, 1.2, 0.35), (0.5, 0.95, 0.4), (0.6, 1.1, 0.7), (1.4, 0.5, 0.6))[kind]
            color = ((128.0, 132.0, 122.0), (84.0, 70.0, 48.0), (52.0, 60.0, 54.0), (126.0, 122.0, 114.0))[kind]
            if street.free(side.sign, z, 1.0):
                yield Block(float(s + path.bend(z)), z, size, color, "dynamic" if kind == 2 else "static")
        if rng.random() < 0.12:
            z, s = rng.uniform(12, 40), side.curb + side.sign * 0.5
            for k in (0.0, 0.28):
                yield Mast(float(s + k + path.bend(z)), z, 3.2, 0.09, label="polegroup")
        if street.kind in ("inner", "residential") and rng.random() < 0.45:
            start = rng.uniform(8, 16)
            for z in start + 2.0 * np.arange(int(rng.integers(4, 9))):
                if street.free(side.sign, z):
                    yield Mast(
                        float(side.curb + side.sign * 0.4 + path.bend(z)), float(z), 0.95, 0.1, (70.0, 72.0, 74.0)
                    )


def draw_guard_rail(rng: np.random.Generator, street: Street, path: Path) -> Iterator[GuardRail]:
    """A guard rail along a verge."""
    side = street.sides[0]
    s = side.curb + side.sign * 0.5
    z = rng.uniform(9, 14)
    for start in np.arange(z, z + 40, 8.0).tolist():
        if street.free(side.sign, start, 9.0):
            a, b = path.place(s, np.array([start, start + 8.0]))
            yield GuardRail((float(a[0]), float(a[2])), (float(b[0]), float(b[2])), y=CURB)
