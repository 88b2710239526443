"""Clusters of one picture, or of several jointly, for every k: one decomposition, cut on demand."""

import warnings
from collections.abc import Sequence
from copy import copy
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np
import torch
from torch import Tensor

from thesis_lib.clustering.affinity import gaussian_
from thesis_lib.clustering.distances import exact_squared_distances
from thesis_lib.clustering.embedding import unit_rows
from thesis_lib.data.labels import CLASS_NAMES, NUM_CLASSES
from thesis_lib.exploration.features import as_points, principal_maps
from thesis_lib.models.cluster_layer import Axis, standardized_channels
from thesis_lib.views.clustering_figures import feature_colors
from thesis_lib.views.inspector.analysis.handing_on import neighboring_start, renumbered
from thesis_lib.views.inspector.state.palettes import MOST
from thesis_lib.views.inspector.state.view import View


class Analysis:
    """Eigenvectors of one clustering, and labels for every k, numbered so that like clusters keep their number.

    Args:
        features: (C, h_i, w_i) of each picture.
        view: what to cluster, and how; `anchor` is the k whose clusters are numbered by size.

    Attributes:
        clusters: what `SpectralClustering` found, with 80 eigenvectors where there are as many points.
        fault: what it warned of, such as a graph that falls apart, or "".
        maps: (n,) uint8 labels by k, as far as they were asked for. Points are the pixels of all pictures, one picture
            after the other, row by row; or the channels, standardised over all pictures as ClusterNet's layer does.
    """

    def __init__(self, features: Sequence[Tensor], view: View) -> None:
        self.axis: Axis = view.axis
        self.grids = [tuple(one.shape[1:]) for one in features]
        if self.axis == "pixels":
            points = joint_points(features, view.position)
        else:
            points = standardized_channels(torch.cat([one.flatten(1) for one in features], 1))
            self.channels = [one.cpu().numpy() for one in features]
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            self.clusters = view.clustering(len(points))(points)
        self.fault = "; ".join(str(one.message) for one in caught)
        self.anchor = min(view.anchor, self.most)
        self.maps: dict[int, np.ndarray] = {}
        self._colors: dict[int, np.ndarray] = {}
        self._lock = Lock()  # two panes may share it

    def anchored(self, anchor: int) -> "Analysis":
        """Return an analysis of the same eigenvectors, whose clusters are numbered from another k outward."""
        if min(anchor, self.most) == self.anchor:
            return self
        found = copy(self)
        found.anchor, found.maps, found._colors, found._lock = min(anchor, self.most), {}, {}, Lock()
        return found

    @property
    def most(self) -> int:
        """Largest possible k."""
        return len(self.eigenvalues)

    @property
    def eigenvalues(self) -> np.ndarray:
        """Eigenvalues of L, descending."""
        return self.clusters.eigenvalues.double().cpu().numpy()

    @property
    def suggested(self) -> int:
        """Number of clusters after which the eigenvalues drop most."""
        return self.clusters.eigengap()

    def labels(self, k: int) -> np.ndarray:
        """Labels of k clusters, (n,) uint8: at the anchor those of `Clusters.cut`, else continued from a neighbour's.

        k + 1 splits the widest cluster, k - 1 merges the two nearest, before k-means moves all: so regions, numbers and
        colours stay, and a cut takes a tenth of the time. On a street of 8,192 points its inertia was up to 3 % above
        that of restarts.

        Raises:
            ValueError: k outside of 2 to `most`.
        """
        if not 2 <= k <= self.most:
            raise ValueError(
                f"{k} clusters cannot be made of {self.clusters.labels.numel()} points here: choose 2 to {self.most}, "
                "a finer layer or a larger picture"
            )
        while k not in self.maps:
            self.extend(k)
        return self.maps[k]

    def extend(self, toward: int) -> int:
        """Compute the labels of one more k, the next one toward `toward`, and return that k."""
        with self._lock:
            if self.is_whole:
                return toward
            if not self.maps:
                k, labels = self.anchor, self._cut(self.anchor, None)
            else:
                low, high = min(self.maps), max(self.maps)
                nearer_up = toward > high or (toward >= low and high - toward < toward - low)
                up = high < self.most and (low == 2 or nearer_up)
                k, neighbor = (high + 1, high) if up else (low - 1, low)
                labels = renumbered(self._cut(k, self.maps[neighbor]), self.maps[neighbor])
            self.maps[k] = labels
            return k

    @property
    def is_whole(self) -> bool:
        """Whether every k has been cut."""
        return len(self.maps) == self.most - 1

    def _cut(self, k: int, neighbor: np.ndarray | None) -> np.ndarray:
        start = None
        if neighbor is not None:
            dense = torch.from_numpy(np.unique(neighbor, return_inverse=True)[1])
            vectors, values = self.clusters.eigenvectors[:, :k], self.clusters.eigenvalues[:k]
            start = neighboring_start(unit_rows(vectors, values).cpu(), dense, k).to(vectors.device)
        return self.clusters.cut(k, start=start).labels.cpu().numpy().astype(np.uint8)

    def part(self, labels: np.ndarray, index: int) -> np.ndarray:
        """Labels of one picture, (h, w), among labels (n,) of all pixels."""
        return labels[self.rows(index)].reshape(self.grids[index])

    def rows(self, index: int) -> slice:
        """Rows of the points of one picture."""
        if self.axis == "channels":
            return slice(None)
        sizes = [height * width for height, width in self.grids]
        return slice(sum(sizes[:index]), sum(sizes[: index + 1]))

    @property
    def graph(self) -> str:
        """Description of the graph that was decomposed."""
        extension = self.clusters.extension
        assert extension is not None
        if extension.neighbors is None:
            return "the graph of all pairs"
        return f"the graph of {min(extension.neighbors, extension.points.shape[1] - 1)} neighbours"

    def affinity(self, row: int) -> np.ndarray:
        """Affinities A_ij of one point to all, (n,), 0 to itself: its row of the graph that was decomposed.

        In a graph of neighbours it is 0 but for those of which either is among the other's nearest, and identical
        points, which have 1. The few edges that tie an isolated point, or a component too many, are not shown.
        """
        extension = self.clusters.extension
        assert extension is not None
        points, scales = extension.points, extension.inverse_scale
        squared = exact_squared_distances(points[:, row : row + 1], points)
        far = torch.zeros_like(squared, dtype=torch.bool)
        if extension.radius is not None:
            reach = torch.maximum(extension.radius, extension.radius[:, row : row + 1])[:, None]
            far = squared > reach * (1 + 1e-5)  # both are rounded
        found = gaussian_(squared, scales[:, row : row + 1], scales).masked_fill(far, 0)
        affinity = found[0, 0].float().cpu().numpy()
        affinity[row] = 0
        return affinity

    def feature_colors(self, k: int) -> np.ndarray:
        """Colours of the clusters' mean features, (80, 3) uint8, see `thesis_lib.views.clustering_figures`."""
        if k not in self._colors:
            colors = np.zeros((MOST, 3), np.uint8)
            used, dense = np.unique(self.labels(k), return_inverse=True)
            colors[used] = feature_colors(dense, self._components)
            self._colors[k] = colors
        return self._colors[k]

    @cached_property
    def _components(self) -> np.ndarray:
        """Leading three principal components of the points, (3, n)."""
        extension = self.clusters.extension
        assert extension is not None
        return principal_maps(extension.points[0].T[:, None].cpu())[:, 0]


