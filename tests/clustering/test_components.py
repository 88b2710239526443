import numpy as np
import pytest
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from thesis_lib.clustering.components import components, join_nearest


def expected(low: torch.Tensor, high: torch.Tensor, n: int) -> np.ndarray:
    """The first node of each node's component, by scipy."""
    matrix = coo_array((np.ones(len(low), bool), (low.numpy(), high.numpy())), shape=(n, n))
    labels = connected_components(matrix, directed=False)[1]
    return np.unique(labels, return_index=True)[1][labels]


@pytest.mark.parametrize("edges", [0, 100, 400, 800])
@pytest.mark.parametrize("seed", range(3))
def test_components_are_those_of_scipy(edges: int, seed: int) -> None:
    low, high = torch.randint(700, (2, edges), generator=torch.Generator().manual_seed(seed))
    np.testing.assert_array_equal(components((low, high), 700), expected(low, high, 700))


@pytest.mark.parametrize("n", [2, 1000, 20_000])
def test_a_long_chain_in_any_order_is_one_component(n: int) -> None:
    order = torch.randperm(n, generator=torch.Generator().manual_seed(0))
    assert not components((order[:-1], order[1:]), n).any()
    assert not components((torch.arange(n - 1), torch.arange(1, n)), n).any()


def test_components_are_joined_by_the_shortest_edges_between_them() -> None:
    points = torch.tensor([[0.0], [1.0], [3.0], [3.5], [9.0], [10.5]])
    labels = torch.tensor([0, 0, 7, 7, 4, 4])
    assert {tuple(sorted(pair)) for pair in join_nearest(points, labels, 2).tolist()} == {(1, 2)}
    assert {tuple(sorted(pair)) for pair in join_nearest(points, labels, 1).tolist()} == {(1, 2), (3, 4)}
