"""Tileable procedural textures, made once per process: 8-bit, mean near 128, wrapping at every border."""

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Tile = NDArray[Any]
SIZE = 512


@cache
def fractal(roughness: float, seed: int, *, size: int = SIZE, stretch: float = 1.0) -> NDArray[np.float32]:
    """Make (size, size) periodic noise with a 1/f^roughness spectrum, zero mean, unit spread.

    `stretch` > 1 draws the pattern out along the rows' direction (vertically).
    """
    rng = np.random.default_rng([seed, size])
    frequency = np.hypot(np.fft.fftfreq(size)[:, None] * stretch, np.fft.rfftfreq(size)[None, :])
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.standard_normal((size, size))) / frequency**roughness
    noise = np.fft.irfft2(spectrum, s=(size, size))
    return (noise / noise.std()).astype(np.float32)


def wrapped(filter_: Callable[[np.ndarray], np.ndarray], tile: np.ndarray, margin: int) -> np.ndarray:
    """Apply a filter that has no periodic border of its own to a periodic tile."""
    padded = np.pad(tile, margin, mode="wrap")
    return np.ascontiguousarray(filter_(padded)[margin:-margin, margin:-margin])


def _to_tile(texture: np.ndarray) -> Tile:
    return np.clip(np.rint(128 + texture), 0, 255).astype(np.uint8)


def _asphalt() -> np.ndarray:
    rng = np.random.default_rng(11)
    grain = wrapped(lambda t: cv2.GaussianBlur(t, (0, 0), 0.8), rng.standard_normal((SIZE, SIZE)), 4)
    stones = wrapped(lambda t: cv2.GaussianBlur(t, (0, 0), 1.3), rng.standard_normal((SIZE, SIZE)) ** 3, 6)
    return 22 * grain / grain.std() + 9 * stones / stones.std() + 7 * fractal(1.0, 12)


def _stains() -> np.ndarray:
    spots = np.maximum(fractal(1.3, 14) - 1.2, 0)
    return 15 * fractal(1.7, 13, stretch=3.0) + 9 * fractal(1.2, 15) - 22 * spots


def _plaster() -> np.ndarray:
    rng = np.random.default_rng(21)
    grain = wrapped(lambda t: cv2.GaussianBlur(t, (0, 0), 0.9), rng.standard_normal((SIZE, SIZE)), 4)
    return 5 * grain / grain.std() + 5 * fractal(1.2, 22) + 6 * fractal(1.8, 23, stretch=0.45)


def _masonry(rows: int, columns: int, *, joint: float, spread: float, bond: float, seed: int) -> np.ndarray:
    """Stones in courses: `joint` in fractions of a course, `bond` the shift of every other course."""
    rng = np.random.default_rng(seed)
    v, u = np.meshgrid(np.arange(SIZE) / SIZE * rows, np.arange(SIZE) / SIZE * columns, indexing="ij")
    course = np.floor(v).astype(int)
    u = u + bond * (course % 2)
    tint = rng.standard_normal((rows, columns))[course, np.floor(u).astype(int) % columns]
    width = joint * rows / columns
    edge = np.minimum(np.minimum(v % 1, 1 - v % 1) / joint, np.minimum(u % 1, 1 - u % 1) * joint / width / joint)
    face = np.clip(edge * 1.2, 0, 1)
    grain = rng.standard_normal((SIZE, SIZE))
    return spread * tint - 46 * (1 - face) + 5 * grain + 6 * fractal(1.4, seed)


def _grass() -> np.ndarray:
    rng = np.random.default_rng(41)
    blades = rng.standard_normal((SIZE, SIZE))
    blades = wrapped(lambda t: cv2.GaussianBlur(t, (0, 0), sigmaX=0.8, sigmaY=2.2), blades, 10)
    return 26 * blades / blades.std() + 14 * fractal(1.3, 42)


def _leaf_layer(height: np.ndarray, shade: np.ndarray, rng: np.random.Generator, rank: float) -> None:
    """One layer of leaves, hanging in bunches; the inner ones (low rank) lie in the crown's own shade."""
    count, bunches = 900, 40
    bunch = rng.integers(0, bunches, count)
    place = (rng.uniform(0, SIZE, (bunches, 2))[bunch] + 22 * rng.standard_normal((count, 2))) % SIZE
    light = 60 + 130 * rank + 30 * rng.standard_normal(bunches)[bunch] + 22 * rng.standard_normal(count)
    size = np.stack([rng.uniform(5, 11, count), rng.uniform(2.5, 5, count)], axis=-1)
    angle = rng.uniform(0, 360, count)
    edges = np.where(place < 12, SIZE, np.where(place > SIZE - 12, -SIZE, 0))
    for k, (x, y) in enumerate(place.tolist()):
        value = float(np.clip(light[k], 5, 250))
        for dx in {0, int(edges[k, 0])}:
            for dy in {0, int(edges[k, 1])}:
                box = ((x + dx, y + dy), tuple(size[k].tolist()), float(angle[k]))
                cv2.ellipse(shade, box, value, -1)
                cv2.ellipse(height, box, 255 * rank, -1)


