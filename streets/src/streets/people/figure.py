"""The human figure: limbs as rounded strips between joints, clothes, a head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from streets.optics.camera import Points
from streets.optics.light import Color
from streets.paint.canvas import Canvas
from streets.paint.sprite import Sprite
from streets.people.gait import Joints

_ROUND = np.array([[1.0, 0.68], [0.86, 0.80], [0.68, 0.92], [0.48, 1.01], [0.26, 1.08]])
_PLAIN = np.array([[1.0, 0.76], [0.7, 0.96], [0.4, 1.04]])
"""Share of a limb's width and its brightness, from its edge to the ridge that faces the light."""
_CAP = np.array([[0.8, 0.6], [0.3, 0.95], [-0.3, 0.95], [-0.8, 0.6]])
"""A limb's round end: shares of its radius across and along."""


@dataclass(frozen=True)
class Clothes:
    """What someone wears; colours as under a white sky."""

    coat: Color
    legs: Color
    shoes: Color
    skin: Color
    hair: Color
    hem: float = 0.84
    """Height at which the coat ends, in metres for a height of 1.75 m."""
    long_hair: bool = False
    bag: str = ""
    """"", "backpack" or "handbag"."""
    bag_color: Color = (60.0, 50.0, 44.0)
    helmet: Color | None = None


class Figure:
    """Paints one figure limb by limb onto a sprite."""

    def __init__(
        self, canvas: Canvas, joints: Joints, foot: Points, heading: float, height: float, sunlit: float
    ) -> None:
        """Project the joints of someone who stands at (3,) `foot` and looks along `heading`."""
        sin, cos = np.sin(heading), np.cos(heading)
        turn = np.array([[sin, 0, cos], [0, 1, 0], [cos, 0, -sin]])
        names = list(joints)
        stature = height / 1.75
        world = np.array([joints[name] for name in names]) * stature @ turn + foot
        self.at = dict(zip(names, canvas.camera.project(world), strict=True))
        self.depth = dict(zip(names, world[:, 2], strict=True))
        self.scale = canvas.camera.scale(float(foot[2])) * stature
        self.front = float(-cos)
        """1 where the figure looks at the camera, -1 where it shows its back."""
        self.profile = float(sin)
        """1 where it looks to the right of the picture, -1 to the left."""
        light = canvas.light
        self.gain = light.gain(np.array([0.0, 0.35, -0.93]), sunlit)
        side = light.direction[0] if light.casts_shadows and sunlit else 0.0
        self.lean = np.array([0.35 * side, -0.22])
        layers = _ROUND if self.scale > 100 else _PLAIN if self.scale > 40 else _PLAIN[:2]
        self.share, self.bright = layers[:, 0, None, None], layers[:, 1, None]
        self._lines: list[Points] = []
        self._radii: list[tuple[float, float, float]] = []
        self._colors: list[Color | Points] = []
        self._blocks: dict[int, Points] = {}

    def limb(self, line: Points, radii: tuple[float, float, float], color: Color | Points) -> None:
        """A bent tapering limb through (3, 2) pixels, round in section; radii in metres."""
        self._lines.append(line)
        self._radii.append(radii)
        self._colors.append(color)

    def strip(self, start: Points, end: Points, r0: float, r1: float, color: Color | Points) -> None:
        """A straight limb between two pixels."""
        self.limb(np.array([start, 0.5 * (start + np.asarray(end)), end]), (r0, 0.5 * (r0 + r1), r1), color)

    def disc(self, center: Points, rx: float, ry: float, color: Color | Points) -> None:
        """A rounded blob with the shading of a ball; half axes in metres."""
        radius = min(rx, ry)
        reach = np.array([rx - radius, max(ry - radius, 1e-3)]) * self.scale
        self.strip(center - reach, center + reach, radius, radius, color)

    def block(self, outline: Points, color: Color | Points) -> None:
        """A (14, 2) pixel outline around a round body, shaded towards its edges."""
        middle = outline.mean(0)
        squeeze = np.concatenate([self.share, 0.35 + 0.65 * self.share], axis=-1)
        shift = (1 - self.share) * self.lean * (0.15 * self.scale)
        self._blocks[len(self._lines)] = middle + (outline - middle) * squeeze + shift
        self.strip(middle, middle + 1.0, 0.01, 0.01, color)

    def _polygons(self) -> Points:
        """(limbs, layers, 14, 2) outlines of all limbs and blocks, each layer within the one before."""
        lines, size = np.array(self._lines), np.array(self._radii)[..., None] * self.scale
        along = np.diff(lines, axis=1)
        along /= np.maximum(np.linalg.norm(along, axis=-1, keepdims=True), 1e-6)
        bend = along.sum(1)
        bend /= np.maximum(np.linalg.norm(bend, axis=-1, keepdims=True), 1e-6)
        along = np.stack([along[:, 0], bend, along[:, 1]], axis=1)
        normal = along[..., ::-1] * (-1.0, 1.0)
        axis = lines[:, None] + (self.lean * size)[:, None] * (1 - self.share)
        edge, reach = (normal * size)[:, None] * self.share, (along * size)[:, None] * self.share
        first = axis[..., :1, :] + edge[..., :1, :] * _CAP[:, :1] - reach[..., :1, :] * _CAP[:, 1:]
        last = axis[..., 2:, :] - edge[..., 2:, :] * _CAP[:, :1] + reach[..., 2:, :] * _CAP[:, 1:]
        right, left = axis + edge, axis - edge
        outlines = np.concatenate([right[..., :1, :], first, left, last, right[..., :0:-1, :]], axis=-2)
        for k, block in self._blocks.items():
            outlines[k] = block
        return outlines

    def paste(self, canvas: Canvas, depth: float, label: str) -> None:
        """Lay everything down on the frame and annotate it."""
        polygons = self._polygons().reshape(-1, 14, 2)
        sprite = Sprite.around(canvas, polygons.reshape(-1, 2), depth)
        if sprite is None:
            return
        colors = (np.array(self._colors) * self.gain)[:, None] * self.bright
        sprite.smooth_faces(polygons, colors.reshape(-1, 3), 0.008 * self.scale if self.scale > 60 else 0.0)
        if self.scale > 45:
            sprite.weave("cloth", 1.3, 0.9)
        sprite.paste(label)


