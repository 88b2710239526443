import pytest
import torch

from thesis_lib.clustering.affinity import (
    affinity,
    median_scale,
    neighbor_distances,
    normalized_affinity,
    positive_scales,
)
from thesis_lib.clustering.distances import squared_distances


@pytest.fixture
def points() -> torch.Tensor:
    return torch.randn(60, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_squared_distances_are_those_of_cdist(points: torch.Tensor) -> None:
    torch.testing.assert_close(squared_distances(points, points[:7]), torch.cdist(points, points[:7]).square())


def test_the_gaussian_affinity_is_that_of_the_paper(points: torch.Tensor) -> None:
    expected = torch.exp(-torch.cdist(points, points).square() / (2 * 1.3**2)).fill_diagonal_(0)
    torch.testing.assert_close(affinity(points, 1.3), expected)


def test_local_scaling_is_that_of_zelnik_manor_and_perona(points: torch.Tensor) -> None:
    distance = torch.cdist(points, points)
    scale = distance.sort(dim=1).values[:, 7]
    expected = torch.exp(-distance.square() / (scale[:, None] * scale[None])).fill_diagonal_(0)
    torch.testing.assert_close(affinity(points, "local"), expected)


def test_the_median_is_over_all_pairs(points: torch.Tensor) -> None:
    torch.testing.assert_close(median_scale(points)[0], torch.pdist(points).median())


def test_the_median_of_many_points_is_close_to_that_of_all_pairs() -> None:
    points = torch.randn(3000, 4, generator=torch.Generator().manual_seed(0))
    assert abs(median_scale(points).item() / torch.pdist(points).median().item() - 1) < 0.02


@pytest.mark.parametrize("sigma", ["local", "median"])
def test_affinities_do_not_depend_on_the_unit_of_the_points(points: torch.Tensor, sigma: str) -> None:
    torch.testing.assert_close(affinity(1e6 * points, sigma), affinity(points, sigma))
    torch.testing.assert_close(affinity(1e-6 * points, sigma), affinity(points, sigma))


def test_a_negligible_affinity_is_zero_and_not_subnormal() -> None:
    points = torch.tensor([[0.0], [1.0], [12.0], [12.6], [13.0]])
    weights = affinity(points, 1.0)
    assert weights[0, 4] == 0
    assert ((weights == 0) | (weights > 1e-36)).all()


def test_duplicates_keep_affinity_one_under_local_scaling() -> None:
    points = torch.cat([torch.zeros(20, 3), torch.randn(20, 3, generator=torch.Generator().manual_seed(0))])
    weights = affinity(points, "local")
    assert torch.isfinite(weights).all()
    assert (weights[0, 1:20] == 1).all()


def test_a_scale_of_zero_becomes_a_hundredth_of_the_mean_of_the_others() -> None:
    torch.testing.assert_close(positive_scales(torch.tensor([0.0, 1.0, 3.0])), torch.tensor([0.02, 1.0, 3.0]))
    torch.testing.assert_close(positive_scales(torch.tensor([0.0, 0.0, 5.0])), torch.tensor([0.05, 0.05, 5.0]))


def test_the_median_of_one_pair_is_its_distance_and_of_none_is_one() -> None:
    pairs = torch.tensor([[[0.0], [3.0]], [[1.0], [2.0]]])
    torch.testing.assert_close(median_scale(pairs), torch.tensor([[3.0], [1.0]]))
    assert median_scale(torch.tensor([[[2.0]], [[4.0]]])).tolist() == [[1.0], [1.0]]


def test_of_few_points_of_a_batch_the_neighbour_is_looked_for_among_all() -> None:
    squared = torch.rand(2, 3, 20, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(neighbor_distances(squared), squared.sort(-1).values[..., 7].sqrt())
    torch.testing.assert_close(neighbor_distances(squared[..., :5]), squared[..., :5].amax(-1).sqrt())


def test_constant_points_have_positive_scales() -> None:
    assert (positive_scales(torch.zeros(9)) == 1).all()
    assert (median_scale(torch.ones(9, 2)) == 1).all()


def test_the_normalised_affinity_has_its_eigenvalues_within_one(points: torch.Tensor) -> None:
    values = torch.linalg.eigvalsh(normalized_affinity(affinity(points, "local")))
    assert values.max().item() == pytest.approx(1)
    assert values.min().item() >= -1


def test_a_point_without_neighbours_has_a_row_of_zeros() -> None:
    matrix = normalized_affinity(affinity(torch.tensor([[0.0], [0.1], [1e4]]), 1.0))
    assert torch.isfinite(matrix).all()
    assert (matrix[2] == 0).all()


def test_a_batch_is_its_members_one_by_one() -> None:
    batch = torch.randn(3, 40, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for sigma in ("local", "median", 0.7):
        together = normalized_affinity(affinity(batch, sigma))
        torch.testing.assert_close(together, torch.stack([normalized_affinity(affinity(one, sigma)) for one in batch]))
