"""The light of a scene by its weather: a clear day, clouds, the blue hour, rain, fog."""

import numpy as np

from streets.optics.light import Light


def daylight(rng: np.random.Generator, *, azimuth: float) -> Light:
    """Draw the light of a clear day with a few clouds; `azimuth` in radians from straight ahead to the right."""
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
    """Draw the light of a white sky without shadows, the light of most Cityscapes frames."""
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
    """Draw the light of the blue hour: lamps and windows are lit."""
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
    """Draw the light of rain: a grey sky, a wet mirror of a road."""
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
    """Draw the light of fog that swallows the street after a block."""
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
