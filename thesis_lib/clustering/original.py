"""The clustering package of the original thesis, torchcluster 0.1.4, made to run on today's torch.

Its SpectrumClustering calls Tensor.eig, which torch 1.13 removed. Nothing of it is copied or patched here: it is
given tensors that still have the method.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchcluster.zoo import SpectrumClustering

from thesis_lib.clustering.affinity import median_scale, neighbor_distances, positive_scales
from thesis_lib.clustering.checks import check_points
from thesis_lib.clustering.clusters import Clusters
from thesis_lib.clustering.distances import squared_distances
from thesis_lib.clustering.embedding import unit_rows
from thesis_lib.clustering.kmeans import label_rows
from thesis_lib.clustering.reduction import random_pca

Record = Callable[[Tensor, Tensor], None]


class OriginalSpectralClustering(SpectrumClustering):
    """torchcluster.zoo.SpectrumClustering, as published, with the eigenvectors it finds kept.

    `labels, centers = OriginalSpectralClustering(n_clusters=40, k=40)(points)`. After the call, `eigenvalues` (n,)
    ascending and `eigenvectors` (n, n) are those of its I - D^-1/2 W D^-1/2. Its distances take n^2 d numbers.

    Args:
        seed: of its k-means, which draws from numpy's global generator; the generator is put back afterwards.
        others: as in torchcluster: n_clusters, cluster (a k-means), threshold (squared distance below which two
            points are joined), k (eigenvectors), eps.
    """

    def __init__(self, *args: Any, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.seed = seed
        self.eigenvalues = self.eigenvectors = torch.empty(0)

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Cluster points (n, d): labels (n,) and centers (k, k)."""
        with numpy_seed(self.seed):
            labels, centers = super().__call__(x.as_subclass(_with_eig(self._record)))
        return labels.as_subclass(Tensor), centers.as_subclass(Tensor)

    def _record(self, values: Tensor, vectors: Tensor) -> None:
        self.eigenvalues, self.eigenvectors = values, vectors


@torch.no_grad()
def original_clusters(
    points: Tensor,
    k: int,
    *,
    sigma: float | str = "local",
    reduce: int | None = 64,
    seed: int = 0,
    kmeans: Callable[[Tensor], tuple[Tensor, Tensor]] | None = None,
) -> Clusters:
    """Cluster by the embedding of the original thesis' package, whose graph is of the pairs closer than sqrt(2) sigma.

    Args:
        points: (n, d). Its distances take n^2 d numbers.
        k: eigenvectors and clusters.
        sigma: a number, the "median" of the pairwise distances, or "local": the median of the distances to the 7th
            neighbour.
        reduce, seed, kmeans: as in `SpectralClustering`.

    Returns:
        Clusters that cannot place further points. Their eigenvalues are 1 less those of its I - D^-1/2 W D^-1/2.
    """
    check_points(points, k)
    reduced = random_pca(points[None], reduce, seed=seed)(points[None])[0]  # (n, r)
    if sigma == "local":
        scale = positive_scales(neighbor_distances(squared_distances(reduced, reduced))).median()
    else:
        scale = median_scale(reduced).squeeze() if sigma == "median" else reduced.new_tensor(float(sigma))
    original = OriginalSpectralClustering(cluster=_no_clusters, k=k)
    original(reduced / scale)
    values, vectors = 1 - original.eigenvalues[:k], original.eigenvectors[:, :k]
    embedding = unit_rows(vectors, values)  # (n, k)
    labels, centers = label_rows(embedding[None], k, seed, kmeans)
    return Clusters(labels[0], values, vectors, embedding, centers[0], "dense", "torchcluster", seed=seed)


@contextmanager
def numpy_seed(seed: int) -> Iterator[None]:
    """Seed numpy's global generator inside the block, and restore it afterwards."""
    state = np.random.get_state()  # noqa: NPY002 -- torchcluster draws from it
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002


def _no_clusters(embedding: Tensor) -> tuple[Tensor, Tensor]:
    """Placeholder for k-means that does nothing, where only the embedding is wanted."""
    return embedding.new_zeros(len(embedding), dtype=torch.int64), embedding[:0]


def _with_eig(record: Record) -> type[Tensor]:
    """Make a Tensor subclass with `eig` for symmetric matrices, as torch 1.12 had it."""

    class WithEig(Tensor):
        def eig(self, eigenvectors: bool = False) -> tuple[Tensor, Tensor]:
            values, vectors = torch.linalg.eigh(self.as_subclass(Tensor))
            record(values, vectors)
            return torch.stack([values, torch.zeros_like(values)], dim=1), vectors.as_subclass(type(self))

    return WithEig
