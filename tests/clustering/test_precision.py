"""What float32 must not blur: offsets, groups far apart and tight, extreme units, half precision around."""

from typing import Any

import pytest
import torch
from sklearn.metrics import adjusted_rand_score

from thesis_lib.clustering import KMeans, SpectralClustering, SpectralClusteringEstimator
from thesis_lib.clustering.affinity import affinity
from thesis_lib.clustering.distances import nearest_neighbors
from thesis_lib.clustering.reduction import center
from thesis_lib.models import ClusterLayer

METHODS: list[dict[str, Any]] = [
    {"graph": graph, "solver": solver} for graph in ("neighbors", "full") for solver in ("dense", "krylov")
]
pytestmark = pytest.mark.filterwarnings("ignore:the graph of 10 nearest neighbours falls")


def four_groups(n: int = 400, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    truth = torch.arange(n) % 4
    centres = 20.0 * torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], dtype=torch.float64)
    noise = torch.randn(n, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return (centres[truth] + noise).to(dtype), truth


def twice_four_groups(n: int = 800, ratio: float = 1e-5) -> tuple[torch.Tensor, torch.Tensor]:
    """Two far groups of four near ones each: what separates the near ones is `ratio` of what separates the far."""
    near, truth = four_groups(n)
    far = (torch.arange(n) // 4) % 2
    return near * ratio + 40.0 * far[:, None], 4 * far + truth


@pytest.mark.parametrize("method", METHODS, ids=lambda method: "-".join(method.values()))
@pytest.mark.parametrize("offset", [5e6, -3e9])
def test_an_offset_costs_no_digits(method: dict[str, Any], offset: float) -> None:
    points, truth = four_groups()
    clusters = SpectralClustering(4, **method)(points + offset)
    assert adjusted_rand_score(truth, clusters.labels) == 1
    assert torch.equal(clusters.predict(points + offset), clusters.labels)


@pytest.mark.parametrize("offset", [5e6, -3e9])
def test_an_offset_costs_kmeans_and_the_estimator_no_digits(offset: float) -> None:
    points, truth = four_groups()
    labels, centers = KMeans(4)(points + offset)
    assert adjusted_rand_score(truth, labels) == 1
    torch.testing.assert_close(centers[labels[0]], (points + offset)[labels == labels[0]].mean(0))
    found = SpectralClusteringEstimator(4).fit_predict((points + offset).numpy())
    assert adjusted_rand_score(truth, found) == 1


@pytest.mark.parametrize("method", METHODS, ids=lambda method: "-".join(method.values()))
def test_near_groups_of_far_ones_are_told_apart(method: dict[str, Any]) -> None:
    points, truth = twice_four_groups()
    assert adjusted_rand_score(truth, SpectralClustering(8, **method)(points).labels) == 1


def test_kmeans_tells_near_groups_of_far_ones_apart_in_float32() -> None:
    points, truth = twice_four_groups(ratio=1e-3)
    assert adjusted_rand_score(truth, KMeans(8)(points.float())[0]) == 1


@pytest.mark.parametrize("sigma", ["local", 3e-5])
def test_affinities_of_near_points_of_far_groups_are_those_of_differences(sigma: float | str) -> None:
    points, _ = twice_four_groups(200)
    points = (points - points.mean(0)).float()
    torch.testing.assert_close(affinity(points, sigma), affinity(points.double(), sigma).float(), atol=2e-3, rtol=0)


def test_neighbours_of_near_points_of_far_groups_are_the_nearest() -> None:
    points, _ = twice_four_groups(600)
    points = (points - points.mean(0)).float()
    squared, indices = (found[1] for found in nearest_neighbors(torch.stack([points.flip(0), points]), 10))
    exact = torch.cdist(points.double(), points.double(), compute_mode="donot_use_mm_for_euclid_dist")
    expected = exact.fill_diagonal_(torch.inf).sort(dim=1).values[:, :10]
    torch.testing.assert_close(exact.gather(1, indices), expected, rtol=1e-5, atol=0)
    torch.testing.assert_close(squared.double().sqrt(), expected, rtol=1e-4, atol=0)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: "-".join(method.values()))
@pytest.mark.parametrize("unit", [1e-300, 1e-30, 1e30, 1e150, 1e300])
def test_extreme_units_are_scaled_away(method: dict[str, Any], unit: float) -> None:
    points, truth = four_groups()
    for sigma in ("local", "median", 4.0 * unit):
        clusters = SpectralClustering(4, sigma=sigma, **method)(points * unit)
        assert adjusted_rand_score(truth, clusters.labels) == 1
        assert torch.equal(clusters.predict(points * unit), clusters.labels)
    assert adjusted_rand_score(truth, KMeans(4)(points * unit)[0]) == 1


def test_members_of_a_batch_may_have_different_units() -> None:
    points, truth = four_groups(dtype=torch.float32)
    labels = SpectralClustering(4)(torch.stack([points, points * 1e25])).labels
    assert [adjusted_rand_score(truth, one) for one in labels] == [1, 1]


@pytest.mark.parametrize("method", ["spectral", "kmeans"])
def test_under_autocast_the_layer_and_its_control_are_as_exact_as_without(method: Any) -> None:
    points, truth = twice_four_groups(ratio=1e-2)
    maps = points.float().T.reshape(1, 2, 20, 40)
    layer = ClusterLayer(8, method=method)
    with torch.autocast("cpu", torch.bfloat16):
        inside = layer.pixel_labels(maps)
    assert adjusted_rand_score(truth, inside.flatten()) == 1
    assert torch.equal(inside, layer.pixel_labels(maps))


def test_a_mean_is_finite_where_the_sum_is_not() -> None:
    points = 1e308 + 1e306 * torch.randn(1, 400, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert points.sum(1).isinf().all()
    moved = center(points)
    expected = (points / 1e306).mean(1, keepdim=True) * 1e306
    torch.testing.assert_close(moved.mean, expected, rtol=1e-12, atol=0)
    assert moved.centred(points).isfinite().all()
