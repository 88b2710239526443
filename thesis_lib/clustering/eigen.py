"""The k leading eigenvectors of a normalised affinity, by the whole decomposition or by a block Krylov space."""

import torch
from torch import Tensor

OVERSAMPLING = 24
"""Block columns beyond k: they widen the gap that the Krylov space must resolve (Halko, Martinsson, Tropp 2011)."""
MAX_BLOCKS = 6
"""Blocks that the Krylov space holds before it restarts from its best vectors."""
ROUNDING = 1e-5
"""Residual that products in float32 can reach."""


def dense_eigenvectors(matrix: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """All eigenvectors by LAPACK in float64, of which the k with the largest eigenvalues are kept.

    Args:
        matrix: (..., n, n), symmetric.

    Returns:
        eigenvalues (..., k), descending, and orthonormal eigenvectors (..., n, k), float64.
    """
    values, vectors = torch.linalg.eigh(matrix.double())
    return values[..., -k:].flip(-1), fix_signs(vectors[..., -k:].flip(-1))


def krylov_eigenvectors(
    matrix: Tensor, k: int, *, seed: int, tolerance: float = 1e-3, max_products: int = 60
) -> tuple[Tensor, Tensor]:
    """The same by a block Krylov space with Rayleigh-Ritz, without an n x n decomposition.

    The space grows by one block, the residuals of its best vectors, until it holds the leading eigenspace.
    Products with the matrix are done in its own dtype, the small eigenproblems in float64.

    Args:
        matrix: (n, n), symmetric, eigenvalues in [-1, 1].
        tolerance: share of the leading k-dimensional eigenspace that may be missing, as residual over gap bounds it.
        max_products: products of the matrix with a block, at most.

    Returns:
        as `dense_eigenvectors`, in the matrix' dtype.
    """
    n, width = len(matrix), k + OVERSAMPLING
    if n <= 4 * width:
        return dense_eigenvectors(matrix, k)
    generator = torch.Generator().manual_seed(seed)
    block = torch.randn(n, width, generator=generator, dtype=torch.float64).to(matrix)
    space = images = vectors = vector_images = block.new_zeros(n, 0)
    connected = torch.zeros(n, 1, dtype=torch.bool, device=matrix.device)
    for _ in range(max_products):
        if space.shape[1] > (MAX_BLOCKS - 1) * width:
            space, images = vectors, vector_images
        block = orthonormal_block(block, space)
        image = matrix @ block
        connected |= (image != 0).any(1, keepdim=True)
        space, images = torch.cat([space, block], 1), torch.cat([images, image], 1)
        values, vectors, vector_images = _rayleigh_ritz(space, images, width)
        block = vector_images - vectors * values.to(vectors)
        if _missing_share(values, block.norm(dim=0).double(), k) <= tolerance:
            break
    exact = torch.linalg.qr(vectors[:, :k].double() * connected).Q
    return values[:k].to(matrix), fix_signs(exact).to(matrix)


def fix_signs(vectors: Tensor) -> Tensor:
    """Every column (..., n, k) with its entry of largest magnitude positive, so that solvers agree on signs."""
    largest = vectors.abs().argmax(-2, keepdim=True)
    return vectors * vectors.gather(-2, largest).sign()


def orthonormal_block(block: Tensor, space: Tensor) -> Tensor:
    """An orthonormal basis of what block (n, b) adds to an orthonormal space (n, m), twice projected."""
    for _ in range(2):
        block = block - space @ (space.T @ block)
        block = torch.linalg.qr(block).Q
    return block


def _rayleigh_ritz(space: Tensor, images: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Best eigenvalues (count,), descending, vectors (n, count) and their images, from a space and its images."""
    small = (space.T @ images).double()
    values, rotation = torch.linalg.eigh((small + small.T) / 2)
    rotation = rotation[:, -count:].flip(-1).to(space)
    return values[-count:].flip(-1), space @ rotation, images @ rotation


def _missing_share(values: Tensor, residuals: Tensor, k: int) -> Tensor:
    """Mean of min(1, (residual / gap)^2) over the k leading vectors: Davis-Kahan with Ritz values (b,) for the gap.

    A vector whose residual is down to the rounding of float32 counts as found: where lambda_k = lambda_k+1 there is
    no gap, and any basis of that eigenspace is an answer.
    """
    gap = (values[:k] - values[k]).clamp(min=1e-7)
    share = (residuals[:k] / gap).square().clamp(max=1)
    return torch.where(residuals[:k] <= ROUNDING, 0.0, share).mean()
