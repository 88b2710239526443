"""Bodies of vehicles: a side profile drawn out to a rounded width, meshed and shaded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from streets.optics.camera import Points


@dataclass(frozen=True)
class Body:
    """A vehicle's hull, in metres ahead of its rear end, h up, w to the right of its middle."""

    profile: tuple[tuple[float, float], ...]
    """(ahead, h) corners of the side view, from the rear's lower edge over the roof to the front's."""
    width: float
    belt: float
    """Height at which the glass begins and the sides lean inwards."""
    tumble: float = 0.34
    """Metres that a side leans inwards per metre above the belt."""
    nose: float = 0.14
    """Share of the width that is lost towards both ends."""
    corner: float = 0.10
    """Radius of the edge between side and roof."""
    smooth: bool = True

    @property
    def length(self) -> float:
        """Metres from end to end."""
        return max(ahead for ahead, _ in self.profile)

    @property
    def height(self) -> float:
        """Metres from the ground to the roof."""
        return max(h for _, h in self.profile)

    def contour(self) -> Points:
        """(n, 2) dense, rounded points of the profile."""
        return _contour(self.profile, self.smooth)

    def half_width(self, ahead: Points | float, h: Points | float) -> Points:
        """Distance from the middle to the side at (ahead, h)."""
        end = np.abs(2 * np.asarray(ahead, float) / self.length - 1)
        plan = 1 - self.nose * end**5 - 0.02 * end**2
        lean = self.tumble * np.maximum(np.asarray(h, float) - self.belt, 0)
        barrel = 0.05 * ((np.asarray(h, float) - 0.62) / 0.5) ** 2 * (np.asarray(h) < self.belt)
        return np.maximum(self.width / 2 * (plan - np.minimum(barrel, 0.12)) - lean, 0.05)

    def grid(self) -> Points:
        """(stations, ring, 3) points; a ring runs from the right sill over the roof to the left one."""
        return _grid(self)

    def rear(self, h: Points | float, w: Points | float) -> Points:
        """(..., 3) points of the rear end at heights h and offsets w."""
        return self._end(h, w, slice(None, self._crest() + 1))

    def front(self, h: Points | float, w: Points | float) -> Points:
        """(..., 3) points of the front end."""
        return self._end(h, w, slice(None, self._crest() - 1, -1))

    def side(self, ahead: Points | float, h: Points | float, sign: float) -> Points:
        """(..., 3) points of the right (+1) or left (-1) side, a hair outside the hull."""
        ahead, h = np.broadcast_arrays(np.asarray(ahead, float), np.asarray(h, float))
        return np.stack([ahead, h, sign * (self.half_width(ahead, h) + 0.004)], axis=-1)

    def roof(self, ahead: Points | float) -> Points:
        """Height of the upper contour at ahead."""
        contour = self.contour()
        order = np.argsort(contour[:, 0], kind="stable")
        return np.interp(ahead, contour[order, 0], contour[order, 1])

    def _crest(self) -> int:
        return int(np.argmax(self.contour()[:, 1]))

    def _end(self, h: Points | float, w: Points | float, branch: slice) -> Points:
        h, w = np.broadcast_arrays(np.asarray(h, float), np.asarray(w, float))
        rise = self.contour()[branch]
        heights = np.maximum.accumulate(rise[:, 1]) + 1e-6 * np.arange(len(rise))
        return np.stack([np.interp(h, heights, rise[:, 0]), h, w], axis=-1)


@lru_cache(maxsize=64)
def _contour(profile: tuple[tuple[float, float], ...], smooth: bool) -> Points:
    corners = np.array(profile)
    for _ in range(2 if smooth else 1):
        after = corners[1:]
        cut = np.stack([0.75 * corners[:-1] + 0.25 * after, 0.25 * corners[:-1] + 0.75 * after], 1)
        corners = np.concatenate([corners[:1], cut.reshape(-1, 2), corners[-1:]])
    return corners


@lru_cache(maxsize=64)
def _grid(body: Body) -> Points:
    contour = body.contour()
    ahead, top = contour[:, :1], contour[:, 1:]
    sill = contour[0, 1]
    wall = np.maximum(top - body.corner, sill)
    side_h = sill + (wall - sill) * np.array([0.0, 0.22, 0.48, 0.74, 1.0])
    side_w = body.half_width(ahead, side_h)
    edge = side_w[:, -1:]
    bend = np.array([0.38, 0.72, 0.93])
    round_w = edge - np.minimum(1.2 * body.corner, 0.5 * edge) * (1 - np.sqrt(1 - bend**2)) * 1.4
    round_h = wall + (top - wall) * bend
    flat_w = round_w[:, -1:] * np.array([0.66, 0.33, 0.0])
    flat_h = top + 0.02 * (1 - (flat_w / np.maximum(edge, 0.1)) ** 2)
    half = np.stack([np.hstack([side_h, round_h, flat_h]), np.hstack([side_w, round_w, flat_w])], -1)
    ring = np.concatenate([half, half[:, -2::-1] * (1, -1)], axis=1)
    along = np.broadcast_to(ahead[:, None], (*ring.shape[:2], 1))
    return np.concatenate([along, ring], axis=-1)
