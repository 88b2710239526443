import numpy as np
import pytest
import torch
import torchcluster
from sklearn.metrics import adjusted_rand_score

from thesis_lib.clustering import OriginalSpectralClustering, original_clusters

POINTS = torch.randn(60, 3, generator=torch.Generator().manual_seed(0)) + 9 * (torch.arange(60) % 3)[:, None]


def expected_embedding(points: torch.Tensor, threshold: float, k: int) -> np.ndarray:
    """What torchcluster 0.1.4 documents, with numpy's eigh in place of the removed Tensor.eig."""
    joined = (torch.cdist(points, points).square() < threshold).double().numpy()
    degree = joined.sum(1)
    laplacian = np.eye(len(points)) - joined / np.sqrt(degree[:, None] * degree[None])
    vectors = np.linalg.eigh(laplacian)[1][:, :k]
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_it_runs_and_finds_what_its_definition_says() -> None:
    seen = []

    def keep(embedding: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        seen.append(embedding)
        return torch.zeros(len(embedding)), embedding

    OriginalSpectralClustering(cluster=keep, k=3, threshold=20)(POINTS)
    found, expected = seen[0].as_subclass(torch.Tensor).double().numpy(), expected_embedding(POINTS, 20, 3)
    np.testing.assert_allclose(found @ found.T, expected @ expected.T, atol=1e-3)


def test_its_own_kmeans_is_repeatable_and_numpys_state_is_left_alone() -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first, again = (OriginalSpectralClustering(n_clusters=3, k=3, threshold=20, seed=3)(POINTS)[0] for _ in range(2))
    assert torch.equal(first, again)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


def test_it_is_torchclusters_class_and_gives_plain_tensors() -> None:
    original = OriginalSpectralClustering(n_clusters=3, k=3, threshold=20)
    labels, centers = original(POINTS)
    assert isinstance(original, torchcluster.zoo.SpectrumClustering)
    assert type(labels) is torch.Tensor
    assert type(centers) is torch.Tensor


def test_its_clusters_are_those_of_far_groups() -> None:
    points = torch.randn(90, 4, generator=torch.Generator().manual_seed(0)) + 20 * (torch.arange(90) % 3)[:, None]
    clusters = original_clusters(points, 3, sigma=3.0)
    assert clusters.graph == "torchcluster"
    assert adjusted_rand_score(torch.arange(90) % 3, clusters.labels) == 1


def test_its_local_bandwidth_is_the_median_distance_to_the_7th_neighbour() -> None:
    seventh = torch.cdist(POINTS, POINTS).sort(dim=1).values[:, 7].median()
    found, expected = (original_clusters(POINTS, 3, sigma=sigma) for sigma in ("local", float(seventh)))
    torch.testing.assert_close(found.eigenvalues, expected.eigenvalues, atol=1e-5, rtol=0)


def test_any_kmeans_does_its_last_step() -> None:
    clusters = original_clusters(POINTS, 3, sigma=3.0, kmeans=torchcluster.zoo.KMeans(3))
    assert set(clusters.labels.tolist()) <= {0, 1, 2}


def test_fewer_points_than_clusters_are_refused() -> None:
    with pytest.raises(ValueError, match="3 clusters were asked of 2 points"):
        original_clusters(POINTS[:2], 3)


def test_its_bandwidth_may_be_the_median_distance() -> None:
    distances = torch.cdist(POINTS, POINTS)
    median = distances[torch.ones(60, 60).triu(1).bool()].median()
    found, expected = (original_clusters(POINTS, 3, sigma=sigma) for sigma in ("median", float(median)))
    torch.testing.assert_close(found.eigenvalues, expected.eigenvalues, atol=1e-5, rtol=0)
    assert not torch.allclose(found.eigenvalues, original_clusters(POINTS, 3, sigma="local").eigenvalues, atol=1e-3)


def test_its_clusters_hold_k_eigenpairs_of_its_laplacian_and_the_seed() -> None:
    clusters = original_clusters(POINTS, 4, sigma=3.0, seed=7)
    joined = (torch.cdist(POINTS, POINTS).square() < 18).double()
    root = joined.sum(1).rsqrt()
    values = torch.linalg.eigvalsh(root[:, None] * joined * root).flip(0)[:4]
    torch.testing.assert_close(clusters.eigenvalues.double(), values, atol=1e-5, rtol=0)
    assert clusters.eigenvectors.shape == (60, 4)
    assert clusters.seed == 7


def test_the_original_without_a_seed_is_that_of_seed_0() -> None:
    first, second = (OriginalSpectralClustering(n_clusters=3, k=3, threshold=20, **seed) for seed in ({}, {"seed": 0}))
    assert not len(first.eigenvalues)
    assert torch.equal(first(POINTS)[0], second(POINTS)[0])
    assert len(first.eigenvalues) == 60
