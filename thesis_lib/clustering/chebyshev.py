"""The k leading eigenvectors of a sparse graph from a subspace that a Chebyshev polynomial of the graph filters.

Products with a sparse graph are cheaper than orthonormalising vectors, so most of the work is left to them: Zhou, Saad,
Tiago and Chelikowsky (2006), algorithm 3.1. Which eigenvalues are unwanted is told by their density, from Lanczos
steps of a few random vectors: Lin, Saad and Yang (2016), section 3.2.
"""

from math import log

import torch
from torch import Tensor

from thesis_lib.clustering.checks import warn_caller
from thesis_lib.clustering.eigen import OVERSAMPLING, TOO_DENSE, Eigen, Ritz, dense_eigenvectors, missing_share
from thesis_lib.clustering.embedding import fix_signs
from thesis_lib.clustering.neighbor_graph import NeighborGraph
from thesis_lib.clustering.orthonormal import orthonormal_columns

PROBES, LANCZOS_STEPS = 8, 12
"""Random vectors, and Lanczos steps from each, that tell how many eigenvalues lie above a number."""
LOWEST, NARROWEST, HIGHEST = -1.0, -0.05, 0.995
"""Bounds of the unwanted interval: it begins between the first two, and ends below the last."""
MARGIN = 0.02
"""Of the unwanted interval below the lowest eigenvalue that was seen."""
AMPLIFIED, MOST_PRODUCTS = 1e6, 40
"""Of one filter: by how much the eigenvalue 1 may outgrow the unwanted ones, which float32 bounds, and products."""


def filtered_eigenvectors(
    graph: NeighborGraph,
    k: int,
    *,
    seed: int,
    start: Tensor | None = None,
    tolerance: float = 1e-4,
    max_rounds: int = 8,
) -> Eigen:
    """The k largest eigenvalues of D^-1/2 A D^-1/2, and their eigenvectors, from a filtered subspace.

    A round filters the subspace and takes its Ritz vectors; the first is nearly always enough. Each member of a batch
    has polynomials of its own, and its answer is that of the round at which it was good enough. It warns where the
    last round came before that.

    Args:
        graph: A, (B, n, n).
        start: (B, n, s), vectors that may be near the answer, such as the basis found for a similar matrix.
        tolerance: share of the leading k-dimensional eigenspace that may be missing, as estimated from the residuals.
        max_rounds: filters, at most.

    Returns:
        Eigenpairs in float32, their residuals, and a basis of k + OVERSAMPLING columns.
    """
    (batch, n), width = graph.root.shape, k + OVERSAMPLING
    if n <= 4 * width:
        found = dense_eigenvectors(graph, k)
        return found._replace(basis=found.vectors)
    generator = torch.Generator().manual_seed(seed)
    block = torch.randn(n, width, generator=generator).to(graph.root).expand(batch, n, width)  # (B, n, b)
    if start is not None:
        given = min(width, start.shape[-1])
        block = torch.cat([start[..., :given].to(block), block[..., given:] / n**0.5], -1)
    block = graph.at_nodes(block)  # as all eigenvectors of a positive eigenvalue are
    if start is None:
        low, high = unwanted_interval(graph, width, generator)
        ritz = Ritz.of(graph, orthonormal_columns(chebyshev_filter(graph, block, low, high)))
    else:
        ritz = Ritz.of(graph, orthonormal_columns(block))
        low, high = torch.full_like(ritz.values[:, 0], LOWEST), ritz.values[:, -1]
    share = missing_share(ritz.values, ritz.residuals, k)  # (B,)
    for left in reversed(range(max_rounds)):
        pending = [member for member, missing in enumerate(share.tolist()) if missing > tolerance]
        if not pending or not left:
            break
        low, high = torch.minimum(low, ritz.values[:, -1] - MARGIN), torch.maximum(high, ritz.values[:, -1])
        basis = orthonormal_columns(chebyshev_filter(graph, ritz.vectors, low, high))
        members = torch.tensor(pending, device=basis.device)
        better = Ritz.of(graph, basis, members)
        ritz = ritz.replaced(better, members)
        share = share.index_copy(0, members, missing_share(better.values, better.residuals, k))
    if pending:
        warn_caller(f"{TOO_DENSE} (estimated share missing: {float(share.max()):.1%})")
    residuals = ritz.residuals[..., :k].double().norm(dim=1)
    return Eigen(ritz.values[:, :k].to(block), fix_signs(ritz.vectors[..., :k]), residuals, ritz.vectors)


def chebyshev_filter(graph: NeighborGraph, block: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Apply T_m(t(L)) to a block (B, n, b), where t maps [low, high], each (B,), to [-1, 1] and what is above grows."""
    low, high = low.clamp(LOWEST, NARROWEST), high.clamp(NARROWEST / 2, HIGHEST)
    largest = torch.acosh((2 - high - low) / (high - low))  # T_m(x) = cosh(m acosh x) for x > 1
    degrees = (log(2 * AMPLIFIED) / largest).long().clamp(2, MOST_PRODUCTS)
    step = graph.mapped(low, high)
    before = block.clone(memory_format=torch.contiguous_format)
    now = step(before, torch.zeros_like(before)) / 2
    filtered, ends = now, set(degrees.tolist())
    for degree in range(2, max(ends) + 1):
        before, now = now, step(now, before)
        if degree in ends:
            filtered = torch.where((degrees == degree)[:, None, None], now, filtered)
    return filtered


def unwanted_interval(graph: NeighborGraph, wanted: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Estimate the interval of unwanted eigenvalues of L: its two ends, (B,) float64.

    Gauss quadrature by Lanczos steps: from each probe the tridiagonal's eigenvalues, weighted by the squares of the
    first entries of its eigenvectors, stand for those of L.
    """
    batch, n = graph.root.shape
    now = torch.randn(n, PROBES, generator=generator).to(graph.root).expand(batch, n, PROBES)
    now = now / now.norm(dim=1, keepdim=True)
    before, alphas, betas = torch.zeros_like(now), [], []
    beta = now.new_zeros(batch, 1, PROBES)
    for _ in range(LANCZOS_STEPS):
        image = graph.normalized(now) - beta * before
        alpha = (image * now).sum(1, keepdim=True)  # (B, 1, p)
        image -= alpha * now
        beta = image.norm(dim=1, keepdim=True).clamp(min=1e-20)
        before, now = now, image / beta
        alphas.append(alpha[:, 0])
        betas.append(beta[:, 0])
    main, beside = torch.stack(alphas, -1).double(), torch.stack(betas, -1).double()  # (B, p, steps)
    tridiagonal = main.diag_embed() + beside[..., :-1].diag_embed(1) + beside[..., :-1].diag_embed(-1)
    nodes, vectors = torch.linalg.eigh(tridiagonal)
    low = nodes[..., 0].amin(1) - (beside[..., -1] * vectors[..., -1, 0].abs()).amax(1) - MARGIN
    nodes, order = nodes.flatten(1).sort(1, descending=True)
    counts = vectors[..., 0, :].square().flatten(1).gather(1, order) * n / PROBES
    above = counts.cumsum(1) - counts / 2
    place = torch.searchsorted(above, torch.full_like(low, wanted)[:, None]).clamp(1, nodes.shape[1] - 1)
    ends, values = torch.cat([place - 1, place], 1), nodes
    (a, b), (x, y) = above.gather(1, ends).T, values.gather(1, ends).T
    return low, x + (y - x) * ((wanted - a) / (b - a).clamp(min=1e-9)).clamp(0, 1)
