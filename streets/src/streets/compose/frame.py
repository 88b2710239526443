"""One frame: a plan painted back to front by a camera of some size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from cityscapesscripts.helpers.labels import name2label
from numpy.typing import NDArray

from streets.compose.hood import paint_borders, paint_hood
from streets.compose.lens import expose, mirror_ground
from streets.compose.order import hidden_behind, paint_order
from streets.compose.raster import Raster
from streets.compose.shadows import shadows_of
from streets.compose.sky import paint_sky
from streets.compose.sunshine import Sunshine
from streets.houses.building import Building
from streets.optics.camera import Camera
from streets.paint.canvas import Canvas, Image, Outline
from streets.plan.scene import SPLITS, Item, Plan, draw_plan
from streets.plan.street import CURB, Street
from streets.plants.plant import Tree
from streets.road.ground import paint_surfaces
from streets.road.marks import paint_curb, paint_marks
from streets.road.shade import light_ground
from streets.vehicles.car import Car
from streets.vehicles.coach import Hauler

SMALLEST, LARGEST = (24, 48), (1024, 2048)
"""Height and width of the smallest and the largest frame."""


@dataclass(frozen=True)
class Frame:
    """A painted frame and its ground truth."""

    image: Image
    """(height, width, 3) RGB."""
    outlines: list[Outline]
    """The annotated objects, back to front."""
    instances: NDArray[np.uint16]
    """(height, width): labelId, or 1000 labelId + k for the k-th of a class with instances."""

    @property
    def labels(self) -> NDArray[np.uint8]:
        """(height, width) labelIds."""
        return np.where(self.instances >= 1000, self.instances // 1000, self.instances).astype(np.uint8)


def paint_scene(*, size: tuple[int, int] = (1024, 2048), seed: int = 0, split: str = "train", index: int = 0) -> Frame:
    """Paint the synthetic street of one frame.

    Args:
        size: Height and width in pixels, 24 x 48 to 1024 x 2048.
        seed: The data set.
        split: "train" or "val"; their scenes have nothing in common.
        index: Which frame of the split.

    Raises:
        ValueError: for arguments out of range.
    """
    check_scene(size=size, seed=seed, split=split, index=index)
    plan = draw_plan(seed=seed, split=split, index=index)
    camera = Camera.of_size(size, pan=plan.pan, tilt=plan.tilt)
    canvas = Canvas(camera, plan.light, np.zeros((*size, 3), np.uint8))
    _paint_ground(canvas, plan)
    _paint_items(canvas, plan)
    raster = Raster(size)
    if plan.light.wet > 0:
        seen = raster.draw(canvas.outlines)
        mirror_ground(canvas, _is_smooth(plan.street)[np.minimum(seen, 255)])
    paint_hood(canvas, plan.hood)
    noise = 1.6 + 2.2 * plan.light.lamps
    image = expose(canvas.image, plan.light.cast, seed=plan.seed, noise=noise, lift=9.0)
    canvas.image = image
    paint_borders(canvas)
    return Frame(canvas.image, canvas.outlines, raster.draw(canvas.outlines))


def _is_smooth(street: Street) -> NDArray[np.bool_]:
    """(256,) whether a labelId is ground that mirrors when it is wet."""
    names = ["road", "sidewalk", "parking", "ground"]
    if street.materials["rails"] != "grass":
        names.append("rail track")
    smooth = np.zeros(256, bool)
    smooth[[name2label[name].id for name in names]] = True
    return smooth


def check_scene(*, size: tuple[int, int], seed: int, split: str, index: int) -> None:
    """Raise a ValueError that names what is wrong with the arguments of `paint_scene`."""
    pair = tuple(size) if isinstance(size, (tuple, list)) else ()
    if len(pair) != 2 or not all(isinstance(side, int) for side in pair):
        raise ValueError(f"size={size!r}: expected (height, width) in whole pixels, as in (256, 512).")
    if not all(low <= side <= high for low, side, high in zip(SMALLEST, pair, LARGEST, strict=True)):
        raise ValueError(f"size={size!r}: expected (height, width) between {SMALLEST} and {LARGEST}.")
    for name, value in (("seed", seed), ("index", index)):
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise ValueError(f"{name}={value!r}: expected a whole number, 0 or more.")
    if split not in SPLITS:
        raise ValueError(f"split={split!r}: expected one of {', '.join(SPLITS)}.")


def _paint_ground(canvas: Canvas, plan: Plan) -> None:
    paint_sky(canvas)
    paint_surfaces(canvas, plan.path, plan.surfaces)
    cut = plan.street.junction
    for side in plan.street.sides:
        gap = (cut.z0 - 3, cut.z1 + 3) if cut and cut.sign == side.sign else None
        paint_curb(canvas, plan.path, side.curb, CURB, gap)
    paint_marks(canvas, plan.path, plan.marks, 0.55)
    light_ground(canvas, plan.path, shadows_of(plan))


def _paint_items(canvas: Canvas, plan: Plan) -> None:
    things = [*plan.houses, *_seen(plan.items)]
    trees = [item for item in plan.items if isinstance(item, Tree)]
    sunshine = Sunshine(plan.light, plan.houses, trees)
    footprints = [thing.footprint() for thing in things]
    for k in paint_order([footprint[:, [0, 2]] for footprint in footprints]):
        thing = things[k]
        if isinstance(thing, Building):
            thing.paint(canvas, sunshine.shadow_top(thing))
        else:
            thing.paint(canvas, sunshine.reaches(footprints[k]))


def _seen(items: list[Item]) -> list[Item]:
    """Leave out the vehicles that other vehicles hide: a row of parked cars shows little but its first."""
    vehicles = [item for item in items if isinstance(item, (Car, Hauler))]
    hidden = hidden_behind([item.footprint()[:, [0, 2]] for item in vehicles], [item.height for item in vehicles])
    gone = {id(item) for item, lost in zip(vehicles, hidden, strict=True) if lost}
    return [item for item in items if id(item) not in gone]
