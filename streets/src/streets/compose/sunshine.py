"""Where the sun reaches: behind which houses a thing stands in shadow, how high a shadow climbs a front."""

from __future__ import annotations

import cv2
import numpy as np

from streets.houses.building import Building
from streets.optics.camera import Points
from streets.optics.light import Light
from streets.plants.plant import Tree
from streets.road.shade import cast

UNDER_TREES = 0.45
"""Share of the sun that a crown lets through."""


class Sunshine:
    """The shadows of a scene's houses and trees, as other things meet them."""

    def __init__(self, light: Light, houses: list[Building], trees: list[Tree]) -> None:
        """Cast the shadows of what stands in the scene."""
        self.light, self.houses = light, houses
        self.active = light.casts_shadows
        if not self.active:
            return
        self.hulls = [_plane(cast(light, house.footprint(), np.full(4, house.facade.height))) for house in houses]
        drift = -light.direction[[0, 2]] / light.direction[1]
        self.crowns = np.array(
            [[tree.x + drift[0] * tree.middle, tree.z + drift[1] * tree.middle, tree.radius] for tree in trees]
        ).reshape(-1, 3)

    def reaches(self, footprint: Points) -> float:
        """Share of the sun, 0 to 1, that falls on a thing with an (n, 3) footprint."""
        if not self.active:
            return 1.0
        x, z = map(float, footprint[:, [0, 2]].mean(0))
        if any(cv2.pointPolygonTest(hull, (x, z), False) > 0 for hull in self.hulls):
            return 0.05
        shaded = np.hypot(self.crowns[:, 0] - x, self.crowns[:, 1] - z) < self.crowns[:, 2]
        return UNDER_TREES if shaded.any() else 1.0

    def shadow_top(self, house: Building) -> float:
        """Metres up to which the houses across the street shade a front."""
        sun = self.light.direction
        if not self.active or house.wall.normal @ sun <= 0:
            return 0.0
        across = np.hypot(sun[0], sun[2])
        ray = np.array([sun[0], sun[2]]) / across
        foot = house.wall.at(0.5, 0.0)[[0, 2]] + 0.05 * house.wall.normal[[0, 2]]
        top = 0.0
        for other in self.houses:
            if other is not house:
                distance = _first_hit(foot, ray, other.footprint()[:, [0, 2]])
                top = max(top, other.facade.height + 1.0 - distance * sun[1] / across)
        return top


def _plane(points: Points) -> np.ndarray:
    return np.ascontiguousarray(points[:, [0, 2]], np.float32)


def _first_hit(start: Points, ray: Points, polygon: Points) -> float:
    """Metres from a point along a unit ray to a polygon on the ground; infinite where it misses."""
    a, step = polygon, np.roll(polygon, -1, axis=0) - polygon
    with np.errstate(divide="ignore", invalid="ignore"):
        cross = ray[0] * step[:, 1] - ray[1] * step[:, 0]
        reach = ((a[:, 0] - start[0]) * step[:, 1] - (a[:, 1] - start[1]) * step[:, 0]) / cross
        share = ((a[:, 0] - start[0]) * ray[1] - (a[:, 1] - start[1]) * ray[0]) / cross
    hits = reach[(share >= 0) & (share <= 1) & (reach > 0)]
    return float(hits.min()) if len(hits) else np.inf
