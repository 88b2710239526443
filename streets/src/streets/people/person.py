"""People on foot: walking, standing, carrying things."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from streets.optics.camera import Points
from streets.paint.canvas import Canvas
from streets.paint.round import disc
from streets.people.figure import Clothes, Figure, paint_figure
from streets.people.gait import walking

GROUPED = 50.0
"""Depth from which an annotator no longer tells people apart."""


@dataclass(frozen=True)
class Person:
    """Someone on foot."""

    x: float
    z: float
    heading: float
    height: float
    phase: float
    stride: float
    clothes: Clothes
    pockets: float = 0.0
    y: float = 0.12

    def footprint(self) -> Points:
        """(8, 3) a small disc on the ground."""
        return disc(self.x, self.y, self.z, 0.24, 8)

    def paint(self, canvas: Canvas, sunlit: float = 1.0) -> None:
        """Paint and annotate as a person."""
        foot = np.array([self.x, self.y, self.z])
        figure = Figure(
            canvas, walking(self.phase, self.stride, pockets=self.pockets), foot, self.heading, self.height, sunlit
        )
        paint_figure(figure, self.clothes)
        figure.paste(canvas, self.z, "person" if self.z < GROUPED else "persongroup")
