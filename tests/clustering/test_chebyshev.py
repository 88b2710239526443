import numpy as np
import pytest
import torch

from thesis_lib.clustering import chebyshev
from thesis_lib.clustering.chebyshev import chebyshev_filter, filtered_eigenvectors, unwanted_interval
from thesis_lib.clustering.eigen import OVERSAMPLING, Eigen, dense_eigenvectors
from thesis_lib.clustering.neighbor_graph import NeighborGraph
from thesis_lib.clustering.reduction import random_pca
from thesis_lib.clustering.twins import find_twins

K = 40


@pytest.fixture(scope="module")
def reduced(photo_points: dict[int, torch.Tensor]) -> torch.Tensor:
    points = photo_points[2048][None]
    return random_pca(points, 64, seed=0)(points)


def captured(found: Eigen, exact: Eigen, member: int = 0) -> float:
    """E_k: the share of the exact leading eigenspace that was found."""
    shared = exact.vectors[member].T @ found.vectors[member].double()
    return float(shared.square().sum()) / shared.shape[1]


def spectrum(graph: NeighborGraph) -> torch.Tensor:
    root = graph.root.double()
    return torch.linalg.eigvalsh(root[..., None] * graph.whole().double() * root[:, None])


@pytest.mark.parametrize("neighbors", [10, 20])
@pytest.mark.parametrize("k", [2, K])
def test_the_leading_eigenspace_is_found(reduced: torch.Tensor, k: int, neighbors: int) -> None:
    exact = dense_eigenvectors(NeighborGraph(reduced.double(), "local", neighbors), k)
    found = filtered_eigenvectors(NeighborGraph(reduced, "local", neighbors), k, seed=0)
    assert captured(found, exact) > 0.9998
    torch.testing.assert_close(found.values.double(), exact.values, atol=5e-4, rtol=0)
    torch.testing.assert_close(found.vectors.mT @ found.vectors, torch.eye(k)[None], atol=1e-5, rtol=0)


def test_the_interval_leaves_about_as_many_above_it_as_are_wanted(reduced: torch.Tensor) -> None:
    graph = NeighborGraph(reduced.reshape(2, 1024, -1), "local")
    low, high = unwanted_interval(graph, 64, torch.Generator().manual_seed(0))
    for member, values in enumerate(spectrum(graph)):
        assert low[member] <= values[0]
        assert 32 <= int((values > high[member]).sum()) <= 128


def test_a_filter_raises_what_is_wanted_and_bounds_the_rest(reduced: torch.Tensor) -> None:
    """Each member by its own polynomial, seen on its eigenvectors."""
    graph = NeighborGraph(reduced[:, :600].reshape(2, 300, -1).double(), "local")
    everything = dense_eigenvectors(graph, 300)
    low, high = torch.tensor([-0.6, -0.9]).double(), torch.tensor([0.5, 0.9]).double()
    image = chebyshev_filter(graph, everything.vectors, low, high)
    gains = (image * everything.vectors).sum(1)  # (2, 300)
    torch.testing.assert_close(image, everything.vectors * gains[:, None], atol=1e-6 * float(gains.max()), rtol=0)
    for member, values in enumerate(everything.values):
        inside = (values <= high[member]) & (values >= low[member])
        assert gains[member, inside].abs().max() <= 1 + 1e-6
        assert (gains[member, values > high[member]].diff() < 0).all()
        assert gains[member].max() <= chebyshev.AMPLIFIED


class Diagonal:
    """What the filter and the interval need of a graph, of a matrix whose eigenvalues are on its diagonal."""

    def __init__(self, values: torch.Tensor) -> None:
        self.root = values  # (B, n)

    def normalized(self, block: torch.Tensor) -> torch.Tensor:
        return self.root[..., None] * block

    mapped = NeighborGraph.mapped


@pytest.mark.parametrize(("low", "high", "degree"), [(-1.0, 0.95, 40), (-0.7, 0.5, 11), (-0.9, 0.1, 8)])
def test_a_filter_is_the_polynomial_of_chebyshev(reduced: torch.Tensor, low: float, high: float, degree: int) -> None:
    graph = NeighborGraph(reduced[:, :300].double(), "local")
    everything = dense_eigenvectors(graph, 300)
    ends = torch.tensor([low, high], dtype=torch.float64)[:, None]
    image = chebyshev_filter(graph, everything.vectors, *ends)
    mapped = ((2 * everything.values[0] - high - low) / (high - low)).numpy()
    gains = torch.from_numpy(np.polynomial.Chebyshev.basis(degree)(mapped))
    torch.testing.assert_close((image * everything.vectors)[0].sum(0), gains, atol=1e-9 * float(gains.max()), rtol=1e-6)


def test_no_interval_is_empty_or_reaches_the_leading_eigenvalue(reduced: torch.Tensor) -> None:
    """However wrong an estimate is, the filter stays finite and raises what is largest."""
    graph = NeighborGraph(reduced[:, :300], "local")
    for low, high in ((-3.0, 2.0), (0.5, -0.5), (0.0, 0.0), (-1.0, 1.0)):
        ends = torch.tensor([low, high], dtype=torch.float64)[:, None]
        gains = chebyshev_filter(graph, dense_eigenvectors(graph, 300).vectors, *ends).norm(dim=1)[0]
        assert gains.isfinite().all()
        assert gains.argmax() == 0


