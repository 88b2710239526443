"""The k leading eigenvectors of a normalised affinity, by the whole decomposition or by a block Krylov space."""

from typing import NamedTuple

import torch
from torch import Tensor

from thesis_lib.clustering.affinity import inverse_root, normalized_affinity
from thesis_lib.clustering.graph import Graph
from thesis_lib.clustering.orthonormal import orthonormal

OVERSAMPLING = 24
"""Block columns beyond k: they widen the gap that the Krylov space must resolve (Halko, Martinsson, Tropp 2011)."""
MAX_BLOCKS = 6
"""Blocks that the Krylov space holds before it restarts from its best vectors."""
COLD_PRODUCTS = 3
"""First products of a random block, after which nothing is near enough to be worth a look."""
ROUNDING = 1e-5
"""Residual that products in float32 can reach."""


class Eigen(NamedTuple):
    """Leading eigenpairs of a batch."""

    values: Tensor
    """(B, k), descending."""
    vectors: Tensor
    """(B, n, k), orthonormal columns."""
    residuals: Tensor | None = None
    """(B, k), the norms |L u - lambda u|, float64."""
    basis: Tensor | None = None
    """(B, n, b), the eigenvectors and the next best directions, to start from another time."""


def dense_eigenvectors(graph: Graph, k: int) -> Eigen:
    """The k largest eigenvalues of D^-1/2 A D^-1/2, and their eigenvectors, from all of them by LAPACK in float64.

    Args:
        graph: A, (B, n, n), symmetric, non-negative.

    Returns:
        in the dtype of A.
    """
    weights = graph.whole()
    matrix = normalized_affinity(weights.double())
    values, vectors = torch.linalg.eigh(matrix)
    values, vectors = values[..., -k:].flip(-1), fix_signs(vectors[..., -k:].flip(-1))
    residuals = (matrix @ vectors - vectors * values[..., None, :]).norm(dim=-2)
    return Eigen(values.to(weights), vectors.to(weights), residuals)


def krylov_eigenvectors(
    graph: Graph,
    k: int,
    *,
    seed: int,
    start: Tensor | None = None,
    tolerance: float = 1e-3,
    max_products: int = 60,
) -> Eigen:
    """The same by a block Krylov space with Rayleigh-Ritz, without an n x n decomposition.

    Block Lanczos with full orthogonalisation and thick restarts: the space grows by one product of A with its last
    block until it holds the leading eigenspace. Products are in the dtype of A, the small eigenproblems in float64.
    A batch goes in step, and each member's answer is that of the step at which it was good enough.

    Args:
        graph: A, (B, n, n), symmetric, non-negative.
        start: (B, n, s), vectors that may be near the answer, such as the basis found for a similar matrix.
        tolerance: share of the leading k-dimensional eigenspace that may be missing, as residual over gap bounds it.
        max_products: products of A with a block, at most.

    Returns:
        Eigenpairs as from `dense_eigenvectors`, in the dtype of A, their residuals, and a basis.
    """
    root = inverse_root(graph.degree)
    (batch, n), width, scale = root.shape, k + OVERSAMPLING, root[..., None]
    if n <= 4 * width:
        found = dense_eigenvectors(graph, k)
        return found._replace(basis=found.vectors)
    space = _Space(_start_block(root, width, seed, start))
    pairs, basis = root.new_empty(2, batch, k, dtype=torch.float64), root.new_empty(batch, n, width)
    pending = torch.ones(batch, dtype=torch.bool)
    for product in range(max_products):
        space.grow(scale * (graph @ (scale * space.last)))
        if start is None and product < COLD_PRODUCTS:
            continue
        values, residuals = space.ritz(width)
        good = (_missing_share(values, residuals, k) <= tolerance).cpu() | (product == max_products - 1)
        for member in (good & pending).nonzero().flatten().tolist():
            pairs[0, member], pairs[1, member] = values[member, :k], residuals[member, :k]
            basis[member] = space.vectors(width, member)
        pending &= ~good
        if not pending.any():
            break
        if space.size > (MAX_BLOCKS - 1) * width:
            space.restart(width)
    vectors = torch.linalg.qr(basis[..., :k].double() * (scale > 0)).Q
    return Eigen(pairs[0].to(root), fix_signs(vectors).to(root), pairs[1], basis)


