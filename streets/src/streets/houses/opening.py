"""Windows, doors and shop windows, drawn on a sheet around x = 0 with their foot at y = 0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from streets.optics.light import Color
from streets.paint.sheet import Sheet

FINE = 22.0
"""Pixels per metre from which panes, curtains and goods are worth drawing."""


@dataclass(frozen=True)
class View:
    """How the camera stands to a wall: how deep it looks into its niches, and from which side."""

    niche: float
    """Sideways shift in metres of what lies 0.16 m behind the wall; positive away from the camera."""
    mirrored: bool
    lamps: float
    sunlit: bool


@dataclass(frozen=True)
class Look:
    """The colours around an opening, and its size in metres."""

    size: tuple[float, float]
    wall: Color
    trim: Color
    frame: Color
    classic: bool
    """Whether it has a stone surround."""

    def margin(self) -> tuple[float, float]:
        """What the surround adds at the sides and at the top."""
        return (0.14, 0.26) if self.classic else (0.0, 0.0)


def paint_window(sheet: Sheet, look: Look, view: View, chance: np.ndarray) -> None:
    """Draw a window with its surround, frame, panes, curtains and blind."""
    wide, tall = look.size
    left, right = -wide / 2, wide / 2
    if look.classic:
        side, above = look.margin()
        sheet.fill(left - side, 0, right + side, tall + above, look.trim)
        sheet.shade(left - side, tall + 0.10, right + side, tall + 0.14, 0.7)
    jamb = np.asarray(look.trim if look.classic else look.wall) * (0.60 if view.sunlit else 0.72)
    sheet.fill(left, 0, right, tall, tuple(jamb))
    shift = float(np.clip(view.niche, -0.45 * wide, 0.45 * wide))
    left, right, top = max(left, left - shift), min(right, right - shift), tall - 0.07
    sheet.fill(left, 0, right, top, look.frame)
    _paint_sashes(sheet, look, view, (left, right, top), chance)
    if look.classic:
        sheet.fill(left, 0.68 * top, right, 0.68 * top + 0.06, look.frame)
    if chance[3] < 0.22 and sheet.detail > FINE / 2:
        _paint_blind(sheet, (left + 0.06, 0.06, right - 0.06, top - 0.06), chance[4])
    sheet.shade(left, top - 0.16, right, top, 0.62)


def _paint_sashes(sheet: Sheet, look: Look, view: View, hole: tuple[float, float, float], chance: np.ndarray) -> None:
    left, right, top = hole
    bar, sashes = 0.06, 2 if look.size[0] < 1.7 else 3
    pane = (right - left - bar) / sashes
    bright = 0.5 + 1.15 * chance[0] ** 1.5
    lit = view.lamps > 0 and chance[5] < 0.42 * view.lamps
    for sash in range(sashes):
        x0 = left + bar + sash * pane
        x1 = x0 + pane - bar
        paint_pane(sheet, (x0, bar, x1, top - bar), bright * (0.92 + 0.16 * (sash % 2)), chance)
        if lit:
            warm = np.array((250, 205, 138)) * (0.45 + 0.45 * chance[6])
            sheet.shine(x0, bar, x1, top - bar, tuple(warm))
            sheet.shine(x0, bar, x0 + 0.3 * (x1 - x0) * chance[1], top - bar, tuple(0.8 * warm))


def paint_pane(sheet: Sheet, pane: tuple[float, float, float, float], bright: float, chance: np.ndarray) -> None:
    """Draw a pane: glass mirrors the sky in its upper part and the dark houses across the street below."""
    x0, y0, x1, y1 = pane
    sky = np.array((112, 122, 129)) * bright
    room = np.array((42, 47, 50)) * (0.7 + 0.5 * chance[1])
    horizon = y0 + (y1 - y0) * (0.2 + 0.6 * chance[2])
    if sheet.detail < FINE / 2:
        sheet.fill(x0, horizon, x1, y1, tuple(0.9 * sky))
        sheet.fill(x0, y0, x1, horizon, tuple(room))
        return
    sheet.fade(x0, horizon, x1, y1, tuple(sky), tuple(0.82 * sky))
    sheet.fade(x0, y0, x1, horizon, tuple(room * 1.25), tuple(room))
    if chance[4] < 0.5 and sheet.detail > FINE:
        _paint_curtain(sheet, pane, chance)


def _paint_curtain(sheet: Sheet, pane: tuple[float, float, float, float], chance: np.ndarray) -> None:
    x0, y0, x1, y1 = pane
    cloth = np.array((164, 162, 154)) * (0.55 + 0.35 * chance[6])
    fold = (x1 - x0) / 6
    for k in range(2 if chance[3] < 0.6 else 6):
        sheet.fade(x0 + k * fold, y0, x0 + (k + 0.75) * fold, y1, tuple(0.8 * cloth), tuple(cloth))


def _paint_blind(sheet: Sheet, hole: tuple[float, float, float, float], drawn: float) -> None:
    x0, y0, x1, y1 = hole
    bottom = y1 - (0.25 + 0.75 * drawn) * (y1 - y0)
    sheet.fill(x0, bottom, x1, y1, (162, 160, 154))
    if sheet.detail > FINE:
        for y in np.arange(bottom, y1, 0.09).tolist():
            sheet.shade(x0, y, x1, y + 0.03, 0.88)


def paint_door(sheet: Sheet, look: Look, view: View, chance: np.ndarray) -> None:
    """Draw a house door of 1.2 m with a window above it."""
    wood = np.array(((74, 50, 34), (52, 66, 58), (96, 96, 98), (58, 62, 74))[int(chance[0] * 4)])
    sheet.fill(-0.75, 0, 0.75, 2.75, look.trim)
    sheet.fill(-0.6, 0.12, 0.6, 2.6, tuple(0.55 * wood))
    shift = float(np.clip(view.niche, -0.4, 0.4))
    left, right = -0.55 + max(-shift, 0), 0.55 - max(shift, 0)
    sheet.fill(left, 0.12, right, 2.1, tuple(wood))
    paint_pane(sheet, (left, 2.16, right, 2.54), 0.8, chance)
    for x0 in (left + 0.1, (left + right) / 2 + 0.05):
        sheet.shade(x0, 0.35, x0 + 0.3, 0.95, 0.8)
        paint_pane(sheet, (x0, 1.1, x0 + 0.3, 1.95), 0.6, chance)


def paint_shop(sheet: Sheet, look: Look, view: View, chance: np.ndarray) -> None:
    """Draw a shop window: a mirror of the street over dimly lit goods, between pillars of the wall."""
    half, top = look.size[0] / 2 - 0.16, look.size[1]
    sheet.fill(-9, 0, 9, 9, look.wall)
    sheet.fill(-half, 0, half, 0.4, tuple(0.5 * np.asarray(look.trim)))
    sheet.fill(-half, 0.4, half, top, (52, 54, 56))
    left, right = -half + 0.07, half - 0.07
    sheet.fade(left, 0.47, right, top - 0.07, (78, 83, 86), (40, 42, 43))
    if sheet.detail > FINE / 2:
        _paint_goods(sheet, (left, right, top), chance)
    if view.lamps:
        warm = np.array((235, 205, 155)) * view.lamps * (0.7 + 0.4 * chance[2])
        sheet.light_up(left, 0.47, right, top - 0.07, (warm[0], warm[1], warm[2]))
    sheet.shade(left, top - 0.45, right, top, 0.6)
    if chance[3] < 0.3:
        sheet.fill(-0.52, 0.05, 0.52, 2.3, (64, 66, 68))
        sheet.fade(-0.44, 0.15, 0.44, 2.2, (92, 98, 102), (50, 52, 54))


def _paint_goods(sheet: Sheet, hole: tuple[float, float, float], chance: np.ndarray) -> None:
    """Dim shapes behind the glass, and over them the bright slant of a reflection."""
    left, right, top = hole
    rng = np.random.default_rng(int(chance[1] * 1e6))
    wide = right - left
    for shelf in (0.5, 0.5 + 0.33 * top):
        x = left
        while x < right - 0.1:
            step, tall = rng.uniform(0.10, 0.42), rng.uniform(0.1, 0.30) * top
            if rng.random() < 0.75:
                tone = np.array((58, 58, 56)) + rng.uniform(0, 62) * rng.uniform(0.55, 1.0, 3)
                sheet.fade(x, shelf, min(x + 0.85 * step, right), shelf + tall, tuple(tone), tuple(0.6 * tone))
            x += step
        sheet.fill(left, shelf - 0.04, right, shelf, (34, 35, 36))
    for start in (0.12, 0.55):
        x = left + wide * (start + 0.2 * chance[2])
        sheet.shade(x, 0.47, x + 0.2 * wide, top - 0.07, 1.35)


def paint_gate(sheet: Sheet, look: Look, view: View, chance: np.ndarray) -> None:
    """Draw a garage door."""
    half = min(look.size[0] / 2 - 0.2, 1.3)
    grey = np.array((138, 138, 134)) * (0.7 + 0.5 * chance[0])
    sheet.fill(-9, 0, 9, 9, look.wall)
    sheet.fill(-half, 0, half, 2.5, tuple(grey))
    for y in np.arange(0.0, 2.5, 0.25).tolist():
        sheet.shade(-half, y, half, y + 0.04, 0.75)
    sheet.shade(-half, 2.3, half, 2.5, 0.6)