def paint_figure(figure: Figure, clothes: Clothes) -> None:
    """Dress the joints: the far limbs first, then the trunk and the head, the near arm last."""
    near, far = ("r", "l") if figure.depth["shoulder_r"] < figure.depth["shoulder_l"] else ("l", "r")
    if clothes.bag == "backpack" and figure.front > -0.3:
        _backpack(figure, clothes)
    _arm(figure, far, clothes, 0.85)
    for name in (far, near):
        _leg(figure, name, clothes, 0.86 if name == far else 1.0)
    if clothes.long_hair and figure.front > 0:
        _locks(figure, clothes)
    _trunk(figure, clothes)
    _head(figure, clothes)
    if clothes.long_hair and figure.front <= 0:
        _locks(figure, clothes)
    if clothes.bag == "backpack" and figure.front <= -0.3:
        _backpack(figure, clothes)
    _arm(figure, near, clothes, 1.0)
    if clothes.bag == "handbag":
        hand = figure.at["hand_" + near]
        sling = np.array([0.05 * figure.scale, 0.0])
        low = hand + (0.0, 0.20 * figure.scale)
        figure.strip(hand, low, 0.012, 0.012, clothes.bag_color)
        figure.strip(low - sling, low + sling, 0.09, 0.09, clothes.bag_color)
    if figure.front > -0.35 and abs(figure.profile) < 0.75 and clothes.helmet is None:
        figure.strip(figure.at["neck"], figure.at["waist"], 0.012, 0.01, 0.55 * np.asarray(clothes.coat))


def _leg(figure: Figure, name: str, clothes: Clothes, bright: float) -> None:
    at, cloth = figure.at, np.asarray(clothes.legs) * bright
    figure.strip(at["ankle_" + name], at["toe_" + name], 0.055, 0.042, np.asarray(clothes.shoes) * bright)
    line = np.stack([at["hip_" + name], at["knee_" + name], at["ankle_" + name] - (0, 0.02 * figure.scale)])
    figure.limb(line, (0.098, 0.070, 0.058), cloth)


