"""Crowns, bushes and hedges: heaps of leafy clumps, lit from above and from the sun."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from streets.optics.camera import Box, Points
from streets.paint.canvas import Canvas, Image, ramped
from streets.paint.tiles import SIZE, leaves, spread

GRID = 34
"""The clumps' fields are smooth: no plant needs more grid cells along its longer side."""
SPREAD = 3.6
"""Metres that the leaf tile covers."""
_EDGE = np.clip((np.arange(256) - 128) * 15.0, 0, 255).astype(np.uint8)
"""(256,) coverage of a density, 128 being the outline."""


@dataclass(frozen=True)
class Leaves:
    """The colours of a plant: deep in the crown, on average, and in full light."""

    deep: tuple[int, int, int]
    middle: tuple[int, int, int]
    bright: tuple[int, int, int]

    @cached_property
    def ramp(self) -> Points:
        """(256, 3) colour of each brightness."""
        stops = np.array([self.deep, self.middle, self.bright], float)
        return np.stack([np.interp(np.arange(256), (0, 110, 255), stops[:, c]) for c in range(3)], -1)


FOLIAGE = {
    "lime": Leaves((24, 30, 18), (68, 82, 44), (146, 158, 94)),
    "dark": Leaves((16, 22, 14), (46, 62, 36), (98, 116, 68)),
    "spring": Leaves((32, 40, 20), (92, 106, 52), (166, 178, 102)),
    "olive": Leaves((26, 28, 18), (78, 82, 48), (140, 144, 96)),
    "autumn": Leaves((38, 30, 16), (112, 92, 44), (184, 158, 84)),
    "rust": Leaves((40, 22, 14), (120, 68, 34), (186, 122, 66)),
}


def paint_foliage(
    canvas: Canvas, clumps: Points, depth: float, leaves_: Leaves, *, seed: int, sunlit: float, ragged: float = 0.55
) -> None:
    """Paint a plant and annotate it as vegetation.

    Args:
        canvas: The frame.
        clumps: (n, 5) centre u, v, half axes in pixels, and brightness (about 1) of each clump.
        depth: Metres from the camera.
        leaves_: Its colours.
        seed: Which part of the leaf texture it shows.
        sunlit: Share of the sun that reaches it.
        ragged: How deeply the outline frays, in shares of a clump's size.
    """
    reach = clumps[:, 2:4] * (1 + 0.5 * ragged)
    box = canvas.clipped((clumps[:, :2] - reach).min(0), (clumps[:, :2] + reach).max(0))
    if box is None:
        return
    density, light = _fields(canvas, clumps, box, sunlit)
    shade, height = _leaf_texture(canvas, box, depth, seed)
    alpha = cv2.LUT(cv2.addWeighted(density, 1.0, height, ragged, -122 * ragged), _EDGE)
    tone = cv2.multiply(light, shade, scale=1 / 255)
    color = ramped(tone, _developed(canvas, leaves_, depth, sunlit))
    canvas.blend(color, alpha, box[:2])
    _annotate(canvas, alpha, box)


def _developed(canvas: Canvas, leaves_: Leaves, depth: float, sunlit: float) -> Image:
    """(256, 3) the ramp in the scene's light: its bright end has more of the sun."""
    up = canvas.light.gain(np.array([0.0, 1.0, 0.0]), sunlit)
    share = np.linspace(0.0, 1.0, 256)[:, None]
    side = canvas.light.gain(np.array([0.0, 0.3, -0.95]), 0.0)
    ramp = canvas.light.seen(leaves_.ramp * (side * (1 - share) + up * share), depth)
    return np.clip(ramp, 0, 255).astype(np.uint8)


def _fields(canvas: Canvas, clumps: Points, box: Box, sunlit: float) -> tuple[Image, Image]:
    """(h, w) density, above 128 inside the plant, and brightness, both 8-bit."""
    u0, v0, u1, v1 = box
    step = max(max(u1 - u0, v1 - v0) / GRID, 1.0)
    rows, columns = int((v1 - v0) / step) + 1, int((u1 - u0) / step) + 1
    grid_v = (v0 + (v1 - v0) / rows * (np.arange(rows, dtype=np.float32) + 0.5))[:, None]
    grid_u = (u0 + (u1 - u0) / columns * (np.arange(columns, dtype=np.float32) + 0.5))[None]
    cu, cv, ru, rv, bright = (part[:, None, None] for part in clumps.T.astype(np.float32))
    x, y = (grid_u - cu) / ru, (cv - grid_v) / rv
    inside = 1 - x * x - y * y
    ahead, density = inside.argmax(0), inside.max(0)
    x, y = x[ahead, 0, np.arange(columns)], y[ahead, np.arange(rows)[:, None], 0]
    sun = canvas.light.direction * (1, 1, -1) * canvas.light.casts_shadows
    toward = (0.35 * np.array([0.0, 1.0, 0.25]) + 0.65 * sunlit * sun).astype(np.float32)
    facing = toward[0] * x + toward[1] * y + toward[2] * np.sqrt(np.maximum(density, 0))
    fall = bright * (1.08 - 0.34 * (cv - cv.min()) / (np.ptp(cv) + 1))
    light = cv2.blur(fall[ahead, 0, 0] * (150 + 105 * facing), (3, 3))
    packed = np.clip(np.dstack([128 + 128 * density, light]), 0, 255).astype(np.uint8)
    density, light = cv2.split(cv2.resize(packed, (u1 - u0, v1 - v0), interpolation=cv2.INTER_LINEAR))
    return density, light


def _leaf_texture(canvas: Canvas, box: Box, depth: float, seed: int) -> tuple[Image, Image]:
    """(h, w) shade and height of the leaves at the plant's distance."""
    u0, v0, u1, v1 = box
    texels = SIZE / SPREAD / canvas.camera.scale(depth)
    level = int(np.clip(np.floor(np.log2(max(texels, 1.0))), 0, 5))
    step = texels / (1 << level)
    anchor = np.random.default_rng(seed).integers(0, SIZE, 2)
    start = ((int(anchor[0]) >> level) + u0 * step, (int(anchor[1]) >> level) + v0 * step)
    shade, height = cv2.split(spread(leaves(level), start, (step, step), (u1 - u0, v1 - v0)))
    return shade, height


def _annotate(canvas: Canvas, alpha: Image, box: Box) -> None:
    """Trace the crown as an annotator does: without its holes, its leaves drawn together."""
    solid = cv2.morphologyEx((alpha > 127).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    contours, _ = cv2.findContours(solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    for contour in contours:
        if cv2.contourArea(contour) > max(6.0, 2e-5 * canvas.image.shape[0] * canvas.image.shape[1]):
            canvas.annotate("vegetation", cv2.approxPolyDP(contour, 1.0, True)[:, 0] + box[:2])
