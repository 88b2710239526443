"""A wall drawn flat, in metres, before perspective takes it: x along the wall, y up from its foot."""

from __future__ import annotations

import math

import cv2
import numpy as np

from streets.optics.light import Color
from streets.paint.canvas import Image, flood, ramped
from streets.paint.tiles import SIZE, reduced, spread

_SANS = cv2.FontFace("sans")
Rect = tuple[float, float, float, float]
"""x0, y0, x1, y1 in metres."""


class Sheet:
    """An 8-bit picture of a rectangle of wall, and the light that it gives off itself."""

    def __init__(self, area: Rect, *, columns: int, rows: int) -> None:
        """An empty sheet over `area`."""
        self.x0, self.y0, self.x1, self.y1 = area
        self.across, self.upward = columns / (self.x1 - self.x0), rows / (self.y1 - self.y0)
        self.columns, self.rows = columns, rows
        self.pixels: Image = np.zeros((rows, columns, 3), np.uint8)
        self.glow: Image = np.zeros((rows, columns, 3), np.uint8)

    @property
    def detail(self) -> float:
        """Pixels per metre in the coarser direction."""
        return min(self.across, self.upward)

    def piece(self, area: Rect) -> Sheet:
        """An empty sheet of the same fineness for another rectangle, to be stamped onto this one."""
        columns = max(round((area[2] - area[0]) * self.across), 1)
        rows = max(round((area[3] - area[1]) * self.upward), 1)
        return Sheet(area, columns=columns, rows=rows)

    def _slices(self, x0: float, y0: float, x1: float, y1: float) -> tuple[slice, slice]:
        columns, rows = self.columns, self.rows
        left, right = round((x0 - self.x0) * self.across), round((x1 - self.x0) * self.across)
        upper, lower = round((self.y1 - y1) * self.upward), round((self.y1 - y0) * self.upward)
        return (
            slice(0 if upper < 0 else upper, 0 if lower < 0 else rows if lower > rows else lower),
            slice(0 if left < 0 else left, 0 if right < 0 else columns if right > columns else right),
        )

    def fill(self, x0: float, y0: float, x1: float, y1: float, color: Color) -> None:
        """Fill a rectangle, in metres, with one colour."""
        flood(self.pixels[self._slices(x0, y0, x1, y1)], color)

    def shade(self, x0: float, y0: float, x1: float, y1: float, factor: float) -> None:
        """Multiply what is in a rectangle by a factor."""
        window = self.pixels[self._slices(x0, y0, x1, y1)]
        if window.size:
            cv2.convertScaleAbs(window, window, factor)

    def fade(self, x0: float, y0: float, x1: float, y1: float, top: Color, bottom: Color) -> None:
        """Fill a rectangle with a vertical gradient between two colours."""
        window = self.pixels[self._slices(x0, y0, x1, y1)]
        if window.size:
            share = np.arange(0.5, len(window), dtype=np.float32)[:, None, None] / len(window)
            low, high = np.asarray(bottom, np.float32), np.asarray(top, np.float32)
            window[...] = high + (low - high) * share

    def shine(self, x0: float, y0: float, x1: float, y1: float, color: Color) -> None:
        """Fill a rectangle with light of its own, which does not depend on the day."""
        flood(self.glow[self._slices(x0, y0, x1, y1)], color)

    def light_up(self, x0: float, y0: float, x1: float, y1: float, color: Color) -> None:
        """Let lamps shine through what is in a rectangle, in their colour, and brighter where it is brighter."""
        area = self._slices(x0, y0, x1, y1)
        self.glow[area] = np.minimum(self.pixels[area] * 0.9 + 0.5 * np.asarray(color), 255)

    def stamp(self, piece: Sheet, x: float, y: float, *, shining: bool) -> None:
        """Copy a piece so that its own origin comes to lie at (x, y)."""
        left, upper = (round((x + piece.x0 - self.x0) * self.across), round((self.y1 - y - piece.y1) * self.upward))
        u0, v0 = max(left, 0), max(upper, 0)
        u1, v1 = min(left + piece.columns, self.columns), min(upper + piece.rows, self.rows)
        if u0 >= u1 or v0 >= v1:
            return
        source = (slice(v0 - upper, v1 - upper), slice(u0 - left, u1 - left))
        self.pixels[v0:v1, u0:u1] = piece.pixels[source]
        if shining:
            self.glow[v0:v1, u0:u1] = piece.glow[source]

    def cover(self, name: str, metres: float, dark: Color, light: Color, *, offset: int) -> None:
        """Lay a tile of `metres` over the whole wall, as a ramp from dark to light."""
        steps = [SIZE / metres / fine for fine in (self.across, self.upward)]
        levels = [min(max(math.floor(math.log2(step)), 0), 7) for step in steps]
        start = (offset >> levels[0], offset >> levels[1])
        stride = (steps[0] / (1 << levels[0]), steps[1] / (1 << levels[1]))
        value = spread(reduced(name, *levels), start, stride, (self.columns, self.rows))
        share = (np.arange(256)[:, None] - 64) / 128
        ramp = np.clip(np.asarray(dark) * (1 - share) + np.asarray(light) * share, 0, 255).astype(np.uint8)
        self.pixels = ramped(value, ramp)

    def write(self, text: str, x: float, y: float, size: float, color: Color, *, mirrored: bool) -> None:
        """Write letters of `size` metres from (x, y); `mirrored` where the wall's x axis runs to the left."""
        height, width = max(round(1.5 * size * 40), 1), max(round(0.72 * size * len(text) * 40), 1)
        letters = np.zeros((height, width), np.uint8)
        cv2.putText(letters, text, (2, round(1.1 * size * 40)), (255,), _SANS, round(size * 40), weight=600)
        window = self.pixels[self._slices(x, y, x + width / 40, y + height / 40)]
        if window.shape[0] < 2 or window.shape[1] < 2:
            return
        flipped = np.ascontiguousarray(letters[:, ::-1]) if mirrored else letters
        ink = cv2.resize(flipped, window.shape[1::-1], interpolation=cv2.INTER_AREA)[..., None] / 255
        window[...] = window * (1 - ink) + np.asarray(color) * ink
