"""Everything that a view's pictures, figure and files are made from, computed once."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from thesis_lib.exploration.agreement import cell_counts
from thesis_lib.views.inspector.analysis.analysis import Analysis, cluster_table
from thesis_lib.views.inspector.state.palettes import palette
from thesis_lib.views.inspector.state.pictures import Picture
from thesis_lib.views.inspector.state.view import View


@dataclass(frozen=True)
class Shown:
    """Picture, analysis, labels and prediction that a view shows.

    Attributes:
        labels: (n,) uint8 cluster of every clustered point, of all pictures where several are clustered jointly.
        prediction: (h, w) trainIds, uint8, of a network with a head; else None.
    """

    view: View
    picture: Picture
    analysis: Analysis
    labels: np.ndarray
    prediction: np.ndarray | None

    @property
    def points(self) -> slice:
        """Rows of the points that belong to the shown picture."""
        return self.analysis.rows(self.view.place)

    @property
    def part(self) -> np.ndarray:
        """Clusters of the shown picture's pixels, (h, w), or of the channels, (C,)."""
        return self.labels if self.view.axis == "channels" else self.analysis.part(self.labels, self.view.place)

    @cached_property
    def colors(self) -> np.ndarray:
        """Colour of every cluster, (80, 3) uint8."""
        if self.view.palette != "features":
            return palette(self.view.palette)
        return self.analysis.feature_colors(self.view.k) if self.view.axis == "pixels" else palette("distinct")

    @cached_property
    def table(self) -> list[dict[str, Any]]:
        """Rows of `cluster_table`, with classes where the picture's are known and points are pixels."""
        counts = None
        if self.picture.classes is not None and self.view.axis == "pixels":
            counts = cell_counts(self.picture.classes, self.analysis.grids[self.view.place])
        return cluster_table(self.labels[self.points], counts)
