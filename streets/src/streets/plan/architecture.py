"""Rows of houses along the street, and what closes the view behind them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from streets.houses.building import Building
from streets.houses.facade import SHOPS, Facade
from streets.paint.upright import Upright
from streets.plan.street import Side, Street
from streets.road.path import Path

PLASTER = (
    (206, 192, 158), (184, 184, 180), (198, 168, 120), (212, 210, 202), (192, 156, 142), (166, 174, 156),
    (158, 148, 136), (178, 150, 128), (196, 186, 170), (150, 156, 160), (210, 196, 176), (176, 164, 138),
)  # fmt: skip
BRICK = ((138, 84, 66), (150, 108, 86), (122, 74, 62), (164, 132, 104))
ROOFS = ((126, 70, 54), (112, 62, 50), (84, 80, 78), (70, 68, 70), (138, 84, 64))
FRAMES = ((206, 206, 202), (206, 206, 202), (96, 72, 52), (62, 66, 66))
HALF_WIDTH = 1024 / 2262
"""Half a picture's width, by its focal length."""
_STOREYS = {"residential": (2, 5), "inner": (4, 6), "avenue": (4, 6), "suburban": (1, 3)}


def draw_facade(rng: np.random.Generator, kind: str, width: float) -> Facade:
    """Draw the front of a house for a street of some kind."""
    style = str(rng.choice(["classic", "plain", "plain", "band"] if kind != "suburban" else ["plain"]))
    material = str(rng.choice(["plaster", "plaster", "plaster", "brick", "panels" if style == "band" else "plaster"]))
    color = np.asarray(
        (BRICK if material == "brick" else PLASTER)[rng.integers(4 if material == "brick" else len(PLASTER))]
    )
    wall = tuple(float(c) for c in color * rng.uniform(0.82, 1.02))
    shops = {"residential": 0.15, "inner": 0.75, "avenue": 0.55, "suburban": 0.0}[kind]
    low, high = _STOREYS[kind]
    use = "shop" if rng.random() < shops else "gate" if rng.random() < 0.07 else "flat"
    return Facade(
        width=width,
        storeys=int(rng.integers(low, high + 1)),
        storey=float(rng.uniform(2.9, 3.5)),
        ground=float(rng.uniform(3.6, 4.4) if use == "shop" else rng.uniform(3.0, 3.6)),
        bay=float(rng.uniform(2.1, 3.1) if style != "band" else rng.uniform(2.4, 3.0)),
        window=(float(rng.uniform(0.95, 1.3)), float(rng.uniform(1.35, 1.75))) if style != "band" else (2.0, 1.6),
        material=material,
        wall=(wall[0], wall[1], wall[2]),
        trim=(192.0, 188.0, 178.0) if rng.random() < 0.6 else (150.0, 142.0, 132.0),
        frame=tuple(map(float, FRAMES[rng.integers(len(FRAMES))])),  # type: ignore[arg-type]
        style=style,
        use=use,
        shop=str(rng.choice(SHOPS)),
        seed=int(rng.integers(1 << 30)),
    )


def draw_houses(rng: np.random.Generator, street: Street, path: Path) -> Iterator[Building]:
    """Draw both rows of houses, each from the camera to where the street is lost in the distance."""
    for side in street.sides:
        yield from _row(rng, street, path, side)
        yield from _second_row(rng, street, path, side)


def _row(rng: np.random.Generator, street: Street, path: Path, side: Side) -> Iterator[Building]:
    detached = street.kind == "suburban"
    edge = _edge(path, side.front)
    z, before = _clear(2.0 + rng.uniform(0, 6), edge), 0.0
    while z < 190:
        width = rng.uniform(8, 12) if detached else rng.uniform(9, 19) * max(1.0, z / 50)
        cut = street.junction
        if cut and cut.sign == side.sign and z < cut.z1 + 1 and z + width > cut.z0 - 1.5:
            if cut.z0 - 1.5 - z > 6:
                width = cut.z0 - 1.5 - z
            else:
                z, before = cut.z1 + 1.0, 0.0
                continue
        else:
            width = _clear(z + width, edge) - z
        offset = side.front + side.sign * (rng.uniform(0, 3) if detached else 0.0)
        house = _house(rng, street.kind, path, side, offset, (z, z + width), before)
        yield house
        z, before = z + width, house.facade.height
        if detached or rng.random() < 0.08:
            z, before = _clear(z + (rng.uniform(4, 14) if detached else rng.uniform(3, 7)), edge), 0.0


def _edge(path: Path, front: float) -> float:
    """The depth where the side of the picture meets the fronts."""
    z = abs(front) / HALF_WIDTH
    for _ in range(3):
        z = abs(front + float(path.bend(z))) / HALF_WIDTH
    return z


def _clear(z: float, edge: float) -> float:
    """A house's end, not where the picture's side meets the fronts: its corner would be a strip along the border."""
    return 1.3 * edge if 0.9 * edge < z < 1.3 * edge else z


def _house(
    rng: np.random.Generator, kind: str, path: Path, side: Side, offset: float, z: tuple[float, float], before: float
) -> Building:
    ends = path.place(offset, np.array(z))
    width = float(np.hypot(*(ends[1] - ends[0])[[0, 2]]))
    facade = draw_facade(rng, kind, width)
    wall = Upright((ends[0, 0], ends[0, 2]), (ends[1, 0], ends[1, 2]), facade.height, 0.12)
    balconies = tuple(range(1, facade.bays, 3)) if kind != "suburban" and rng.random() < 0.3 else ()
    roof = "pitched" if kind == "suburban" else str(rng.choice(["pitched", "mansard", "flat"]))
    color = tuple(map(float, ROOFS[rng.integers(len(ROOFS))]))
    deep = float(rng.uniform(9, 12))
    return Building(wall, facade, side.sign, deep, roof, (color[0], color[1], color[2]), balconies, before)


def _second_row(rng: np.random.Generator, street: Street, path: Path, side: Side) -> Iterator[Building]:
    """Houses that are seen only through the gap of the side street."""
    cut = street.junction
    if not cut or cut.sign != side.sign:
        return
    offset = side.front + side.sign * rng.uniform(26, 40)
    z = cut.z0 + rng.uniform(0, 6)
    for _ in range(3):
        width = rng.uniform(12, 18)
        yield _house(rng, "residential", path, side, offset, (z, z + width), 99.0)
        z += width


def draw_backdrop(rng: np.random.Generator, street: Street, path: Path) -> Iterator[Building]:
    """Draw houses across the end of the street, where it turns off."""
    if street.kind == "suburban":
        return
    z = rng.uniform(195, 225)
    x = float(path.bend(z)) - rng.uniform(38, 48)
    for _ in range(6):
        width = rng.uniform(13, 20)
        facade = draw_facade(rng, "inner", width)
        wall = Upright((x, z), (x + width, z), facade.height)
        yield Building(wall, facade, -1, 10.0, "pitched", (112.0, 66.0, 54.0), (), 99.0)
        x += width
