"""Result of spectral clustering, and what follows from it without solving again."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from thesis_lib.clustering.checks import check_points
from thesis_lib.clustering.distances import FINE
from thesis_lib.clustering.embedding import unit_rows
from thesis_lib.clustering.extension import Extension
from thesis_lib.clustering.kmeans import KMeans


@dataclass(frozen=True)
class Clusters:
    """Result of spectral clustering; it has a leading batch dimension if the points had one.

    Eigenvalues, eigenvectors, embedding and centres are float64 from the dense solver, float32 from the others.
    """

    labels: Tensor
    """(..., n) int64 in [0, k), the largest cluster 0."""
    eigenvalues: Tensor
    """(..., k), descending, of L = D^-1/2 A D^-1/2."""
    eigenvectors: Tensor
    """(..., n, k), orthonormal columns: X of the paper; from landmarks their extension, of any length."""
    embedding: Tensor
    """(..., n, k), the eigenvectors with unit rows: Y of the paper."""
    centers: Tensor
    """(..., k, k), the cluster centres in the embedding."""
    solver: str
    """What found the eigenvectors; of "auto", what it chose."""
    graph: str
    """Whose: that of the "neighbors", the "full" affinity, or that of "torchcluster"."""
    residuals: Tensor | None = None
    """(..., k), |L x - lambda x| of each eigenvector, float64; None where it was not asked how exact they are."""
    basis: Tensor | None = None
    """(..., n, b) from a Krylov space: the eigenvectors and the next best directions, for `warm_start`."""
    extension: Extension | None = None
    """For `transform` and `predict`; it holds the reduced points."""
    seed: int = 0
    """Of the clustering, and of its cuts."""

    def cut(self, n_clusters: int, *, seed: int | None = None, start: Tensor | None = None) -> "Clusters":
        """Cluster into fewer clusters from the same eigenvectors, without solving again.

        Of a graph with more components than clusters, the first eigenvectors are any combinations of theirs: each
        component stays whole, but which of them share a cluster is arbitrary. Clustering anew joins the nearest.

        Args:
            n_clusters: at most the k of this clustering.
            seed: of k-means; by default that of this clustering, whose labels a cut into k clusters then has, unless
                they came from a warm start or another k-means.
            start: labels (..., n) that k-means goes on from instead of restarts.

        Raises:
            ValueError: more clusters than there are eigenvectors.
        """
        if not 1 <= n_clusters <= self.eigenvalues.shape[-1]:
            raise ValueError(
                f"{n_clusters} clusters cannot be cut from {self.eigenvalues.shape[-1]} eigenvectors; "
                "cluster with the largest k that is wanted first"
            )
        seed = self.seed if seed is None else seed
        values, vectors = self.eigenvalues[..., :n_clusters], self.eigenvectors[..., :n_clusters]
        embedding = unit_rows(vectors, values)
        labels, centers = KMeans(n_clusters, rounding=FINE, seed=seed)(embedding, start)
        residuals = None if self.residuals is None else self.residuals[..., :n_clusters]
        return replace(
            self,
            labels=labels,
            eigenvalues=values,
            eigenvectors=vectors,
            embedding=embedding,
            centers=centers,
            residuals=residuals,
            seed=seed,
        )

    def eigengap(self, least: int = 2) -> int:
        """Number of clusters, from `least` to k - 1, after which the eigenvalues drop most (von Luxburg, 2007).

        k well separated groups give k eigenvalues near 1 and a gap. Of a batch the drops are averaged.

        Raises:
            ValueError: fewer than least + 1 eigenvalues.
        """
        k = self.eigenvalues.shape[-1]
        if not 1 <= least < k:
            raise ValueError(f"no gap after {least} or more of {k} eigenvalues: cluster with a larger k first")
        drops = -self.eigenvalues.double().reshape(-1, k).diff(dim=1).mean(0)
        return least + int(drops[least - 1 :].argmax())

    def transform(self, points: Tensor) -> Tensor:
        """Embed other points (..., m, d), such as another image's, as (..., m, k), without solving again.

        A clustered point gets back its own row, up to rounding.

        Raises:
            ValueError: points of another shape or with NaN, or a clustering by torchcluster.
        """
        if self.extension is None:
            raise ValueError(f'a clustering on the graph of "{self.graph}" cannot place new points; use another')
        check_points(points, 1)
        batch, expected = points.reshape(-1, *points.shape[-2:]), self.extension.project.mean
        if points.shape[:-2] != self.labels.shape[:-1] or points.shape[-1] != expected.shape[-1]:
            raise ValueError(
                f"points must have shape (*{tuple(self.labels.shape[:-1])}, m, {expected.shape[-1]}), as those "
                f"clustered, not {tuple(points.shape)}"
            )
        k = self.eigenvalues.shape[-1]
        values, vectors = self.eigenvalues.reshape(-1, k), self.eigenvectors.reshape(-1, *self.eigenvectors.shape[-2:])
        with torch.no_grad(), torch.autocast(points.device.type, enabled=False):
            entries = self.extension.eigenvectors(batch, values)
            return unit_rows(entries, values, among=vectors).reshape(*points.shape[:-1], k)

    def predict(self, points: Tensor) -> Tensor:
        """Assign other points (..., m, d) to clusters (..., m), by the nearest centre to their `transform`."""
        return torch.cdist(self.transform(points), self.centers).argmin(-1)

    def __getitem__(self, index: int) -> "Clusters":
        """Result of one member of the batch."""
        values = vars(self).items()
        parts: dict[str, Any] = {name: value[index] for name, value in values if isinstance(value, Tensor | Extension)}
        return replace(self, **parts)
