import pytest
import torch
from torch import Tensor

from thesis_lib.clustering.orthonormal import orthonormal, orthonormal_columns


def columns(n: int, b: int, condition: float, seed: int = 0) -> Tensor:
    """A block (n, b) float32 whose singular values reach from 1 down to 1 / condition."""
    generator = torch.Generator().manual_seed(seed)
    left, right = (torch.linalg.qr(torch.randn(m, b, generator=generator, dtype=torch.float64)).Q for m in (n, b))
    return (left * torch.logspace(0, -1, b, base=condition, dtype=torch.float64) @ right.T).float()


def check(found: Tensor, block: Tensor, tolerance: float) -> None:
    """Found (B, n, b) is orthonormal, and holds all columns of the block."""
    exact, given = found.double(), block.double()
    assert (exact.mT @ exact - torch.eye(block.shape[-1])).abs().max() < tolerance
    rest = given - exact @ (exact.mT @ given)
    assert (rest.norm(dim=-2) < tolerance * given.norm(dim=-2).amax()).all()


@pytest.mark.parametrize("condition", [1.0, 50.0, 1e4, 1e5, 1e9])
def test_columns_and_rows_become_orthonormal_and_span_the_same(condition: float) -> None:
    """However dependent they are, and beside a member that is not."""
    block = torch.stack([columns(400, 24, condition), columns(400, 24, 2.0, seed=1)])
    check(orthonormal_columns(block), block, 1e-6)
    check(orthonormal(block.mT).mT, block, 1e-5)


def test_the_length_of_columns_does_not_matter() -> None:
    block = columns(400, 24, 3.0) * torch.logspace(-12, 12, 24)
    found = orthonormal_columns(block[None])
    assert (found.mT @ found - torch.eye(24)).abs().max() < 1e-6
    along = found[0].mT @ (block / block.norm(dim=0))
    torch.testing.assert_close(along.norm(dim=0), torch.ones(24))


def test_a_column_twice_leaves_an_orthonormal_basis() -> None:
    block = columns(100, 8, 2.0)
    block[:, 5] = block[:, 2]
    for found in (orthonormal_columns(block[None]), orthonormal(block.T[None]).mT):
        assert (found.mT @ found - torch.eye(8)).abs().max() < 1e-5
