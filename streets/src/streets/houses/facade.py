"""House fronts: a wall, storeys of windows, a ground floor of shops, flats or gates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from streets.houses.opening import Look, View, paint_door, paint_gate, paint_shop, paint_window
from streets.optics.light import Color
from streets.paint.sheet import Sheet

SHOPS = (
    "BÄCKEREI", "APOTHEKE", "CAFÉ LINDE", "OPTIK WEISS", "BLUMEN", "FRISEUR", "BUCHHANDLUNG", "KIOSK",
    "PIZZERIA ROMA", "SCHUHHAUS", "REISEBÜRO", "FAHRRAD KERN", "MODE & MEHR", "EISCAFÉ", "IMBISS", "TABAK",
)  # fmt: skip
SILLS = 6.0
"""Pixels per metre from which a sill is seen."""
VARIANTS = 5
"""Different windows of one house; more would not be noticed."""


@dataclass(frozen=True)
class Facade:
    """What a front looks like; lengths in metres."""

    width: float
    storeys: int
    storey: float
    ground: float
    bay: float
    window: tuple[float, float]
    material: str
    """"plaster", "brick" or "panels"."""
    wall: Color
    trim: Color
    frame: Color
    style: str
    """"classic" (surrounds, cornices), "plain" or "band" (rows of office windows)."""
    use: str
    """What the ground floor holds: "shop", "flat", "gate" or "" for nothing but wall."""
    shop: str
    seed: int

    @property
    def height(self) -> float:
        """Height of the eaves."""
        return self.ground + (self.storeys - 1) * self.storey

    @property
    def bays(self) -> int:
        """Windows side by side."""
        return max(int(self.width / self.bay), 1)

    def middle(self, bay: int) -> float:
        """Metres from the wall's start to the middle of a bay."""
        return (self.width - self.bays * self.bay) / 2 + (bay + 0.5) * self.bay

    def look(self) -> Look:
        """The colours and the size of its windows."""
        return Look(self.window, self.wall, self.trim, self.frame, self.style == "classic")


def paint_facade(sheet: Sheet, facade: Facade, view: View) -> None:
    """Draw the part of a front that the sheet shows."""
    _paint_wall(sheet, facade)
    chances, picks = picks_of(facade)
    picks %= 2 if sheet.detail < 7 else 3 if sheet.detail < 16 else VARIANTS
    shown = [k for k in range(facade.bays) if sheet.x0 - facade.bay < facade.middle(k) < sheet.x1 + facade.bay]
    windows = _Stamps(sheet, facade.look(), view, chances, paint_window)
    for storey in range(1, facade.storeys):
        foot = facade.ground + (storey - 1) * facade.storey + 0.85
        if sheet.y0 < foot + facade.window[1] and foot < sheet.y1:
            for bay in shown:
                windows.press(int(picks[storey, bay]), facade.middle(bay), foot)
    if facade.use and sheet.y0 < facade.ground:
        _paint_ground_floor(sheet, facade, view, windows, shown, chances, picks[0])
    _weather(sheet, facade)


def picks_of(facade: Facade) -> tuple[np.ndarray, np.ndarray]:
    """Draw (VARIANTS, 8) uniform numbers, the fate of each kind of window, and (storeys, bays) which kind is where."""
    rng = np.random.default_rng(facade.seed)
    return rng.random((VARIANTS, 8)), rng.integers(0, VARIANTS, (facade.storeys, facade.bays))


class _Stamps:
    """Openings of one size, each variant drawn once and then copied."""

    def __init__(
        self,
        sheet: Sheet,
        look: Look,
        view: View,
        chances: np.ndarray,
        paint: Callable[[Sheet, Look, View, np.ndarray], None],
    ) -> None:
        self.sheet, self.look, self.view, self.chances, self.paint = sheet, look, view, chances, paint
        self._made: dict[int, Sheet] = {}

    def press(self, variant: int, x: float, foot: float) -> None:
        """Copy a variant to (x, foot), with a sill and its shade."""
        look, sheet = self.look, self.sheet
        if variant not in self._made:
            side, above = look.margin()
            half = look.size[0] / 2 + side
            self._made[variant] = sheet.piece((-half, 0.0, half, look.size[1] + above))
            self.paint(self._made[variant], look, self.view, self.chances[variant])
        sheet.stamp(self._made[variant], x, foot, shining=self.view.lamps > 0)
        if self.paint is paint_window and sheet.detail > SILLS:
            left, right = x - look.size[0] / 2 - 0.09, x + look.size[0] / 2 + 0.09
            r, g, b = look.trim
            sheet.fill(left, foot - 0.08, right, foot, (0.9 * r, 0.9 * g, 0.9 * b))
            sheet.shade(left, foot - 0.24, right, foot - 0.08, 0.77)


