"""The k leading eigenvectors of a normalised affinity from a block Krylov space: products with the affinity alone."""

from collections.abc import Callable

import torch
from torch import Tensor

from thesis_lib.clustering.affinity import inverse_root
from thesis_lib.clustering.chebyshev import Chebyshev
from thesis_lib.clustering.checks import warn_caller
from thesis_lib.clustering.eigen import Eigen, dense_eigenvectors
from thesis_lib.clustering.embedding import fix_signs
from thesis_lib.clustering.graph import Graph
from thesis_lib.clustering.orthonormal import orthonormal

OVERSAMPLING = 24
"""Block columns beyond k: they widen the gap that the Krylov space must resolve (Halko, Martinsson, Tropp 2011)."""
MAX_BLOCKS = 6
"""Blocks that the Krylov space holds, at most, before it restarts from its best vectors."""
COLD_STEPS = 3
"""First steps from a random block, after which nothing is near enough to be worth a look."""
REACHABLE = 1e-5
"""Residual that products in float32 can reach."""
SMALLEST_GAP = 1e-7
"""Between eigenvalues; nearer ones are the same in float32."""
MOST_ROUNDS, ORTHOGONAL = 5, 0.7
"""Of making a block orthogonal to the space: rounds, and the length that is left of a unit vector when it was so."""
TOO_DENSE = (
    "the leading eigenvectors were not all found: eigenvalues beyond the last wanted are about as large. "
    "See Clusters.residuals, or ask for another number of clusters"
)


