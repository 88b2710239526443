import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score

from thesis_lib.clustering import SpectralClustering
from thesis_lib.clustering.affinity import affinity
from thesis_lib.clustering.neighbor_graph import FAINT, JOINED, NeighborGraph
from thesis_lib.clustering.twins import find_twins


def groups(count: int, each: int, apart: float = 100.0, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Round groups at the places 1, 2, 4, 8, ... of a line: the first two are the nearest."""
    truth = torch.arange(count).repeat_interleave(each)
    points = torch.randn(count * each, 3, generator=torch.Generator().manual_seed(seed))
    points[:, 0] += apart * 2.0 ** truth.float()
    return points, truth


def test_twins_are_found_and_counted_and_likeness_is_not_enough() -> None:
    points = torch.tensor([[[1.0, 2.0], [2.0, 1.0], [1.0, 2.0], [-0.0, 0.0], [0.0, 0.0], [1.0, 2.0 + 1e-6]]])
    twins = find_twins(points)
    assert twins is not None
    assert twins.node.tolist() == [[0, 1, 0, 3, 3, 5]]
    assert twins.count.tolist() == [[2, 1, 0, 2, 0, 1]]
    assert find_twins(points[:, [0, 1, 3, 5]]) is None


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_twins_are_those_of_numpy(dtype: torch.dtype) -> None:
    points = torch.randint(0, 3, (2, 500, 4), generator=torch.Generator().manual_seed(0)).to(dtype)
    twins = find_twins(points)
    assert twins is not None
    for member in range(2):
        _, first, inverse = np.unique(points[member].double().numpy(), axis=0, return_index=True, return_inverse=True)
        np.testing.assert_array_equal(twins.node[member], first[inverse.ravel()])
        np.testing.assert_array_equal(twins.count[member], np.bincount(first[inverse.ravel()], minlength=500))


def test_the_graph_of_crowds_is_the_full_affinity_where_all_distinct_points_are_neighbours() -> None:
    distinct = torch.randn(9, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    points = distinct.repeat_interleave(torch.arange(1, 10), 0)[None]
    graph = NeighborGraph(points, 0.9, neighbors=20, twins=find_twins(points))
    torch.testing.assert_close(graph.whole(), affinity(points, 0.9))
    torch.testing.assert_close(graph.degree, affinity(points, 0.9).sum(-1))


def test_members_of_a_batch_may_have_different_numbers_of_distinct_points() -> None:
    generator = torch.Generator().manual_seed(0)
    batch = torch.stack([torch.randn(60, 3, generator=generator), torch.randn(4, 3, generator=generator).repeat(15, 1)])
    together = NeighborGraph(batch, "local", twins=find_twins(batch))
    for index in range(2):
        one = batch[index : index + 1]
        alone = NeighborGraph(one, "local", twins=find_twins(one))
        torch.testing.assert_close(together.whole()[index], alone.whole()[0])
        torch.testing.assert_close(together.inverse_scale[index], alone.inverse_scale[0])


def test_components_are_counted_in_one_warning_that_points_at_the_caller() -> None:
    points, truth = groups(5, 60)
    with pytest.warns(UserWarning, match="falls into 5 components, the smallest of 60 points$") as caught:
        clusters = SpectralClustering(5)(points)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert adjusted_rand_score(truth, clusters.labels) == 1


@pytest.mark.parametrize("solver", ["dense", "krylov"])
@pytest.mark.parametrize("k", [2, 3, 4])
def test_of_more_components_than_clusters_the_nearest_are_joined(k: int, solver: str) -> None:
    points, truth = groups(5, 60)
    with pytest.warns(UserWarning, match=f"the nearest were joined until {k} were left"):
        clusters = SpectralClustering(k, solver=solver)(points)
    expected = (truth - (5 - k)).clamp(min=0)  # the groups lie at 1, 2, 4, ...: the lower ones are the nearer
    assert adjusted_rand_score(expected, clusters.labels) == 1
    assert clusters.eigenvalues.max() <= 1 + 1e-4


def test_a_batch_tells_of_its_worst_member_and_mends_only_that() -> None:
    whole = torch.randn(300, 3, generator=torch.Generator().manual_seed(1))
    batch = torch.stack([whole, groups(5, 60)[0]])
    graph = NeighborGraph(batch, "local", k=3)
    assert graph.components.tolist() == [1, 5]
    assert "5 components" in graph.fault(3)
    assert int((graph.whole()[1] == JOINED).sum()) == 4
    assert int((graph.whole()[0] == JOINED).sum()) == 0


def test_isolated_points_are_tied_to_their_nearest() -> None:
    points = 14.0 * torch.cartesian_prod(torch.arange(20.0), torch.arange(20.0))
    points[:7] += torch.tensor([13.0, 0.0])  # each a partner at distance 1
    graph = NeighborGraph(points[None].double(), 1.0, k=400)
    assert graph.isolated > 300
    assert graph.degree.min() >= FAINT * 0.99
    with pytest.warns(UserWarning, match="points are isolated"):
        clusters = SpectralClustering(40, sigma=1.0)(points)
    assert clusters.eigenvalues.max() <= 1 + 1e-4


def test_more_neighbors_than_points_connect_all() -> None:
    points = torch.randn(1, 15, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(NeighborGraph(points, 2.0, neighbors=50).whole(), affinity(points, 2.0))


def test_the_number_of_neighbors_is_that_of_the_graph() -> None:
    points = torch.randn(400, 5, generator=torch.Generator().manual_seed(0))
    few, many = (SpectralClustering(6, neighbors=count)(points) for count in (8, 60))
    assert few.extension.neighbors == 8
    assert not torch.equal(few.eigenvalues, many.eigenvalues)
    near = NeighborGraph(points[None], "local", 3).whole()[0] > 0  # fewer than the local scale looks at
    expected = torch.cdist(points, points).topk(4, largest=False).indices[:, 1:]
    assert torch.equal(near, near.T)
    assert near.gather(1, expected).all()
    assert near.sum(1).max() < 30


def test_an_affinity_of_zero_joins_nothing() -> None:
    """Neighbours that lie in another group, for there are too few in their own."""
    points = torch.cat([torch.arange(5.0), 1e3 + torch.arange(5.0)])[None, :, None]
    graph = NeighborGraph(points, 1.0)
    assert graph.components.tolist() == [2]
    assert graph.smallest == 5
    assert graph.isolated == 0


def test_points_far_from_all_but_their_twins_are_not_isolated() -> None:
    points = torch.tensor([0.0, 1.0, 2.0, 1e3, 1e3, 2e3])[None, :, None]
    graph = NeighborGraph(points, 1.0, twins=find_twins(points))
    assert graph.isolated == 1  # the last, which has no twin
    assert graph.components.tolist() == [2]  # 0, 1, 2 and the rest
    assert graph.whole()[0, 3, 4] == 1


def test_the_larger_of_two_affinities_counts_for_both() -> None:
    """Of a pair that is tied from one side alone, and of one whose points name each other."""
    points = torch.tensor([0.0, 1.0, 1e3, 1e3 + 50])[None, :, None]
    weights = NeighborGraph(points, 1.0).whole()[0]
    assert torch.equal(weights, weights.T)
    torch.testing.assert_close(weights[0, 1], torch.tensor(0.5).neg().exp())
    torch.testing.assert_close(weights[2, 3], torch.tensor(1e-6))
