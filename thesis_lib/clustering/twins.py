"""Identical points, which are one node of a graph of neighbours, weighted by their number.

Among more identical points than a node has neighbours, each would find only its twins, and the graph would fall apart.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from thesis_lib.clustering.checks import exact_dtype
from thesis_lib.clustering.distances import tiles


@dataclass(frozen=True, repr=False)
class Twins:
    """Identical points among points (B, n, d), as nodes; the first point of a node represents it."""

    node: Tensor
    """(B, n) int64: the first of the points identical to this one; a point alone is its own."""
    count: Tensor
    """(B, n) int64: at the first point of a node how many there are, 0 at the others."""

    def __getitem__(self, members: slice) -> "Twins":
        """Twins of some members of the batch."""
        return Twins(self.node[members], self.count[members])


def find_twins(points: Tensor) -> Twins | None:
    """Find identical points within each set of (B, n, d); None if no two are identical.

    Sorted by a random projection, identical points lie side by side; each is then compared with the one before, so that
    an equal projection joins nothing that differs.
    """
    generator = torch.Generator().manual_seed(0)
    factors = (torch.rand(points.shape[-1], generator=generator) + 0.5).to(points.device)
    parts = [_projected(points[:, rows], factors) for rows in tiles(*points.shape[1:])]
    projected, order = torch.cat(parts, 1).sort(dim=1, stable=True)  # (B, n)
    follows = torch.zeros_like(order, dtype=torch.bool)
    follows[:, 1:] = projected[:, 1:] == projected[:, :-1]
    member, place = follows.nonzero(as_tuple=True)
    if not len(member):
        return None
    here, before = points[member, order[member, place]], points[member, order[member, place - 1]]
    follows[member, place] = (here == before).all(-1)
    if not follows.any():
        return None
    start = torch.where(follows, 0, torch.arange(order.shape[1], device=points.device)).cummax(1).values
    node = torch.empty_like(order).scatter_(1, order, order.gather(1, start))  # the sort is stable: the first is first
    return Twins(node, torch.zeros_like(node).scatter_add_(1, node, torch.ones_like(node)))


def _projected(points: Tensor, factors: Tensor) -> Tensor:
    """Random projections (B, m), bit-identical for identical points (B, m, d), unlike a matrix product's."""
    return (points.to(exact_dtype(points.dtype)) * factors).sum(-1, dtype=torch.float64)