def krylov_eigenvectors(
    graph: Graph,
    k: int,
    *,
    seed: int,
    start: Tensor | None = None,
    tolerance: float | None = None,
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
        tolerance: share of the leading k-dimensional eigenspace that may be missing, as estimated from the residuals;
            by default 1e-3, and 1e-4 on a sparse graph, where it costs next to nothing.
        max_steps: blocks by which the space grows, at most.

    Returns:
        Eigenpairs as from `dense_eigenvectors`, in the dtype of A, their residuals, and a basis.
    """
    if tolerance is None:
        tolerance = 1e-4 if graph.is_sparse else 1e-3
    root = inverse_root(graph.degree)
    n, width = root.shape[1], k + OVERSAMPLING
    if n <= 4 * width:
        found = dense_eigenvectors(graph, k)
        return found._replace(basis=found.vectors)
    space = _Space(graph, root, _start_block(root, width, seed, start))
    patience = 0 if start is not None else min(COLD_STEPS, space.blocks - 1)
    basis = _search(space, k, patience=patience, tolerance=tolerance, max_steps=max_steps)
    basis = orthonormal((basis.double() * (root > 0)[..., None]).mT).mT.to(root)
    pairs, basis = _rayleigh_ritz(space.times, basis, k)
    return Eigen(pairs[0].to(root), fix_signs(basis[..., :k]), pairs[1], basis)


def _search(space: "_Space", k: int, *, patience: int, tolerance: float, max_steps: int) -> Tensor:
    """The best basis (B, n, width), once a space holds enough; not before `patience`."""
    batch, width, n = space.last.shape
    basis = space.last.new_empty(batch, n, width)
    pending = torch.ones(batch, dtype=torch.bool)
    for step in range(max_steps):
        space.grow()
        if step < patience:
            continue
        values, residuals = space.ritz()
        missing = _missing_share(values, residuals, k).cpu()
        last = step == max_steps - 1
        for member in (((missing <= tolerance) | last) & pending).nonzero().flatten().tolist():
            basis[member] = space.vectors(member).mT
        pending &= missing > tolerance
        if not pending.any():
            return basis
        if space.is_full:
            space.restart(values)
    warn_caller(f"{TOO_DENSE} (estimated share missing: {float(missing[pending].max()):.1%})")
    return basis


def _rayleigh_ritz(times: Callable[[Tensor], Tensor], basis: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Values and residuals (2, B, k) of L in the span of a basis (B, n, b), and the basis as its Ritz vectors.

    One more product, and what is reported is true even where L has so low a rank that the space was filled by rounding.
    """
    image = times(basis)
    small = (basis.mT @ image).double()
    values, rotation = torch.linalg.eigh((small + small.mT) / 2)
    values, rotation = values.flip(-1), rotation.flip(-1).to(basis)
    basis, image = basis @ rotation, image @ rotation
    residuals = (image - basis * values[:, None].to(basis)).double().norm(dim=1)
    return torch.stack([values[:, :k], residuals[:, :k]]), basis


class _Space:
    """A growing orthonormal basis V (B, m, n) in rows, V L V^T, and the block by which V L leaves the basis.

    On a sparse graph, after the first restart, of T_m(L) instead of L.
    """

    def __init__(self, graph: Graph, root: Tensor, block: Tensor) -> None:
        batch, self.width, n = block.shape
        self.graph, self.scale = graph, root[..., None]
        self.blocks = min(MAX_BLOCKS, n // self.width - 1)  # beyond them the next one finds no room in n dimensions
        self.memory = block.new_empty(batch, self.blocks * self.width, n)
        self.last = block
        self.small = block.new_zeros(batch, 0, 0, dtype=torch.float64)
        self.filter: Chebyshev | None = None

    @property
    def basis(self) -> Tensor:
        return self.memory[:, : self.small.shape[-1]]

    @property
    def is_full(self) -> bool:
        return self.small.shape[-1] == self.memory.shape[1]

    def times(self, block: Tensor) -> Tensor:
        """L = D^-1/2 A D^-1/2 times block (B, n, b)."""
        return self.scale * (self.graph @ (self.scale * block))

    def grow(self) -> None:
        """Take in the last block; what its product adds is the next one."""
        block = self.last.mT
        image = (self.times(block) if self.filter is None else self.filter(self.times, block)).mT
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
        """Eigenvalues (B, m), descending, of L in the space, and their residuals (B, b, m) in the next block's axes."""
        values, rotation = torch.linalg.eigh(self.small)
        self.rotation = rotation.flip(-1)
        return values.flip(-1), self.leaving @ self.rotation[:, -self.leaving.shape[-1] :]

    def vectors(self, member: int | slice = slice(None)) -> Tensor:
        """The best eigenvectors that the space holds, (B, width, n), or those of one member."""
        return self.rotation[member, :, : self.width].mT.to(self.memory) @ self.basis[member]

    def restart(self, values: Tensor) -> None:
        """From the best vectors alone, after `ritz` gave these values; on a sparse graph with a filter made of them."""
        best = self.vectors()
        if self.graph.is_sparse:
            inner = values if self.filter is None else self.filter.original(values)
            self.filter = Chebyshev(inner[:, self.width - 1])
            self.last, self.small = best, self.small[:, :0, :0]
        else:
            rotation = self.rotation[..., : self.width]
            self.memory[:, : self.width] = best
            self.small = rotation.mT @ self.small @ rotation


def _start_block(root: Tensor, width: int, seed: int, start: Tensor | None) -> Tensor:
    """Random directions (B, width, n), the same for all, behind those that are given."""
    batch, n = root.shape
    generator = torch.Generator().manual_seed(seed)
    block = torch.randn(width, n, generator=generator).to(root).expand(batch, width, n)
    if start is not None:
        given = min(start.shape[-1], width)
        block = torch.cat([start[..., :given].mT.to(root), block[:, given:] / n**0.5], 1)
    return orthonormal(block)


def _missing_share(values: Tensor, residuals: Tensor, k: int) -> Tensor:
    """An estimate (B,) of the share of the leading k-dimensional eigenspace that the Ritz vectors miss.

    To second order, the eigenspace departs from Ritz vector u_i by r_i / (theta_i - mu) outside the space, and inside
    it, towards u_j with j > k, by r_j . r_i / ((theta_i - mu) (theta_i - theta_j)): a small gap after theta_k does
    little harm where both residuals are small, and none where they are down to the rounding of float32. mu stands for
    the eigenvalues outside the space: the Ritz value OVERSAMPLING / 2 beyond k. On photographs the estimate is 3 to
    300 times what is missing.

    Args:
        values: (B, m), all Ritz values, descending.
        residuals: (B, b, m), their residuals in the coordinates of the next block.
    """
    outside = values[:, min(k + OVERSAMPLING // 2, values.shape[1] - 1), None]
    unit = values[:, :1].clamp(min=SMALLEST_GAP)
    to_outside = torch.maximum(values[:, :k] - outside, SMALLEST_GAP * unit)
    to_others = torch.maximum(values[:, None, :k] - values[:, k:, None], SMALLEST_GAP * unit[..., None])
    inside = residuals[..., k:].mT @ residuals[..., :k] / to_others
    leaving = residuals[..., :k].square().sum(1)
    share = ((leaving + inside.square().sum(1)) / to_outside.square()).clamp(max=1)
    return torch.where(leaving.sqrt() <= REACHABLE * unit, 0.0, share).mean(-1)
