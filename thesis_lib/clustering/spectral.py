"""Spectral clustering after Ng, Jordan and Weiss (NIPS 2001), for one set of points or a batch of them."""

import os
import warnings
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, get_args

import torch
from torch import Tensor

from thesis_lib.clustering.affinity import Sigma, inverse_root
from thesis_lib.clustering.checks import check_points
from thesis_lib.clustering.clusters import Clusters, unit_rows
from thesis_lib.clustering.eigen import Eigen, dense_eigenvectors, krylov_eigenvectors
from thesis_lib.clustering.extension import Extension
from thesis_lib.clustering.graph import NEIGHBORS, DenseGraph, Graph, NeighborGraph, TiledGraph, is_crowded
from thesis_lib.clustering.kmeans import KMeans, canonical_order
from thesis_lib.clustering.original import original_embedding
from thesis_lib.clustering.orthonormal import orthonormal
from thesis_lib.clustering.reduction import random_pca

Solver = Literal["auto", "dense", "krylov", "knn", "nystrom"]
Backend = Literal["njw", "torchcluster"]
Preset = Literal["recommended", "faithful"]
PRESETS: dict[Preset, dict[str, Any]] = {
    "recommended": {"sigma": "local", "reduce": 64},
    "faithful": {"sigma": "median", "reduce": None},
}
"""What the measurements of this project recommend, and the thesis: raw features with one bandwidth for all points."""
DENSE_UP_TO = 256
"""Points up to which the whole decomposition is about as fast as the Krylov space (2 cores)."""
KRYLOV_UP_TO = {"cpu": 16_384, "cuda": 65_536}
"""Points up to which "auto" takes the whole affinity, if it can be held; beyond them the sparse graph."""
CHUNK = 2**27
"""Affinities held at a time: images of a batch are solved together while B n^2 stays below (1 GB in float64)."""
LANDMARKS = 2048
"""Points from which "nystrom" extends."""
TRUSTED = 0.95
"""Share of each other that two sets of landmarks must find. Of photographs they share up to 0.15 more than is true."""
HELD = 1 / 8
"""Share of the device's memory for the affinity of one image; a larger one is made again for every product."""


