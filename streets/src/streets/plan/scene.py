"""A scene in metres: everything that is decided by chance, before a pixel is painted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from streets.houses.building import Building
from streets.optics.camera import Points
from streets.optics.light import Light
from streets.paint.canvas import Canvas
from streets.plan import furnishing as beside
from streets.plan import traffic, weather
from streets.plan.architecture import draw_backdrop, draw_houses
from streets.plan.crowd import draw_crowd
from streets.plan.guests import Guests, invite
from streets.plan.paving import road_marks, surfaces
from streets.plan.street import KINDS, Street, draw_street
from streets.plants.plant import Shrub
from streets.road.ground import Surface
from streets.road.marks import Mark
from streets.road.path import Path
from streets.roadside.furniture import Bridge
from streets.roadside.pole import Wire

SPLITS = ("train", "val")
WEATHERS = {
    "train": ("overcast", "day", "overcast", "day", "dusk", "rain", "day", "fog"),
    "val": ("day", "overcast", "rain", "day", "overcast", "day", "fog", "dusk"),
}
"""The first frames' weather; later ones draw it."""


class Item(Protocol):
    """Something that stands in the scene."""

    def footprint(self) -> Points:
        """(n, 3) the ground that it stands on."""

    def paint(self, canvas: Canvas, sunlit: float = 1.0) -> None:
        """Paint and annotate it; `sunlit` is the share of the sun that reaches it."""


@dataclass(frozen=True)
class Plan:
    """One scene, independent of the resolution at which it will be painted."""

    street: Street
    path: Path
    light: Light
    pan: float
    tilt: float
    surfaces: list[Surface]
    marks: list[Mark]
    houses: list[Building]
    items: list[Item]
    hood: tuple[float, float, float]
    seed: int


def draw_plan(*, seed: int, split: str, index: int) -> Plan:
    """Draw the scene of one frame, a pure function of its arguments.

    Kinds of street take turns, each with its own rare guests, so that any four frames in a row hold all
    19 classes.
    """
    source = np.random.SeedSequence([seed, SPLITS.index(split), index])
    rngs = [np.random.default_rng(child) for child in source.spawn(6)]
    kind = KINDS[(index + 2 * SPLITS.index(split)) % len(KINDS)]
    street = draw_street(rngs[0], kind)
    path = Path(float(rngs[0].normal(0, 0.012)), float(rngs[0].normal(0, 1 / 900)))
    light = _draw_light(rngs[1], split, index)
    guests = invite(rngs[2], street, path)
    houses = [*draw_houses(rngs[3], street, path), *draw_backdrop(rngs[3], street, path)]
    return Plan(
        street=street,
        path=path,
        light=light,
        pan=float(rngs[0].normal(0.0, 0.012)),
        tilt=float(rngs[0].normal(0.0, 0.006)),
        surfaces=list(surfaces(street, path)),
        marks=list(road_marks(street, path, rngs[0])),
        houses=houses,
        items=_apart([*guests.items, *_draw_items(rngs[4], street, path, guests)]),
        hood=((112.0, 115.0, 117.0), (40.0, 42.0, 44.0), (30.0, 36.0, 52.0))[seed % 3],
        seed=int(rngs[5].integers(1 << 30)),
    )


def _draw_light(rng: np.random.Generator, split: str, index: int) -> Light:
    listed = WEATHERS[split]
    drawn = str(rng.choice(["day", "overcast", "dusk", "rain", "fog"], p=[0.38, 0.36, 0.1, 0.1, 0.06]))
    name = listed[index] if index < len(listed) else drawn
    if name == "day":
        azimuth = float(rng.choice([-1, 1]) * rng.uniform(0.5, 2.7))
        return weather.daylight(rng, azimuth=azimuth)
    return {"overcast": weather.overcast, "dusk": weather.dusk, "rain": weather.rain, "fog": weather.fog}[name](rng)


def _draw_items(rng: np.random.Generator, street: Street, path: Path, guests: Guests) -> Iterator[Item]:
    yield from traffic.draw_parked(rng, street, path, guests.taken)
    busy, clear = 1.2 if street.kind == "avenue" else 0.8, (guests.ahead, guests.oncoming)
    yield from traffic.draw_moving(rng, street, path, busy=busy, clear=clear)
    yield from draw_crowd(rng, street, path)
    yield from beside.draw_trees(rng, street, path)
    yield from beside.draw_gardens(rng, street, path)
    yield from beside.draw_horizon(rng, street, path)
    yield from beside.draw_lamps(rng, street, path)
    yield from beside.draw_signs(rng, street, path)
    yield from beside.draw_catenary(street, path)
    yield from beside.draw_boxes(rng, street, path)
    for side in street.sides:
        if rng.random() < 0.35:
            yield from traffic.draw_stands(rng, path, side, rng.uniform(11, 30), int(rng.integers(2, 6)))
    if street.kind != "avenue" and rng.random() < 0.08:
        z = rng.uniform(75, 110)
        yield Bridge(float(path.bend(z)), z, rng.uniform(4.6, 5.4), int(rng.integers(1 << 30)))


def _apart(items: list[Item]) -> list[Item]:
    """Leave out people, boxes and poles that stand in one another; the first comer stays."""
    kept: list[Item] = []
    discs = np.zeros((0, 3))
    for item in items:
        footprint = item.footprint()[:, [0, 2]]
        middle = footprint.mean(0)
        radius = float(np.ptp(footprint, axis=0).max()) / 2
        if radius > 1.2 or isinstance(item, (Shrub, Wire)):
            kept.append(item)
            continue
        near = np.hypot(discs[:, 0] - middle[0], discs[:, 1] - middle[1]) < 0.8 * (discs[:, 2] + radius)
        if not near.any():
            kept.append(item)
            discs = np.vstack([discs, [*middle, radius]])
    return kept