class _Space:
    """A growing orthonormal basis V (B, n, m), V^T L V, and the block by which L V leaves the basis."""

    def __init__(self, block: Tensor) -> None:
        self.basis = block[..., :0]
        self.last = block
        self.small = block.new_zeros(len(block), 0, 0, dtype=torch.float64)

    @property
    def size(self) -> int:
        return self.basis.shape[-1]

    def grow(self, image: Tensor) -> None:
        """Take in the last block, of which `image` is the product; what the image adds is the next block."""
        old, width = self.size, self.last.shape[-1]
        self.basis = torch.cat([self.basis, self.last], -1)
        inside = (self.basis.mT @ image).double()
        small = inside.new_zeros(len(inside), old + width, old + width)
        small[:, :old, :old] = self.small
        small[:, :, old:] = inside
        small[:, old:, :old] = inside[:, :old].mT
        corner = inside[:, old:]
        small[:, old:, old:] = (corner + corner.mT) / 2
        self.small = small
        self.last = orthonormal_block(image, self.basis)
        self.leaving = (self.last.mT @ image).double()

    def ritz(self, count: int) -> tuple[Tensor, Tensor]:
        """The best `count` eigenvalues (B, count), descending, and the norms of their residuals."""
        values, rotation = torch.linalg.eigh(self.small)
        self.rotation = rotation[..., -count:].flip(-1)
        residuals = self.leaving @ self.rotation[:, -self.leaving.shape[-1] :]
        return values[:, -count:].flip(-1), residuals.norm(dim=1)

    def vectors(self, count: int, member: int | slice = slice(None)) -> Tensor:
        """The best eigenvectors that the space holds, (B, n, count), or those of one member."""
        return self.basis[member] @ self.rotation[member, :, :count].to(self.basis)

    def restart(self, count: int) -> None:
        """Keep the best vectors alone; the next block stays what it is."""
        self.basis = self.vectors(count)
        self.small = self.rotation.mT @ self.small @ self.rotation
        self.rotation = torch.eye(count).to(self.small).expand_as(self.small)


def fix_signs(vectors: Tensor) -> Tensor:
    """Every column (..., n, k) with its entry of largest magnitude positive, so that solvers agree on signs."""
    largest = vectors.abs().argmax(-2, keepdim=True)
    return vectors * vectors.gather(-2, largest).sign()


def orthonormal_block(block: Tensor, space: Tensor) -> Tensor:
    """An orthonormal basis of what block (B, n, b) adds to an orthonormal space (B, n, m), twice projected."""
    for _ in range(2):
        block = orthonormal(block - space @ (space.mT @ block))
    return block


def _start_block(root: Tensor, width: int, seed: int, start: Tensor | None) -> Tensor:
    """Random directions (B, n, width), the same for all, behind those that are given."""
    batch, n = root.shape
    generator = torch.Generator().manual_seed(seed)
    block = torch.randn(n, width, generator=generator, dtype=torch.float64).to(root).expand(batch, n, width)
    if start is not None:
        given = min(start.shape[-1], width)
        block = torch.cat([start[..., :given].to(root), block[..., given:] / n**0.5], -1)
    return torch.linalg.qr(block).Q


def _missing_share(values: Tensor, residuals: Tensor, k: int) -> Tensor:
    """Mean of min(1, (residual / gap)^2) over the k leading vectors: Davis-Kahan with Ritz values (B, b) for the gap.

    A vector whose residual is down to the rounding of float32 counts as found: where lambda_k = lambda_k+1 there is
    no gap, and any basis of that eigenspace is an answer.
    """
    gap = (values[:, :k] - values[:, k : k + 1]).clamp(min=1e-7)
    share = (residuals[:, :k] / gap).square().clamp(max=1)
    return torch.where(residuals[:, :k] <= ROUNDING, 0.0, share).mean(-1)
