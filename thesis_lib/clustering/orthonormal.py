"""Orthonormal bases of a few long vectors, by Cholesky's factor of their Gram matrix in float64."""

import torch
from torch import Tensor

DEPENDENT, NEARLY = 1e-6, 1e-2
"""Least over largest entry on the factor's diagonal: from here down vectors are dependent, and nearly so."""


def orthonormal(block: Tensor) -> Tensor:
    """Orthonormalise the rows of a block (..., b, n), in its precision but for their Gram matrix.

    Once more where the rows are not nearly orthogonal; by Householder where they are nearly dependent.
    """
    found = _orthonormal(block)
    return torch.linalg.qr(block.mT).Q.mT if found is None else found


def orthonormal_columns(block: Tensor) -> Tensor:
    """Orthonormalise the columns of a block (..., n, b) in float64, which may be nearly dependent.

    By Householder where rounding is all that some of the columns add.
    """
    exact = block.mT.double()
    found = _orthonormal(exact / exact.norm(dim=-1, keepdim=True))
    return torch.linalg.qr(block).Q if found is None else found.mT.to(block)


def _orthonormal(rows: Tensor) -> Tensor | None:
    """Orthonormalise rows (..., b, n), or return None where they are nearly dependent."""
    inverse, spread = _inverse_factor(rows)
    least = float(spread.amin())
    if not least > DEPENDENT:
        return None
    rows = inverse @ rows
    return rows if least > NEARLY else _inverse_factor(rows)[0] @ rows


def _inverse_factor(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Invert Cholesky's factor (..., b, b) of the Gram matrix of rows (..., b, n), in their precision.

    Returns:
        the inverse, and the least over the largest entry of the factor's diagonal, (...,): 0 where there is no factor.
    """
    exact = rows.double()
    factor, failed = torch.linalg.cholesky_ex(exact @ exact.mT)
    diagonal = factor.diagonal(dim1=-2, dim2=-1)
    spread = torch.where(failed == 0, diagonal.amin(-1) / diagonal.amax(-1), 0)
    identity = torch.eye(rows.shape[-2], dtype=exact.dtype, device=rows.device)
    return torch.linalg.solve_triangular(factor, identity, upper=False).to(rows), spread