def _arm(figure: Figure, name: str, clothes: Clothes, bright: float) -> None:
    at, cloth = figure.at, np.asarray(clothes.coat) * bright * 0.94
    figure.disc(at["hand_" + name], 0.042, 0.052, np.asarray(clothes.skin) * bright)
    wrist = at["hand_" + name] + (0, -0.04 * figure.scale)
    figure.limb(np.stack([at["shoulder_" + name], at["elbow_" + name], wrist]), (0.062, 0.056, 0.044), cloth)


def _trunk(figure: Figure, clothes: Clothes) -> None:
    """The coat from the shoulders to its hem, as wide as the figure is turned to the camera."""
    at, scale = figure.at, figure.scale
    face = abs(figure.front)
    wide = np.array([0.07, 0.205, 0.20, 0.165, 0.185]) * face + np.array([0.06, 0.11, 0.135, 0.12, 0.125]) * (1 - face)
    spine = [
        at["neck"],
        at["neck"] + 0.16 * (at["waist"] - at["neck"]),
        at["neck"] + 0.5 * (at["waist"] - at["neck"]),
        at["waist"],
        at["hip"],
    ]
    hem = at["hip"] + (0, max(0.93 - clothes.hem, 0.02) * scale)
    half = np.array([*wide, wide[-1] + 0.22 * max(0.80 - clothes.hem, 0.0)])
    line = np.array([*spine, hem])
    left = line - np.stack([half, np.zeros(6)], -1) * scale
    right = line + np.stack([half, np.zeros(6)], -1) * scale
    foot = hem + np.array([[0.35 * half[-1] * scale, 0.012 * scale], [-0.35 * half[-1] * scale, 0.012 * scale]])
    figure.block(np.concatenate([left[::-1][-6:], right, foot[:0]])[_ring(12)], clothes.coat)


def _ring(n: int) -> np.ndarray:
    """Indices that walk down the right edge and up the left one, padded to 14 points."""
    left, right = np.arange(n // 2), np.arange(n // 2, n)
    return np.concatenate([right, right[-1:], left, left[-1:]])


def _head(figure: Figure, clothes: Clothes) -> None:
    head, neck, scale = figure.at["head"], figure.at["neck"], figure.scale
    figure.strip(head, neck, 0.052, 0.062, 0.86 * np.asarray(clothes.skin))
    crown = head + (0.0, -0.035 * scale)
    hair = np.asarray(clothes.hair)
    figure.disc(crown + (-0.02 * figure.profile * scale, -0.005 * scale), 0.096, 0.105, hair)
    if figure.front > -0.45:
        shift = np.array([0.045 * figure.profile, 0.022]) * scale
        figure.disc(head + shift, 0.078 - 0.018 * abs(figure.profile), 0.098, clothes.skin)
        figure.strip(
            head + shift + (-0.03 * scale, -0.02 * scale),
            head + shift + (0.03 * scale, -0.02 * scale),
            0.008,
            0.008,
            0.55 * np.asarray(clothes.skin),
        )
        fringe = crown + (-0.01 * figure.profile * scale, -0.055 * scale)
        figure.disc(fringe, 0.088, 0.05, hair)
    if clothes.helmet is not None:
        figure.disc(crown + (0, -0.045 * scale), 0.115, 0.085, clothes.helmet)


def _locks(figure: Figure, clothes: Clothes) -> None:
    """Long hair, in front of the back or behind the shoulders."""
    crown = figure.at["head"] - (0.02 * figure.profile * figure.scale, 0.035 * figure.scale)
    end = figure.at["neck"] + (-0.05 * figure.profile * figure.scale, 0.05 * figure.scale)
    figure.strip(crown, end, 0.098, 0.088, clothes.hair)


def _backpack(figure: Figure, clothes: Clothes) -> None:
    top, low = figure.at["neck"], figure.at["waist"]
    shift = np.array([-0.17 * figure.profile * figure.scale, 0.0])
    wide = 0.07 * abs(figure.front) + 0.10
    figure.strip(top + shift + 0.25 * (low - top), low + shift, wide, wide * 1.05, clothes.bag_color)
