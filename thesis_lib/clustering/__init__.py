"""Spectral clustering and k-means on tensors; they know nothing of images or networks."""

from thesis_lib.clustering.clusters import Clusters
from thesis_lib.clustering.estimator import SpectralClusteringEstimator
from thesis_lib.clustering.joint import JointClusters, cluster_jointly, load_clusters
from thesis_lib.clustering.kmeans import KMeans
from thesis_lib.clustering.original import OriginalSpectralClustering, original_clusters
from thesis_lib.clustering.spectral import SpectralClustering

__all__ = [
    "Clusters",
    "JointClusters",
    "KMeans",
    "OriginalSpectralClustering",
    "SpectralClustering",
    "SpectralClusteringEstimator",
    "cluster_jointly",
    "load_clusters",
    "original_clusters",
]
