"""Spectral clustering after Ng, Jordan and Weiss (NIPS 2001), for one set of points or a batch of them."""

import os
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, get_args

import torch
from torch import Tensor

from thesis_lib.clustering.affinity import Sigma, inverse_root, is_local
from thesis_lib.clustering.checks import check_points, warn_caller
from thesis_lib.clustering.clusters import Clusters, unit_rows
from thesis_lib.clustering.eigen import Eigen, dense_eigenvectors, krylov_eigenvectors
from thesis_lib.clustering.extension import Extension
from thesis_lib.clustering.graph import DenseGraph, Graph, TiledGraph
from thesis_lib.clustering.kmeans import KMeans, canonical_order
from thesis_lib.clustering.neighbor_graph import NEIGHBORS, NeighborGraph
from thesis_lib.clustering.neighbors import FINE
from thesis_lib.clustering.original import original_embedding
from thesis_lib.clustering.orthonormal import orthonormal
from thesis_lib.clustering.reduction import random_pca
from thesis_lib.clustering.twins import Twins, find_twins

GraphName = Literal["neighbors", "full"]
Solver = Literal["auto", "dense", "krylov", "nystrom"]
Backend = Literal["njw", "torchcluster"]
Preset = Literal["recommended", "faithful"]
PRESETS: dict[Preset, dict[str, Any]] = {
    "recommended": {"graph": "neighbors", "neighbors": NEIGHBORS, "sigma": "local", "reduce": 64},
    "faithful": {"graph": "full", "neighbors": NEIGHBORS, "sigma": "median", "reduce": None},
}
"""What the measurements of this project recommend; and Ng, Jordan and Weiss to the letter: the affinity of all pairs,
raw features, one bandwidth for all points."""
DENSE_UP_TO = 256
"""Points up to which the whole decomposition is about as fast as the Krylov space (2 cores)."""
CHUNK = 2**27
"""Affinities held at a time: images of a batch are solved together while B n^2 stays below (1 GB in float64)."""
LANDMARKS = 2048
"""Points from which "nystrom" extends."""
TRUSTED = 0.95
"""Share of each other that two sets of landmarks must find. Of photographs they share up to 0.15 more than is true."""
HELD = 1 / 8
"""Share of the device's memory for the affinity of one image; a larger one is made again for every product."""