@pytest.mark.parametrize("wanted", [40, 100, 400])
@pytest.mark.parametrize("shape", ["even", "dense below"])
def test_the_interval_is_that_of_a_known_spectrum(wanted: int, shape: str) -> None:
    """The eigenvalue with `wanted` others above it, and a bound of the lowest that is not far off."""
    even = torch.linspace(0, 1, 4000, dtype=torch.float64)
    values = -0.5 + 1.4 * (even if shape == "even" else even**3)
    low, high = unwanted_interval(Diagonal(values.flip(0)[None]), wanted, torch.Generator().manual_seed(0))
    assert values[0] - 0.1 <= float(low) <= values[0]
    assert abs(float(high) - float(values[-wanted])) < 0.06
    assert (values > high).sum() == pytest.approx(wanted, rel=0.6)


@pytest.mark.parametrize("columns", [10, 20, 84, 100])
def test_a_start_that_holds_the_answer_is_the_answer(
    reduced: torch.Tensor, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of fewer columns than are sought, as many, or more; a whole one takes no filter at all."""
    graph = NeighborGraph(reduced[:, :1024], "local")
    exact = dense_eigenvectors(NeighborGraph(reduced[:, :1024].double(), "local"), 100)
    start = exact.vectors[..., :columns]
    filters: list[int] = []
    monkeypatch.setattr(chebyshev, "chebyshev_filter", lambda *given: (filters.append(1), chebyshev_filter(*given))[1])
    found = filtered_eigenvectors(graph, 20, seed=0, start=start)
    assert captured(found, exact._replace(vectors=exact.vectors[..., :20])) > 0.9998
    assert found.basis.shape == (1, 1024, 20 + OVERSAMPLING)
    if columns >= 20:
        assert not filters


def test_few_points_are_solved_densely() -> None:
    points = torch.randn(1, 4 * (5 + OVERSAMPLING), 3, generator=torch.Generator().manual_seed(0))
    graph = NeighborGraph(points, "local")
    found, exact = filtered_eigenvectors(graph, 5, seed=0), dense_eigenvectors(graph, 5)
    assert torch.equal(found.vectors, exact.vectors)
    assert found.basis is found.vectors


@pytest.mark.parametrize("copies", [1, 3])
def test_a_step_is_that_of_the_recurrence_whatever_points_are_identical(copies: int) -> None:
    points = torch.randn(1, 120, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    points = points.repeat(1, copies, 1)
    graph = NeighborGraph(points, "local", twins=find_twins(points))
    assert (graph.twins is None) == (copies == 1)
    low, high = torch.tensor([-0.7]).double(), torch.tensor([0.4]).double()
    now, before = torch.randn(2, 1, 120 * copies, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    expected = 2 * (2 * graph.normalized(now) - (high + low) * now) / (high - low) - before
    torch.testing.assert_close(graph.mapped(low, high)(now, before.clone()), expected)


def test_members_of_a_batch_are_solved_as_if_alone(reduced: torch.Tensor) -> None:
    batch = torch.cat([reduced[:, :1024], torch.randn(1, 1024, 64, generator=torch.Generator().manual_seed(0))])
    together = filtered_eigenvectors(NeighborGraph(batch, "local"), 20, seed=0)
    for member in range(2):
        alone = filtered_eigenvectors(NeighborGraph(batch[member : member + 1], "local"), 20, seed=0)
        torch.testing.assert_close(together.values[member], alone.values[0], atol=1e-5, rtol=0)
        exact = dense_eigenvectors(NeighborGraph(batch[member : member + 1].double(), "local"), 20)
        assert captured(Eigen(together.values, together.vectors[member : member + 1]), exact) > 0.999


def test_what_is_not_found_is_said(reduced: torch.Tensor) -> None:
    with pytest.warns(UserWarning, match=r"estimated share missing: \d"):
        filtered_eigenvectors(NeighborGraph(reduced, "local", 20), K, seed=0, tolerance=0.0, max_rounds=1)


def test_a_warm_start_saves_products(reduced: torch.Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    products, mapped = [], NeighborGraph.mapped

    def counted(graph: NeighborGraph, low: torch.Tensor, high: torch.Tensor) -> object:
        step = mapped(graph, low, high)
        return lambda now, before: (products.append(1), step(now, before))[1]

    monkeypatch.setattr(NeighborGraph, "mapped", counted)
    first = filtered_eigenvectors(NeighborGraph(reduced, "local"), K, seed=0)
    cold = len(products)
    moved = reduced * (1 + 0.001 * torch.randn(reduced.shape, generator=torch.Generator().manual_seed(0)))
    filtered_eigenvectors(NeighborGraph(moved, "local"), K, seed=0, start=first.basis)
    assert len(products) - cold <= cold / 2