@lru_cache(maxsize=1)
def foliage() -> tuple[Tile, Tile]:
    """Make the texture of leaves: (SIZE, SIZE) shade and height, which says what leaf hangs before what other."""
    rng = np.random.default_rng(51)
    shade, height = np.full((SIZE, SIZE), 26, np.uint8), np.zeros((SIZE, SIZE), np.uint8)
    for rank in np.linspace(0, 1, 14):
        _leaf_layer(height, shade, rng, float(rank))
    twigs = fractal(1.5, 52)
    shade = np.clip(shade * (0.92 + 0.20 * twigs), 0, 255).astype(np.uint8)
    return shade, np.clip(0.8 * height + 26 + 50 * twigs, 0, 255).astype(np.uint8)


@lru_cache(maxsize=16)
def leaves(level: int) -> Tile:
    """Give `foliage` halved `level` times, for crowns that are farther away: shade and height, for `spread`.

    The shade is raised, so that no leaf is black.
    """
    shade, height = foliage()
    raised = cv2.convertScaleAbs(shade, alpha=0.78, beta=56)
    size = (SIZE >> level, SIZE >> level)
    halved = cv2.merge([cv2.resize(part, size, interpolation=cv2.INTER_AREA) for part in (raised, height)])
    return np.tile(halved, (2, 2, 1))


def warm_up() -> None:
    """Make every texture now, before processes are forked that would each make their own."""
    foliage()
    for name in _MAKERS:
        tile(name)


def spread(texture: np.ndarray, start: tuple[float, float], step: tuple[float, float], size: tuple[int, int]) -> Tile:
    """Cover a flat area with a periodic texture.

    Args:
        texture: (2 rows, 2 columns) or (2 rows, 2 columns, channels): a periodic one, twice in both directions.
        start: Texel (u, v) of the area's upper left corner.
        step: Texels per pixel to the right and down; at most about 2, or it flickers.
        size: Width and height of the area in pixels.
    """
    cut = texture
    for axis in (0, 1):
        length = max(round(size[1 - axis] * step[1 - axis]), 1) + 1
        first = int(start[1 - axis]) % (texture.shape[axis] // 2)
        if first + length > texture.shape[axis]:
            cut = np.concatenate([cut] * -(-(first + length) // texture.shape[axis]), axis)
        cut = cut[first : first + length] if axis == 0 else cut[:, first : first + length]
    return cv2.resize(cut, size, interpolation=cv2.INTER_LINEAR)


@lru_cache(maxsize=64)
def reduced(name: str, across: int, along: int) -> Tile:
    """Give a texture with `across` and `along` times halved columns and rows, for `spread`."""
    return np.tile(cv2.resize(tile(name), (SIZE >> across, SIZE >> along), interpolation=cv2.INTER_AREA), (2, 2))


_MAKERS: dict[str, Callable[[], np.ndarray]] = {
    "asphalt": _asphalt,
    "stains": _stains,
    "plaster": _plaster,
    "brick": lambda: _masonry(32, 12, joint=0.13, spread=13, bond=0.5, seed=31),
    "slabs": lambda: _masonry(10, 10, joint=0.045, spread=8, bond=0.5, seed=32),
    "cobbles": lambda: _masonry(20, 20, joint=0.2, spread=12, bond=0.5, seed=33),
    "pavers": lambda: _masonry(30, 15, joint=0.1, spread=9, bond=0.5, seed=34),
    "roof": lambda: _masonry(24, 32, joint=0.3, spread=9, bond=0.0, seed=35),
    "grass": _grass,
    "clouds": lambda: 40 * fractal(1.6, 61),
    "cloth": lambda: 14 * fractal(1.5, 71, stretch=0.35) + 5 * fractal(0.6, 72),
    "rough": lambda: 30 * fractal(1.1, 81),
}


@cache
def tile(name: str) -> Tile:
    """Give the (SIZE, SIZE) texture of a name, made once."""
    return _to_tile(_MAKERS[name]())


@cache
def blurred(name: str, across: int, along: int) -> Tile:
    """Give a texture averaged over `across` x `along` texels, as a pixel far down the road sees it."""
    if across <= 1 and along <= 1:
        return tile(name)
    size = (max(across, 1), max(along, 1))
    return wrapped(lambda t: cv2.blur(t, size), tile(name), min(max(size), SIZE))
