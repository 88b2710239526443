"""Agreement between clusters of a feature map and the labels of its image."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from scipy.stats import entropy
from sklearn.metrics import mutual_info_score
from torch import Tensor

from thesis_lib.clustering import KMeans, SpectralClustering
from thesis_lib.clustering.reduction import random_pca
from thesis_lib.clustering.spectral import PRESETS
from thesis_lib.data.labels import NUM_CLASSES
from thesis_lib.exploration.features import as_points

POSITION = 0.5
"""Weight of the place in the methods that have it."""
Labelling = Callable[[Tensor, Sequence[int]], list[np.ndarray]]
"""A map (C, h, w) and several k -> labels (h, w) for each k."""


class Agreement(NamedTuple):
    """Scores of clusters against the labels of one image; ignored pixels are left out."""

    nmi: float
    """Normalised mutual information of cluster and class, over pixels (arithmetic mean of the entropies)."""
    miou: float
    """Mean IoU over the classes there are, were every cluster given the class that most of its pixels have."""
    purity: float
    """Share of pixels whose cluster is given their class so."""


def agreement(labels: np.ndarray, classes: np.ndarray) -> Agreement:
    """Compare clusters of a feature map with the classes of the pixels that its cells cover.

    Args:
        labels: (h, w), the cluster of each cell.
        classes: (H, W) trainIds.
    """
    counts = cluster_counts(labels, classes)[:, :NUM_CLASSES]
    counts = counts[counts.any(1)]
    mutual = mutual_info_score(None, None, contingency=counts)
    mean_entropy = (entropy(counts.sum(0)) + entropy(counts.sum(1))) / 2
    given = counts.argmax(1)
    hits = np.bincount(given, counts.max(1), NUM_CLASSES)
    predicted = np.bincount(given, counts.sum(1), NUM_CLASSES)
    present = counts.sum(0) > 0
    union = (predicted + counts.sum(0) - hits)[present]
    nmi = float(mutual / mean_entropy) if mean_entropy else 1.0
    return Agreement(nmi, float((hits[present] / union).mean()), float(hits.sum() / counts.sum()))


def cluster_counts(labels: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Count pixels by cluster and class: labels (h, w), trainIds (H, W) -> (k, 20); the last column is "ignore"."""
    counts = cell_counts(classes, labels.shape)
    found = np.zeros((int(labels.max()) + 1, counts.shape[1]), np.int64)
    np.add.at(found, labels.ravel(), counts)
    return found


def cell_counts(classes: np.ndarray, grid: tuple[int, ...]) -> np.ndarray:
    """Count the pixels of each class within each cell of a feature map.

    Args:
        classes: (H, W) trainIds; those that do not count are put last.
        grid: (h, w).

    Returns:
        (h w, 20) int.
    """
    (height, width), (rows, columns) = classes.shape, grid
    cells = (np.arange(height) * rows // height)[:, None] * columns + np.arange(width) * columns // width
    kinds = np.minimum(classes, NUM_CLASSES).astype(np.int64)
    counts = np.bincount((cells * (NUM_CLASSES + 1) + kinds).ravel(), minlength=rows * columns * (NUM_CLASSES + 1))
    return counts.reshape(rows * columns, NUM_CLASSES + 1)


def clustering_choices(neighbors: Sequence[int]) -> dict[str, Labelling]:
    """Methods to compare, by name: both presets, the graphs between them, k-means as a control, rectangles.

    Args:
        neighbors: numbers of neighbours to compare, beside those of "recommended".
    """
    full_local = {"graph": "full", "sigma": "local"}
    return {
        "recommended": _spectral(PRESETS["recommended"]),
        "faithful": _spectral(PRESETS["faithful"]),
        "full graph, local scales": _spectral(full_local),
        "k-means": _kmeans(0.0),
        **{f"{count} neighbours": _spectral({"neighbors": count}) for count in neighbors},
        "recommended, with positions": _spectral(PRESETS["recommended"], POSITION),
        "k-means, with positions": _kmeans(POSITION),
        "rectangles": _rectangles,
    }


def _spectral(options: dict, position: float = 0.0) -> Labelling:
    def label(features: Tensor, ks: Sequence[int]) -> list[np.ndarray]:
        found = SpectralClustering(max(ks), **options)(as_points(features, position=position))
        return [found.cut(k).labels.view(features.shape[1:]).cpu().numpy() for k in ks]

    return label


def _kmeans(position: float) -> Labelling:
    def label(features: Tensor, ks: Sequence[int]) -> list[np.ndarray]:
        points = as_points(features, position=position)[None]
        reduced = random_pca(points, PRESETS["recommended"]["reduce"], seed=0)(points)[0]
        return [KMeans(k)(reduced)[0].view(features.shape[1:]).cpu().numpy() for k in ks]

    return label


def _rectangles(features: Tensor, ks: Sequence[int]) -> list[np.ndarray]:
    """Divide a map into about k rectangles, a control that knows only where a pixel is."""
    height, width = features.shape[1:]
    found = []
    for k in ks:
        rows = max(1, round((k * height / width) ** 0.5))
        columns = max(1, round(k / rows))
        row, column = torch.arange(height) * rows // height, torch.arange(width) * columns // width
        found.append((row[:, None] * columns + column).numpy())
    return found
