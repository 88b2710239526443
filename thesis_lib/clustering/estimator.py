"""Spectral clustering with scikit-learn's estimator interface, for its pipelines and searches."""

from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from thesis_lib.clustering.clusters import Clusters
from thesis_lib.clustering.neighbor_graph import NEIGHBORS
from thesis_lib.clustering.solvers import Solver
from thesis_lib.clustering.spectral import GraphName, SpectralClustering


class SpectralClusteringEstimator(ClusterMixin, BaseEstimator):
    """`SpectralClustering` on arrays (n_samples, n_features).

    Args:
        n_clusters, graph, neighbors, sigma, reduce, solver: of `SpectralClustering`.
        random_state: an int, a RandomState or None, as everywhere in scikit-learn. With an int, equal data give equal
            labels.

    Attributes:
        labels_: (n_samples,) int64, the largest cluster 0.
        eigenvalues_: (n_clusters,), descending.
        embedding_: (n_samples, n_clusters), unit rows.
        n_features_in_: of the data fitted.
    """

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        graph: GraphName = "neighbors",
        neighbors: int = NEIGHBORS,
        sigma: float | str = "local",
        reduce: int | None = 64,
        solver: Solver = "auto",
        random_state: Any = 0,
    ) -> None:
        self.n_clusters = n_clusters
        self.graph = graph
        self.neighbors = neighbors
        self.sigma = sigma
        self.reduce = reduce
        self.solver = solver
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> "SpectralClusteringEstimator":
        """Cluster X (n_samples, n_features); y is not used.

        Raises:
            ValueError: fewer samples than clusters, NaN, or a parameter outside those of `SpectralClustering`.
        """
        X = validate_data(self, X, dtype=[np.float64, np.float32], ensure_min_samples=2)
        seed = self.random_state
        if not isinstance(seed, (int, np.integer)):
            seed = check_random_state(seed).randint(2**31)
        cluster = SpectralClustering(
            self.n_clusters,
            graph=self.graph,
            neighbors=self.neighbors,
            sigma=self.sigma,
            reduce=self.reduce,
            solver=self.solver,
            seed=int(seed),
        )
        self._clusters: Clusters = cluster(torch.tensor(X))
        self.labels_ = self._clusters.labels.numpy()
        self.eigenvalues_ = self._clusters.eigenvalues.numpy()
        self.embedding_ = self._clusters.embedding.numpy()
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Assign samples (m, n_features) to clusters (m,), by the Nystrom extension."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        return self._clusters.predict(torch.tensor(X)).numpy()
