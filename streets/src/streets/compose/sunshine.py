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
    """Tells how much of the sun reaches a thing past the houses and trees of its scene."""

    def __init__(self, light: Light, houses: list[Building], trees: list[Tree]) -> None:
        """Cast the shadows of what stands in the scene."""
        self.light, self.houses = light, houses
        self.active = light.casts_shadows
        if not self.active:
            return
        self.hulls = [_plane(cast(light, house.footprint(), np.full(4, house.facade.height))) for house in houses]
        self.outlines = np.array([house.footprint()[:, [0, 2]] for house in houses]).reshape(-1, 4, 2)
        self.heights = np.array([house.facade.height for house in houses])
        drift = -light.direction[[0, 2]] / light.direction[1]
        self.crowns = np.array(
            [[tree.x + drift[0] * tree.middle, tree.z + drift[1] * tree.middle, tree.radius] for tree in trees]
        ).reshape(-1, 3)

    def reaches(self, footprint: Points) -> float:
        """Give the share of the sun, 0 to 1, that falls on a thing with an (n, 3) footprint."""
        if not self.active:
            return 1.0
        x, z = map(float, footprint[:, [0, 2]].mean(0))
        if any(cv2.pointPolygonTest(hull, (x, z), False) > 0 for hull in self.hulls):
            return 0.05
        shaded = np.hypot(self.crowns[:, 0] - x, self.crowns[:, 1] - z) < self.crowns[:, 2]
        return UNDER_TREES if shaded.any() else 1.0

    def shadow_top(self, house: Building) -> float:
        """Give the metres up to which the houses across the street shade the front of a house."""
        sun = self.light.direction
        if not self.active or house.wall.normal @ sun <= 0:
            return 0.0
        across = np.hypot(sun[0], sun[2])
        ray = np.array([sun[0], sun[2]]) / across
        foot = house.wall.at(0.5, 0.0)[[0, 2]] + 0.05 * house.wall.normal[[0, 2]]
        others = [other is not house for other in self.houses]
        tops = self.heights + 1.0 - _first_hits(foot, ray, self.outlines) * sun[1] / across
        return float(tops[others].max(initial=0.0))


def _plane(points: Points) -> np.ndarray:
    return np.ascontiguousarray(points[:, [0, 2]], np.float32)


def _first_hits(start: Points, ray: Points, polygons: Points) -> Points:
    """(k,) metres from a point along a unit ray to (k, n, 2) polygons on the ground; infinite where it misses."""
    step = np.roll(polygons, -1, axis=1) - polygons
    x, z = polygons[..., 0] - start[0], polygons[..., 1] - start[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        cross = ray[0] * step[..., 1] - ray[1] * step[..., 0]
        reach = (x * step[..., 1] - z * step[..., 0]) / cross
        share = (x * ray[1] - z * ray[0]) / cross
    return np.where((share >= 0) & (share <= 1) & (reach > 0), reach, np.inf).min(1)