class SpectralClustering:
    """`SpectralClustering(40)(points).labels`: the six steps of Ng, Jordan and Weiss (2001), on one of two graphs.

    Args:
        n_clusters: k, both the eigenvectors taken and the clusters made.
        graph: whose affinities count.
            "neighbors": each point's nearest alone, a sparse graph. On feature maps of streets it agrees with the
            labels better than k-means does, which the full graph does not (docs/clustering.md).
            "full": all pairs, as in the paper.
        neighbors: of each point in the graph of "neighbors"; either of two points may name the other.
        sigma: the bandwidth of the Gaussian affinity, in the units of the (reduced) points; "median" of the
            pairwise distances; or "local", a scale of its own for every point (Zelnik-Manor and Perona, 2004).
        reduce: dimensions of the random PCA before the affinity, or None for the points as they are.
        solver: how the eigenvectors of the graph are found; `Clusters.solver` says what did.
            "dense": LAPACK in float64, the oracle of either graph.
            "krylov": the same eigenvectors by a block Krylov space, float32 products; a full affinity of more than an
            eighth of the device's memory is not held but made again for each product.
            "nystrom": the krylov eigenvectors of 2,048 points, extended to all; it warns where another 2,048 give other
            ones, and is "krylov" for 4,096 points or fewer.
            "auto": dense up to 256 points, then krylov.
        seed: of all random draws. Equal seeds give equal bits at a fixed thread count.
        kmeans: step 5 by another callable `labels, centers = kmeans(points)`, such as torchcluster.zoo.KMeans(40);
            by default KMeans(n_clusters, seed=seed).
        backend: "njw", or "torchcluster" for the embedding of the original thesis' package: an unweighted graph of
            the pairs closer than sqrt(2) sigma. There "local" means one sigma, the median of the local ones.

    Raises:
        ValueError: at construction for a value outside these; at the call for NaN points or fewer points than k.

    Warns:
        UserWarning: at the call where the graph falls apart (isolated points, components), with their number.
    """

    def __init__(
        self,
        n_clusters: int = 40,
        *,
        graph: GraphName = "neighbors",
        neighbors: int = NEIGHBORS,
        sigma: float | str = "local",
        reduce: int | None = 64,
        solver: Solver = "auto",
        seed: int = 0,
        kmeans: Callable[[Tensor], tuple[Tensor, Tensor]] | None = None,
        backend: Backend = "njw",
    ) -> None:
        if not (sigma in ("local", "median") or (isinstance(sigma, (int, float)) and 0 < sigma < float("inf"))):
            raise ValueError(f'sigma must be a number above 0, "median" or "local", not {sigma!r}')
        for name, value, choices in (
            ("graph", graph, GraphName),
            ("solver", solver, Solver),
            ("backend", backend, Backend),
        ):
            if value not in get_args(choices):
                raise ValueError(f"{name} must be one of {', '.join(get_args(choices))}, not {value!r}")
        if neighbors < 1:
            raise ValueError(f"neighbors must be at least 1, not {neighbors}")
        if reduce is not None and reduce < 1:
            raise ValueError(f"reduce must be None or at least 1 dimension, not {reduce}")
        self.n_clusters = n_clusters
        self.graph = graph
        self.neighbors = neighbors
        self.sigma = sigma
        self.reduce = reduce
        self.solver = solver
        self.seed = seed
        self.kmeans = kmeans
        self.backend = backend

    @classmethod
    def preset(cls, name: Preset, n_clusters: int = 40, **options: Any) -> "SpectralClustering":
        """A clustering by a name: "recommended" (the defaults), or "faithful" to Ng, Jordan and Weiss.

        Raises:
            ValueError: an unknown name.
        """
        if name not in PRESETS:
            raise ValueError(f"preset must be one of {', '.join(PRESETS)}, not {name!r}")
        return cls(n_clusters, **PRESETS[name] | options)

    @torch.no_grad()
    def __call__(self, points: Tensor, *, warm_start: Clusters | None = None) -> Clusters:
        """Cluster points (n, d) or (B, n, d) of any real dtype, on any device; a batch is B separate problems.

        Args:
            warm_start: a clustering of nearly the same points, such as that of the step before. It saves products, and
                how exact the eigenvectors are does not depend on it, for the residual says when to stop; k-means goes
                on from its labels, unless `kmeans` was given, instead of from 4 random starts.

        Raises:
            ValueError: NaN points, fewer points than k, or a warm start of another number of points or from landmarks.
        """
        check_points(points, self.n_clusters)
        start = _Start() if warm_start is None else _start_of(warm_start, points, self.n_clusters)
        with torch.autocast(points.device.type, enabled=False):
            return self._cluster(points.detach(), start)

    def _cluster(self, points: Tensor, start: "_Start") -> Clusters:
        batch = points.reshape(-1, *points.shape[-2:])
        solver, graph = self._choose(batch.shape[1]), self.graph
        if self.backend == "torchcluster":
            found, solver, graph = _Found(self._original(batch)), "dense", "torchcluster"  # type: ignore[assignment]
        else:
            found = self._extend(batch) if solver == "nystrom" else self._embed(batch, start.basis, solver)
        if found.fault:
            warn_caller(found.fault)
        eigen, extension, _ = found
        embedding = unit_rows(eigen.vectors, eigen.values)
        labels, centers = self._label(embedding, start.labels)
        clusters = Clusters(
            labels,
            eigen.values,
            eigen.vectors,
            embedding,
            centers,
            solver,
            graph,
            eigen.residuals,
            eigen.basis,
            extension,
            self.seed,
        )
        return clusters if points.ndim == 3 else clusters[0]

    def _embed(self, points: Tensor, start: Tensor | None, solver: str) -> "_Found":
        """Eigenvectors of points (B, n, d) as they were given, and what places others among them."""
        twins = find_twins(points) if self.graph == "neighbors" else None
        project = random_pca(points, self.reduce, seed=self.seed)
        reduced = project(points, torch.float64 if solver == "dense" else torch.float32)
        sigma = self.sigma if isinstance(self.sigma, str) else float(self.sigma) * project.scale[..., 0]
        eigen, parts, fault = self._solve(reduced, sigma, twins, start, solver)
        options: dict[str, Any] = {}
        if self.graph == "neighbors":
            options = {"neighbors": self.neighbors, "radius": parts[2], "count": None if twins is None else twins.count}
        extension = Extension(project, reduced, parts[0], parts[1], eigen.vectors, is_local(sigma), **options)
        return _Found(eigen, extension, fault)

    def _extend(self, points: Tensor) -> "_Found":
        """Eigenvectors from LANDMARKS of the points (B, n, d); other landmarks tell how far that can be trusted."""
        rows = torch.randperm(points.shape[1], generator=torch.Generator().manual_seed(self.seed))[: 2 * LANDMARKS]
        found = []
        for landmarks in rows.view(2, -1).sort().values.to(points.device):
            one = self._embed(points[:, landmarks], None, "krylov")
            assert one.extension is not None
            vectors = one.extension.eigenvectors(points, one.eigen.values)
            found.append(one._replace(eigen=Eigen(one.eigen.values, vectors)))
        spaces = [orthonormal(one.eigen.vectors.mT) for one in found]
        shared = float((spaces[0] @ spaces[1].mT).square().sum((1, 2)).min() / self.n_clusters)
        if shared < TRUSTED:
            warn_caller(
                f'"nystrom": two sets of {LANDMARKS} landmarks give eigenspaces that share only {shared:.2f}; '
                'solver="krylov" on graph="neighbors" takes as little memory and needs no landmarks'
            )
        return found[0]

    def _original(self, points: Tensor) -> Eigen:
        """Eigenvectors of torchcluster's graph of points (B, n, d)."""
        reduced = random_pca(points, self.reduce, seed=self.seed)(points)
        found = [original_embedding(one, self.n_clusters, self.sigma) for one in reduced]
        return Eigen(*(torch.stack(tensors) for tensors in zip(*found, strict=True)))

    def _choose(self, n: int) -> str:
        """The solver that was asked for, or that fits n points."""
        if self.solver == "auto":
            return "dense" if n <= DENSE_UP_TO else "krylov"
        return "krylov" if self.solver == "nystrom" and n <= 2 * LANDMARKS else self.solver

    def _solve(
        self, points: Tensor, sigma: Sigma, twins: Twins | None, start: Tensor | None, solver: str
    ) -> tuple[Eigen, list[Tensor], str]:
        """Eigenvectors of points (B, n, d), as many images at a time as memory is meant to hold.

        Returns:
            them; scales, D^-1/2 and, of a graph of neighbours, radii (B, n); what is wrong with the graphs, in words.
        """
        n = points.shape[1]
        sparse = self.graph == "neighbors" and solver != "dense"
        size = max(1, CHUNK // (n * (self.neighbors if sparse else n)))
        parts, faults = [], []
        for first in range(0, len(points), size):
            some = slice(first, first + size)
            own_sigma = sigma[some] if isinstance(sigma, Tensor) else sigma
            graph = self._graph(points[some], own_sigma, None if twins is None else twins[some], solver)
            faults += [fault] if (fault := graph.fault(self.n_clusters)) else []
            if solver == "dense":
                eigen = dense_eigenvectors(graph, self.n_clusters)
            else:
                given = None if start is None else start[some]
                eigen = krylov_eigenvectors(graph, self.n_clusters, seed=self.seed, start=given)
            radius = [graph.radius] if isinstance(graph, NeighborGraph) else []
            parts.append((eigen, [graph.inverse_scale, inverse_root(graph.degree), *radius]))
        eigens, others = zip(*parts, strict=True)
        whole: Any = (None if field[0] is None else torch.cat(field) for field in zip(*eigens, strict=True))
        return Eigen(*whole), [torch.cat(tensors) for tensors in zip(*others, strict=True)], "".join(faults[:1])

    def _graph(self, points: Tensor, sigma: Sigma, twins: Twins | None, solver: str) -> Graph:
        if self.graph == "neighbors":
            return NeighborGraph(points, sigma, self.neighbors, twins=twins, k=self.n_clusters)
        held = solver == "dense" or is_held(points.shape[1], points.device)
        return (DenseGraph if held else TiledGraph)(points, sigma)

    def _label(self, embedding: Tensor, start: Tensor | None) -> tuple[Tensor, Tensor]:
        if self.kmeans is None:
            return KMeans(self.n_clusters, rounding=FINE, seed=self.seed)(embedding, start)
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


class _Found(NamedTuple):
    """Eigenvectors of a graph, what places other points among its own, and what is wrong with it, in words."""

    eigen: Eigen
    extension: Extension | None = None
    fault: str = ""


class _Start(NamedTuple):
    """What a warm start takes from an earlier clustering."""

    basis: Tensor | None = None
    """(B, n, b)."""
    labels: Tensor | None = None
    """(B, n), if of as many clusters."""


def _start_of(clusters: Clusters, points: Tensor, k: int) -> _Start:
    """The start from an earlier clustering, for points (n, d) or (B, n, d)."""
    if clusters.solver == "nystrom" or clusters.graph == "torchcluster":
        raise ValueError(
            f'warm_start is by "{clusters.solver}" on the graph of "{clusters.graph}", which keeps no basis; take '
            'one by "krylov" or "dense"'
        )
    basis = clusters.eigenvectors if clusters.basis is None else clusters.basis
    if basis.shape[:-1] != points.shape[:-1]:
        raise ValueError(f"warm_start is of points {tuple(basis.shape[:-1])}, not of {tuple(points.shape[:-1])}")
    labels = clusters.labels.reshape(-1, basis.shape[-2]) if clusters.centers.shape[-2] == k else None
    return _Start(basis.reshape(-1, *basis.shape[-2:]), labels)
