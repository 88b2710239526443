"""The frame under the brush: its pixels, and the polygons that annotate them."""

from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from streets.optics.camera import Box, Camera, Points
from streets.optics.light import Light

Image = NDArray[Any]
"""(h, w) or (h, w, channels), 8-bit."""
SHIFT = 4
"""Fractional bits of the coordinates that OpenCV is given, so that edges fall between pixels."""


@dataclass(frozen=True)
class Outline:
    """One annotated object: a Cityscapes label (or group label) and its (n, 2) integer polygon."""

    label: str
    polygon: NDArray[np.int64]


@dataclass
class Canvas:
    """A frame painted back to front: what comes later hides what came before, in the image and in the labels."""

    camera: Camera
    light: Light
    image: Image
    outlines: list[Outline] = field(default_factory=list)

    def annotate(self, label: str, polygon: Points) -> None:
        """Append an (n, 2) pixel polygon to the ground truth, cut at the frame's edges."""
        if not len(polygon):
            return
        polygon = self.camera.framed(np.asarray(polygon, float))
        if len(polygon) >= 3:
            self.outlines.append(Outline(label, np.rint(polygon).astype(np.int64)))

    def clipped(self, low: Points, high: Points) -> Box | None:
        """Give the pixel box around what lies in the frame between `low` and `high`, both (2,), or None."""
        u0, v0 = np.floor(np.maximum(low, 0)).astype(int)
        u1 = int(min(np.ceil(high[0]) + 1, self.camera.width))
        v1 = int(min(np.ceil(high[1]) + 1, self.camera.height))
        return (int(u0), int(v0), u1, v1) if u0 < u1 and v0 < v1 else None

    def fill(self, polygon: Points, color: Points | tuple[float, ...]) -> None:
        """Paint an (n, 2) pixel polygon with smooth edges in one colour."""
        cv2.fillPoly(self.image, [fixed(polygon)], tuple(map(float, color)), cv2.LINE_AA, SHIFT)

    def faces(self, polygons: Points, colors: Points) -> None:
        """Paint (n, k, 2) convex pixel polygons with smooth edges, each in its (n, 3) colour."""
        for corners, color in zip(fixed(polygons), np.clip(colors, 0, 255).tolist(), strict=True):
            cv2.fillConvexPoly(self.image, corners, color, cv2.LINE_AA, SHIFT)

    def blend(self, patch: Image, alpha: Image, corner: tuple[int, int]) -> None:
        """Lay an (h, w, 3) patch over the frame at (u, v) with its (h, w) coverage."""
        u, v = corner
        window = self.image[v : v + alpha.shape[0], u : u + alpha.shape[1]]
        if alpha.min() == 255:
            window[...] = patch
            return
        over = cv2.merge([alpha] * 3)
        under = cv2.multiply(window, cv2.bitwise_not(over), scale=1 / 255)
        cv2.add(under, cv2.multiply(patch, over, scale=1 / 255), dst=window)

    def glow(self, center: Points, radius: float, color: tuple[int, int, int], strength: float) -> None:
        """Paint the light that a lamp at a pixel spills into the lens: a soft disc, screened over the picture."""
        box = self.clipped(center - 3 * radius, center + 3 * radius)
        if box is None or radius < 0.7:
            return
        u0, v0, u1, v1 = box
        v, u = np.mgrid[v0:v1, u0:u1].astype(np.float32)
        far = np.hypot(u - np.float32(center[0]), v - np.float32(center[1])) / np.float32(radius)
        light = strength * np.clip(1 / (1 + 3 * far * far) - 1 / 28, 0, 1)[..., None]
        window = self.image[v0:v1, u0:u1]
        window[...] = window + (255.0 - window) * light * (np.asarray(color, np.float32) / 255)


def ramped(values: Image, ramp: Image) -> Image:
    """Colour (h, w) values by a (256, 3) ramp: (h, w, 3)."""
    return cv2.applyColorMap(values, ramp[:, None])


def flood(window: Image, color: Points | tuple[float, ...]) -> None:
    """Fill an (h, w, 3) window with one colour: row by row, since NumPy spreads three values pixel by pixel slowly."""
    if len(window):
        window[0] = color
        window[1:] = window[0]


def rows_of(colors: Points, columns: int) -> Image:
    """Spread (rows, 3) colours, at most 255, to an 8-bit (rows, columns, 3): each row in its one colour."""
    return cv2.merge([channel[:, None].repeat(columns, axis=1) for channel in colors.astype(np.uint8).T])


def fixed(polygon: Points) -> NDArray[np.int32]:
    """Give pixel coordinates in OpenCV's fixed point, with SHIFT fractional bits."""
    return np.rint(np.minimum(np.maximum(polygon, -30000), 30000) * (1 << SHIFT)).astype(np.int32)


def coverage(polygon: Points, box: Box) -> Image:
    """Draw the smooth (h, w) mask, 0 to 255, of a pixel polygon inside a pixel box."""
    u0, v0, u1, v1 = box
    mask = np.zeros((v1 - v0, u1 - u0), np.uint8)
    cv2.fillPoly(mask, [fixed(np.asarray(polygon) - (u0, v0))], 255, cv2.LINE_AA, SHIFT)
    return mask
