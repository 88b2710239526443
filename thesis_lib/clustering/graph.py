"""Affinities as matrices to multiply with: held in memory, made again for each product, or sparse.

All three have `degree` (B, n), the row sums; `inverse_scale` (B, n), by which exponents are multiplied (see
`affinity.affinity_and_scales`); and `graph @ block`, A times (B, n, b).
"""

import warnings

import torch
from torch import Tensor

from thesis_lib.clustering.affinity import (
    NEIGHBOR,
    Sigma,
    affinity_and_scales,
    gaussian_,
    inverse_scales,
    neighbor_distances,
    squared_distances,
)
from thesis_lib.clustering.neighbors import nearest_neighbors, tiles

NEIGHBORS = 20
"""Neighbours of each point in the sparse graph, which then holds about 30 for each: either may name the other."""


class Graph:
    """What the solvers ask of an affinity A (B, n, n)."""

    degree: Tensor
    inverse_scale: Tensor
    is_sparse = False
    """Whether a product with a block is cheap beside making the block orthonormal."""

    def __matmul__(self, block: Tensor) -> Tensor:
        """A (B, n, n) times block (B, n, b)."""
        raise NotImplementedError

    def whole(self) -> Tensor:
        """A itself, (B, n, n)."""
        batch, n = self.degree.shape
        return self @ torch.eye(n).to(self.degree).expand(batch, n, n)


class DenseGraph(Graph):
    """The affinity of points (B, n, d), held: B n^2 numbers."""

    def __init__(self, points: Tensor, sigma: Sigma) -> None:
        self.weights, self.inverse_scale = affinity_and_scales(points, sigma)
        self.degree = self.weights.sum(-1)

    def __matmul__(self, block: Tensor) -> Tensor:
        return (block.mT @ self.weights).mT  # the same, and BLAS is a tenth faster

    def whole(self) -> Tensor:
        """The affinity that is held."""
        return self.weights


class TiledGraph(Graph):
    """The affinity of points (B, n, d), made anew tile by tile for every product: B n numbers."""

    def __init__(self, points: Tensor, sigma: Sigma) -> None:
        self.points = points
        nearest = []
        if sigma == "local":
            nearest = [neighbor_distances(self._squared(rows)) for rows in self._tiles()]
        self.inverse_scale = inverse_scales(points, sigma, nearest)
        self.degree = (self @ points.new_ones(*points.shape[:-1], 1)).squeeze(-1)

    def __matmul__(self, block: Tensor) -> Tensor:
        product = torch.empty_like(block)
        for rows in self._tiles():
            tile = gaussian_(self._squared(rows), self.inverse_scale[..., rows], self.inverse_scale)
            tile.diagonal(rows.start, -2, -1).zero_()
            product[..., rows, :] = tile @ block
        return product

    def _tiles(self) -> list[slice]:
        n = self.points.shape[-2]
        return tiles(n, n)

    def _squared(self, rows: slice) -> Tensor:
        squared = squared_distances(self.points[..., rows, :], self.points)
        squared.diagonal(rows.start, -2, -1).zero_()
        return squared


class NeighborGraph(Graph):
    """The affinity of every point (B, n, d) with its nearest neighbours alone: a sparse matrix.

    Two points are connected when either is among the other's NEIGHBORS nearest; with sigma="local" this is the
    self-tuned graph of Zelnik-Manor and Perona (2004), thinned.
    """

    is_sparse = True

    def __init__(self, points: Tensor, sigma: Sigma, neighbors: int = NEIGHBORS) -> None:
        count = min(max(neighbors, NEIGHBOR), points.shape[-2] - 1)
        found = [nearest_neighbors(one, count) for one in points]
        squared = torch.stack([squared for squared, _ in found])
        scale = squared[..., min(NEIGHBOR, count) - 1].sqrt()
        self.inverse_scale = inverse_scales(points, sigma, [scale])
        self.matrix = self._matrix(squared, torch.stack([indices for _, indices in found]))
        self.degree = (self @ points.new_ones(*points.shape[:-1], 1)).squeeze(-1)

    def _matrix(self, squared: Tensor, indices: Tensor) -> Tensor:
        """The batch as one block diagonal CSR matrix (B n, B n), exactly symmetric."""
        batch, n, count = indices.shape
        first = (n * torch.arange(batch, device=indices.device))[:, None, None]
        inverse = self.inverse_scale.flatten()
        rows = (first + torch.arange(n, device=indices.device)[:, None]).expand(-1, -1, count).flatten()
        columns = (first + indices).flatten()
        exponent = squared.flatten() * inverse[rows] * inverse[columns]
        weights = gaussian_(exponent[:, None], torch.ones_like(exponent), exponent.new_ones(1)).squeeze(1)
        pairs = torch.minimum(rows, columns) * batch * n + torch.maximum(rows, columns)
        pairs, which = pairs.unique(return_inverse=True)
        weights = torch.zeros_like(pairs, dtype=weights.dtype).scatter_reduce_(0, which, weights, "amax")
        low, high = pairs // (batch * n), pairs % (batch * n)
        places = torch.stack([torch.cat([low, high]), torch.cat([high, low])])
        size = (batch * n, batch * n)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta")
            return torch.sparse_coo_tensor(places, weights.repeat(2), size, check_invariants=False).to_sparse_csr()

    def __matmul__(self, block: Tensor) -> Tensor:
        return (self.matrix @ block.flatten(0, 1)).unflatten(0, block.shape[:2])


def is_crowded(points: Tensor, neighbors: int = NEIGHBORS) -> bool:
    """Whether more of the points (B, n, d) are identical than a sparse graph can connect: it would tear them apart."""
    generator = torch.Generator().manual_seed(0)
    factors = torch.randn(points.shape[-1], generator=generator).to(points.device)
    parts = [(points[:, rows].float() * factors).sum(-1, dtype=torch.float64) for rows in tiles(*points.shape[-2:])]
    hashes = torch.cat(parts, -1).sort(-1).values  # equal for identical points, whose sums are made alike
    return bool((hashes[:, neighbors:] == hashes[:, :-neighbors]).any())