def joint_points(features: Sequence[Tensor], position: float = 0.0) -> Tensor:
    """Turn the pixels of maps (C, h_i, w_i) into points (n, C), or (n, C + 2) with coordinates weighted by `position`.

    Features are standardised over all maps together, so that like pixels stay alike; places within each, so that the
    middle of one picture is the middle of another of any size.
    """
    whole = torch.cat([one.flatten(1) for one in features], 1)[..., None]  # (C, n, 1): all pixels as one map
    points = as_points(whole, position=position)
    if position:
        points[:, -2:] = torch.cat([as_points(one, position=position)[:, -2:] for one in features])
    return points


def cluster_table(labels: np.ndarray, counts: np.ndarray | None) -> list[dict[str, Any]]:
    """Tabulate the clusters, the largest first: points, their share, the most frequent class, and purity.

    Args:
        labels: (n,).
        counts: (n, 20) of `cell_counts`, or None where classes are not known.

    Returns:
        "cluster", "points", "share"; with classes also "class" ("" where nothing is labelled) and "purity", the share
        of that class among the cluster's labelled pixels.
    """
    sizes = np.bincount(labels, minlength=MOST)
    rows: list[dict[str, Any]] = []
    for cluster in sorted(np.flatnonzero(sizes), key=lambda number: (-sizes[number], number)):
        row: dict[str, Any] = {"cluster": int(cluster), "points": int(sizes[cluster])}
        row["share"] = float(sizes[cluster] / len(labels))
        if counts is not None:
            inside = counts[labels == cluster, :NUM_CLASSES].sum(0)
            known = int(inside.sum())
            row["class"] = CLASS_NAMES[inside.argmax()] if known else ""
            row["purity"] = float(inside.max() / known) if known else 0.0
        rows.append(row)
    return rows