def _paint_wall(sheet: Sheet, facade: Facade) -> None:
    wall = np.asarray(facade.wall)
    offset = facade.seed % 512
    if facade.material == "brick":
        sheet.cover("brick", 2.6, tuple(wall * 0.72), tuple(np.minimum(wall * 1.22, 255)), offset=offset)
    else:
        sheet.cover("plaster", 7.0, tuple(wall * 0.62), tuple(np.minimum(wall * 1.36, 255)), offset=offset)
    if facade.material == "panels":
        for x in np.arange(0, facade.width, facade.bay).tolist():
            sheet.shade(x - 0.02, 0, x + 0.02, facade.height, 0.72)
    if facade.style == "classic":
        for y, tall in ((facade.ground - 0.15, 0.22), (facade.height - 0.55, 0.4)):
            sheet.fill(0, y, facade.width, y + tall, facade.trim)
            sheet.shade(0, y, facade.width, y + 0.06, 0.8)
            sheet.shade(0, y - 0.25, facade.width, y, 0.74)


def _weather(sheet: Sheet, facade: Facade) -> None:
    """The foot of a wall is splashed and lies in its own shade, its top lies under the eaves."""
    for tall, factor in ((0.45, 0.86), (0.9, 0.93), (1.8, 0.96)):
        sheet.shade(0, 0, facade.width, tall, factor)
    for deep, factor in ((0.3, 0.72), (0.7, 0.86)):
        sheet.shade(0, facade.height - deep, facade.width, facade.height, factor)
    pipe = 0.25 if facade.seed % 2 else facade.width - 0.25
    sheet.shade(pipe + 0.05, 0.3, pipe + 0.12, facade.height, 0.75)
    sheet.fill(pipe - 0.05, 0.3, pipe + 0.05, facade.height, (118, 116, 112))
    sheet.shade(0, 0, 0.06, facade.height, 0.7)


def _paint_ground_floor(
    sheet: Sheet, facade: Facade, view: View, windows: _Stamps, shown: list[int], chances: np.ndarray, picks: np.ndarray
) -> None:
    look = facade.look()
    tall = facade.ground - 0.95 if facade.use == "shop" else 2.8
    wide = Look((facade.bay, tall), look.wall, look.trim, look.frame, False)
    paint = {"shop": paint_shop, "flat": paint_door, "gate": paint_gate}[facade.use]
    openings = _Stamps(sheet, Look((1.5, 2.75), *_colors(look)) if facade.use == "flat" else wide, view, chances, paint)
    if facade.use == "flat":
        sheet.fill(0, 0, facade.width, 0.7, tuple(0.62 * np.asarray(facade.trim)))
    door = facade.seed % facade.bays
    for bay in shown:
        x = facade.middle(bay)
        if facade.use == "flat" and bay != door:
            windows.press(int(picks[bay]), x, max(1.0, facade.ground - 0.5 - facade.window[1]))
        else:
            openings.press(int(picks[bay]), x, 0.0)
    if facade.use == "shop":
        _paint_signboard(sheet, facade, view)


def _colors(look: Look) -> tuple[Color, Color, Color, bool]:
    return look.wall, look.trim, look.frame, False


def _paint_signboard(sheet: Sheet, facade: Facade, view: View) -> None:
    y = facade.ground - 0.85
    rng = np.random.default_rng([facade.seed, 5])
    dark = rng.random() < 0.6
    board = rng.uniform(25, 95, 3) if dark else rng.uniform(160, 215, 3)
    board = 0.45 * board.mean() + 0.55 * board
    sheet.fill(0.2, y, facade.width - 0.2, y + 0.55, tuple(board))
    sheet.shade(0.2, y - 0.12, facade.width - 0.2, y, 0.6)
    ink = (226, 222, 208) if dark else tuple(rng.uniform(20, 110, 3))
    size = 0.34
    start = max(0.5, facade.width * (0.3 + 0.3 * rng.random()) - 0.3 * len(facade.shop) * size)
    sheet.write(facade.shop, start, y + 0.03, size, ink, mirrored=view.mirrored)
