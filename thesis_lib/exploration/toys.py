"""Point sets of the kind that Ng, Jordan and Weiss (2001) show in figure 1, with the clusters that an eye sees."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.metrics import adjusted_rand_score
from torch import Tensor

from thesis_lib.clustering import Clusters, KMeans, SpectralClustering

POINTS = 240
SIGMAS = (0.05, 0.07, 0.1, 0.14, 0.2, 0.28, 0.4)


def nested_circles(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Three rings around one centre: points (n, 2) and clusters (n,)."""
    radii = np.array([0.5, 1.4, 2.3])
    cluster = np.repeat([0, 1, 2], (POINTS * radii / radii.sum()).round().astype(int))
    angle = 2 * np.pi * (np.arange(len(cluster)) + random.uniform(0, 1, len(cluster))) / np.bincount(cluster)[cluster]
    radius = radii[cluster] + random.normal(0, 0.05, len(cluster))
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1), cluster


def crossing_lines(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two noisy lines that cross at right angles."""
    cluster = np.arange(POINTS) % 2
    along, across = random.uniform(-2, 2, POINTS), random.normal(0, 0.05, POINTS)
    sign = np.where(cluster, 1, -1)
    return np.stack([along - sign * across, sign * along + across], 1) / np.sqrt(2), cluster


def blobs(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Four Gaussian clouds of different widths."""
    cluster = np.arange(POINTS) % 4
    centres = np.array([[-1.2, -1.2], [1.2, -1.0], [-1.0, 1.2], [1.3, 1.3]])
    width = np.array([0.2, 0.35, 0.3, 0.25])[cluster]
    return centres[cluster] + width[:, None] * random.normal(size=(POINTS, 2)), cluster


def two_moons(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two half rings, each with an end inside the other."""
    cluster = np.arange(POINTS) % 2
    angle = random.uniform(0, np.pi, POINTS)
    points = np.stack([np.cos(angle) - 0.5, np.sin(angle) - 0.25], 1)
    points = np.where(cluster[:, None], -points, points)
    return 1.4 * points + random.normal(0, 0.07, (POINTS, 2)), cluster


TOYS: dict[str, tuple[Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]], int]] = {
    "nested circles": (nested_circles, 3),
    "two moons": (two_moons, 2),
    "blobs": (blobs, 4),
    "crossing lines": (crossing_lines, 2),
}
"""Sets by name, with the number of their clusters."""


def cluster_toys(seed: int = 0) -> dict[str, dict[str, np.ndarray | float]]:
    """Cluster every toy set by NJW and by k-means, with their adjusted Rand index to what the eye sees."""
    results = {}
    for name, (make, k) in TOYS.items():
        points, truth = make(np.random.default_rng(seed))
        tensor = torch.from_numpy(points)
        spectral = tightest(tensor, k, seed).labels.numpy()
        kmeans = KMeans(k, seed=seed)(tensor)[0].numpy()
        results[name] = {
            "points": points,
            "spectral": spectral,
            "kmeans": kmeans,
            "spectral_ari": adjusted_rand_score(truth, spectral),
            "kmeans_ari": adjusted_rand_score(truth, kmeans),
        }
    return results


def tightest(points: Tensor, k: int, seed: int) -> Clusters:
    """Cluster by NJW with the bandwidth of the tightest clusters of rows, as the paper chooses it (section 3)."""
    options: dict[str, Any] = {"graph": "full", "solver": "dense", "reduce": None, "seed": seed}
    return min((SpectralClustering(k, sigma=sigma, **options)(points) for sigma in SIGMAS), key=distortion)


def distortion(clusters: Clusters) -> float:
    """Mean squared distance of the embedding's rows to the centres of their clusters."""
    return float((clusters.embedding - clusters.centers[clusters.labels]).square().sum(-1).mean())
