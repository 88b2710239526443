"""The outlines of what is on the road: lines, crossings, arrows, repairs, cracks, manholes, gullies."""

from collections.abc import Iterator

import numpy as np

from streets.paint.round import circle
from streets.road.marks import Mark
from streets.road.path import Path


def line(
    path: Path, s: float, z: tuple[float, float], *, width: float, dash: float = 0.0, gap: float = 0.0
) -> Iterator[Mark]:
    """A painted line along the road, solid or dashed; lengths in metres."""
    if not dash:
        yield Mark(path.strip((s - width / 2, s + width / 2), z))
        return
    for start in np.arange(z[0], z[1], dash + gap).tolist():
        yield Mark(path.strip((s - width / 2, s + width / 2), (start, min(start + dash, z[1]))))


def crossing(path: Path, s: tuple[float, float], z: float, *, zebra: bool) -> Iterator[Mark]:
    """A zebra crossing of 4 m, or the two broken lines of a signalled one."""
    if zebra:
        for start in np.arange(s[0] + 0.3, s[1] - 0.5, 1.0).tolist():
            yield Mark(path.strip((start, start + 0.5), (z, z + 4.0)))
        return
    for edge in (z, z + 3.5):
        for start in np.arange(s[0] + 0.2, s[1] - 0.4, 0.7).tolist():
            yield Mark(path.strip((start, start + 0.45), (edge, edge + 0.14)))


def arrow(path: Path, s: float, z: float) -> Iterator[Mark]:
    """A straight-ahead arrow of 5 m."""
    shape = np.array([[-0.07, 0], [0.07, 0], [0.07, 3.2], [0.32, 3.2], [0, 5.0], [-0.32, 3.2], [-0.07, 3.2]])
    yield Mark(path.place(s + shape[:, 0], z + shape[:, 1]))


def repairs(path: Path, rng: np.random.Generator, s: tuple[float, float], count: int) -> Iterator[Mark]:
    """Rectangles of newer or older asphalt, sealed with tar at their edges."""
    for _ in range(count):
        z, left = rng.uniform(6, 45), rng.uniform(s[0], s[1] - 1)
        right, far = left + rng.uniform(0.5, 1.8), z + rng.uniform(1.2, 8.0)
        yield Mark(path.strip((left, right), (z, far)), float(rng.choice([0.82, 0.87, 0.92, 1.08])))
        for edge in (left, right):
            yield Mark(path.strip((edge - 0.025, edge + 0.025), (z, far)), 0.74)
        for edge in (z, far):
            yield Mark(path.strip((left, right), (edge - 0.05, edge + 0.05)), 0.74)


def cracks(path: Path, rng: np.random.Generator, s: tuple[float, float], count: int) -> Iterator[Mark]:
    """Random walks, some of them filled with tar."""
    for _ in range(count):
        steps = int(rng.integers(20, 70))
        across = bool(rng.random() < 0.35)
        drift = np.cumsum(rng.normal(0, 0.035, steps) + 0.012 * np.cumsum(rng.normal(0, 0.5, steps)))
        run = np.cumsum(rng.uniform(0.03, 0.14, steps))
        z0, s0 = rng.uniform(5.5, 32), rng.uniform(*s)
        side, ahead = (s0 + run, z0 + drift) if across else (s0 + drift, z0 + run)
        keep = (side > s[0]) & (side < s[1])
        if keep.sum() < 3:
            continue
        line_ = path.place(side[keep], ahead[keep])
        thick = rng.uniform(0.004, 0.014) * np.clip(1 + 0.5 * rng.normal(0, 1, len(line_)), 0.2, 2.0)
        wide = thick[:, None] * np.array([0.0, 0, 1.0] if across else [1.0, 0, 0])
        yield Mark(np.concatenate([line_ - wide, line_[::-1] + wide[::-1]]), float(rng.uniform(0.6, 0.85)))


def manholes(path: Path, rng: np.random.Generator, s: tuple[float, float], count: int) -> Iterator[Mark]:
    """Round lids in a ring of iron."""
    for _ in range(count):
        side, z = rng.uniform(s[0] + 0.8, s[1] - 0.8), rng.uniform(7, 34)
        for radius, factor in ((0.40, 0.86), (0.335, 0.64), (0.30, 1.4)):
            ring = circle(side, z, radius, 24)
            yield Mark(path.place(ring[:, 0], ring[:, 1]), factor)
        for x in np.linspace(-0.2, 0.2, 5):
            yield Mark(path.strip((side + x - 0.014, side + x + 0.014), (z - 0.2, z + 0.2)), 0.8)


def gullies(path: Path, curb: float, inward: float) -> Iterator[Mark]:
    """Iron gratings at the curb every 20 m."""
    near, far = sorted((curb, curb + 0.34 * inward))
    for z in np.arange(9.0, 60.0, 20.0).tolist():
        yield Mark(path.strip((near + 0.02, far + 0.08), (z, z + 0.5)), 0.5)
        for k in range(4):
            yield Mark(path.strip((near + 0.04, far), (z + 0.06 + 0.11 * k, z + 0.10 + 0.11 * k)), 0.56)