class SpectralClustering:
    """`SpectralClustering(40)(points).labels`: the six steps of Ng, Jordan and Weiss (2001).

    Args:
        n_clusters: k, both the eigenvectors taken and the clusters made.
        sigma: the bandwidth of the Gaussian affinity, in the units of the (reduced) points; "median" of the
            pairwise distances; or "local", a scale of its own for every point (Zelnik-Manor and Perona, 2004).
        reduce: dimensions of the random PCA before the affinity, or None for the points as they are.
        solver: how the eigenvectors are found; `Clusters.solver` says what did.
            "dense": LAPACK in float64, the algorithm to the letter.
            "krylov": the same eigenvectors by a block Krylov space, float32 products; an affinity of more than an
            eighth of the device's memory is not held but made again for each product.
            "knn": a Krylov space on the sparse graph of nearest neighbours, not the paper's, but light for many points;
            more than 20 identical points it would tear apart, and is "krylov" then, as for 20 points or fewer.
            "nystrom": the krylov eigenvectors of 2,048 points, extended to all; it warns where another 2,048 give other
            ones, and is "krylov" for 4,096 points or fewer.
            "auto": dense up to 256 points, krylov up to 16,384 (65,536 on CUDA) if the affinity can be held, then knn.
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

    @classmethod
    def preset(cls, name: Preset, n_clusters: int = 40, **options: Any) -> "SpectralClustering":
        """By name: "recommended" (the defaults), or "faithful" to the thesis: raw features, one bandwidth, the median.

        Raises:
            ValueError: an unknown name.
        """
        if name not in PRESETS:
            raise ValueError(f"preset must be one of {', '.join(PRESETS)}, not {name!r}")
        return cls(n_clusters, **PRESETS[name] | options)

    @torch.no_grad()
    def __call__(self, points: Tensor, *, warm_start: Clusters | None = None) -> Clusters:
        """Cluster points (n, d) or (B, n, d) of any floating dtype, on any device; a batch is B separate problems.

        Args:
            warm_start: a clustering of nearly the same points by the Krylov solver, such as that of the step before. It
                saves products, and how exact the eigenvectors are does not depend on it, for the residual says when to
                stop; k-means goes on from its labels, unless `kmeans` was given, instead of from 4 random starts.

        Raises:
            ValueError: NaN points, fewer points than k, or a warm start of another shape or solver.
        """
        check_points(points, self.n_clusters)
        start = _Start() if warm_start is None else _start_of(warm_start, points, self.n_clusters)
        with torch.autocast(points.device.type, enabled=False):
            return self._cluster(points.detach(), start)

    def _cluster(self, points: Tensor, start: "_Start") -> Clusters:
        batch = points.reshape(-1, *points.shape[-2:])
        solver = self._choose(batch)
        batch = batch if solver == "dense" and batch.dtype == torch.float64 else batch.float()
        eigen, extension = self._extend(batch) if solver == "nystrom" else self._embed(batch, start.basis, solver)
        embedding = unit_rows(eigen.vectors, eigen.values)
        labels, centers = self._label(embedding, start.labels)
        clusters = Clusters(
            labels, eigen.values, eigen.vectors, embedding, centers, solver, eigen.residuals, eigen.basis, extension
        )
        return clusters if points.ndim == 3 else clusters[0]

    def _embed(self, points: Tensor, start: Tensor | None, solver: str) -> tuple[Eigen, Extension | None]:
        """Eigenvectors of points (B, n, d) as they were given, and what places others among them."""
        project = random_pca(points, self.reduce, seed=self.seed)
        points = project(points).to(torch.float64 if solver == "dense" else torch.float32)
        if solver == "torchcluster":
            found = [original_embedding(one, self.n_clusters, self.sigma) for one in points]
            return Eigen(*(torch.stack(tensors) for tensors in zip(*found, strict=True))), None
        eigen, inverse_scale, root = self._solve(points, start, solver)
        neighbors = NEIGHBORS if solver == "knn" else None
        return eigen, Extension(project, points, inverse_scale, root, eigen.vectors, self.sigma == "local", neighbors)

    def _extend(self, points: Tensor) -> tuple[Eigen, Extension | None]:
        """The same from LANDMARKS of the points; other landmarks tell how far that can be trusted."""
        rows = torch.randperm(points.shape[1], generator=torch.Generator().manual_seed(self.seed))[: 2 * LANDMARKS]
        found = []
        for landmarks in rows.view(2, -1).sort().values.to(points.device):
            eigen, extension = self._embed(points[:, landmarks], None, "krylov")
            assert extension is not None
            found.append((Eigen(eigen.values, extension.eigenvectors(points, eigen.values)), extension))
        spaces = [orthonormal(eigen.vectors.mT) for eigen, _ in found]
        shared = float((spaces[0] @ spaces[1].mT).square().sum((1, 2)).min() / self.n_clusters)
        if shared < TRUSTED:
            warnings.warn(
                f'"nystrom": two sets of {LANDMARKS} landmarks give eigenspaces that share only {shared:.2f}; '
                'solver="knn" takes as little memory and needs no landmarks',
                stacklevel=5,
            )
        return found[0]

    def _choose(self, points: Tensor) -> str:
        """The solver that was asked for, or that fits points (B, n, d); krylov where the one asked for does not."""
        if self.backend == "torchcluster":
            return "torchcluster"
        n, solver = points.shape[1], self.solver
        if solver == "auto":
            whole = n <= KRYLOV_UP_TO.get(points.device.type, 0) and is_held(n, points.device)
            solver = "dense" if n <= DENSE_UP_TO else "krylov" if whole else "knn"
        if solver == "knn" and (n <= NEIGHBORS or is_crowded(points)):
            return "krylov"
        return "krylov" if solver == "nystrom" and n <= 2 * LANDMARKS else solver

    def _solve(self, points: Tensor, start: Tensor | None, solver: str) -> tuple[Eigen, Tensor, Tensor]:
        """Eigenvectors, scales and D^-1/2 of points (B, n, d), as many images at a time as memory is meant to hold."""
        size = max(1, CHUNK // (points.shape[1] * (NEIGHBORS if solver == "knn" else points.shape[1])))
        starts = [None] * -(-len(points) // size) if start is None else start.split(size)
        parts = [self._solve_part(*part, solver) for part in zip(points.split(size), starts, strict=True)]
        eigens, scales, roots = zip(*parts, strict=True)
        fields: Any = (None if field[0] is None else torch.cat(field) for field in zip(*eigens, strict=True))
        return Eigen(*fields), torch.cat(scales), torch.cat(roots)

    def _solve_part(self, points: Tensor, start: Tensor | None, solver: str) -> tuple[Eigen, Tensor, Tensor]:
        graph: Graph
        if solver == "knn":
            graph = NeighborGraph(points, self.sigma)
        elif solver == "dense" or is_held(points.shape[1], points.device):
            graph = DenseGraph(points, self.sigma)
        else:
            graph = TiledGraph(points, self.sigma)
        if solver == "dense":
            eigen = dense_eigenvectors(graph, self.n_clusters)
        else:
            eigen = krylov_eigenvectors(graph, self.n_clusters, seed=self.seed, start=start)
        return eigen, graph.inverse_scale, inverse_root(graph.degree)

    def _label(self, embedding: Tensor, start: Tensor | None) -> tuple[Tensor, Tensor]:
        if self.kmeans is None:
            return KMeans(self.n_clusters, seed=self.seed)(embedding, start)
        pairs = [self.kmeans(rows) for rows in embedding]
        labels, order = canonical_order(torch.stack([labels for labels, _ in pairs]), self.n_clusters)
        centers = torch.stack([centers for _, centers in pairs])
        return labels, centers.gather(1, order[..., None].expand_as(centers))


def is_held(n: int, device: torch.device) -> bool:
    """Whether an affinity of n points, in float32, may be held on a device: by its memory, whatever is free of it."""
    if device.type == "cuda":
        memory = torch.cuda.get_device_properties(device).total_memory
    else:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return 4 * n**2 <= HELD * memory


class _Start(NamedTuple):
    """What a warm start takes from an earlier clustering."""

    basis: Tensor | None = None
    """(B, n, b)."""
    labels: Tensor | None = None
    """(B, n), if of as many clusters."""


def _start_of(clusters: Clusters, points: Tensor, k: int) -> _Start:
    """Of an earlier clustering, for points (n, d) or (B, n, d)."""
    basis = clusters.basis
    if basis is None:
        raise ValueError(f'warm_start is from the solver "{clusters.solver}", which keeps no basis; use "krylov"')
    if basis.shape[:-1] != points.shape[:-1]:
        raise ValueError(f"warm_start is of points {tuple(basis.shape[:-1])}, not of {tuple(points.shape[:-1])}")
    labels = clusters.labels.reshape(-1, basis.shape[-2]) if clusters.centers.shape[-2] == k else None
    return _Start(basis.reshape(-1, *basis.shape[-2:]), labels)
