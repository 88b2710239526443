import pytest
import torch

from thesis_lib.clustering.affinity import affinity
from thesis_lib.clustering.graph import DenseGraph, TiledGraph
from thesis_lib.clustering.neighbor_graph import NeighborGraph


@pytest.fixture
def batch() -> torch.Tensor:
    return torch.randn(2, 1500, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.fixture
def block() -> torch.Tensor:
    return torch.randn(2, 1500, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@pytest.mark.parametrize("sigma", ["local", "median", 0.7])
@pytest.mark.parametrize("kind", [DenseGraph, TiledGraph])
def test_a_product_is_that_of_the_affinity(kind: type, sigma: str, batch: torch.Tensor, block: torch.Tensor) -> None:
    graph, weights = kind(batch, sigma), affinity(batch, sigma)
    torch.testing.assert_close(graph @ block, weights @ block)
    torch.testing.assert_close(graph.degree, weights.sum(-1))
    exponent = graph.inverse_scale[0, 0] * graph.inverse_scale[0, 1] * (batch[0, 0] - batch[0, 1]).square().sum()
    torch.testing.assert_close(weights[0, 0, 1], (-exponent).exp())


@pytest.mark.parametrize("sigma", ["local", 0.7])
def test_the_sparse_graph_is_the_affinity_of_neighbours(sigma: str, batch: torch.Tensor) -> None:
    graph, weights = NeighborGraph(batch, sigma, neighbors=10), affinity(batch, sigma)
    matrix = graph.matrix.to_dense()
    assert torch.equal(matrix, matrix.T)
    assert (matrix[:1500, 1500:] == 0).all()  # the images of a batch are strangers
    near = torch.cdist(batch, batch).topk(11, largest=False).indices
    expected = torch.zeros_like(weights).scatter(-1, near, 1.0)
    expected = torch.where((expected + expected.mT) > 0, weights, 0.0)
    for index in range(2):
        part = slice(1500 * index, 1500 * (index + 1))
        torch.testing.assert_close(matrix[part, part], expected[index], atol=1e-8, rtol=1e-6)


def test_the_sparse_graph_multiplies_each_image_by_itself(batch: torch.Tensor, block: torch.Tensor) -> None:
    together = NeighborGraph(batch, "local") @ block
    for index in range(2):
        alone = NeighborGraph(batch[index : index + 1], "local") @ block[index : index + 1]
        torch.testing.assert_close(together[index], alone[0])


def test_few_points_have_few_neighbours() -> None:
    graph = NeighborGraph(torch.randn(1, 5, 2, generator=torch.Generator().manual_seed(0)), "local")
    assert (graph.matrix.to_dense() > 0).sum() == 20


@pytest.mark.parametrize("sigma", ["local", 2e-5])
def test_tiles_tell_points_apart_that_lie_far_away(sigma: str, batch: torch.Tensor, block: torch.Tensor) -> None:
    """In float32, products of rows of length 100 are off by more than the distances of 1e-5 in a group."""
    groups = (100.0 * (torch.arange(1500) % 3)[:, None] + 1e-5 * batch).float()
    graph, weights = TiledGraph(groups, sigma), affinity(groups.double(), sigma)
    torch.testing.assert_close(graph @ block.float(), (weights @ block).float(), rtol=1e-3, atol=1e-3)
