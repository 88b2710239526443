"""Number plates of invented towns."""

import cv2
import numpy as np

from streets.optics.camera import Points
from streets.paint.canvas import Image
from streets.paint.inlay import inlay
from streets.vehicles.decals import end_points
from streets.vehicles.vehicle import Coachwork

_SANS = cv2.FontFace("sans")
_SIZE = (208, 44)
LEGIBLE = 60.0
"""Pixels per metre from which letters are drawn."""


def paint_plate(work: Coachwork, front: bool, h: float, seed: int) -> Points:
    """A number plate at height h on the front or rear; its (4, 2) pixel corners."""
    half = 0.26 / max(float(work.body.half_width(0.2, h)), 0.3)
    heights = np.array([h - 0.055, h - 0.055, h + 0.055, h + 0.055])
    shares = half * np.array([-1.0, 1.0, 1.0, -1.0])
    corners = work.pixels(end_points(work.body, front, heights, shares if not front else -shares))
    white = work.palette({"white": (206, 206, 200)})["white"]
    middle = corners.mean(0)
    work.sprite.fill(middle + 1.07 * (corners - middle), (22, 22, 23))
    work.sprite.fill(corners, white)
    if work.scale > LEGIBLE:
        inlay(work.sprite, corners, _lettered(seed, white))
    return corners


def _lettered(seed: int, white: Points) -> Image:
    rng = np.random.default_rng(seed)
    town = "".join(rng.choice(list("ABDEFGHKLMNRSTW"), int(rng.integers(1, 4))))
    text = f"{town} {''.join(rng.choice(list('ABCEKLMPRSTXY'), 2))} {rng.integers(10, 999)}"
    letters = np.full(_SIZE[::-1], 255, np.uint8)
    cv2.putText(letters, text, (28, 35), (20,), _SANS, 28, weight=500)
    plate = letters[..., None] / 255 * white
    plate[:, :18] = np.array((40, 70, 160)) * (white / 255)
    return np.clip(plate, 0, 255).astype(np.uint8)
