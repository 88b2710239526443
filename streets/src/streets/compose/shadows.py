"""What the things of a scene keep from the ground: the sun's light, and all light where they stand."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from streets.houses.building import Building
from streets.optics.light import Light
from streets.paint.round import disc
from streets.people.person import Person
from streets.plan.paving import wear
from streets.plan.scene import Item, Plan
from streets.plants.plant import Tree
from streets.road.shade import Shadow, cast
from streets.roadside.furniture import Block
from streets.roadside.pole import Lamp, Mast, TrafficLight
from streets.roadside.signpost import Signpost
from streets.vehicles.bicycle import Bicycle
from streets.vehicles.car import Car
from streets.vehicles.coach import Hauler
from streets.vehicles.motorcycle import Motorcycle

_TALL = {Car: 1.35, Hauler: 2.8, Bicycle: 1.5, Motorcycle: 1.4, Person: 1.7, Block: 1.1}
"""Metres by which a kind of thing throws its shadow."""
_SLIM = (Lamp, Mast, TrafficLight, Signpost)


def shadows_of(plan: Plan) -> list[Shadow]:
    """List every shadow on the ground of a scene, and the wear of its lanes, in painting order."""
    shadows = list(wear(plan.street, plan.path))
    for house in plan.houses:
        shadows += _of_house(house, plan.light)
    for item in plan.items:
        shadows += _of_item(item, plan.light)
    return shadows


def _of_house(house: Building, light: Light) -> Iterator[Shadow]:
    foot = house.footprint()
    if light.casts_shadows:
        yield Shadow(cast(light, foot, np.full(4, house.facade.height)))
    yield Shadow(foot, 0.3, "contact")


def _of_item(item: Item, light: Light) -> Iterator[Shadow]:
    if isinstance(item, Tree):
        yield from _of_tree(item, light)
    elif type(item) in _TALL:
        foot = item.footprint()
        yield Shadow(foot, 0.72 if isinstance(item, (Car, Hauler)) else 0.4, "contact")
        if light.casts_shadows:
            yield Shadow(cast(light, foot, np.full(len(foot), _TALL[type(item)])))
    elif isinstance(item, _SLIM) and light.casts_shadows:
        foot = disc(item.x, item.y, item.z, 0.06)
        yield Shadow(cast(light, foot, np.full(len(foot), item.height)))


def _of_tree(tree: Tree, light: Light) -> Iterator[Shadow]:
    yield Shadow(disc(tree.x, tree.y, tree.z, 1.3 * tree.trunk, 12), 0.5, "contact")
    if light.casts_shadows:
        drift = -light.direction / light.direction[1] * tree.middle
        ragged = np.random.default_rng(tree.seed).uniform(0.7, 1.1, (40, 1)) * tree.radius
        place = np.array([tree.x + drift[0], 0.0, tree.z + drift[2]])
        yield Shadow(disc(0.0, 0.0, 0.0, 1.0, 40) * ragged + place, 0.8)
