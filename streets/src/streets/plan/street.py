"""The street's cross-section: lanes, parking, curbs, sidewalks, gardens, a side street."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CURB = 0.12
"""Height of a curb in metres."""
KINDS = ("residential", "avenue", "inner", "suburban")


@dataclass(frozen=True)
class Side:
    """One side of the street, outwards from the lanes; widths in metres, offsets in road coordinates."""

    sign: int
    """+1 right, -1 left."""
    curb: float
    """Offset of the curb."""
    parking: float
    """Width of the row of parked cars, within the curb; 0 for none."""
    verge: float
    """Width of the grass between curb and sidewalk."""
    walk: float
    setback: float
    """Width of the gardens in front of the houses."""

    @property
    def walk_inner(self) -> float:
        """Offset of the sidewalk's edge towards the road."""
        return self.curb + self.sign * (0.16 + self.verge)

    @property
    def walk_outer(self) -> float:
        """Offset of its edge towards the houses."""
        return self.walk_inner + self.sign * self.walk

    @property
    def front(self) -> float:
        """Offset of the house fronts."""
        return self.walk_outer + self.sign * self.setback

    @property
    def parked(self) -> float:
        """Offset of the middle of the parked cars."""
        return self.curb - self.sign * (self.parking / 2 + 0.05)


@dataclass(frozen=True)
class Junction:
    """A side street that leaves to one side between two depths."""

    sign: int
    z0: float
    z1: float
    signals: bool


@dataclass(frozen=True)
class Street:
    """A street of some kind and what crosses it."""

    kind: str
    lanes: tuple[float, ...]
    """Offsets of the lanes' middles; the ego car drives at 0, those below -1 are oncoming."""
    sides: tuple[Side, Side]
    """Left, right."""
    rails: tuple[float, ...]
    """Offsets of the middles of tram tracks."""
    junction: Junction | None
    materials: dict[str, str]

    @property
    def edges(self) -> tuple[float, float]:
        """Offsets of the left and right curb."""
        return self.sides[0].curb, self.sides[1].curb

    def free(self, sign: int, z: float, margin: float = 2.0) -> bool:
        """Whether a thing at depth z on one side is clear of the side street."""
        cut = self.junction
        return cut is None or cut.sign != sign or not cut.z0 - margin < z < cut.z1 + margin


def draw_street(rng: np.random.Generator, kind: str) -> Street:
    """Draw the cross-section of a street of some kind."""
    lane = rng.uniform(2.9, 3.4)
    parking = {"residential": (0.95, 0.95), "inner": (0.6, 0.75), "avenue": (0.5, 0.7), "suburban": (0.15, 0.35)}[kind]
    park = [2.1 if rng.random() < chance else 0.0 for chance in parking]
    rails = (-lane / 2 - 1.75, -lane / 2 - 4.95) if kind == "avenue" else ()
    oncoming = (-lane - 6.7,) if rails else (-lane,)
    right = lane / 2 + 0.25 + park[1]
    left = oncoming[-1] - lane / 2 - 0.25 - park[0]
    sides = tuple(
        _draw_side(rng, kind, sign, curb, width) for sign, curb, width in ((-1, left, park[0]), (1, right, park[1]))
    )
    return Street(
        kind, (0.0, *oncoming), (sides[0], sides[1]), rails, _draw_junction(rng, kind), _draw_materials(rng, kind)
    )


def _draw_side(rng: np.random.Generator, kind: str, sign: int, curb: float, parking: float) -> Side:
    verge = {"residential": 0.0, "inner": 0.0, "avenue": rng.choice([0.0, 1.8]), "suburban": rng.uniform(1.0, 3.0)}
    walk = {
        "residential": rng.uniform(2.2, 3.2),
        "inner": rng.uniform(2.8, 4.6),
        "avenue": rng.uniform(3.0, 4.8),
        "suburban": rng.uniform(1.5, 2.0),
    }[kind]
    setback = {
        "residential": rng.choice([0.0, 2.5, 3.5]),
        "inner": 0.0,
        "avenue": rng.choice([0.0, 2.5]),
        "suburban": rng.uniform(4.0, 8.0),
    }[kind]
    return Side(sign, curb, parking, float(verge[kind]), float(walk), float(setback))


def _draw_junction(rng: np.random.Generator, kind: str) -> Junction | None:
    chance = {"residential": 0.6, "inner": 0.75, "avenue": 0.8, "suburban": 0.5}[kind]
    sign, z0, wide = int(rng.choice([-1, 1])), rng.uniform(21, 38), rng.uniform(7.0, 9.5)
    if rng.random() > chance:
        return None
    return Junction(sign, z0, z0 + wide, kind in ("avenue", "inner"))


def _draw_materials(rng: np.random.Generator, kind: str) -> dict[str, str]:
    return {
        "road": str(rng.choice(["asphalt", "asphalt", "old asphalt", "dark asphalt"])),
        "walk": str(rng.choice(["slabs", "pavers", "slabs", "gravel" if kind == "suburban" else "pavers"])),
        "parking": str(rng.choice(["", "cobbles", "pavers"])),
        "verge": str(rng.choice(["grass", "grass", "dry grass"])),
        "rails": str(rng.choice(["grass", "old asphalt", "cobbles"])),
    }
