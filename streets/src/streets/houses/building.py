"""Houses along the street: a front in perspective, a gable, a roof, balconies."""

from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np

from streets.houses.distant import is_distant, paint_distant
from streets.houses.facade import Facade, paint_facade
from streets.houses.opening import View
from streets.optics.camera import NEAR, Points
from streets.paint.canvas import Canvas, coverage, ramped
from streets.paint.tiles import tile
from streets.paint.upright import Upright, paint_upright

UP = np.array([0.0, 1.0, 0.0])
EAVES = 0.35
"""Metres that a roof reaches over the wall."""


def paint_front(canvas: Canvas, wall: Upright, facade: Facade, shadow_top: float) -> None:
    """Paint a facade on its wall."""
    if is_distant(canvas, wall):
        paint_distant(canvas, wall, facade, shadow_top)
        return
    pixels = canvas.camera.project(np.maximum(wall.at(np.array([0.0, 1.0]), 0.0), (-1e9, -1e9, 0.5)))
    sunlit = canvas.light.casts_shadows and wall.normal @ canvas.light.direction > 0.05
    view = View(
        wall.niche(0.16, canvas.camera.eye), bool(pixels[1, 0] < pixels[0, 0]), canvas.light.lamps, bool(sunlit)
    )
    plain = tuple(0.8 * channel for channel in facade.wall)
    paint_upright(
        canvas,
        wall,
        lambda sheet: paint_facade(sheet, facade, view),
        label="building",
        plain=(plain[0], plain[1], plain[2]),
        shadow_top=shadow_top,
    )


@dataclass(frozen=True)
class Building:
    """A house with its front on the street and its near end turned to the camera."""

    wall: Upright
    facade: Facade
    side: int
    """+1 where it stands to the right of the way from its wall's start to its end, else -1."""
    depth: float
    """Metres from the front to the back."""
    roof: str
    """"pitched", "mansard" or "flat"."""
    roof_color: tuple[float, float, float]
    balconies: tuple[int, ...] = ()
    """Bays that carry balconies."""
    hidden: float = 0.0
    """Height up to which the nearer neighbour hides the near end."""

    @cached_property
    def outward(self) -> Points:
        """(3,) unit vector from the street into the house."""
        dx, dz = np.subtract(self.wall.end, self.wall.start) / self.wall.length
        return self.side * np.array([dz, 0.0, -dx])

    @property
    def faces_camera(self) -> bool:
        """Whether its front shows: behind a bend of the street it may look away."""
        return bool(self.outward[[0, 2]] @ self.wall.start > 0)

    def footprint(self) -> Points:
        """(4, 3) corners on the ground."""
        return self._footprint

    @cached_property
    def _footprint(self) -> Points:
        front = self.wall.at(np.array([0.0, 1.0]), 0.0)
        back = front[::-1] + self.outward * self.depth
        return np.concatenate([front, back])

    def paint(self, canvas: Canvas, shadow_top: float = 0.0) -> None:
        """Paint and annotate the roof, the near end, the front, and what sticks out of it, in this order."""
        if self.roof != "flat" and self.faces_camera:
            self._paint_roof(canvas)
        if self.hidden < self.facade.height - 0.8:
            self._paint_gable(canvas)
        if not self.faces_camera:
            return
        paint_front(canvas, self.wall, self.facade, shadow_top)
        if self.balconies and canvas.camera.scale(self.wall.start[1]) > 12:
            self._paint_balconies(canvas)

    def _paint_gable(self, canvas: Canvas) -> None:
        """The near end: a bare wall above the neighbour's roof, or one with windows beside a gap."""
        near, out, height = self.wall.at(0.0, 0.0), self.outward, self.facade.height
        profile = [(0.0, self.hidden), (0.0, height), (self.depth, height), (self.depth, self.hidden)]
        if self.roof != "flat":
            run, top = self._run() - EAVES, height + self._rise()
            profile[2:2] = [(-EAVES, height), (run, top), (self.depth - run, top)]
        corners = near + np.array([inward * out + y * UP for inward, y in profile])
        gain = canvas.light.gain(np.array([0.0, 0.0, -1.0]))
        pixels = canvas.camera.flat(corners)
        if len(pixels):
            wall = 0.88 * np.asarray(self.facade.wall) * gain
            canvas.fill(pixels, canvas.light.seen(wall, float(near[2])))
            canvas.annotate("building", pixels)
        if self.hidden == 0:
            self._paint_end_wall(canvas, near + out * self.depth)

    def _paint_end_wall(self, canvas: Canvas, back: Points) -> None:
        windows = replace(self.facade, width=self.depth, bay=4.5, window=(0.9, 1.2), style="plain", use="")
        side = Upright(self.wall.start, (float(back[0]), float(back[2])), self.facade.height, self.wall.y)
        paint_front(canvas, side, windows, 0.0)

    def _rise(self) -> float:
        """Height of the ridge above the eaves."""
        return (0.42 if self.roof == "pitched" else 0.3) * self.depth

    def _run(self) -> float:
        """How far the ridge is behind the eaves."""
        return self.depth / 2 if self.roof == "pitched" else self.depth / 6

    def _paint_roof(self, canvas: Canvas) -> None:
        """The slope above the street, and the gutter along its foot."""
        eaves = self.wall.at(np.array([0.0, 1.0]), self.facade.height) - self.outward * EAVES
        run = self._run()
        ridge = eaves[::-1] + self.outward * run + UP * self._rise()
        pixels = canvas.camera.project(np.concatenate([eaves, ridge]))
        if pixels[:, 1].max() < 0 or eaves[:, 2].min() < NEAR:
            return
        normal = (UP * run - self.outward * self._rise()) / np.hypot(run, self._rise())
        paint_slope(canvas, np.concatenate([eaves, ridge]), normal, self.roof_color)
        gutter = canvas.camera.project(np.concatenate([eaves, eaves[::-1] - UP * 0.16]))
        dark = np.array((92, 88, 84)) * canvas.light.gain(np.zeros(3))
        canvas.fill(gutter, canvas.light.seen(dark, self.wall.end[1]))
        canvas.annotate("building", gutter)

    def _paint_balconies(self, canvas: Canvas) -> None:
        """Slabs with parapets, 1.1 m out of the wall: underside, near end, front, rail."""
        facade, light = self.facade, canvas.light
        half = min(1.5, facade.bay * 0.46)
        x = np.array([[facade.middle(bay) - half, facade.middle(bay) + half] for bay in self.balconies])
        y = facade.ground + facade.storey * np.arange(facade.storeys - 1) - 0.1
        inner = self.wall.at(x[None, :, :] / facade.width, y[:, None, None]).reshape(-1, 2, 3)
        out, up, high = self.wall.normal * 1.1, UP * 1.05, UP * 0.95
        near, far = inner[:, 0], inner[:, 1]
        sides = (
            (near, far, far + out, near + out),
            (near, near + out, near + out + up, near + up),
            (near + out, far + out, far + out + up, near + out + up),
            (near + out + high, far + out + high, far + out + up, near + out + up),
        )
        parts = np.stack([np.stack(side, 1) for side in sides], axis=1)
        normals = np.stack([-UP, np.array([0.0, 0.0, -1.0]), out / 1.1, out / 1.1])
        tint = np.asarray(facade.trim) * light.gain(normals) * np.array([[0.62], [0.8], [0.92], [0.62]])
        colors = [light.seen(tint, float(depth)) for depth in near[:, 2]]
        pixels = canvas.camera.project(parts)
        canvas.faces(pixels.reshape(-1, 4, 2), np.concatenate(colors))
        for balcony in pixels[:, :3].reshape(len(near), -1, 2):
            hull = cv2.convexHull(balcony.astype(np.float32))[:, 0]
            canvas.annotate("building", hull.astype(float))


