"""Spectral clustering after Ng, Jordan and Weiss (NIPS 2001), for one set of points or a batch of them."""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, NamedTuple, get_args

import torch
from torch import Tensor

from thesis_lib.clustering.affinity import is_local
from thesis_lib.clustering.checks import check_points, warn_caller
from thesis_lib.clustering.clusters import Clusters
from thesis_lib.clustering.eigen import Eigen
from thesis_lib.clustering.embedding import unit_rows
from thesis_lib.clustering.extension import Extension
from thesis_lib.clustering.graph import Graph
from thesis_lib.clustering.kmeans import label_rows
from thesis_lib.clustering.neighbor_graph import NEIGHBORS, NeighborGraph
from thesis_lib.clustering.reduction import random_pca
from thesis_lib.clustering.solvers import Solver, choose_solver, extend_landmarks, full_graph, solve
from thesis_lib.clustering.twins import find_twins

GraphName = Literal["neighbors", "full"]
Preset = Literal["recommended", "faithful"]
PRESETS: dict[Preset, dict[str, Any]] = {
    "recommended": {"graph": "neighbors", "neighbors": NEIGHBORS, "sigma": "local", "reduce": 64},
    "faithful": {"graph": "full", "neighbors": NEIGHBORS, "sigma": "median", "reduce": None},
}
"""What the measurements of this project recommend; and Ng, Jordan and Weiss to the letter: the affinity of all pairs,
raw features, one bandwidth for all points."""


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
            "krylov": the same eigenvectors by float32 products alone: from a block Krylov space of the full affinity,
            or a subspace that polynomials of the sparse graph filter. A full affinity of more than an eighth of the
            device's memory is not held but made again for each product.
            "nystrom": the krylov eigenvectors of 2,048 points, extended to all; it warns where another 2,048 give other
            ones, and is "krylov" for 4,096 points or fewer.
            "auto": dense up to 256 points, then krylov.
        seed: of all random draws. Equal seeds give equal bits at a fixed thread count.
        kmeans: step 5 by another callable `labels, centers = kmeans(points)`, such as torchcluster.zoo.KMeans(40);
            by default KMeans(n_clusters, seed=seed).

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
    ) -> None:
        if not (sigma in ("local", "median") or (isinstance(sigma, (int, float)) and 0 < sigma < float("inf"))):
            raise ValueError(f'sigma must be a number above 0, "median" or "local", not {sigma!r}')
        for name, value, choices in (("graph", graph, GraphName), ("solver", solver, Solver)):
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

    @classmethod
    def preset(cls, name: Preset, n_clusters: int = 40, **options: Any) -> "SpectralClustering":
        """Make a clustering by name: "recommended" (the defaults), or "faithful" to Ng, Jordan and Weiss.

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
            clusters = self._cluster(points.detach().reshape(-1, *points.shape[-2:]), start)
        return clusters if points.ndim == 3 else clusters[0]

    def _cluster(self, points: Tensor, start: "_Start") -> Clusters:
        """Cluster points (B, n, d) by the six steps of Ng, Jordan and Weiss (2001)."""
        solver = choose_solver(self.solver, points.shape[1])
        if solver == "nystrom":
            eigen, extension, fault = extend_landmarks(points, partial(self._solve, solver="krylov"), self.seed)
        else:
            eigen, extension, fault = self._solve(points, solver, start.basis)  # steps 1 to 3: A, L, X
        if fault:
            warn_caller(fault)
        embedding = unit_rows(eigen.vectors, eigen.values)  # step 4: Y (B, n, k)
        labels, centers = label_rows(embedding, self.n_clusters, self.seed, self.kmeans, start.labels)  # step 5
        return Clusters(  # step 6: a point has the label of its row
            labels,
            eigen.values,
            eigen.vectors,
            embedding,
            centers,
            solver,
            self.graph,
            eigen.residuals,
            eigen.basis,
            extension,
            self.seed,
        )

    def _solve(self, points: Tensor, solver: str, start: Tensor | None = None) -> tuple[Eigen, Extension, str]:
        """Do steps 1 to 3: affinities A of points (B, n, d), L = D^-1/2 A D^-1/2, its k leading eigenvectors X.

        Returns:
            the eigenvectors, what places other points among these, and what is wrong with the graph, in words.
        """
        project = random_pca(points, self.reduce, seed=self.seed)
        reduced = project(points, torch.float64 if solver == "dense" else torch.float32)  # (B, n, r)
        sigma = self.sigma if isinstance(self.sigma, str) else float(self.sigma) * project.scale[..., 0]
        sparse = self.graph == "neighbors"
        twins = find_twins(points) if sparse else None

        def graph_of(some: slice) -> Graph:
            bandwidth = sigma if isinstance(sigma, str) else sigma[some]
            if not sparse:
                return full_graph(reduced[some], bandwidth, solver)
            same = None if twins is None else twins[some]
            return NeighborGraph(reduced[some], bandwidth, self.neighbors, twins=same, k=self.n_clusters)

        per_point = self.neighbors if sparse and solver != "dense" else points.shape[1]
        found = solve(
            graph_of,
            points.shape[:2],
            self.n_clusters,
            solver=solver,
            per_point=per_point,
            seed=self.seed,
            start=start,
        )
        extension = Extension(
            project,
            reduced,
            found.inverse_scale,
            found.inverse_root,
            found.eigen.vectors,
            is_local(sigma),
            neighbors=self.neighbors if sparse else None,
            radius=found.radius,
            count=None if twins is None else twins.count,
        )
        return found.eigen, extension, found.fault


class _Start(NamedTuple):
    """Eigenvectors and labels of an earlier clustering, as a warm start."""

    basis: Tensor | None = None
    """(B, n, b)."""
    labels: Tensor | None = None
    """(B, n), if of as many clusters."""


def _start_of(clusters: Clusters, points: Tensor, k: int) -> _Start:
    """Make the warm start from an earlier clustering, for points (n, d) or (B, n, d)."""
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
