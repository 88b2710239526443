from dataclasses import replace
from typing import Any

import pytest
import torch
from sklearn.metrics import adjusted_rand_score

from thesis_lib.clustering import SpectralClustering

K = 12
METHODS = [{"graph": graph, "solver": solver} for graph in ("neighbors", "full") for solver in ("dense", "krylov")]
every_method = pytest.mark.parametrize("method", METHODS, ids=lambda method: "-".join(method.values()))


def blurred(n: int = 600) -> torch.Tensor:
    """Points without clusters: k-means has many answers, so that seeds differ."""
    return torch.randn(n, 6, generator=torch.Generator().manual_seed(0))


def planted(apart: float, each: int, copies: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Four groups, as many components of the graph, every point `copies` times, shuffled."""
    generator = torch.Generator().manual_seed(seed)
    truth = torch.arange(4).repeat_interleave(each)
    points = torch.randn(4 * each, 3, generator=generator)
    points[:, 0] += apart * truth
    shuffle = torch.randperm(4 * each * copies, generator=generator)
    return points.repeat(copies, 1)[shuffle], truth.repeat(copies)[shuffle]


def test_a_cut_is_the_clustering_with_fewer_clusters(photo_points: dict[int, torch.Tensor]) -> None:
    many = SpectralClustering(40, solver="dense")(photo_points[512])
    few = SpectralClustering(9, solver="dense")(photo_points[512])
    cut = many.cut(9)
    assert torch.equal(cut.labels, few.labels)
    torch.testing.assert_close(cut.centers, few.centers)
    torch.testing.assert_close(cut.embedding, few.embedding)
    torch.testing.assert_close(cut.residuals, many.residuals[:9])
    torch.testing.assert_close(replace(many, residuals=None).cut(9).labels, cut.labels)


def test_the_eigengap_is_the_largest_drop_of_the_mean_from_two_clusters_on() -> None:
    clusters = SpectralClustering(4)(blurred(100))
    values = torch.tensor([[1.0, 0.3, 0.2, 0.1], [1.0, 0.9, 0.1, 0.05]])
    assert replace(clusters, eigenvalues=values[0]).eigengap(1) == 1
    assert replace(clusters, eigenvalues=values[0]).eigengap(3) == 3
    assert replace(clusters, eigenvalues=torch.tensor([1.0, 0.9, 0.5, 0.4])).eigengap() == 2
    assert replace(clusters, eigenvalues=values).eigengap(1) == 2  # drops of 0.4, 0.45 and 0.075 on average
    for least in (0, 4):
        with pytest.raises(ValueError, match=f"no gap after {least} or more of 4 eigenvalues"):
            replace(clusters, eigenvalues=values).eigengap(least)


def test_a_cut_into_more_clusters_than_eigenvectors_is_refused() -> None:
    with pytest.raises(ValueError, match="10 clusters cannot be cut from 9 eigenvectors"):
        SpectralClustering(9)(blurred(100)).cut(10)


@every_method
@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_a_cut_has_the_seed_of_its_clustering(method: dict[str, Any], seed: int) -> None:
    clusters = SpectralClustering(K, **method, seed=seed)(blurred())
    whole = clusters.cut(K)
    assert torch.equal(whole.labels, clusters.labels)
    assert torch.equal(whole.centers, clusters.centers)
    assert torch.equal(clusters.cut(K, seed=seed + 1).cut(K).labels, clusters.cut(K, seed=seed + 1).labels)
    assert not torch.equal(clusters.cut(K, seed=seed + 1).labels, clusters.labels)
    batch = SpectralClustering(K, **method, seed=seed)(blurred()[None])
    assert torch.equal(batch[0].cut(K).labels, batch.labels[0])


@pytest.mark.filterwarnings("ignore:the graph of")
@pytest.mark.parametrize(
    ("method", "sigma", "apart", "each", "copies", "seed"),
    [
        ("dense", 1.0, 1000.0, 12, 3, 0),
        ("dense", "median", 100.0, 12, 3, 0),
        ("dense", 1.0, 10.0, 12, 3, 1),
        ("krylov", 1.0, 100.0, 12, 1, 0),
        ("krylov", "local", 1000.0, 150, 3, 1),
    ],
)
@pytest.mark.parametrize("k", [1, 2, 3, 4, 6])
def test_no_cut_divides_what_is_a_component(
    method: str, sigma: Any, apart: float, each: int, copies: int, seed: int, k: int
) -> None:
    """Below their number, a component may have no part in the first eigenvectors: its rows are rounding errors."""
    points, truth = planted(apart, each, copies, seed)
    cut = SpectralClustering(6, solver=method, sigma=sigma)(points).cut(k)
    if k <= 4:
        assert all(len(cut.labels[truth == group].unique()) == 1 for group in range(4))
    if k >= 4:
        assert all(len(truth[cut.labels == label].unique()) <= 1 for label in range(k))
    if k == 4:
        assert adjusted_rand_score(truth, cut.labels) == 1
    assert torch.equal(cut.predict(points), cut.labels)
