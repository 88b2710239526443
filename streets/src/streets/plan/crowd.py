"""People on the sidewalks and on the crossing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from streets.people.person import Person
from streets.plan.clothes import draw_clothes
from streets.plan.street import CURB, Street
from streets.road.path import Path

_BUSY = {"residential": 3.5, "inner": 12.0, "avenue": 7.0, "suburban": 1.5}


def draw_crowd(rng: np.random.Generator, street: Street, path: Path) -> Iterator[Person]:
    """Draw walkers, alone and in pairs, on both sidewalks and sometimes across the road."""
    for _ in range(1 + int(rng.poisson(_BUSY[street.kind]))):
        side = street.sides[int(rng.integers(2))]
        s = side.walk_inner + side.sign * side.walk * rng.uniform(0.15, 0.9)
        z = float(np.clip(abs(s) * 2.35 + rng.exponential(16), 13, 75))
        if not street.free(side.sign, z, 0.0):
            continue
        turn = (0.0 if rng.random() < 0.5 else np.pi) + rng.normal(0, 0.2)
        stride = float(rng.uniform(0.5, 1.0)) if rng.random() < 0.8 else 0.08
        for k in range(int(rng.choice([1, 1, 1, 2, 3]))):
            yield draw_person(rng, path, s + 0.6 * k * side.sign, z + rng.normal(0, 0.15), turn, stride)
    cut = street.junction
    if cut and cut.signals and rng.random() < 0.7:
        for _ in range(int(rng.integers(1, 4))):
            s = rng.uniform(-1.4 if street.rails else street.edges[0], street.edges[1])
            turn = float(rng.choice([-1, 1])) * np.pi / 2
            yield draw_person(rng, path, s, cut.z0 - 2.0 + rng.uniform(0, 2), turn, 0.8, y=0.0)


def draw_person(
    rng: np.random.Generator, path: Path, s: float, z: float, turn: float, stride: float, *, y: float = CURB
) -> Person:
    """Draw someone on foot at road coordinates (s, z)."""
    height = float(rng.normal(1.71, 0.09)) if rng.random() < 0.9 else float(rng.uniform(1.1, 1.45))
    return Person(
        float(s + path.bend(z)),
        float(z),
        float(np.arctan(path.slope(z)) + turn),
        height,
        float(rng.uniform(0, 6.28)),
        stride,
        draw_clothes(rng),
        float(rng.choice([0.0, 0.0, 0.5, 1.0])),
        y,
    )
