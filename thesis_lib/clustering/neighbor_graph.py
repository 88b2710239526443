"""Sparse self-tuned graph of nearest neighbours, which the measurements of this project recommend."""

import warnings
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from thesis_lib.clustering.affinity import NEIGHBOR, Sigma, gaussian_, inverse_scales, is_local
from thesis_lib.clustering.components import components, join_nearest
from thesis_lib.clustering.distances import nearest_neighbors
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
        components: (B,), before any were joined.
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
        pairs, weights = self._edges(found)
        size = self.inverse_scale.numel()
        labels = components(pairs, size).view(self.shape)
        self.components, self.smallest = self._count(labels)
        extra = [self._joining(points, labels, member, k) for member in (self.components > k).nonzero().flatten()]
        joined = torch.cat([pairs[:0], *extra])
        weights = torch.cat([weights, weights.new_full((len(joined),), JOINED)])
        self.matrix = _symmetric(torch.cat([pairs, joined]), weights, size)
        self.degree = (self @ points.new_ones(*self.shape, 1)).squeeze(-1)

    def __matmul__(self, block: Tensor) -> Tensor:
        flat = block.flatten(0, 1)  # (B n, b)
        if self.twins is None:
            return (self.matrix @ flat).unflatten(0, self.shape)
        rows = _rows(self.twins.node).flatten()
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
        values[rows == columns] = shift.to(root).repeat_interleave(n)
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
        most, faults = int(self.components.max()), []
        if self.isolated:
            faults.append(
                f"{self.isolated:,} of {self.degree.numel():,} points are isolated (no affinity reaches them); each "
                "was tied to its nearest neighbour"
            )
        if most > 1:
            joined = f"; the nearest were joined until {k} were left" if most > k else ""
            faults.append(
                f"the graph of {self.neighbors} nearest neighbours falls into {most:,} components, the smallest of "
                f"{self.smallest:,} points{joined}"
            )
        return "; ".join(faults)

    def _of_nodes(self, found: "_Found", values: Tensor) -> Tensor:
        """Spread values (m,) of the nodes to all their points, (B, n)."""
        flat = values.new_zeros(self.shape.numel()).index_copy_(0, found.rows, values)
        return (flat if self.twins is None else flat[_rows(self.twins.node).flatten()]).view(self.shape)

    def _scales(self, points: Tensor, sigma: Sigma, found: "_Found") -> Tensor:
        """Inverse scales s (B, n) with A_ij = exp(-s_i s_j |x_i - x_j|^2)."""
        if not is_local(sigma):
            return inverse_scales(points, sigma, [])
        near = found.squared[:, :NEIGHBOR]
        farthest = torch.where(near.isinf(), 0.0, near).amax(1)
        return inverse_scales(points, sigma, [self._of_nodes(found, farthest.sqrt())])

    def _edges(self, found: "_Found") -> tuple[Tensor, Tensor]:
        """Edges as pairs of rows (e, 2), each once with the lower row first, and their positive affinities (e,)."""
        rows, columns = found.rows[:, None].expand_as(found.columns).flatten(), found.columns.flatten()
        inverse, size = self.inverse_scale.flatten(), self.inverse_scale.numel()
        exponent = found.squared.flatten() * inverse[rows] * inverse[columns]
        weights = gaussian_(exponent[:, None], torch.ones_like(exponent), exponent.new_ones(1)).squeeze(1)
        keys, which = (torch.minimum(rows, columns) * size + torch.maximum(rows, columns)).unique(return_inverse=True)
        weights = weights.new_zeros(len(keys)).scatter_reduce_(0, which, weights, "amax")
        pairs = torch.stack([keys // size, keys % size], 1)[weights > 0]
        tied = self._tie_isolated(found, pairs)
        faint = weights.new_full((len(tied),), FAINT)
        return torch.cat([pairs, tied]), torch.cat([weights[weights > 0], faint])

    def _tie_isolated(self, found: "_Found", pairs: Tensor) -> Tensor:
        """Connect every point without neighbour or twin to its nearest neighbour: pairs (e, 2)."""
        alone = torch.ones(self.shape.numel(), dtype=torch.bool, device=pairs.device)
        alone[pairs.flatten()] = False
        if self.twins is not None:
            alone &= self.twins.count.flatten() == 1
        lost = alone[found.rows] & found.squared[:, 0].isfinite()
        self.isolated = int(lost.sum())
        return torch.cat([found.rows[lost, None], found.columns[lost, :1]], 1).sort(dim=1).values.unique(dim=0)

    def _count(self, labels: Tensor) -> tuple[Tensor, int]:
        """Count the components of each member, (B,), and the points of its smallest one, from components (B, n)."""
        points = torch.ones_like(labels) if self.twins is None else self.twins.count
        sizes = labels.new_zeros(labels.numel()).index_add_(0, labels.flatten(), points.flatten())
        member = torch.arange(len(labels), device=labels.device)[:, None].expand_as(labels)
        of = labels.new_zeros(labels.numel()).scatter_(0, labels.flatten(), member.flatten())
        counts = labels.new_zeros(len(labels)).index_add_(0, of, (sizes > 0).long())
        return counts, int(sizes[sizes > 0].min())

    def _joining(self, points: Tensor, labels: Tensor, member: Tensor, k: int) -> Tensor:
        """Find the pairs of rows (e, 2) that join the components of one member to k."""
        some = _distinct(points, self.twins, int(member))
        pairs = join_nearest(points[member, some], labels[member, some], k)
        return (member * self.shape[1] + some[pairs]).sort(dim=1).values


class _Found(NamedTuple):
    """Neighbours of all nodes of a batch; rows count through the flattened batch (B n)."""

    rows: Tensor
    """(m,)."""
    columns: Tensor
    """(m, c)."""
    squared: Tensor
    """(m, c) distances, ascending; inf, beside any column, where a member has fewer than c others."""


def _find(points: Tensor, count: int, twins: Twins | None) -> _Found:
    """Find the nearest neighbours among the distinct points of each member of (B, n, d)."""
    found = []
    for member in range(len(points)):
        some = _distinct(points, twins, member)
        wanted = min(count, len(some) - 1)
        squared, near = nearest_neighbors(points[member, some], wanted)
        missing = (0, max(1, min(count, points.shape[1] - 1)) - wanted)
        squared = torch.nn.functional.pad(squared, missing, value=torch.inf)
        near = torch.nn.functional.pad(near, missing)
        found.append(_Found(some + member * points.shape[1], some[near] + member * points.shape[1], squared))
    return _Found(*(torch.cat(parts) for parts in zip(*found, strict=True)))


def _distinct(points: Tensor, twins: Twins | None, member: int) -> Tensor:
    """Rows (m,) of the points of one member that represent a node."""
    if twins is None:
        return torch.arange(points.shape[1], device=points.device)
    return (twins.count[member] > 0).nonzero()[:, 0]


def _rows(node: Tensor) -> Tensor:
    """Convert rows (B, n) within each member to rows of the flattened batch."""
    return node + node.shape[1] * torch.arange(len(node), device=node.device)[:, None]


def _symmetric(pairs: Tensor, weights: Tensor, n: int) -> Tensor:
    """Build the symmetric CSR matrix (n, n) with weights (e,) at pairs (e, 2), i < j, and a stored diagonal of 0."""
    low, high = pairs.T
    own = torch.arange(n, device=pairs.device)
    places = torch.stack([torch.cat([low, high, own]), torch.cat([high, low, own])])
    weights = torch.cat([weights, weights, weights.new_zeros(n)])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta")
        return torch.sparse_coo_tensor(places, weights, (n, n), check_invariants=False).to_sparse_csr()
