"""Affinities of points, and their normalisation: the first two steps of Ng, Jordan and Weiss (2001).

Beside a number, the bandwidth can be the median of the pairwise distances, or the local scaling of
Zelnik-Manor and Perona (2004), which gives every point the distance to its 7th neighbour as its own scale.
"""

from collections.abc import Callable
from math import exp, sqrt

import torch
from torch import Tensor

from thesis_lib.clustering.distances import FINE, exact_squared_distances, smallest, squared_distances, tiles

NEIGHBOR = 7
"""The neighbour whose distance is a point's local scale: "K = 7 for all experiments" (Zelnik-Manor, Perona)."""
MEDIAN_SAMPLE = 1024
"""Rows whose mutual distances give the median bandwidth; at 1,024 its sampling error is well below 1 %."""
NEGLIGIBLE = 80.0
"""Exponent from which an affinity, 1e-35, is 0: subnormal numbers slow every later product tenfold."""
Sigma = float | str | Tensor
"""A number, a tensor (B, 1) of numbers, "median" or "local"."""
Distances = Callable[[Tensor, Tensor, Tensor | None], Tensor]


def neighbor_distances(squared: Tensor, neighbor: int = NEIGHBOR) -> Tensor:
    """Distance of points to their `neighbor`-th nearest neighbour, the point itself not counted.

    Args:
        squared: (..., m, n) squared distances of m of the n points to all n points, 0 to themselves.

    Returns:
        (..., m); the distance to the farthest point where there are fewer neighbours.
    """
    return smallest(squared, min(neighbor + 1, squared.shape[-1]))[0][..., -1].sqrt()


def is_fine(points: Tensor, sigma: Sigma, nearest: list[Tensor]) -> bool:
    """Whether a bandwidth is so small, relative to points (..., n, d), that float32 distances are too coarse for it.

    Args:
        nearest: the local scales, in parts, for sigma="local".
    """
    if points.dtype != torch.float32 or (isinstance(sigma, str) and sigma == "median"):
        return False
    scales = torch.cat(nearest, -1) if nearest else torch.as_tensor(sigma).to(points)
    return bool((scales.square() < FINE * points.square().sum(-1)).any())


def positive_scales(scales: Tensor) -> Tensor:
    """Replace zeros among local scales (..., n).

    Where duplicates make a scale 0, it becomes a hundredth of the mean positive scale, and 1 where every scale is 0,
    so that identical points keep affinity 1 and nothing is divided by 0.
    """
    positive = scales > 0
    mean = scales.sum(-1, keepdim=True) / positive.sum(-1, keepdim=True).clamp(min=1)
    floor = torch.where(mean > 0, mean / 100, torch.ones_like(mean))
    return torch.maximum(scales, floor)


def median_scale(points: Tensor) -> Tensor:
    """Median distance between points (..., n, d), as (..., 1); 1 where all points are identical.

    With more than MEDIAN_SAMPLE points, it is that of MEDIAN_SAMPLE evenly spaced ones.
    """
    n = points.shape[-2]
    if n < 2:
        return points.new_ones(*points.shape[:-2], 1)
    rows = torch.linspace(0, n - 1, min(n, MEDIAN_SAMPLE), device=points.device).long()
    sample = points[..., rows, :]
    above = torch.ones(len(rows), len(rows), dtype=torch.bool, device=points.device).triu(1)
    median = squared_distances(sample, sample)[..., above].median(-1, keepdim=True).values.sqrt()
    return torch.where(median > 0, median, torch.ones_like(median))


def affinity(points: Tensor, sigma: Sigma) -> Tensor:
    """A_ij = exp(-|s_i - s_j|^2 / 2 sigma^2), A_ii = 0: Ng, Jordan and Weiss (2001), step 1.

    Args:
        points: (..., n, d).
        sigma: the bandwidth, in the units of the points; "median"; or "local", where 2 sigma^2 becomes
            sigma_i sigma_j (Zelnik-Manor and Perona, 2004, equation 1).

    Returns:
        (..., n, n), symmetric, in [0, 1], with a zero diagonal.
    """
    return affinity_and_scales(points, sigma)[0]


def affinity_and_scales(points: Tensor, sigma: Sigma) -> tuple[Tensor, Tensor]:
    """Compute A (..., n, n) of points (..., n, d), and s (..., n) with A_ij = exp(-s_i s_j |x_i - x_j|^2)."""
    weights = points.new_empty(*points.shape[:-1], points.shape[-2])
    nearest = _fill_distances(weights, points, sigma, squared_distances)
    if is_fine(points, sigma, nearest):
        nearest = _fill_distances(weights, points, sigma, exact_squared_distances)
    inverse = inverse_scales(points, sigma, nearest)
    for rows in tiles(points.shape[-2], points.shape[-2]):
        tile = gaussian_(weights[..., rows, :], inverse[..., rows], inverse)
        tile.diagonal(rows.start, -2, -1).zero_()
    return weights, inverse


def _fill_distances(weights: Tensor, points: Tensor, sigma: Sigma, distances: Distances) -> list[Tensor]:
    """Write squared distances of points (..., n, d) into weights (..., n, n); local scales, in parts, if wanted."""
    nearest = []
    for rows in tiles(points.shape[-2], points.shape[-2]):
        squared = distances(points[..., rows, :], points, weights[..., rows, :])
        squared.diagonal(rows.start, -2, -1).zero_()
        if is_local(sigma):
            nearest.append(neighbor_distances(squared))
    return nearest


def is_local(sigma: Sigma) -> bool:
    """Whether a bandwidth gives every point its own scale (sigma="local")."""
    return isinstance(sigma, str) and sigma == "local"


def gaussian_(squared: Tensor, inverse: Tensor, others: Tensor) -> Tensor:
    """exp(-s_i s_j |x_i - x_j|^2), in place of squared distances (..., m, n); s of both sides (..., m) and (..., n)."""
    exponent = squared.mul_(inverse[..., None]).mul_(others[..., None, :])
    return torch.threshold_(exponent.clamp_(max=NEGLIGIBLE).neg_().exp_(), exp(1 - NEGLIGIBLE), 0)


def inverse_scales(points: Tensor, sigma: Sigma, nearest: list[Tensor]) -> Tensor:
    """s (..., n) of points (..., n, d); `nearest` are the local scales, in parts, for sigma="local"."""
    if is_local(sigma):
        return positive_scales(torch.cat(nearest, -1)).reciprocal()
    scale = median_scale(points) if isinstance(sigma, str) else torch.as_tensor(sigma).to(points)
    return (sqrt(2) * scale).reciprocal().expand(points.shape[:-1])


def inverse_root(degree: Tensor) -> Tensor:
    """Compute D^-1/2 from the degrees D, the row sums of an affinity; 0 for a point without neighbours."""
    return torch.where(degree > 0, degree.rsqrt(), torch.zeros_like(degree))


def normalized_affinity(weights: Tensor) -> Tensor:
    """L = D^-1/2 A D^-1/2 with D = diag(A 1): Ng, Jordan and Weiss (2001), step 2.

    Args:
        weights: the affinity A, (..., n, n), symmetric, non-negative, with a zero diagonal.

    Returns:
        (..., n, n), eigenvalues in [-1, 1]. A point without neighbours (degree 0) keeps a zero row, not NaN.
    """
    root = inverse_root(weights.sum(-1))
    return weights * root[..., :, None] * root[..., None, :]