def paint_slope(canvas: Canvas, corners: Points, normal: Points, color: tuple[float, float, float]) -> None:
    """Paint and annotate the plane of a roof: (4, 3) corners from the near eave round to the near ridge, tiled."""
    outline = canvas.camera.flat(corners)
    if len(outline) < 3:
        return
    box = canvas.clipped(outline.min(0), outline.max(0))
    if box is None or corners[:, 2].min() < NEAR:
        return
    tone = np.asarray(color) * canvas.light.gain(normal)
    depth = float(corners[:, 2].mean())
    canvas.annotate("building", outline)
    if canvas.camera.scale(depth) < 25:
        canvas.fill(outline, canvas.light.seen(0.96 * tone, depth))
        return
    u0, v0, u1, v1 = box
    length = float(np.linalg.norm(corners[1] - corners[0]))
    rise = float(np.linalg.norm(corners[2] - corners[1]))
    rows, columns = int(min(rise / 8, 1) * 511) + 1, int(min(length / 12, 1) * 511) + 1
    texture = tile("roof")[:rows, :columns]
    h, w = texture.shape
    source = np.array([[0, h], [w, h], [w, 0], [0, 0]], np.float32)
    target = (canvas.camera.project(corners) - (u0, v0)).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(source, target)
    flat = cv2.warpPerspective(texture, matrix, (u1 - u0, v1 - v0), borderMode=cv2.BORDER_REPLICATE)
    share = 0.55 + 0.45 * np.arange(256)[:, None] / 128
    ramp = np.clip(canvas.light.seen(tone * share, depth), 0, 255).astype(np.uint8)
    canvas.blend(ramped(flat, ramp), coverage(outline, box), (u0, v0))
