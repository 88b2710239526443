"""What the wheels and shoes stand on: textured surfaces in perspective, flat at their own height."""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from streets.optics.camera import Box, Camera, Points
from streets.paint.canvas import Canvas, Image, coverage, ramped
from streets.paint.tiles import SIZE, blurred
from streets.road.path import Path

FARTHEST = 260.0
"""Depth at which the ground ends, in metres."""


@dataclass(frozen=True)
class Material:
    """A tile laid over `metres` of ground, from its dark to its light colour."""

    tile: str
    metres: float
    dark: tuple[int, int, int]
    light: tuple[int, int, int]

    def ramp(self) -> Image:
        """Give the (256, 3) colour of each tile value; 64 is dark, 192 is light."""
        share = (np.arange(256)[:, None] - 64) / 128
        color = np.asarray(self.dark) * (1 - share) + np.asarray(self.light) * share
        return np.clip(color, 0, 255).astype(np.uint8)


MATERIALS = {
    "asphalt": Material("asphalt", 2.6, (78, 80, 80), (108, 110, 109)),
    "old asphalt": Material("asphalt", 2.6, (92, 92, 90), (122, 122, 119)),
    "dark asphalt": Material("asphalt", 2.6, (62, 64, 66), (88, 90, 91)),
    "slabs": Material("slabs", 3.5, (104, 102, 98), (148, 146, 140)),
    "pavers": Material("pavers", 3.2, (102, 95, 90), (140, 133, 126)),
    "cobbles": Material("cobbles", 2.4, (74, 72, 70), (120, 117, 112)),
    "curb": Material("asphalt", 1.5, (126, 125, 121), (158, 156, 150)),
    "grass": Material("grass", 2.4, (52, 64, 32), (104, 118, 62)),
    "dry grass": Material("grass", 2.4, (78, 80, 46), (136, 132, 84)),
    "soil": Material("rough", 2.0, (74, 66, 54), (116, 106, 90)),
    "gravel": Material("asphalt", 1.2, (84, 80, 74), (140, 136, 128)),
}


@dataclass(frozen=True)
class Surface:
    """A flat piece of ground: its label, its material and its (n, 3) world outline of one height."""

    label: str
    material: str
    outline: Points

    @property
    def height(self) -> float:
        """Metres above the road."""
        return float(self.outline[0, 1])


def depths(camera: Camera, rows: np.ndarray, height: float = 0.0) -> np.ndarray:
    """Give the (n,) depths in metres of the ground that is seen in (n,) rows below the horizon."""
    below = np.maximum(rows - camera.horizon, 1e-3)
    return np.minimum(camera.focal * (camera.eye - height) / below, FARTHEST)


@dataclass(frozen=True)
class Band:
    """Rows of the frame in which one averaged version of a tile serves."""

    start: int
    end: int
    across: int
    along: int
    """Widths in texels of the box that a pixel's footprint covers."""


def bands(camera: Camera, metres: float, rows: tuple[int, int], height: float) -> list[Band]:
    """Cut rows into bands, so that the far road does not flicker nor keep more contrast than in a lens."""
    depth = depths(camera, np.arange(*rows), height)
    texel = metres / SIZE
    along = _level(depth**2 / (camera.focal * (camera.eye - height)) / texel)
    across = _level(depth / camera.focal / texel)
    edges = [0, *(np.flatnonzero(np.diff(along) | np.diff(across)) + 1).tolist(), len(depth)]
    return [Band(rows[0] + a, rows[0] + b, int(across[a]), int(along[a])) for a, b in pairwise(edges)]


def _level(footprint: np.ndarray) -> np.ndarray:
    """Footprints in texels -> the odd box width of the averaged tile that serves them."""
    power = np.minimum(1.5 * np.rint(np.log2(np.maximum(footprint, 1)) / 1.5), 8)
    return (2**power).astype(int) | 1


