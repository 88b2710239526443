"""Circles, flat and on the ground."""

from functools import cache

import numpy as np

from streets.optics.camera import Points


def circle(x: float, y: float, radius: float, n: int = 22, *, start: float = 0.0, end: float = 2 * np.pi) -> Points:
    """Give (n, 2) points of an arc around (x, y), angles in radians."""
    return radius * _unit_arc(n, start, end) + (x, y)


def disc(x: float, y: float, z: float, radius: float, n: int = 6) -> Points:
    """Give (n, 3) world points of a circle on the ground."""
    return radius * _unit_circle(n) + (x, y, z)


@cache
def _unit_arc(n: int, start: float, end: float) -> Points:
    angle = np.linspace(start, end, n)
    return np.stack([np.cos(angle), np.sin(angle)], -1)


@cache
def _unit_circle(n: int) -> Points:
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return np.stack([np.cos(angle), np.zeros(n), np.sin(angle)], axis=-1)
