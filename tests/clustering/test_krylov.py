import pytest
import torch

from thesis_lib.clustering import chebyshev, krylov
from thesis_lib.clustering.eigen import dense_eigenvectors
from thesis_lib.clustering.graph import DenseGraph
from thesis_lib.clustering.krylov import krylov_eigenvectors
from thesis_lib.clustering.neighbor_graph import NeighborGraph
from thesis_lib.clustering.reduction import random_pca

K = 40


@pytest.fixture(scope="module")
def reduced(photo_points: dict[int, torch.Tensor]) -> torch.Tensor:
    points = photo_points[2048][None]
    return random_pca(points, 64, seed=0)(points)


def test_the_filter_of_a_sparse_graph_keeps_its_eigenvectors(
    reduced: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    filters, make = [], krylov.Chebyshev.__init__
    monkeypatch.setattr(krylov.Chebyshev, "__init__", lambda own, cut: (filters.append(own), make(own, cut))[1])
    exact = dense_eigenvectors(NeighborGraph(reduced.double(), "local"), K)
    found = krylov_eigenvectors(NeighborGraph(reduced, "local"), K, seed=0)
    assert filters
    assert all(each.order > 1 for each in filters)
    assert float((exact.vectors[0].T @ found.vectors[0].double()).square().sum()) / K > 0.999
    torch.testing.assert_close(found.values.double(), exact.values, atol=1e-4, rtol=0)


@pytest.mark.parametrize(("n", "k"), [(257, 40), (300, 40), (450, 60), (512, 80), (730, 80)])
def test_few_points_and_many_clusters_leave_room_in_the_space(n: int, k: int) -> None:
    """Blocks of k + 24 columns fill n dimensions soon; these points have no clusters, so that many are needed."""
    points = torch.randn(1, n, 16, generator=torch.Generator().manual_seed(0))
    exact = dense_eigenvectors(DenseGraph(points.double(), "local"), k)
    found = krylov_eigenvectors(DenseGraph(points, "local"), k, seed=0)
    torch.testing.assert_close(found.values.double(), exact.values, atol=1e-3, rtol=0)
    torch.testing.assert_close(found.vectors.mT @ found.vectors, torch.eye(k)[None], atol=1e-4, rtol=0)


def test_a_filter_raises_what_is_wanted_and_bounds_the_rest() -> None:
    polynomial = krylov.Chebyshev(torch.tensor([0.5, 0.9], dtype=torch.float64))
    spectrum = torch.linspace(-1, 1, 201, dtype=torch.float64)
    diagonal = spectrum.expand(2, 201)[..., None]
    image = polynomial(lambda block: diagonal * block, torch.ones(2, 201, 1, dtype=torch.float64))[..., 0]
    for member, cut in enumerate((0.5, 0.9)):
        unwanted, wanted = image[member, spectrum <= cut], image[member, spectrum > cut]
        assert unwanted.abs().max() <= 1 + 1e-9
        assert (wanted.diff() > 0).all()
        assert wanted[-1] <= chebyshev.MOST_AMPLIFIED
    torch.testing.assert_close(polynomial.original(image)[:, -10:], spectrum[-10:].expand(2, 10))


@pytest.mark.parametrize("step", [4, 5, 6, 8])
def test_no_more_is_missing_than_estimated(reduced: torch.Tensor, step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    estimates, estimate = [], krylov._missing_share
    monkeypatch.setattr(krylov, "_missing_share", lambda *given: (estimates.append(estimate(*given)), estimates[-1])[1])
    graph = DenseGraph(reduced, "local")
    exact = dense_eigenvectors(DenseGraph(reduced.double(), "local"), K).vectors[0]
    with pytest.warns(UserWarning, match=r"estimated share missing: \d"):
        found = krylov_eigenvectors(graph, K, seed=0, tolerance=0.0, max_steps=step)
    missing = 1 - float((exact.T @ found.vectors[0].double()).square().sum()) / K
    assert missing <= float(estimates[-1]) + 1e-5
