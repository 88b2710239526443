"""Timing of clusterings against the number of points."""

import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from sklearn.cluster import SpectralClustering as SklearnSpectralClustering
from torch import Tensor

from thesis_lib.clustering import KMeans, SpectralClustering

Series = dict[str, list[float]]


def clustering_methods(n_clusters: int) -> dict[str, Callable[[Tensor], object]]:
    """Clusterings to time, by name."""

    def sklearn(points: Tensor) -> object:
        squared = torch.cdist(points[::4], points[::4]).square()
        gamma = float(1 / (2 * squared.median()))
        return SklearnSpectralClustering(n_clusters, gamma=gamma, n_init=4, random_state=0).fit(points.numpy())

    return {
        "dense (LAPACK)": SpectralClustering(n_clusters, graph="full", solver="dense"),
        "krylov": SpectralClustering(n_clusters, graph="full", solver="krylov"),
        "nearest neighbours": SpectralClustering(n_clusters, graph="neighbors"),
        "k-means": KMeans(n_clusters),
        "scikit-learn, arpack": sklearn,
    }


def time_clustering(
    points: Tensor, counts: Sequence[int], *, n_clusters: int, repeats: int, limit: float = 1.0
) -> dict[str, Series]:
    """Time every method at every number of points on the processor, methods taking turns.

    Args:
        points: (n, d) to take evenly spaced rows from.
        repeats: of which median and quartiles are given.
        limit: seconds; a method that took longer is not tried with more points.

    Returns:
        by method: "points", "seconds", "low", "high".
    """
    points, methods = points.cpu(), clustering_methods(n_clusters)
    times: dict[str, Series] = {name: {"points": [], "seconds": [], "low": [], "high": []} for name in methods}
    for count in counts:
        rows = points[torch.linspace(0, len(points) - 1, count).long()]
        active = [name for name, series in times.items() if not series["seconds"] or series["seconds"][-1] < limit]
        samples: dict[str, list[float]] = {name: [] for name in active}
        for _ in range(repeats):
            for name in active:
                begin = time.perf_counter()
                methods[name](rows)
                samples[name].append(time.perf_counter() - begin)
        for name in active:
            low, middle, high = np.quantile(samples[name], (0.25, 0.5, 0.75))
            for key, value in (("points", count), ("seconds", middle), ("low", low), ("high", high)):
                times[name][key].append(float(value))
    return times
