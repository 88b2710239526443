"""Sparse self-tuned graph of nearest neighbours, which the measurements of this project recommend."""

import warnings
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from thesis_lib.clustering.affinity import NEIGHBOR, Sigma, gaussian_, inverse_scales, is_local
from thesis_lib.clustering.components import components, join_nearest
from thesis_lib.clustering.distances import nearest_neighbors, tiles
from thesis_lib.clustering.graph import Graph
from thesis_lib.clustering.twins import Twins

NEIGHBORS = 10
"""Neighbours of each point: the graph then holds about 15 for each, for either may name the other."""
FAINT = 1e-6
"""Affinity of a point that no affinity reaches with its nearest neighbour, whose cluster it then joins."""
JOINED = 0.5
"""Affinity of the nearest pair of points of two components that are joined."""


class NeighborGraph(Graph):
    """Sparse affinity of every point (B, n, d) with its nearest neighbours.

    Two points are connected when either is among the other's nearest; with sigma="local" this is the self-tuned graph
    of Zelnik-Manor and Perona (2004), thinned. Identical points are one node: neighbours, and the local scale, are
    counted among distinct points, and twins have affinity 1 with each other. A point that all affinities miss is tied
    to its nearest neighbour. Where there are more components than clusters wanted, so that the leading eigenvectors
    would be any of their combinations, the nearest components are joined until as many are left.

    Args:
        points: (B, n, d).
        sigma: of the affinity.
        neighbors: c, of each point; all there are where there are fewer.
        twins: the identical ones among the points, or None where there are none.
        k: clusters wanted.

    Attributes:
        matrix: the batch as one block diagonal CSR matrix (B n, B n), exactly symmetric, of the nodes; the row of a
            node is that of its first point.
        radius: (B, n), squared distance of each node to its last neighbour.
        isolated: how many points were tied.
        components: (B,), before any were joined; `most` of them in one member.
        smallest: points of the smallest component.
    """

    def __init__(
        self, points: Tensor, sigma: Sigma, neighbors: int = NEIGHBORS, *, twins: Twins | None = None, k: int = 1
    ) -> None:
        self.shape, self.neighbors, self.twins = points.shape[:2], neighbors, twins
        found = _find(points, max(neighbors, NEIGHBOR), twins)  # the local scale asks for so many
        self.inverse_scale = self._scales(points, sigma, found)
        found = _Found(found.rows, found.columns[:, :neighbors], found.squared[:, :neighbors])
        self.radius = self._of_nodes(found, found.squared[:, -1])
        weights, lost = self._weights(found)
        size = self.inverse_scale.numel()
        ends = found.rows[:, None].expand_as(found.columns).flatten(), found.columns.flatten()
        joining = torch.where(weights.flatten() > 0, ends[1], ends[0])  # no affinity joins nothing
        labels = components((ends[0], joining), size).view(self.shape)
        self.components, smallest = self._count(labels)
        self.isolated, self.most, self.smallest = torch.stack([lost.sum(), self.components.max(), smallest]).tolist()
        self.matrix = _symmetric(ends, _halved(found, weights, size).flatten(), self._joins(points, labels, k), size)
        self.degree = (self @ points.new_ones(*self.shape, 1)).squeeze(-1)

    def __matmul__(self, block: Tensor) -> Tensor:
        flat = block.flatten(0, 1)  # (B n, b)
        if self.twins is None:
            return (self.matrix @ flat).unflatten(0, self.shape)
        rows = _rows(self.twins.node, self.shape[1]).flatten()
        sums = torch.zeros_like(flat).index_add_(0, rows, flat)  # of each node, at its first point
        twins = sums.index_select(0, rows).sub_(flat)  # affinity 1 with each but oneself: exactly 0 for a lone point
        return (self.matrix @ sums).index_select(0, rows).add_(twins).unflatten(0, self.shape)

    def at_nodes(self, block: Tensor) -> Tensor:
        """Copy the values of each node's first point to all points of the node, in a block (B, n, b)."""
        if self.twins is None:
            return block
        return block.gather(1, self.twins.node[..., None].expand_as(block))

    def mapped(self, low: Tensor, high: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
        """Return a step of the Chebyshev recurrence: `step(now, before)` is 2 t(L) now - before, written over `before`.

        Args:
            low, high: (B,), which t maps to -1 and 1.
        """
        factor, shift = 4 / (high - low), -2 * (high + low) / (high - low)
        if self.twins is not None:
            ours, unit = (number[:, None, None].to(self.root) for number in (factor, shift))
            return lambda now, before: torch.sub(ours * self.normalized(now) + unit * now, before, out=before)
        n = self.shape[1]
        root, rows, columns = self.root.flatten(), self._rows, self.matrix.col_indices()
        values = self.matrix.values() * root[rows] * root[columns] * factor.to(root)[rows // n]
        values = torch.where(rows == columns, shift.to(root)[rows // n], values)
        matrix = torch.sparse_csr_tensor(
            self.matrix.crow_indices(), columns, values, self.matrix.shape, check_invariants=False
        )

        def step(now: Tensor, before: Tensor) -> Tensor:
            flat = before.flatten(0, 1)
            torch.addmm(flat, matrix, now.flatten(0, 1), beta=-1, out=flat)
            return before

        return step

    @cached_property
    def _rows(self) -> Tensor:
        """Row of every stored entry of the matrix, (e,)."""
        starts = self.matrix.crow_indices()
        return torch.arange(len(starts) - 1, device=starts.device).repeat_interleave(starts.diff())

    def fault(self, k: int) -> str:
        """Describe how far the graph falls apart; an empty string if it does not."""
        faults = []
        if self.isolated:
            faults.append(
                f"{self.isolated:,} of {self.degree.numel():,} points are isolated (no affinity reaches them); each "
                "was tied to its nearest neighbour"
            )
        if self.most > 1:
            joined = f"; the nearest were joined until {k} were left" if self.most > k else ""
            faults.append(
                f"the graph of {self.neighbors} nearest neighbours falls into {self.most:,} components, the smallest "
                f"of {self.smallest:,} points{joined}"
            )
        return "; ".join(faults)

    def _of_nodes(self, found: "_Found", values: Tensor) -> Tensor:
        """Spread values (m,) of the nodes to all their points, (B, n)."""
        flat = values.new_zeros(self.shape.numel()).index_copy_(0, found.rows, values)
        return (flat if self.twins is None else flat[_rows(self.twins.node, self.shape[1]).flatten()]).view(self.shape)

    def _scales(self, points: Tensor, sigma: Sigma, found: "_Found") -> Tensor:
        """Inverse scales s (B, n) with A_ij = exp(-s_i s_j |x_i - x_j|^2)."""
        if not is_local(sigma):
            return inverse_scales(points, sigma, [])
        near = found.squared[:, :NEIGHBOR]
        farthest = torch.where(near.isinf(), 0.0, near).amax(1)
        return inverse_scales(points, sigma, [self._of_nodes(found, farthest.sqrt())])

    def _weights(self, found: "_Found") -> tuple[Tensor, Tensor]:
        """Compute the affinity of each node with its neighbours (m, c), and which nodes (m,) no affinity reaches.

        Those without a twin are tied to their nearest neighbour.
        """
        inverse, size = self.inverse_scale.flatten(), self.inverse_scale.numel()
        exponent = found.squared * inverse[found.rows, None] * inverse[found.columns]
        weights = gaussian_(exponent, *(exponent.new_ones(side) for side in exponent.shape))
        reach = weights.new_zeros(size).scatter_reduce_(0, found.columns.flatten(), weights.flatten(), "amax")
        lost = (torch.maximum(reach[found.rows], weights.amax(1)) == 0) & found.squared[:, 0].isfinite()
        if self.twins is not None:
            lost &= self.twins.count.flatten()[found.rows] == 1
        weights[:, 0] = torch.where(lost, FAINT, weights[:, 0])
        return weights, lost

    def _count(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Count the components of each member, (B,), and the points of the smallest of all, from labels (B, n)."""
        points = torch.ones_like(labels) if self.twins is None else self.twins.count
        sizes = labels.new_zeros(labels.numel()).index_add_(0, labels.flatten(), points.flatten())
        sizes = sizes.view(self.shape)  # a component's first point is of its member
        return (sizes > 0).sum(1), torch.where(sizes > 0, sizes, sizes.numel()).min()

    def _joins(self, points: Tensor, labels: Tensor, k: int) -> Tensor:
        """Find the pairs of rows (e, 2) that join the components of each member to k."""
        pairs = [labels.new_empty(0, 2)]
        for member in (self.components > k).nonzero().flatten().tolist() if self.most > k else ():
            some = _distinct(points, self.twins, member)
            joined = join_nearest(points[member, some], labels[member, some], k)
            pairs.append(member * self.shape[1] + some[joined])
        return torch.cat(pairs)


class _Found(NamedTuple):
    """Neighbours of all nodes of a batch; rows count through the flattened batch (B n)."""

    rows: Tensor
    """(m,)."""
    columns: Tensor
    """(m, c)."""
    squared: Tensor
    """(m, c) distances, ascending; inf, beside the row itself, where a member has fewer than c others."""


def _find(points: Tensor, count: int, twins: Twins | None) -> _Found:
    """Find the nearest neighbours among the distinct points of each member of (B, n, d)."""
    batch, n = points.shape[:2]
    if twins is None and n > 1:
        squared, near = nearest_neighbors(points, min(count, n - 1))
        rows = torch.arange(batch * n, device=points.device)
        return _Found(rows, _rows(near.flatten(1), n).view(-1, near.shape[2]), squared.flatten(0, 1))
    found = []
    for member in range(batch):
        some = _distinct(points, twins, member)
        wanted = min(count, len(some) - 1)
        squared, near = nearest_neighbors(points[None, member, some], wanted)
        missing = (0, max(1, min(count, n - 1)) - wanted)
        squared = torch.nn.functional.pad(squared[0], missing, value=torch.inf)
        near = torch.nn.functional.pad(near[0], missing)
        columns = torch.where(squared.isfinite(), some[near], some[:, None])
        found.append(_Found(some + member * n, columns + member * n, squared))
    return _Found(*(torch.cat(parts) for parts in zip(*found, strict=True)))


def _distinct(points: Tensor, twins: Twins | None, member: int) -> Tensor:
    """Rows (m,) of the points of one member that represent a node."""
    if twins is None:
        return torch.arange(points.shape[1], device=points.device)
    return (twins.count[member] > 0).nonzero()[:, 0]


def _halved(found: _Found, weights: Tensor, size: int) -> Tensor:
    """Weights W (m, c) such that W + W^T has of each pair the larger weight that either has for the other."""
    place = torch.zeros(size, dtype=torch.int64, device=weights.device)
    place[found.rows] = torch.arange(len(found.rows), device=weights.device)
    halved = weights.clone()
    for some in tiles(len(weights), weights.shape[1] ** 2):
        others = place[found.columns[some]]  # (t, c)
        mutual = found.columns[others] == found.rows[some, None, None]  # (t, c, c)
        back = torch.where(mutual, weights[others], 0).amax(2)
        whole = torch.maximum(weights[some], back)
        halved[some] = torch.where(mutual.any(2), whole / 2, whole)
    return halved


def _rows(node: Tensor, n: int) -> Tensor:
    """Convert rows (B, m) within each member, of n points, to rows of the flattened batch."""
    return node + n * torch.arange(len(node), device=node.device)[:, None]


def _symmetric(ends: tuple[Tensor, Tensor], weights: Tensor, joined: Tensor, n: int) -> Tensor:
    """Build the CSR matrix W + W^T (n, n) with a stored diagonal.

    Args:
        ends: of the edges, (e,) each, with their weights (e,).
        joined: pairs (j, 2), which have JOINED.
    """
    own = torch.arange(n, device=weights.device)
    low, high = torch.cat([ends[0], joined[:, 0]]), torch.cat([ends[1], joined[:, 1]])
    places = torch.stack([torch.cat([low, high, own]), torch.cat([high, low, own])])
    weights = torch.cat([weights, weights.new_full((len(joined),), JOINED)])
    weights = torch.cat([weights, weights, weights.new_zeros(n)])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta")
        return torch.sparse_coo_tensor(places, weights, (n, n), check_invariants=False).to_sparse_csr()
