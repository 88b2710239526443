"""Orthonormal bases of a few long vectors, fast."""

import torch
from torch import Tensor


def orthonormal(block: Tensor) -> Tensor:
    """An orthonormal basis (..., b, n) of the rows of a block.

    From Cholesky's factor of the Gram matrix in float64, once more where the rows are not nearly orthogonal; by
    Householder where they are nearly dependent.
    """
    identity = torch.eye(block.shape[-2], dtype=torch.float64, device=block.device)
    for _ in range(2):
        exact = block.double()
        factor, failed = torch.linalg.cholesky_ex(exact @ exact.mT)
        diagonal = factor.diagonal(dim1=-2, dim2=-1)
        spread = (diagonal.amin(-1) / diagonal.amax(-1)).amin()
        if failed.any() or not spread > 1e-6:
            return torch.linalg.qr(block.mT).Q.mT
        block = torch.linalg.solve_triangular(factor, identity, upper=False).to(block) @ block
        if spread > 1e-2:
            break
    return block
