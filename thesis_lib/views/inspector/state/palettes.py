"""Colours for up to 80 clusters, chosen so that colour-blind readers tell them apart as far as 80 colours can be."""

from functools import cache

import matplotlib as mpl
import numpy as np

from thesis_lib.views.style import SERIES

MOST = 80
"""Clusters that the inspector shows at most."""
PALETTES = ("distinct", "cividis", "features")
"""The last one depends on the image: a cluster's colour is made from its mean feature."""
SIMULATIONS = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
"""What a colour looks like, in linear RGB: Machado, Oliveira and Fernandes (2009), severity 1."""
STEPS = 14
"""Levels of red, green and blue among which colours are chosen."""
LIGHTNESS = (0.42, 0.9)
"""Of the colours chosen, in Oklab: apart from black lines and from white."""


def palette(name: str) -> np.ndarray:
    """Colours of the clusters, (80, 3) uint8.

    "distinct" begins with Okabe and Ito's colours; each further one lies as far as possible from all before it, as the
    normal, protanopic, deuteranopic and tritanopic eye sees them (the smallest of the four distances, in Oklab).

    Raises:
        ValueError: a name that is not a palette of its own.
    """
    if name == "distinct":
        return _distinct()
    if name == "cividis":
        return colormap("cividis")[np.linspace(0, 255, MOST).round().astype(int)]
    raise ValueError(f"palette must be distinct or cividis, not {name!r}; the others depend on the image")


def colormap(name: str) -> np.ndarray:
    """Colormap of matplotlib as (256, 3) uint8."""
    return (255 * mpl.colormaps[name](np.arange(256))[:, :3]).round().astype(np.uint8)


@cache
def _distinct() -> np.ndarray:
    levels = np.linspace(0, 1, STEPS)
    grid = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1).reshape(-1, 3)
    lightness = oklab(grid)[:, 0]
    grid = grid[(lightness > LIGHTNESS[0]) & (lightness < LIGHTNESS[1])]
    first = np.array([mpl.colors.to_rgb(color) for color in SERIES])
    seen, chosen = seen_colors(grid), list(first)
    nearest = np.full(len(grid), np.inf)
    for color in first:
        nearest = np.minimum(nearest, color_distances(seen, seen_colors(color[None])))
    while len(chosen) < MOST:
        farthest = int(nearest.argmax())
        chosen.append(grid[farthest])
        nearest = np.minimum(nearest, color_distances(seen, seen[:, farthest, None]))
    return (255 * np.array(chosen)).round().astype(np.uint8)


def seen_colors(rgb: np.ndarray) -> np.ndarray:
    """Convert colours (n, 3) in [0, 1] to Oklab as normal and three colour-blind eyes see them: (4, n, 3)."""
    light = linear(rgb)
    views = [light, *(light @ np.array(matrix).T for matrix in SIMULATIONS.values())]
    return np.stack([oklab_of_linear(view.clip(0, 1)) for view in views])


def color_distances(seen: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Smallest distance over the four kinds of eyes: (4, n, 3) and (4, 1, 3) -> (n,)."""
    return np.linalg.norm(seen - others, axis=-1).min(0)


def linear(rgb: np.ndarray) -> np.ndarray:
    """Convert sRGB in [0, 1] to linear light (IEC 61966-2-1)."""
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def oklab(rgb: np.ndarray) -> np.ndarray:
    """Convert sRGB (n, 3) in [0, 1] to Oklab (Ottosson, 2020)."""
    return oklab_of_linear(linear(rgb))


def oklab_of_linear(light: np.ndarray) -> np.ndarray:
    """Convert linear RGB (n, 3) to Oklab."""
    cones = np.cbrt(
        light
        @ np.array(
            [
                [0.4122214708, 0.5363325363, 0.0514459929],
                [0.2119034982, 0.6806995451, 0.1073969566],
                [0.0883024619, 0.2817188376, 0.6299787005],
            ]
        ).T
    )
    return (
        cones
        @ np.array(
            [
                [0.2104542553, 0.7936177850, -0.0040720468],
                [1.9779984951, -2.4285922050, 0.4505937099],
                [0.0259040371, 0.7827717662, -0.8086757660],
            ]
        ).T
    )
