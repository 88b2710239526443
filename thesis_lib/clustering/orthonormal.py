"""Orthonormal bases of tall blocks, fast."""

import torch
from torch import Tensor


def orthonormal(block: Tensor) -> Tensor:
    """An orthonormal basis (..., n, b) of the columns of a block.

    From Cholesky's factor of the Gram matrix in float64; by Householder where columns are nearly dependent.
    """
    exact = block.double()
    factor, failed = torch.linalg.cholesky_ex(exact.mT @ exact)
    diagonal = factor.diagonal(dim1=-2, dim2=-1)
    if failed.any() or (diagonal.amin(-1) < 1e-6 * diagonal.amax(-1)).any():
        return torch.linalg.qr(block).Q
    return torch.linalg.solve_triangular(factor, exact.mT, upper=False).mT.to(block)
