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
        """(..., 3) unit normals and the share of sun that reaches them -> (..., 3) factors on a colour."""
        normals = np.asarray(normals, float)
        facing = np.maximum(normals @ self.direction, 0) * sunlit
        up = 0.5 + 0.5 * normals[..., 1:2]
        low, high = self._skies
        return (low + high * up + self._sunlight * facing[..., None]) ** (1 / 2.2)

    def haze(self, depth: Gain | float) -> Gain:
        """Share of a thing at `depth` metres that the air hides."""
        return 1 - np.exp(-np.asarray(depth, float) / self.visibility)

    def seen(self, color: Gain | Color, depth: float) -> Gain:
        """(..., 3) colours as they look through `depth` metres of air."""
        hidden = self.haze(depth)
        return np.asarray(color, float) * (1 - hidden) + np.asarray(self.horizon) * hidden

    def mirrored(self, direction: Gain) -> Gain:
        """(..., 3) unit directions -> (..., 3) colours that a mirror shows there: sky, houses or road."""
        up = direction[..., 1:2]
        sky = np.asarray(self.horizon) + (np.asarray(self.zenith) - self.horizon) * np.clip(up, 0, 1) ** 0.6
        houses = 0.42 * np.asarray(self.horizon) * (0.75 + 0.25 * np.abs(direction[..., 0:1]))
        road = 0.30 * np.asarray(self.horizon)
        skyline = np.clip((up - 0.30) / 0.10, 0, 1)
        ground = np.clip((-up + 0.02) / 0.06, 0, 1)
        return sky * skyline + (1 - skyline) * (houses * (1 - ground) + road * ground)


def daylight(rng: np.random.Generator, *, azimuth: float) -> Light:
    """A clear day with a few clouds; `azimuth` in radians, 0 straight ahead, positive to the right."""
    height = rng.uniform(0.55, 0.95)
    sun = (np.sin(azimuth) * np.cos(height), np.sin(height), np.cos(azimuth) * np.cos(height))
    return Light(
        sun=sun,
        sunlight=(1.75, 1.58, 1.30),
        skylight=(0.40, 0.45, 0.53),
        zenith=(138, 176, 216),
        horizon=(232, 239, 242),
        visibility=rng.uniform(700, 1200),
        clouds=rng.uniform(0.3, 0.8),
        seed=int(rng.integers(1 << 16)),
    )


def overcast(rng: np.random.Generator) -> Light:
    """A white sky without shadows, the light of most Cityscapes frames."""
    level = rng.uniform(0.85, 1.05)
    return Light(
        sun=(0.1, 1.0, 0.1),
        sunlight=(0.06, 0.06, 0.06),
        skylight=(level, level, level),
        zenith=(222, 227, 229),
        horizon=(246, 248, 247),
        visibility=rng.uniform(450, 800),
        clouds=rng.uniform(0.2, 0.6),
        seed=int(rng.integers(1 << 16)),
    )


def dusk(rng: np.random.Generator) -> Light:
    """The blue hour: lamps and windows are lit."""
    return Light(
        sun=(0.3, 0.3, 1.0),
        sunlight=(0.02, 0.015, 0.01),
        skylight=(0.28, 0.31, 0.40),
        zenith=(70, 92, 140),
        horizon=(205, 176, 160),
        visibility=rng.uniform(500, 800),
        clouds=0.6,
        lamps=1.0,
        wet=0.25,
        seed=int(rng.integers(1 << 16)),
    )


def rain(rng: np.random.Generator) -> Light:
    """Rain: a grey sky, a wet mirror of a road."""
    level = rng.uniform(0.6, 0.75)
    return Light(
        sun=(0.1, 1.0, 0.1),
        sunlight=(0.03, 0.03, 0.03),
        skylight=(level, level, 1.04 * level),
        zenith=(165, 172, 178),
        horizon=(198, 203, 205),
        visibility=rng.uniform(220, 320),
        clouds=0.9,
        lamps=0.45,
        wet=1.0,
        seed=int(rng.integers(1 << 16)),
    )


def fog(rng: np.random.Generator) -> Light:
    """Fog that swallows the street after a block."""
    return Light(
        sun=(0.1, 1.0, 0.1),
        sunlight=(0.02, 0.02, 0.02),
        skylight=(0.85, 0.85, 0.86),
        zenith=(206, 209, 210),
        horizon=(211, 214, 214),
        visibility=rng.uniform(60, 90),
        clouds=0.1,
        lamps=0.35,
        wet=0.3,
        seed=int(rng.integers(1 << 16)),
    )
