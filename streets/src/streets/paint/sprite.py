"""One object on a transparent patch of its own, painted finer than the frame and then laid over it."""

from __future__ import annotations

import cv2
import numpy as np

from streets.optics.camera import Box, Points
from streets.optics.light import Color
from streets.paint.canvas import SHIFT, Canvas, Image, flood
from streets.paint.tiles import SIZE, tile

FINE = 2
"""Patch pixels per frame pixel and axis: edges and thin parts come out smooth."""


class Sprite:
    """A premultiplied RGBA patch over a box of the frame; colours are veiled by the air at its depth."""

    def __init__(self, canvas: Canvas, box: Box, depth: float) -> None:
        """An empty patch over `box`, for a thing at `depth` metres."""
        self.canvas, self.box = canvas, box
        self._origin = np.array(box[:2]) - (0.5 - 0.5 / FINE) - 0.5 / (FINE << SHIFT)
        u0, v0, u1, v1 = box
        self.rgba: Image = np.zeros(((v1 - v0) * FINE, (u1 - u0) * FINE, 4), np.uint8)
        self.scale = canvas.camera.scale(depth)
        hidden = float(canvas.light.haze(depth))
        self.clear = 1 - hidden
        self.veil = np.asarray(canvas.light.horizon) * hidden
        self._veil: list[float] = self.veil.tolist()

    @classmethod
    def around(cls, canvas: Canvas, pixels: Points, depth: float, *, margin: float = 2.0) -> Sprite | None:
        """Make a sprite that holds all the (n, 2) pixels, or None where they are out of the frame."""
        box = canvas.clipped(pixels.min(0) - margin, pixels.max(0) + margin)
        return None if box is None else cls(canvas, box, depth)

    def fixed(self, pixels: Points) -> np.ndarray:
        """Give frame pixels as pixels of the patch in OpenCV's fixed point."""
        fine = (pixels - self._origin) * (FINE << SHIFT)
        return np.minimum(np.maximum(fine, -150000), 150000).astype(np.int32)

    def faces(self, pixels: Points, colors: Points) -> None:
        """Paint (n, k, 2) convex polygons in their order, each with its (n, 3) colour."""
        seen = np.empty((len(colors), 4))
        seen[:, :3] = np.clip(colors * self.clear + self.veil, 0, 255)
        seen[:, 3] = 255
        rgba = self.rgba
        for corners, color in zip(self.fixed(pixels), seen.tolist(), strict=True):
            cv2.fillConvexPoly(rgba, corners, color, cv2.LINE_8, SHIFT)

    def fill(self, pixels: Points, color: Points | Color) -> None:
        """Paint one (n, 2) polygon of any shape."""
        self.fill_fixed(self.fixed(pixels), color)

    def fill_fixed(self, pixels: np.ndarray, color: Points | Color) -> None:
        """Paint one polygon whose pixels are `fixed` already."""
        cv2.fillPoly(self.rgba, [pixels], self._seen(color), cv2.LINE_8, SHIFT)

    def stroke(self, pixels: Points, width: float, color: Points | Color) -> None:
        """Paint an (n, 2) open line, `width` frame pixels thick."""
        thick = max(round(width * FINE), 1)
        cv2.polylines(self.rgba, [self.fixed(pixels)], False, self._seen(color), thick, cv2.LINE_8, SHIFT)

    def smooth_faces(self, pixels: Points, colors: Points, radius: float) -> None:
        """Paint convex polygons as `faces` does, their colours running into each other over `radius` frame pixels.

        Facets of a curved hull melt into one surface; the outline stays sharp.
        """
        size = 2 * round(radius) + 1
        if size < 3:
            self.faces(pixels, colors)
            return
        seen = np.clip(colors * self.clear + self.veil, 0, 255)
        height, width = self.rgba.shape[0] // FINE, self.rgba.shape[1] // FINE
        coarse = np.empty((height, width, 3), np.uint8)
        flood(coarse, seen.mean(0))
        mask = np.zeros(self.rgba.shape[:2], np.uint8)
        local = np.rint((pixels - self.box[:2]) * (1 << SHIFT)).astype(np.int32)
        for rough, fine, color in zip(local, self.fixed(pixels), seen.tolist(), strict=True):
            cv2.fillConvexPoly(coarse, rough, color, cv2.LINE_8, SHIFT)
            cv2.fillConvexPoly(mask, fine, 255, cv2.LINE_8, SHIFT)
        smooth = cv2.resize(cv2.blur(coarse, (size, size)), mask.shape[::-1], interpolation=cv2.INTER_LINEAR)
        cv2.copyTo(cv2.cvtColor(smooth, cv2.COLOR_RGB2RGBA), mask, self.rgba)

    def weave(self, name: str, metres: float, strength: float) -> None:
        """Multiply the patch with a tile of `metres`, for cloth and other grain."""
        rows, columns = self.rgba.shape[:2]
        texels = SIZE / metres / (self.scale * FINE)
        cut = tile(name)[: max(min(int(rows * texels), SIZE), 2), : max(min(int(columns * texels), SIZE), 2)]
        grain = cv2.resize(cut, (columns, rows), interpolation=cv2.INTER_LINEAR)
        factor = cv2.convertScaleAbs(grain, alpha=strength, beta=128 * (1 - strength))
        solid = np.full_like(factor, 128)
        cv2.multiply(self.rgba, cv2.merge([factor, factor, factor, solid]), dst=self.rgba, scale=1 / 128)

    def _seen(self, color: Points | Color) -> tuple[float, ...]:
        clear, (r0, g0, b0) = self.clear, self._veil
        r, g, b = color
        return r * clear + r0, g * clear + g0, b * clear + b0, 255.0

    def paste(self, label: str | None) -> None:
        """Lay the patch over the frame and annotate its outline."""
        u0, v0, u1, v1 = self.box
        patch = cv2.resize(self.rgba, (u1 - u0, v1 - v0), interpolation=cv2.INTER_AREA)
        alpha = patch[..., 3]
        window = self.canvas.image[v0:v1, u0:u1]
        rest = cv2.merge([cv2.bitwise_not(alpha)] * 3)
        under = cv2.multiply(window, rest, scale=1 / 255)
        cv2.add(under, cv2.cvtColor(patch, cv2.COLOR_RGBA2RGB), dst=window)
        if label is not None:
            self.annotate(label, alpha)

    def annotate(self, label: str, alpha: Image) -> None:
        """Trace the largest part of an (h, w) coverage as one annotated polygon."""
        solid = (alpha >= 128).astype(np.uint8)
        contours, _ = cv2.findContours(solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        if not contours:
            return
        largest = max(contours, key=cv2.contourArea)
        if len(largest) >= 3:
            outline = cv2.approxPolyDP(largest, 0.6, True)[:, 0]
            self.canvas.annotate(label, outline + self.box[:2])
