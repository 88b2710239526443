"""Connected components of a sparse graph, and the pairs of points that join the nearest of them."""

import numpy as np
import torch
from torch import Tensor

from thesis_lib.clustering.distances import squared_distances, tiles

ROUNDS = 4
"""Of hooking and jumping, after which it is looked whether all edges lie within components: of images they then do."""


def components(ends: tuple[Tensor, Tensor], n: int) -> Tensor:
    """Label the connected components of n nodes by their first node: (n,) int64.

    Every component's label hooks onto the least that an edge leads to, then all labels jump to those of their labels,
    twice: Shiloach and Vishkin (1982), on the device of the edges.

    Args:
        ends: of the edges, (e,) each.
    """
    labels = torch.arange(n, device=ends[0].device)
    while True:
        for _ in range(ROUNDS):
            sides = labels[ends[0]], labels[ends[1]]
            least = torch.minimum(*sides)
            for side in sides:
                labels.scatter_reduce_(0, side, least, "amin")
            labels = labels[labels]
            labels = labels[labels]
        if torch.equal(labels[ends[0]], labels[ends[1]]):
            return labels


def join_nearest(points: Tensor, labels: Tensor, k: int) -> Tensor:
    """Find the pairs (e, 2) of points (n, d) that reduce the components (n,) to k, by single linkage.

    They are the shortest edges of the minimum spanning tree of the components (Boruvka, 1926): round by round each
    finds its nearest point outside, until all are one.
    """
    labels = labels.unique(return_inverse=True)[1]
    wanted, edges = int(labels.max()) + 1 - k, []
    while (count := int(labels.max()) + 1) > 1:
        parent = list(range(count))
        for length, row, other in _nearest_outside(points, labels):
            ends = _root(parent, int(labels[row])), _root(parent, int(labels[other]))
            if ends[0] != ends[1]:
                parent[ends[1]] = ends[0]
                edges.append((length, row, other))
        roots = torch.tensor([_root(parent, one) for one in range(count)], device=labels.device)
        labels = roots[labels].unique(return_inverse=True)[1]
    return torch.tensor([edge[1:] for edge in sorted(edges)[:wanted]], dtype=torch.int64, device=points.device)


def _nearest_outside(points: Tensor, labels: Tensor) -> list[tuple[float, int, int]]:
    """Shortest edge out of each component: squared length, row inside and row outside; shortest first."""
    parts = []
    for rows in tiles(len(points), len(points)):
        squared = squared_distances(points[rows], points)
        parts.append(squared.masked_fill_(labels[rows, None] == labels, torch.inf).min(1))
    squared, outside = (torch.cat(part) for part in zip(*parts, strict=True))
    order = squared.argsort(stable=True).cpu().numpy()
    shortest = order[np.sort(np.unique(labels.cpu().numpy()[order], return_index=True)[1])]
    return [(float(squared[row]), int(row), int(outside[row])) for row in shortest]


def _root(parent: list[int], one: int) -> int:
    """Find the representative of a node's set in a disjoint-set forest, with path compression."""
    while parent[one] != one:
        parent[one] = parent[parent[one]]
        one = parent[one]
    return one
