"""Where the sun reaches: shadows as long as height and elevation say."""

from dataclasses import replace

import numpy as np
import pytest

from streets.compose.sunshine import UNDER_TREES, Sunshine
from streets.houses.building import Building
from streets.optics.light import Light
from streets.paint.upright import Upright
from streets.plan.architecture import draw_facade
from streets.plan.weather import daylight, overcast
from streets.plants.plant import Tree

ELEVATION = np.radians(40)
"""The sun stands to the right of the street, so high."""
REACH = 1 / np.tan(ELEVATION)
"""Metres of shadow for each metre of height."""


@pytest.fixture
def sun() -> Light:
    light = daylight(np.random.default_rng(0), azimuth=0.0)
    return replace(light, sun=(float(np.cos(ELEVATION)), float(np.sin(ELEVATION)), 0.0))


def house(x: float, *, side: int) -> Building:
    """A house of 10 m of depth whose front, from z = 20 to 40, stands at x; +1 on the right of the street."""
    facade = draw_facade(np.random.default_rng(3), "inner", 20.0)
    return Building(Upright((x, 20.0), (x, 40.0), facade.height), facade, side, 10.0, "flat", (90.0, 90.0, 90.0))


def spot(x: float, z: float) -> np.ndarray:
    """(4, 3) a small footprint around a place."""
    return np.array([[x - 0.1, 0, z - 0.1], [x + 0.1, 0, z - 0.1], [x + 0.1, 0, z + 0.1], [x - 0.1, 0, z + 0.1]])


def test_a_house_shades_as_far_as_its_height_allows(sun: Light) -> None:
    right = house(10.0, side=1)
    sunshine = Sunshine(sun, [right], [])
    tip = 10.0 - REACH * right.facade.height
    assert sunshine.reaches(spot(tip + 0.3, 30.0)) == pytest.approx(0.05)
    assert sunshine.reaches(spot(tip - 0.3, 30.0)) == 1.0
    assert sunshine.reaches(spot(tip + 0.3, 45.0)) == 1.0


def test_a_crown_lets_a_part_through_where_its_shadow_falls(sun: Light) -> None:
    tree = Tree(x=5.0, z=30.0, height=8.0, radius=2.0, clear=2.0, trunk=0.3, leaves="lime", seed=1)
    sunshine = Sunshine(sun, [], [tree])
    middle = 5.0 - REACH * 5.0
    assert sunshine.reaches(spot(middle, 30.0)) == UNDER_TREES
    assert sunshine.reaches(spot(middle + 1.9, 30.0)) == UNDER_TREES
    assert sunshine.reaches(spot(middle + 2.1, 30.0)) == 1.0
    assert sunshine.reaches(spot(5.0, 30.0)) == 1.0


def test_a_shadow_climbs_a_front_by_the_law_of_similar_triangles(sun: Light) -> None:
    """A roof of about a metre is counted with the house across the street."""
    left, right = house(-6.0, side=-1), house(6.0, side=1)
    top = Sunshine(sun, [left, right], []).shadow_top(left)
    assert top == pytest.approx(right.facade.height + 1.0 - 12.0 / REACH, abs=0.1)
    wider = house(8.0, side=1)
    assert top - Sunshine(sun, [left, wider], []).shadow_top(left) == pytest.approx(2.0 / REACH)


def test_a_front_turned_from_the_sun_needs_no_shadow(sun: Light) -> None:
    left, right = house(-8.0, side=-1), house(8.0, side=1)
    assert Sunshine(sun, [left, right], []).shadow_top(right) == 0.0


def test_no_house_shades_its_own_front(sun: Light) -> None:
    left = house(-8.0, side=-1)
    assert Sunshine(sun, [left], []).shadow_top(left) == 0.0


def test_an_overcast_sky_casts_no_shadow() -> None:
    left, right = house(-8.0, side=-1), house(8.0, side=1)
    sunshine = Sunshine(overcast(np.random.default_rng(0)), [left, right], [])
    assert sunshine.reaches(spot(9.0, 30.0)) == 1.0
    assert sunshine.shadow_top(left) == 0.0
