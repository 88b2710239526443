"""Affinity of all pairs of points as a linear operator: held in memory, or recomputed for each product."""

from functools import cached_property

import torch
from torch import Tensor

from thesis_lib.clustering.affinity import (
    Sigma,
    affinity_and_scales,
    gaussian_,
    inverse_root,
    inverse_scales,
    is_fine,
    is_local,
    neighbor_distances,
)
from thesis_lib.clustering.distances import exact_squared_distances, squared_distances, tiles


class Graph:
    """Affinity A (B, n, n) of B sets of n points: base class with the operations that solvers need."""

    degree: Tensor
    """(B, n), the row sums."""
    inverse_scale: Tensor
    """(B, n), by which exponents are multiplied, see `affinity.affinity_and_scales`."""
    radius: Tensor | None = None
    """(B, n), squared distance to the last neighbour, of a graph of neighbours."""

    @cached_property
    def root(self) -> Tensor:
        """D^-1/2 of the degrees D, (B, n); 0 for a point without neighbours."""
        return inverse_root(self.degree)

    def __matmul__(self, block: Tensor) -> Tensor:
        """Multiply A (B, n, n) by a block (B, n, b)."""
        raise NotImplementedError

    def normalized(self, block: Tensor) -> Tensor:
        """Multiply L = D^-1/2 A D^-1/2 by a block (B, n, b)."""
        scale = self.root[..., None]
        return scale * (self @ (scale * block))

    def whole(self) -> Tensor:
        """Return A as a dense matrix (B, n, n)."""
        batch, n = self.degree.shape
        return self @ torch.eye(n).to(self.degree).expand(batch, n, n)

    def fault(self, k: int) -> str:
        """Describe what makes k clusters of this graph arbitrary; an empty string if nothing does."""
        isolated = int((self.degree == 0).sum())
        return f"{isolated:,} of {self.degree.numel():,} points are isolated: no affinity reaches them" * bool(isolated)


class DenseGraph(Graph):
    """Full affinity of points (B, n, d), held in memory: B n^2 numbers."""

    def __init__(self, points: Tensor, sigma: Sigma) -> None:
        self.weights, self.inverse_scale = affinity_and_scales(points, sigma)
        self.degree = self.weights.sum(-1)

    def __matmul__(self, block: Tensor) -> Tensor:
        return (block.mT @ self.weights).mT  # A is symmetric, and BLAS is a tenth faster this way round

    def whole(self) -> Tensor:
        """Return the affinity, which is held already."""
        return self.weights


class TiledGraph(Graph):
    """Full affinity of points (B, n, d), recomputed tile by tile for every product: B n numbers in memory."""

    def __init__(self, points: Tensor, sigma: Sigma) -> None:
        self.points, self.distances = points, squared_distances
        nearest = self._nearest(sigma)
        if is_fine(points, sigma, nearest):
            self.distances = exact_squared_distances
            nearest = self._nearest(sigma)
        self.inverse_scale = inverse_scales(points, sigma, nearest)
        self.degree = (self @ points.new_ones(*points.shape[:-1], 1)).squeeze(-1)

    def __matmul__(self, block: Tensor) -> Tensor:
        product = torch.empty_like(block)
        for rows in self._tiles():
            tile = gaussian_(self._squared(rows), self.inverse_scale[..., rows], self.inverse_scale)
            tile.diagonal(rows.start, -2, -1).zero_()
            product[..., rows, :] = tile @ block
        return product

    def _nearest(self, sigma: Sigma) -> list[Tensor]:
        return [neighbor_distances(self._squared(rows)) for rows in self._tiles()] if is_local(sigma) else []

    def _tiles(self) -> list[slice]:
        n = self.points.shape[-2]
        return tiles(n, n)

    def _squared(self, rows: slice) -> Tensor:
        squared = self.distances(self.points[..., rows, :], self.points)
        squared.diagonal(rows.start, -2, -1).zero_()
        return squared
