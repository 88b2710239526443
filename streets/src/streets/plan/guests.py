"""The rare classes, invited: what each kind of street is sure to show.

Left to chance, a set of a dozen frames would lack trams or walls. So every kind has its guests, and four
frames in a row, one of each kind, hold all 19 classes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from streets.plan import furnishing as beside
from streets.plan import traffic
from streets.plan.street import Side, Street
from streets.road.path import Path


@dataclass
class Guests:
    """What is in a scene by design, and the room that it needs."""

    items: list[Any] = field(default_factory=list)
    taken: dict[int, list[traffic.Slot]] = field(default_factory=lambda: {-1: [], 1: []})
    """Stretches of the parking rows, by side."""
    ahead: float = 0.0
    """Metres up to which the ego lane is kept free of other cars."""
    oncoming: float = 0.0
    """Metres up to which the oncoming lanes are kept free of other cars."""


def invite(rng: np.random.Generator, street: Street, path: Path) -> Guests:
    """Draw the guests of a street: what its kind is sure to show."""
    guests = Guests()
    _HOSTS[street.kind](rng, street, path, guests)
    return guests


def _avenue(rng: np.random.Generator, street: Street, path: Path, guests: Guests) -> None:
    ours, theirs = street.rails
    if rng.random() < 0.6:
        tram = traffic.draw_hauler(rng, path, "tram", theirs, rng.uniform(19, 32), np.pi)
    else:
        tram = traffic.draw_hauler(rng, path, "tram", ours, rng.uniform(17, 28), 0.0)
    guests.items += [tram, *beside.draw_signals(rng, street, path)]
    if rng.random() < 0.6:
        _cyclist(rng, street, path, guests)


def _inner(rng: np.random.Generator, street: Street, path: Path, guests: Guests) -> None:
    guests.items += beside.draw_signals(rng, street, path)
    left, right = street.sides
    _motorcycle(rng, right if rng.random() < 0.6 else left, path, guests)
    _cyclist(rng, street, path, guests)
    if rng.random() < 0.6:
        _oncoming(rng, street, path, guests, "bus")
    else:
        _at_curb(rng, path, guests, "bus", right, rng.uniform(20, 27))


def _residential(rng: np.random.Generator, street: Street, path: Path, guests: Guests) -> None:
    left, right = street.sides
    _motorcycle(rng, right if rng.random() < 0.6 else left, path, guests)
    side = left if rng.random() < 0.6 else right
    _at_curb(rng, path, guests, "transporter", side, rng.uniform(20, 27))
    _cyclist(rng, street, path, guests)


def _suburban(rng: np.random.Generator, street: Street, path: Path, guests: Guests) -> None:
    place = rng.random()
    if place < 0.5:
        _oncoming(rng, street, path, guests, "lorry")
    elif place < 0.75:
        _at_curb(rng, path, guests, "lorry", street.sides[1], rng.uniform(18, 26))
    else:
        lorry = traffic.draw_hauler(rng, path, "lorry", 0.0, rng.uniform(22, 32), 0.0)
        guests.items.append(lorry)
        guests.ahead = lorry.z + 12
    free = place < 0.75 and rng.random() < 0.6
    z = rng.uniform(13, 18)
    s, turn = (rng.uniform(-0.5, 0.6), 0.0) if free else (street.lanes[1] - 0.2, np.pi)
    guests.items.append(traffic.draw_motorcycle(rng, path, s, z, turn, ridden=True))
    guests.ahead, guests.oncoming = max(guests.ahead, z + 6), max(guests.oncoming, z + 6)
    if rng.random() < 0.4:
        guests.items += beside.draw_guard_rail(rng, street, path)


_HOSTS = {"avenue": _avenue, "inner": _inner, "residential": _residential, "suburban": _suburban}


def _oncoming(rng: np.random.Generator, street: Street, path: Path, guests: Guests, kind: str) -> None:
    hauler = traffic.draw_hauler(rng, path, kind, street.lanes[1], rng.uniform(20, 32), np.pi)
    guests.items.append(hauler)
    guests.oncoming = hauler.z + 12


def _at_curb(rng: np.random.Generator, path: Path, guests: Guests, kind: str, side: Side, near: float) -> None:
    s = side.parked if side.parking else side.curb - 1.4 * side.sign
    hauler = traffic.draw_hauler(rng, path, kind, s, near, 0.0 if side.sign > 0 else np.pi)
    guests.items.append(hauler)
    guests.taken[side.sign].append((near - 1.5, 2 * hauler.z - near + 1.5))
    if not side.parking:
        guests.ahead, guests.oncoming = max(guests.ahead, hauler.z), max(guests.oncoming, hauler.z)


def _motorcycle(rng: np.random.Generator, side: Side, path: Path, guests: Guests) -> None:
    s = side.parked if side.parking else side.curb + 0.8 * side.sign
    z = max(rng.uniform(12.5, 16), 2.5 * abs(s))
    turn = side.sign * rng.uniform(0.5, 1.2)
    guests.items.append(traffic.draw_motorcycle(rng, path, s, z, turn, ridden=False))
    guests.taken[side.sign].append((z - 6.5, z + 1.6))


def _cyclist(rng: np.random.Generator, street: Street, path: Path, guests: Guests) -> None:
    right = street.sides[1]
    z = rng.uniform(12, 22)
    if rng.random() < 0.6:
        s, turn = right.curb - right.parking - rng.uniform(0.5, 1.1), 0.0
        guests.ahead = max(guests.ahead, z + 6)
    else:
        s, turn = street.lanes[1] - 0.6, np.pi
        guests.oncoming = max(guests.oncoming, z + 6)
    guests.items.append(traffic.draw_cyclist(rng, path, s, z, turn))
