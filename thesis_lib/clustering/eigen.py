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
    weights: Tensor,
    inverse_root: Tensor,
    k: int,
    *,
    seed: int,
    start: Tensor | None = None,
    tolerance: float = 1e-3,
    max_products: int = 60,
) -> tuple[Tensor, Tensor, Tensor]:
    """The same for D^-1/2 A D^-1/2 by a block Krylov space with Rayleigh-Ritz, without an n x n decomposition.

    Block Lanczos with full orthogonalisation and thick restarts: the space grows by one product of A with its last
    block until it holds the leading eigenspace. Products are in the dtype of A, the small eigenproblems in float64.

    Args:
        weights: A, (n, n), symmetric, non-negative.
        inverse_root: the diagonal of D^-1/2, (n,), 0 for a point without neighbours.
        start: (n, s), vectors that may be near the answer, such as the basis found for a similar matrix.
        tolerance: share of the leading k-dimensional eigenspace that may be missing, as residual over gap bounds it.
        max_products: products of A with a block, at most.

    Returns:
        eigenvalues (k,) and eigenvectors (n, k) as from `dense_eigenvectors`, in the dtype of A; and a basis (n, b) of
        these and the next best directions, to start from another time.
    """
    n, width, scale = len(weights), k + OVERSAMPLING, inverse_root[:, None]
    if n <= 4 * width:
        values, vectors = dense_eigenvectors(weights * scale * inverse_root, k)
        return values, vectors, vectors
    space = _Space(_start_block(weights, width, seed, start))
    for _ in range(max_products):
        image = scale * (weights @ (scale * space.last))
        space.grow(image)
        values, residuals = space.ritz(width)
        if _missing_share(values, residuals, k) <= tolerance:
            break
        if space.size > (MAX_BLOCKS - 1) * width:
            space.restart(width)
    basis = space.vectors(width)
    vectors = basis[:, :k].double() * (scale > 0)
    return values[:k].to(weights), fix_signs(torch.linalg.qr(vectors).Q).to(weights), basis


class _Space:
    """A growing orthonormal basis V, V^T L V, and the block by which L V leaves the basis."""

    def __init__(self, block: Tensor) -> None:
        self.basis = block.new_zeros(len(block), 0)
        self.last = block
        self.small = block.new_zeros(0, 0, dtype=torch.float64)

    @property
    def size(self) -> int:
        return self.basis.shape[1]

    def grow(self, image: Tensor) -> None:
        """Take in the last block, of which `image` is the product; what the image adds is the next block."""
        old, width = self.size, self.last.shape[1]
        self.basis = torch.cat([self.basis, self.last], 1)
        inside = (self.basis.T @ image).double()
        small = inside.new_zeros(old + width, old + width)
        small[:old, :old] = self.small
        small[:, old:] = inside
        small[old:, :old] = inside[:old].T
        corner = inside[old:]
        small[old:, old:] = (corner + corner.T) / 2
        self.small = small
        self.last = orthonormal_block(image, self.basis)
        self.leaving = (self.last.T @ image).double()

    def ritz(self, count: int) -> tuple[Tensor, Tensor]:
        """The best `count` eigenvalues, descending, and the norms of their residuals."""
        values, rotation = torch.linalg.eigh(self.small)
        self.rotation = rotation[:, -count:].flip(-1)
        residuals = self.leaving @ self.rotation[-self.leaving.shape[1] :]
        return values[-count:].flip(-1), residuals.norm(dim=0)

    def vectors(self, count: int) -> Tensor:
        """The best eigenvectors that the space holds, (n, count)."""
        return self.basis @ self.rotation[:, :count].to(self.basis)

    def restart(self, count: int) -> None:
        """Keep the best vectors alone; the next block stays what it is."""
        self.basis = self.vectors(count)
        self.small = self.rotation.T @ self.small @ self.rotation
        self.rotation = torch.eye(count, dtype=torch.float64, device=self.basis.device)


def fix_signs(vectors: Tensor) -> Tensor:
    """Every column (..., n, k) with its entry of largest magnitude positive, so that solvers agree on signs."""
    largest = vectors.abs().argmax(-2, keepdim=True)
    return vectors * vectors.gather(-2, largest).sign()


def orthonormal_block(block: Tensor, space: Tensor) -> Tensor:
    """An orthonormal basis of what block (n, b) adds to an orthonormal space (n, m), twice projected."""
    for _ in range(2):
        block = block - space @ (space.T @ block)
        block = _orthonormal(block)
    return block


def _orthonormal(block: Tensor) -> Tensor:
    """From Cholesky's factor of the Gram matrix in float64; by Householder where columns are nearly dependent."""
    exact = block.double()
    factor, failed = torch.linalg.cholesky_ex(exact.T @ exact)
    diagonal = factor.diagonal()
    if failed or diagonal.min() < 1e-6 * diagonal.max():
        return torch.linalg.qr(block).Q
    return torch.linalg.solve_triangular(factor, exact.T, upper=False).T.to(block)


def _start_block(like: Tensor, width: int, seed: int, start: Tensor | None) -> Tensor:
    """Random directions, behind those that are given."""
    generator = torch.Generator().manual_seed(seed)
    block = torch.randn(len(like), width, generator=generator, dtype=torch.float64).to(like)
    if start is not None:
        given = min(start.shape[1], width)
        block = torch.cat([start[:, :given].to(like), block[:, given:] / len(like) ** 0.5], 1)
    return torch.linalg.qr(block).Q


def _missing_share(values: Tensor, residuals: Tensor, k: int) -> Tensor:
    """Mean of min(1, (residual / gap)^2) over the k leading vectors: Davis-Kahan with Ritz values (b,) for the gap.

    A vector whose residual is down to the rounding of float32 counts as found: where lambda_k = lambda_k+1 there is
    no gap, and any basis of that eigenspace is an answer.
    """
    gap = (values[:k] - values[k]).clamp(min=1e-7)
    share = (residuals[:k] / gap).square().clamp(max=1)
    return torch.where(residuals[:k] <= ROUNDING, 0.0, share).mean()