def sample_band(
    camera: Camera, path: Path, name: str, metres: float, band: Band, columns: tuple[int, int], height: float
) -> Image:
    """Give a tile laid on the ground as the camera sees it in one band: (rows, columns) 8-bit."""
    depth = depths(camera, np.arange(band.start, band.end), height)
    texel = metres / SIZE
    ray = ((np.arange(*columns) - camera.center) / (camera.focal * texel)).astype(np.float32)
    u = ray * depth.astype(np.float32)[:, None]
    u -= (path.bend(depth) / texel).astype(np.float32)[:, None]
    v = np.repeat((depth / texel % SIZE).astype(np.float32)[:, None], u.shape[1], axis=1)
    source = blurred(name, band.across, band.along)
    method = cv2.INTER_LINEAR if band.across == 1 else cv2.INTER_NEAREST
    return cv2.remap(source, _inside(u), v, method, borderMode=cv2.BORDER_WRAP)


def _inside(u: np.ndarray) -> np.ndarray:
    """Columns of a periodic tile -> the same inside it, where OpenCV is several times as fast as beyond its border.

    Whole turns are taken from a float32 without loss, but for a column just below 0, which stays where it is.
    """
    turns = np.floor(u * np.float32(1 / SIZE))
    turns *= (u >= 0) | (u <= -SIZE / 2)
    turns *= SIZE
    return np.subtract(u, turns, out=turns)


def sample(camera: Camera, path: Path, name: str, metres: float, box: Box, height: float = 0.0) -> Image:
    """Give a tile laid on the ground as the camera sees it inside `box`: (h, w) 8-bit."""
    u0, v0, u1, v1 = box
    parts = bands(camera, metres, (v0, v1), height)
    return np.concatenate([sample_band(camera, path, name, metres, band, (u0, u1), height) for band in parts])


def paint_surfaces(canvas: Canvas, path: Path, surfaces: list[Surface]) -> None:
    """Paint the ground's own colours, without light; later surfaces lie on earlier ones."""
    for piece in _pieces(canvas, surfaces):
        _paint_piece(canvas, path, piece)
        canvas.annotate(piece.surface.label, piece.pixels)


@dataclass(frozen=True)
class _Piece:
    """A surface in the frame: its outline in pixels, and inside a box its coverage and what later ones leave of it."""

    surface: Surface
    pixels: Points
    box: Box
    mask: Image
    seen: Image


def _pieces(canvas: Canvas, surfaces: list[Surface]) -> list[_Piece]:
    """The surfaces that are in the frame, in their order."""
    pieces: list[_Piece] = []
    hidden = np.zeros(canvas.image.shape[:2], np.uint8)
    for surface in reversed(surfaces):
        pixels = canvas.camera.flat(surface.outline)
        if len(pixels) < 3:
            continue
        box = canvas.clipped(pixels.min(0), pixels.max(0))
        if box is None:
            continue
        box = (box[0], max(box[1], int(canvas.camera.horizon) + 1), box[2], box[3])
        if box[1] >= box[3]:
            continue
        mask, under = coverage(pixels, box), hidden[box[1] : box[3], box[0] : box[2]]
        pieces.append(_Piece(surface, pixels, box, mask, cv2.min(mask, cv2.bitwise_not(under))))
        cv2.max(under, cv2.threshold(mask, 254, 255, cv2.THRESH_BINARY)[1], dst=under)
    return pieces[::-1]


def _paint_piece(canvas: Canvas, path: Path, piece: _Piece) -> None:
    """Paint a surface band by band, each only as wide as the surface is seen there."""
    surface, box = piece.surface, piece.box
    material = MATERIALS[surface.material]
    ramp = material.ramp()
    for band in bands(canvas.camera, material.metres, (box[1], box[3]), surface.height):
        rows = slice(band.start - box[1], band.end - box[1])
        filled = np.flatnonzero(piece.seen[rows].max(0))
        if not len(filled):
            continue
        cover = piece.mask[rows]
        left, right = int(filled[0]), int(filled[-1]) + 1
        columns = (box[0] + left, box[0] + right)
        texture = sample_band(canvas.camera, path, material.tile, material.metres, band, columns, surface.height)
        colored = ramped(texture, ramp)
        canvas.blend(colored, cover[:, left:right], (columns[0], band.start))
