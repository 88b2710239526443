"""The pinhole camera of the ego car, in metres and pixels.

World frame: x to the right, y up, z forward, the origin on the road below the lens. Pixel frame: u to the
right, v down, whole numbers at pixel centres.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Points = NDArray[Any]
"""(..., 2) pixels or (..., 3) metres, as floats."""
Box = tuple[int, int, int, int]
"""Pixel rectangle (u0, v0, u1, v1), the end excluded."""

NEAR = 2.5
"""Nearest depth that is painted, in metres; closer than that only the hood is seen."""
_RIGHT, _DOWN = np.array([1.0, 0.0]), np.array([0.0, 1.0])


@dataclass(frozen=True)
class Camera:
    """A level pinhole camera; its small pitch is part of the horizon's row."""

    height: int
    width: int
    focal: float
    horizon: float
    center: float
    eye: float = 1.22

    @classmethod
    def of_size(cls, size: tuple[int, int], *, pan: float = 0.0, tilt: float = 0.0) -> "Camera":
        """The Cityscapes camera (2262 px at 2048 columns) scaled to `size` (height, width).

        `pan` and `tilt` move the vanishing point, in fractions of the width and the height.
        """
        height, width = size
        return cls(
            height=height,
            width=width,
            focal=2262.0 * width / 2048,
            horizon=(0.425 + tilt) * height,
            center=(0.5 + pan) * (width - 1),
        )

    def reduced(self, factor: int) -> "Camera":
        """A camera of the same view with `factor` times fewer rows and columns."""
        height, width = -(-self.height // factor), -(-self.width // factor)
        return Camera(height, width, self.focal / factor, self.horizon / factor, self.center / factor, self.eye)

    def project(self, points: Points) -> Points:
        """Project (..., 3) world points in front of the camera to (..., 2) pixels."""
        per_metre = self.focal / np.maximum(points[..., 2], 0.2)
        pixels = np.empty((*points.shape[:-1], 2))
        np.add(points[..., 0] * per_metre, self.center, out=pixels[..., 0])
        np.add((self.eye - points[..., 1]) * per_metre, self.horizon, out=pixels[..., 1])
        return pixels

    def scale(self, depth: float) -> float:
        """Pixels per metre at `depth` metres."""
        return self.focal / max(depth, 0.2)

    def flat(self, polygon: Points) -> Points:
        """Cut an (n, 3) world polygon at the near plane and project it to (m, 2) pixels; m may be 0."""
        if polygon[:, 2].min() < NEAR:
            polygon = clip(polygon, np.array([0.0, 0.0, 1.0]), NEAR)
        return self.project(polygon) if len(polygon) > 2 else np.zeros((0, 2))

    def flats(self, polygons: list[Points]) -> list[Points]:
        """Cut many world polygons at the near plane and project them, as `flat` does with each."""
        if not polygons:
            return []
        ends = np.cumsum([len(polygon) for polygon in polygons])
        stacked = np.concatenate(polygons)
        pixels = np.split(self.project(stacked), ends[:-1])
        nearest = np.minimum.reduceat(stacked[:, 2], np.concatenate([[0], ends[:-1]]))
        for k in np.flatnonzero(nearest < NEAR).tolist():
            pixels[k] = self.flat(polygons[k])
        return pixels

    def framed(self, pixels: Points) -> Points:
        """Cut an (n, 2) pixel polygon, n > 0, at the frame's edges to (m, 2); m may be 0."""
        (left, top), (right, bottom) = pixels.min(0).tolist(), pixels.max(0).tolist()
        if left >= 0 and top >= 0 and right <= self.width - 1 and bottom <= self.height - 1:
            return pixels
        edges = ((_RIGHT, 0.0), (-_RIGHT, 1.0 - self.width), (_DOWN, 0.0), (-_DOWN, 1.0 - self.height))
        for normal, bound in edges:
            if len(pixels) and (pixels @ normal).min() < bound:
                pixels = clip(pixels, normal, bound)
        return pixels


def clip(polygon: Points, normal: Points, bound: float) -> Points:
    """Cut an (n, d) polygon by a plane, after Sutherland and Hodgman (1974): what has normal . p >= bound stays."""
    side = polygon @ normal - bound
    inside = side >= 0
    if inside.all():
        return polygon
    if not inside.any():
        return polygon[:0]
    after = np.arange(1, len(polygon) + 1)
    after[-1] = 0
    pairs, kept = np.empty((len(polygon), 2, polygon.shape[1])), np.empty((len(polygon), 2), bool)
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = (polygon[after] - polygon) * (side / (side - side[after]))[:, None]
    pairs[:, 0], pairs[:, 1] = polygon, polygon + crossing
    kept[:, 0], kept[:, 1] = inside, inside != inside[after]
    return pairs[kept]
