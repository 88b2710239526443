import pytest
import torch

from thesis_lib.clustering import krylov
from thesis_lib.clustering.eigen import OVERSAMPLING, dense_eigenvectors
from thesis_lib.clustering.graph import DenseGraph
from thesis_lib.clustering.krylov import krylov_eigenvectors
from thesis_lib.clustering.reduction import random_pca

K = 40


@pytest.fixture(scope="module")
def reduced(photo_points: dict[int, torch.Tensor]) -> torch.Tensor:
    points = photo_points[2048][None]
    return random_pca(points, 64, seed=0)(points)


@pytest.mark.parametrize(("n", "k"), [(257, 40), (300, 40), (450, 60), (512, 80), (730, 80)])
def test_few_points_and_many_clusters_leave_room_in_the_space(n: int, k: int) -> None:
    """Blocks of k + 24 columns fill n dimensions soon; these points have no clusters, so that many are needed."""
    points = torch.randn(1, n, 16, generator=torch.Generator().manual_seed(0))
    exact = dense_eigenvectors(DenseGraph(points.double(), "local"), k)
    found = krylov_eigenvectors(DenseGraph(points, "local"), k, seed=0)
    torch.testing.assert_close(found.values.double(), exact.values, atol=1e-3, rtol=0)
    torch.testing.assert_close(found.vectors.mT @ found.vectors, torch.eye(k)[None], atol=1e-4, rtol=0)


@pytest.mark.parametrize("step", [4, 5, 6, 8])
def test_no_more_is_missing_than_estimated(reduced: torch.Tensor, step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    estimates, estimate = [], krylov.missing_share
    monkeypatch.setattr(krylov, "missing_share", lambda *given: (estimates.append(estimate(*given)), estimates[-1])[1])
    graph = DenseGraph(reduced, "local")
    exact = dense_eigenvectors(DenseGraph(reduced.double(), "local"), K).vectors[0]
    with pytest.warns(UserWarning, match=r"estimated share missing: \d"):
        found = krylov_eigenvectors(graph, K, seed=0, tolerance=0.0, max_steps=step)
    missing = 1 - float((exact.T @ found.vectors[0].double()).square().sum()) / K
    assert missing <= float(estimates[-1]) + 1e-5


@pytest.mark.parametrize("columns", [10, 20, 44, 60])
def test_a_start_that_holds_the_answer_is_the_answer(
    reduced: torch.Tensor, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of fewer columns than are sought, as many, or more; what misses nothing is asked for no second block."""
    points = reduced[:, :1024]
    exact = dense_eigenvectors(DenseGraph(points.double(), "local"), 60).vectors
    products, normalized = [], DenseGraph.normalized
    monkeypatch.setattr(DenseGraph, "normalized", lambda *given: (products.append(1), normalized(*given))[1])
    found = krylov_eigenvectors(DenseGraph(points, "local"), 20, seed=0, start=exact[..., :columns])
    shared = float((exact[0, :, :20].T @ found.vectors[0].double()).square().sum()) / 20
    assert shared > 0.999
    assert found.basis is not None
    assert found.basis.shape == (1, 1024, 20 + OVERSAMPLING)
    if columns >= 44:
        assert len(products) <= 3


def test_few_points_are_solved_densely_and_leave_a_basis() -> None:
    points = torch.randn(1, 4 * (5 + OVERSAMPLING), 3, generator=torch.Generator().manual_seed(0))
    graph = DenseGraph(points, "local")
    found = krylov_eigenvectors(graph, 5, seed=0)
    assert torch.equal(found.vectors, dense_eigenvectors(graph, 5).vectors)
    assert found.basis is found.vectors
