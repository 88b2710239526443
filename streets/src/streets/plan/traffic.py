"""Who drives and who is parked."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from streets.optics.light import Color
from streets.plan.clothes import draw_clothes
from streets.plan.street import Side, Street
from streets.road.path import Path
from streets.vehicles.bicycle import Bicycle
from streets.vehicles.car import SHAPES, Car
from streets.vehicles.coach import COACHES, Hauler
from streets.vehicles.motorcycle import Motorcycle
from streets.vehicles.twowheeler import Rider

COLORS = (
    (168, 170, 172), (30, 31, 33), (72, 75, 80), (208, 208, 206), (34, 46, 76), (122, 26, 28),
    (110, 114, 118), (58, 78, 112), (150, 146, 136), (44, 62, 52), (90, 34, 36), (188, 190, 192),
    (48, 50, 54), (24, 30, 44),
)  # fmt: skip
Slot = tuple[float, float]


def _heading(path: Path, z: float) -> float:
    return float(np.arctan(path.slope(z)))


def draw_car(rng: np.random.Generator, path: Path, s: float, z: float, turn: float, **state: bool) -> Car:
    """Draw a car of any shape and colour at road coordinates (s, z), turned by `turn` from the road's heading."""
    shape = str(rng.choice(list(SHAPES), p=[0.32, 0.16, 0.2, 0.12, 0.12, 0.08]))
    color = np.asarray(COLORS[int(rng.integers(len(COLORS)))]) * rng.uniform(0.9, 1.08)
    x = float(s + path.bend(z))
    return Car(
        shape,
        x,
        z,
        _heading(path, z) + turn,
        (float(color[0]), float(color[1]), float(color[2])),
        int(rng.integers(1 << 30)),
        **state,
    )


def draw_parked(rng: np.random.Generator, street: Street, path: Path, taken: dict[int, list[Slot]]) -> Iterator[Car]:
    """Draw rows of parked cars; `taken` are the stretches (by side) that something else occupies."""
    for side in street.sides:
        if not side.parking:
            continue
        z, full = 5.5 + rng.uniform(0, 4), rng.uniform(0.7, 0.95)
        while z < 110:
            length, gap = 4.6, rng.uniform(0.7, 1.6)
            blocked = not street.free(side.sign, z + length / 2, 6.0) or any(
                z < end and z + length > start for start, end in taken.get(side.sign, [])
            )
            if not blocked and rng.random() < full:
                back = (rng.random() < 0.82) == (side.sign < 0)
                turn = (np.pi if back else 0.0) + rng.normal(0, 0.015)
                yield draw_car(rng, path, side.parked + rng.normal(0, 0.06), z + length / 2, turn)
            z += length + gap


def draw_moving(
    rng: np.random.Generator, street: Street, path: Path, *, busy: float, clear: tuple[float, float]
) -> Iterator[Car]:
    """Draw cars in the lanes; the ego lane and the oncoming ones are empty up to `clear` metres."""
    z = max(clear[0], 13.0) + rng.exponential(16) + 3
    braking = bool(rng.random() < 0.35)
    while z < 130:
        yield draw_car(rng, path, rng.normal(0, 0.12), z, 0.0, moving=True, braking=braking)
        z += 9 + rng.exponential(30 / busy)
    for lane in street.lanes[1:]:
        z = max(clear[1], 15.0) + rng.exponential(22 / busy)
        while z < 130:
            yield draw_car(rng, path, lane + rng.normal(0, 0.12), z, np.pi, moving=True)
            z += 9 + rng.exponential(28 / busy)
    cut = street.junction
    if cut and rng.random() < 0.6:
        side = street.sides[(cut.sign + 1) // 2]
        yield draw_car(
            rng,
            path,
            side.walk_outer + cut.sign * rng.uniform(1, 6),
            (cut.z0 + cut.z1) / 2 + 1.7 * cut.sign,
            -cut.sign * np.pi / 2,
            moving=True,
        )


def draw_hauler(rng: np.random.Generator, path: Path, kind: str, s: float, near: float, turn: float) -> Hauler:
    """Draw a bus, tram or lorry whose nearer end is at depth `near`."""
    z = near + COACHES[kind].body.length / 2
    coats: dict[str, tuple[Color, ...]] = {
        "bus": ((208, 206, 198), (196, 168, 52), (170, 34, 36), (196, 198, 200)),
        "tram": ((206, 200, 180), (190, 40, 40), (204, 178, 60), (196, 200, 204)),
        "lorry": ((208, 208, 204), (66, 84, 140), (190, 188, 180)),
        "transporter": ((206, 206, 202), (200, 160, 40), (120, 124, 130)),
    }
    stripes: tuple[Color, ...] = ((40, 86, 150), (170, 34, 36), (44, 110, 66), (214, 176, 50))
    boards = {"bus": "14 Nordring", "tram": "4 Südbad"}
    pick = coats[kind][int(rng.integers(len(coats[kind])))]
    return Hauler(
        kind,
        float(s + path.bend(z)),
        z,
        _heading(path, z) + turn,
        pick,
        stripes[int(rng.integers(4))],
        boards.get(kind, ""),
        int(rng.integers(1 << 30)),
    )


def draw_rider(rng: np.random.Generator, *, helmet: bool = False) -> Rider:
    """Draw someone in the saddle."""
    clothes = draw_clothes(rng)
    shade = float(rng.uniform(30, 200))
    worn = (shade, shade, 0.95 * shade) if helmet or rng.random() < 0.35 else None
    short = {"hem": 0.88, "helmet": worn, "bag": "backpack" if rng.random() < 0.35 else ""}
    return Rider(
        type(clothes)(**{**clothes.__dict__, **short}), float(rng.uniform(1.62, 1.86)), float(rng.uniform(0, 6.28))
    )


def draw_cyclist(rng: np.random.Generator, path: Path, s: float, z: float, turn: float) -> Bicycle:
    """Draw a bicycle with its rider."""
    color = tuple(map(float, rng.uniform(25, 150, 3)))
    return Bicycle(
        float(s + path.bend(z)),
        z,
        _heading(path, z) + turn,
        (color[0], color[1], color[2]),
        int(rng.integers(1 << 30)),
        draw_rider(rng),
    )


def draw_stands(rng: np.random.Generator, path: Path, side: Side, z: float, count: int) -> Iterator[Bicycle]:
    """Draw bicycles side by side on the sidewalk."""
    for k in range(count):
        color = tuple(map(float, rng.uniform(20, 130, 3)))
        s = side.walk_inner + side.sign * rng.uniform(0.7, 1.0)
        turn = side.sign * np.pi / 2 + rng.normal(0, 0.15)
        yield Bicycle(
            float(s + path.bend(z + 0.65 * k)),
            z + 0.65 * k,
            turn,
            (color[0], color[1], color[2]),
            int(rng.integers(1 << 30)),
            None,
            0.12,
        )


def draw_motorcycle(
    rng: np.random.Generator, path: Path, s: float, z: float, turn: float, *, ridden: bool
) -> Motorcycle:
    """Draw a motorcycle or scooter, parked or ridden."""
    color = tuple(
        map(float, np.asarray(((150, 26, 28), (34, 36, 40), (40, 60, 120), (190, 186, 176)))[rng.integers(4)])
    )
    return Motorcycle(
        float(s + path.bend(z)),
        z,
        _heading(path, z) + turn,
        (color[0], color[1], color[2]),
        bool(rng.random() < 0.5),
        draw_rider(rng, helmet=True) if ridden else None,
        ridden,
    )
