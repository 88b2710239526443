"""Orthonormal bases of a few long vectors, by their Gram matrix in float64."""

import torch
from torch import Tensor


def orthonormal(block: Tensor) -> Tensor:
    """Orthonormalise the rows of a block (..., b, n).

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


def orthonormal_columns(block: Tensor) -> Tensor:
    """Orthonormalise the columns of a block (B, n, b), which may be nearly dependent.

    By the eigenvectors of the Gram matrix, once more where its eigenvalues lie far apart; by Householder where rounding
    is all that some of the columns add.
    """
    exact = block.double()
    for _ in range(2):
        exact = exact / exact.norm(dim=1, keepdim=True)
        values, rotation = torch.linalg.eigh(exact.mT @ exact)  # (B, b), (B, b, b)
        spread = float((values[:, 0] / values[:, -1]).amin())
        if not spread > 1e-13:
            return torch.linalg.qr(block).Q
        exact = exact @ (rotation * values.rsqrt()[:, None])
        if spread > 1e-6:
            break
    return exact.to(block)
