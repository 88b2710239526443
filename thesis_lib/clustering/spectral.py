"""Spectral clustering after Ng, Jordan and Weiss (NIPS 2001), for one set of points or a batch of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from thesis_lib.clustering.affinity import Sigma, affinity, inverse_root_degree, normalized_affinity
from thesis_lib.clustering.checks import check_points
from thesis_lib.clustering.eigen import dense_eigenvectors, krylov_eigenvectors
from thesis_lib.clustering.kmeans import KMeans, canonical_order
from thesis_lib.clustering.original import original_embedding
from thesis_lib.clustering.reduction import random_pca

Solver = Literal["auto", "dense", "krylov"]
Backend = Literal["njw", "torchcluster"]
DENSE_UP_TO = 512
"""Points up to which the whole decomposition is about as fast as the Krylov space (2 cores)."""
CHUNK = 2**27
"""Affinities held at a time: images of a batch are solved together while B n^2 stays below (1 GB in float64)."""


@dataclass(frozen=True)
class Clusters:
    """What spectral clustering found; a leading batch dimension is there when the points had one.

    All but the labels is float64 from the dense solver, float32 from the others.
    """

    labels: Tensor
    """(..., n) int64 in [0, k), the largest cluster 0."""
    eigenvalues: Tensor
    """(..., k), descending, of L = D^-1/2 A D^-1/2."""
    eigenvectors: Tensor
    """(..., n, k), orthonormal columns: X of the paper."""
    embedding: Tensor
    """(..., n, k), the eigenvectors with unit rows: Y of the paper."""
    centers: Tensor
    """(..., k, k), the cluster centres in the embedding."""
    solver: str
    """What found the eigenvectors."""
    basis: Tensor | None = None
    """(..., n, b) from the Krylov solver: the eigenvectors and the next best directions, for `warm_start`."""

    def cut(self, n_clusters: int, *, seed: int = 0) -> "Clusters":
        """The clustering into fewer clusters, from the eigenvectors that are here: NJW without solving again.

        Args:
            n_clusters: at most the k of this clustering.

        Raises:
            ValueError: more clusters than there are eigenvectors.
        """
        if not 1 <= n_clusters <= self.eigenvalues.shape[-1]:
            raise ValueError(
                f"{n_clusters} clusters cannot be cut from {self.eigenvalues.shape[-1]} eigenvectors; "
                "cluster with the largest k that is wanted first"
            )
        values, vectors = self.eigenvalues[..., :n_clusters], self.eigenvectors[..., :n_clusters]
        embedding = unit_rows(vectors, values)
        labels, centers = KMeans(n_clusters, seed=seed)(embedding)
        return Clusters(labels, values, vectors, embedding, centers, self.solver, self.basis)

    def __getitem__(self, index: int) -> "Clusters":
        """One member of a batch."""
        found = (self.labels, self.eigenvalues, self.eigenvectors, self.embedding, self.centers)
        labels, values, vectors, embedding, centers = (tensor[index] for tensor in found)
        basis = None if self.basis is None else self.basis[index]
        return Clusters(labels, values, vectors, embedding, centers, self.solver, basis)


class SpectralClustering:
    """`SpectralClustering(40)(points).labels`: the six steps of Ng, Jordan and Weiss (2001).

    Args:
        n_clusters: k, both the eigenvectors taken and the clusters made.
        sigma: the bandwidth of the Gaussian affinity, in the units of the (reduced) points; "median" of the
            pairwise distances; or "local", a scale of its own for every point (Zelnik-Manor and Perona, 2004).
        reduce: dimensions of the random PCA before the affinity, or None for the points as they are.
        solver: "dense" (LAPACK in float64: the algorithm to the letter), "krylov" (the same eigenvectors by a block
            Krylov space, float32 products), or "auto": dense up to 512 points.
        seed: of all random draws. Equal seeds give equal bits at a fixed thread count.
        kmeans: step 5 by another callable `labels, centers = kmeans(points)`, such as torchcluster.zoo.KMeans(40);
            by default KMeans(n_clusters, seed=seed).
        backend: "njw", or "torchcluster" for the embedding of the original thesis' package: an unweighted graph of
            the pairs closer than sqrt(2) sigma. There "local" means one sigma, the median of the local ones.

    Raises:
        ValueError: at construction for a value outside these; at the call for NaN points or fewer points than k.
    """

    def __init__(
        self,
        n_clusters: int = 40,
        *,
        sigma: Sigma = "local",
        reduce: int | None = 64,
        solver: Solver = "auto",
        seed: int = 0,
        kmeans: Callable[[Tensor], tuple[Tensor, Tensor]] | None = None,
        backend: Backend = "njw",
    ) -> None:
        if not (sigma in ("local", "median") or (isinstance(sigma, (int, float)) and sigma > 0)):
            raise ValueError(f'sigma must be a number above 0, "median" or "local", not {sigma!r}')
        if solver not in get_args(Solver):
            raise ValueError(f"solver must be one of {', '.join(get_args(Solver))}, not {solver!r}")
        if backend not in get_args(Backend):
            raise ValueError(f"backend must be one of {', '.join(get_args(Backend))}, not {backend!r}")
        if reduce is not None and reduce < 1:
            raise ValueError(f"reduce must be None or at least 1 dimension, not {reduce}")
        self.n_clusters = n_clusters
        self.sigma = sigma
        self.reduce = reduce
        self.solver = solver
        self.seed = seed
        self.kmeans = kmeans
        self.backend = backend

    @torch.no_grad()
    def __call__(self, points: Tensor, *, warm_start: Clusters | None = None) -> Clusters:
        """Cluster points (n, d) or (B, n, d) of any floating dtype, on any device; a batch is B separate problems.

        Args:
            warm_start: a clustering of nearly the same points by the Krylov solver, such as that of the step before. It
                saves products; how exact the answer is does not depend on it, for the residual says when to stop.

        Raises:
            ValueError: NaN points, fewer points than k, or a warm start of another shape or solver.
        """
        check_points(points, self.n_clusters)
        start = None if warm_start is None else _start_of(warm_start, points)
        with torch.autocast(points.device.type, enabled=False):
            return self._cluster(points.detach(), start)

    def _cluster(self, points: Tensor, start: Tensor | None) -> Clusters:
        solver = self._choose(points.shape[-2])
        batch = points.reshape(-1, *points.shape[-2:])
        batch = batch.double() if solver == "dense" else batch.float()
        if self.reduce is not None:
            batch = random_pca(batch, self.reduce, seed=self.seed)
        size = max(1, CHUNK // batch.shape[1] ** 2)
        starts = [None] * -(-len(batch) // size) if start is None else start.split(size)
        parts = [self._eigenvectors(*part, solver) for part in zip(batch.split(size), starts, strict=True)]
        values = torch.cat([values for values, _, _ in parts])
        vectors = torch.cat([vectors for _, vectors, _ in parts])
        bases = [basis for _, _, basis in parts if basis is not None]
        basis = torch.cat(bases) if bases else None
        embedding = unit_rows(vectors, values)
        labels, centers = self._label(embedding)
        clusters = Clusters(labels, values, vectors, embedding, centers, solver, basis)
        return clusters if points.ndim == 3 else clusters[0]

    def _choose(self, n: int) -> str:
        if self.backend == "torchcluster":
            return "torchcluster"
        if self.solver == "auto":
            return "dense" if n <= DENSE_UP_TO else "krylov"
        return self.solver

    def _eigenvectors(self, points: Tensor, start: Tensor | None, solver: str) -> tuple[Tensor, Tensor, Tensor | None]:
        """Eigenvalues (B, k), eigenvectors (B, n, k) and basis of points (B, n, d)."""
        if solver == "torchcluster":
            values, vectors = zip(
                *(original_embedding(one, self.n_clusters, self.sigma) for one in points), strict=True
            )
            return torch.stack(values), torch.stack(vectors), None
        weights = affinity(points, self.sigma)
        if solver == "dense":
            return *dense_eigenvectors(normalized_affinity(weights), self.n_clusters), None
        roots = inverse_root_degree(weights)
        starts = [None] * len(points) if start is None else start
        found = [
            krylov_eigenvectors(one, root, self.n_clusters, seed=self.seed, start=first)
            for one, root, first in zip(weights, roots, starts, strict=True)
        ]
        values, vectors, basis = zip(*found, strict=True)
        return torch.stack(values), torch.stack(vectors), torch.stack(basis)

    def _label(self, embedding: Tensor) -> tuple[Tensor, Tensor]:
        if self.kmeans is None:
            return KMeans(self.n_clusters, seed=self.seed)(embedding)
        pairs = [self.kmeans(rows) for rows in embedding]
        labels, order = canonical_order(torch.stack([labels for labels, _ in pairs]), self.n_clusters)
        centers = torch.stack([centers for _, centers in pairs])
        return labels, centers.gather(1, order[..., None].expand_as(centers))


def _start_of(clusters: Clusters, points: Tensor) -> Tensor:
    """The basis (B, n, b) of an earlier clustering, for points (n, d) or (B, n, d)."""
    basis = clusters.basis
    if basis is None:
        raise ValueError(f'warm_start is from the solver "{clusters.solver}", which keeps no basis; use "krylov"')
    if basis.shape[:-1] != points.shape[:-1]:
        raise ValueError(f"warm_start is of points {tuple(basis.shape[:-1])}, not of {tuple(points.shape[:-1])}")
    return basis.reshape(-1, *basis.shape[-2:])


def unit_rows(eigenvectors: Tensor, eigenvalues: Tensor) -> Tensor:
    """Y_ij = X_ij / (sum_j X_ij^2)^1/2: Ng, Jordan and Weiss (2001), step 4.

    Columns whose eigenvalue is not positive are left out (set to 0): they separate identical points, and only
    appear among the k largest when there are fewer than k distinct ones. A row of zeros, an isolated point, stays.
    """
    kept = eigenvectors * (eigenvalues > 0)[..., None, :]
    norm = kept.norm(dim=-1, keepdim=True)
    return torch.where(norm > torch.finfo(kept.dtype).eps, kept / norm, torch.zeros_like(kept))
