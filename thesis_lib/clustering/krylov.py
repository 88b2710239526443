"""Leading eigenvectors of a normalised affinity by block Lanczos, which needs only products with the affinity."""

import torch
from torch import Tensor

from thesis_lib.clustering.checks import warn_caller
from thesis_lib.clustering.eigen import OVERSAMPLING, TOO_DENSE, Eigen, Ritz, dense_eigenvectors, missing_share
from thesis_lib.clustering.embedding import fix_signs
from thesis_lib.clustering.graph import Graph
from thesis_lib.clustering.orthonormal import orthonormal

MAX_BLOCKS = 6
"""Blocks that the Krylov space holds, at most, before it restarts from its best vectors."""
COLD_STEPS = 3
"""First steps from a random block, after which nothing is near enough to be worth a look."""
MOST_ROUNDS, ORTHOGONAL = 5, 0.7
"""Of making a block orthogonal to the space: rounds, and the length that is left of a unit vector when it was so."""


def krylov_eigenvectors(
    graph: Graph,
    k: int,
    *,
    seed: int,
    start: Tensor | None = None,
    tolerance: float = 1e-3,
    max_steps: int = 60,
) -> Eigen:
    """The k largest eigenvalues of D^-1/2 A D^-1/2, and their eigenvectors, from a block Krylov space.

    Block Lanczos with full orthogonalisation and thick restarts: the space grows by one product of A with its last
    block until it holds the leading eigenspace. Products are in the dtype of A, the small eigenproblems in float64.
    A batch goes in step, and each member's answer is that of the step at which it was good enough. It warns where the
    last step came before that.

    Args:
        graph: A, (B, n, n), symmetric, non-negative.
        start: (B, n, s), vectors that may be near the answer, such as the basis found for a similar matrix.
        tolerance: share of the leading k-dimensional eigenspace that may be missing, as estimated from the residuals.
        max_steps: blocks by which the space grows, at most.

    Returns:
        Eigenpairs as from `dense_eigenvectors`, in the dtype of A, their residuals, and a basis.
    """
    root = graph.root
    n, width = root.shape[1], k + OVERSAMPLING
    if n <= 4 * width:
        found = dense_eigenvectors(graph, k)
        return found._replace(basis=found.vectors)
    space = _Space(graph, _start_block(root, width, seed, start))
    patience = 0 if start is not None else min(COLD_STEPS, space.blocks - 1)
    basis = _search(space, k, patience=patience, tolerance=tolerance, max_steps=max_steps)
    basis = orthonormal((basis.double() * (root > 0)[..., None]).mT).mT.to(root)
    best = Ritz.of(graph, basis)  # one more product, and what is reported is true even where L has a low rank
    residuals = best.residuals[..., :k].double().norm(dim=1)
    return Eigen(best.values[:, :k].to(root), fix_signs(best.vectors[..., :k]), residuals, best.vectors)


def _search(space: "_Space", k: int, *, patience: int, tolerance: float, max_steps: int) -> Tensor:
    """Grow a Krylov space until it holds the leading eigenspace: its best basis, (B, n, width)."""
    batch, width, n = space.last.shape
    basis = space.last.new_empty(batch, n, width)
    pending = torch.ones(batch, dtype=torch.bool)
    for step in range(max_steps):
        space.grow()
        if step < patience:
            continue
        values, residuals = space.ritz()
        missing = missing_share(values, residuals, k).cpu()
        last = step == max_steps - 1
        for member in (((missing <= tolerance) | last) & pending).nonzero().flatten().tolist():
            basis[member] = space.vectors(member).mT
        pending &= missing > tolerance
        if not pending.any():
            return basis
        if space.is_full:
            space.restart()
    warn_caller(f"{TOO_DENSE} (estimated share missing: {float(missing[pending].max()):.1%})")
    return basis


class _Space:
    """Block Krylov space: an orthonormal basis V (B, m, n) in rows, V L V^T, and the next block."""

    def __init__(self, graph: Graph, block: Tensor) -> None:
        batch, self.width, n = block.shape
        self.graph = graph
        self.blocks = min(MAX_BLOCKS, n // self.width - 1)  # beyond them the next one finds no room in n dimensions
        self.memory = block.new_empty(batch, self.blocks * self.width, n)
        self.last = block
        self.small = block.new_zeros(batch, 0, 0, dtype=torch.float64)

    @property
    def basis(self) -> Tensor:
        return self.memory[:, : self.small.shape[-1]]

    @property
    def is_full(self) -> bool:
        return self.small.shape[-1] == self.memory.shape[1]

    def grow(self) -> None:
        """Add the last block to the basis, and make the next one from its product with L."""
        image = self.graph.normalized(self.last.mT).mT  # (B, b, n)
        old, new = self.small.shape[-1], self.small.shape[-1] + self.width
        self.memory[:, old:new] = self.last
        basis = self.memory[:, :new]
        coordinates = image @ basis.mT
        inside = coordinates.double()
        corner = inside[..., old:]
        small = inside.new_zeros(len(inside), new, new)
        small[:, :old, :old] = self.small
        small[:, old:, :old] = inside[..., :old]
        small[:, :old, old:] = inside[..., :old].mT
        small[:, old:, old:] = (corner + corner.mT) / 2
        self.small = small
        outside = torch.baddbmm(image, coordinates, basis, alpha=-1)
        for _ in range(MOST_ROUNDS):
            outside = orthonormal(outside)
            again = torch.baddbmm(outside, outside @ basis.mT, basis, alpha=-1)
            outside, rest = again, again.norm(dim=-1).amin()
            if rest > ORTHOGONAL:  # twice is enough (Parlett, 1980), unless L has nothing to add in some direction
                break
        self.last = orthonormal(outside)
        self.leaving = (self.last @ image.mT).double()

    def ritz(self) -> tuple[Tensor, Tensor]:
        """Compute Ritz values (B, m), descending, and their residuals (B, b, m) in coordinates of the next block."""
        values, rotation = torch.linalg.eigh(self.small)
        self.rotation = rotation.flip(-1)
        return values.flip(-1), self.leaving @ self.rotation[:, -self.leaving.shape[-1] :]

    def vectors(self, member: int | slice = slice(None)) -> Tensor:
        """Compute the leading Ritz vectors, (B, width, n), or those of one member."""
        return self.rotation[member, :, : self.width].mT.to(self.memory) @ self.basis[member]

    def restart(self) -> None:
        """Restart the space from its leading Ritz vectors, after `ritz`."""
        rotation = self.rotation[..., : self.width]
        self.memory[:, : self.width] = self.vectors()
        self.small = rotation.mT @ self.small @ rotation


def _start_block(root: Tensor, width: int, seed: int, start: Tensor | None) -> Tensor:
    """Complete given start vectors by random directions, the same for all members: (B, width, n)."""
    batch, n = root.shape
    generator = torch.Generator().manual_seed(seed)
    block = torch.randn(width, n, generator=generator).to(root).expand(batch, width, n)
    if start is not None:
        given = min(start.shape[-1], width)
        block = torch.cat([start[..., :given].mT.to(root), block[:, given:] / n**0.5], 1)
    return orthonormal(block)
