import numpy as np
import pytest
import torch

from thesis_lib.clustering.eigen import OVERSAMPLING, Ritz, dense_eigenvectors, missing_share
from thesis_lib.clustering.graph import DenseGraph

K = 10
WIDTH = K + OVERSAMPLING


class Matrix:
    """What Rayleigh and Ritz need of a graph: products with L."""

    def __init__(self, whole: torch.Tensor) -> None:
        self.whole = whole  # (B, n, n)

    def normalized(self, block: torch.Tensor) -> torch.Tensor:
        return self.whole @ block


def perturbed(size: float, seed: int) -> tuple[Ritz, float]:
    """Ritz pairs in the leading eigenspace of a matrix that then changes a little, and the share that they miss."""
    generator = torch.Generator().manual_seed(seed)
    n = 200
    values = torch.cat([torch.linspace(1, 0.8, K), torch.linspace(0.7, 0.4, OVERSAMPLING), torch.zeros(n - WIDTH)])
    noise = torch.randn(n, n, generator=generator, dtype=torch.float64)
    matrix = values.double().diag() + size * (noise + noise.T) / 2
    ritz = Ritz.of(Matrix(matrix[None]), torch.eye(n, WIDTH, dtype=torch.float64)[None])
    exact = torch.linalg.eigh(matrix)[1][:, -K:]
    return ritz, 1 - float((exact.T @ ritz.vectors[0, :, :K]).square().sum()) / K


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("size", [1e-3, 3e-3, 1e-2])
def test_the_share_that_is_missing_is_estimated_from_above(size: float, seed: int) -> None:
    """mu is taken for all that lies outside, and lies above most of it: at most 30 times too much here."""
    ritz, missing = perturbed(size, seed)
    estimate = float(missing_share(ritz.values, ritz.residuals, K))
    assert missing <= estimate <= 30 * missing


def test_within_the_space_a_residual_counts_by_the_gap_it_has_to_bridge() -> None:
    """u_1 and u_3, with k = 2, share a residual r; nothing else is missing: r . r / ((1 - mu) (1 - theta_3))."""
    values = torch.tensor([[1.0, 0.9, 0.5, 0.2]], dtype=torch.float64)
    residuals = torch.zeros(1, 7, 4, dtype=torch.float64)
    residuals[0, 4, [0, 2]] = 0.03
    outside, inside = 0.03 / (1 - 0.2), 0.03**2 / ((1 - 0.2) * (1 - 0.5))
    assert float(missing_share(values, residuals, 2)) == pytest.approx((outside**2 + inside**2) / 2, rel=1e-6)


def test_rounding_and_eigenvectors_of_no_value_are_not_missed() -> None:
    values = torch.tensor([[1.0, 1.0, 0.0, -0.1]], dtype=torch.float64)
    residuals = torch.zeros(1, 5, 4, dtype=torch.float64)
    residuals[0, 0, 0], residuals[0, 1, 2] = 5e-8, 0.5
    assert float(missing_share(values, residuals, 3)) == 0


def test_dense_eigenpairs_and_residuals_are_those_of_the_definition() -> None:
    points = torch.randn(2, 50, 3, generator=torch.Generator().manual_seed(0))
    found = dense_eigenvectors(DenseGraph(points, "local"), 4)
    for member in range(2):
        weights = DenseGraph(points, "local").whole()[member].double().numpy()
        root = weights.sum(1) ** -0.5
        matrix = root[:, None] * weights * root
        values = np.linalg.eigvalsh(matrix)[::-1][:4]
        np.testing.assert_allclose(found.values[member], values, atol=1e-6)
        assert found.residuals is not None
        assert found.residuals[member].max() < 1e-6


def test_ritz_pairs_of_some_members_replace_theirs_alone() -> None:
    generator = torch.Generator().manual_seed(0)
    whole = torch.randn(3, 20, 20, generator=generator, dtype=torch.float64)
    graph = Matrix(whole + whole.mT)
    bases = torch.linalg.qr(torch.randn(2, 3, 20, 5, generator=generator, dtype=torch.float64))[0]
    first, second = (Ritz.of(graph, basis) for basis in bases)
    some = torch.tensor([2, 0])
    mixed = first.replaced(Ritz.of(graph, bases[1], some), some)
    for member, expected in enumerate((second, first, second)):
        for ours, theirs in zip(mixed, expected, strict=True):
            torch.testing.assert_close(ours[member], theirs[member])
            assert (ours[member].diff() <= 0).all() or ours is not mixed.values
