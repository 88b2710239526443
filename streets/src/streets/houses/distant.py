"""House fronts so far away, or seen so flat, that a few shapes say all that the frame can show of them."""

from __future__ import annotations

import numpy as np

from streets.houses.facade import Facade, picks_of
from streets.optics.camera import NEAR, Points
from streets.paint.canvas import Canvas
from streets.paint.upright import Upright

DISTANT = 7.0
"""Pixels per metre along a wall below which it is painted so."""
_EYE = 7.0
"""Metres of height at which a wall has most of the sky before it."""


def is_distant(canvas: Canvas, wall: Upright) -> bool:
    """Whether a wall is wholly before the camera and too narrow in the frame for its details."""
    ends = wall.at(np.array([0.0, 1.0]), 0.0)
    if ends[:, 2].min() < 2 * NEAR:
        return False
    return float(np.ptp(canvas.camera.project(ends)[:, 0])) < DISTANT * wall.length


def paint_distant(canvas: Canvas, wall: Upright, facade: Facade, shadow_top: float) -> None:
    """Paint and annotate a front: bands of wall, then frames, sky and room in every window."""
    depth = max(float(wall.at(0.5, 0.0)[2]), NEAR)
    bands, band_colors = _bands(wall, facade)
    panes, pane_colors = _panes(canvas, wall, facade, depth)
    quads, colors = np.concatenate([bands, panes]), np.concatenate([band_colors, pane_colors])
    sun = (quads[:, 0, 1] - wall.y + wall.base > shadow_top).astype(float)
    normal = np.broadcast_to(wall.normal, (len(quads), 3))
    lit = colors * canvas.light.gain(normal, sun)
    if canvas.light.lamps > 0:
        lit = np.where(colors[:, :1] > 245, colors, lit)
    canvas.faces(canvas.camera.project(quads), canvas.light.seen(lit, depth))
    ends = wall.at(np.array([0.0, 1.0, 1.0, 0.0]), np.array([0.0, 0.0, wall.height, wall.height]))
    canvas.annotate("building", canvas.camera.flat(ends))


def _quads(wall: Upright, x: Points, y: Points) -> Points:
    """(n, 2) spans along the wall and (n, 2) spans of height -> (n, 4, 3) world corners."""
    return wall.at(x[:, [0, 1, 1, 0]] / wall.length, y[:, [0, 0, 1, 1]] - wall.base)


def _bands(wall: Upright, facade: Facade) -> tuple[Points, Points]:
    """The wall in bands, darker towards the street and under the eaves."""
    top = wall.base + wall.height
    edges = np.unique(np.clip([wall.base, 0.8, facade.ground - 0.3, 6.0, facade.height - 0.5, top], wall.base, top))
    y = np.stack([edges[:-1], edges[1:]], axis=-1)
    tone = 0.80 + 0.16 * np.minimum(y.mean(1) / _EYE, 1)
    tone[y[:, 1] <= 0.81] *= 0.72
    tone[y[:, 0] >= facade.height - 0.51] *= 0.86
    if facade.use == "shop":
        tone[(y[:, 0] >= 0.8) & (y[:, 1] <= facade.ground)] *= 0.45
    x = np.broadcast_to([0.0, wall.length], y.shape)
    return _quads(wall, x, y), np.asarray(facade.wall) * tone[:, None]


def _panes(canvas: Canvas, wall: Upright, facade: Facade, depth: float) -> tuple[Points, Points]:
    """Three shapes a window: its frame, the sky in its upper part, the room in its lower part."""
    chances, picks = picks_of(facade)
    low, high = wall.base, canvas.camera.eye + canvas.camera.horizon / canvas.camera.focal * 1.2 * depth
    feet = facade.ground + facade.storey * np.arange(facade.storeys - 1) + 0.85
    storeys = np.flatnonzero((feet > low) & (feet < high))
    first = 0 if facade.use != "flat" else 1
    feet = np.concatenate([feet[storeys], [max(1.0, facade.ground - 0.5 - facade.window[1])] * (first and low < 1)])
    middle = np.tile(facade.middle(0) + facade.bay * np.arange(facade.bays), len(feet))
    foot = np.repeat(feet, facade.bays)
    fate = chances[picks.ravel()[: len(foot)] % len(chances)]
    wide, tall = facade.window[0] / 2, facade.window[1]
    part = foot + tall * (0.2 + 0.6 * fate[:, 2])
    half = np.array([wide, wide - 0.07, wide - 0.07])
    x, y = np.empty((len(foot), 3, 2)), np.empty((len(foot), 3, 2))  # windows, parts, from and to
    x[..., 0], x[..., 1] = middle[:, None] - half, middle[:, None] + half
    y[:, 0, 0], y[:, 1, 0], y[:, 2, 0] = foot, part, foot + 0.07
    y[:, 0, 1], y[:, 1, 1], y[:, 2, 1] = foot + tall, foot + tall - 0.12, part
    quads = _quads(wall, x.reshape(-1, 2), y.reshape(-1, 2))
    colors = _pane_colors(facade, fate, canvas.light.lamps)
    return quads, colors.reshape(-1, 3)


def _pane_colors(facade: Facade, fate: Points, lamps: float) -> Points:
    """(windows, 3 parts, 3) colours; a lit window has a red of more than 245."""
    sky = np.array((112.0, 122.0, 129.0)) * (0.5 + 1.15 * fate[:, :1] ** 1.5)
    room = np.array((44.0, 49.0, 52.0)) * (0.7 + 0.5 * fate[:, 1:2])
    frame = np.broadcast_to(0.72 * np.asarray(facade.frame), sky.shape)
    colors = np.stack([frame, sky, room], axis=1)
    colors[fate[:, 5] < 0.42 * lamps, 1:] = (248.0, 208.0, 146.0)
    return colors
