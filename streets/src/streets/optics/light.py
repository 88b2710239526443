"""Sun, sky and air of a scene: what a surface's colour becomes in the picture.

Colours are 8-bit display RGB. A surface's colour is what it looks like under a white overcast sky; `gain`
multiplies it for the light that really falls on it.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Color = tuple[float, float, float]
Gain = NDArray[Any]


@dataclass(frozen=True)
class Light:
    """The light of one scene; radiances are linear, relative to an overcast noon."""

    sun: Color
    sunlight: Color
    skylight: Color
    zenith: Color
    horizon: Color
    visibility: float
    """Metres after which the air hides 63 % of a thing."""
    clouds: float = 0.5
    lamps: float = 0.0
    """Share of artificial light, 0 by day to 1 at night."""
    wet: float = 0.0
    cast: Color = (0.94, 0.98, 0.935)
    seed: int = 0
    """Which clouds."""

    @cached_property
    def direction(self) -> Gain:
        """(3,) unit vector towards the sun."""
        return np.asarray(self.sun) / np.linalg.norm(self.sun)

    @cached_property
    def _sunlight(self) -> Gain:
        return np.asarray(self.sunlight)

    @cached_property
    def _skies(self) -> tuple[Gain, Gain]:
        """What a face gets that looks down, and what is added to it when it looks up."""
        sky = np.asarray(self.skylight)
        bounce = 0.14 * (sky + self._sunlight)
        return 0.30 * sky + bounce, 0.70 * sky - bounce

    @property
    def casts_shadows(self) -> bool:
        """Whether the sun is out."""
        return max(self.sunlight) > 0.15

    def gain(self, normals: Gain, sunlit: Gain | float = 1.0) -> Gain:
        """Give the (..., 3) factors on a colour for (..., 3) unit normals and the share of sun that reaches them."""
        normals = np.asarray(normals, float)
        facing = np.maximum(normals @ self.direction, 0) * sunlit
        up = 0.5 + 0.5 * normals[..., 1:2]
        low, high = self._skies
        return (low + high * up + self._sunlight * facing[..., None]) ** (1 / 2.2)

    def haze(self, depth: Gain | float) -> Gain:
        """Give the share of a thing at `depth` metres that the air hides."""
        return 1 - np.exp(-np.asarray(depth, float) / self.visibility)

    def seen(self, color: Gain | Color, depth: float) -> Gain:
        """Give (..., 3) colours as they look through `depth` metres of air."""
        hidden = self.haze(depth)
        return np.asarray(color, float) * (1 - hidden) + np.asarray(self.horizon) * hidden

    def mirrored(self, direction: Gain) -> Gain:
        """Give the (..., 3) colours that a mirror shows in (..., 3) unit directions: sky, houses or road."""
        up = direction[..., 1:2]
        sky = np.asarray(self.horizon) + (np.asarray(self.zenith) - self.horizon) * np.clip(up, 0, 1) ** 0.6
        houses = 0.42 * np.asarray(self.horizon) * (0.75 + 0.25 * np.abs(direction[..., 0:1]))
        road = 0.30 * np.asarray(self.horizon)
        skyline = np.clip((up - 0.30) / 0.10, 0, 1)
        ground = np.clip((-up + 0.02) / 0.06, 0, 1)
        return sky * skyline + (1 - skyline) * (houses * (1 - ground) + road * ground)
