"""Random PCA, which reduces the dimensions of points before the affinity."""

from dataclasses import dataclass

import torch
from torch import Tensor

from thesis_lib.clustering.checks import exact_dtype
from thesis_lib.clustering.orthonormal import orthonormal

SAMPLE = 512
"""Rows whose principal directions are used, whatever the number of pixels."""
PCA_OVERSAMPLING, ITERATIONS = 16, 2
"""Of the subspace iteration: directions beyond those asked for, and rounds."""
EXTREME = 2.0**40
"""Magnitude of centred points beyond which, or below whose reciprocal, they are scaled: their squares fit float32."""


@dataclass(frozen=True, repr=False)
class Projection:
    """Affine map from points (B, n, d), as given, to centred points along a few directions, (B, n, r)."""

    mean: Tensor
    """(B, 1, d), in the precision of the points: an offset that is taken off before a cast costs no digits."""
    scale: Tensor
    """(B, 1, 1): 1, or for extreme values the power of two that brings them to order 1."""
    basis: Tensor | None
    """(B, d, r), orthonormal columns; None for all of R^d."""

    def centred(self, points: Tensor) -> Tensor:
        """Subtract the mean from points (B, n, d) and scale them, in the precision of the mean."""
        return (points.to(self.mean) - self.mean) * self.scale

    def __call__(self, points: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """Project points (B, n, d) to (B, n, r) of a dtype."""
        centred = self.centred(points).to(dtype)
        return centred if self.basis is None else centred @ self.basis.to(dtype)

    def __getitem__(self, members: slice) -> "Projection":
        """Projection of some members of the batch."""
        return Projection(self.mean[members], self.scale[members], None if self.basis is None else self.basis[members])


def center(points: Tensor) -> Projection:
    """Make the map that subtracts the mean of points (B, n, d), and scales them if their values are extreme."""
    mean = _mean(points)
    return Projection(mean, _scale(points, mean), None)


def random_pca(points: Tensor, dimensions: int | None, *, seed: int) -> Projection:
    """Make the projection on the leading principal directions of a random sample of the rows.

    Args:
        points: (B, n, d).
        dimensions: r; with None or d <= r the points are only centred, which changes no distance.

    Returns:
        Directions in which the sample does not vary may be any.
    """
    centring = center(points)
    n, d = points.shape[-2:]
    if dimensions is None or d <= dimensions:
        return centring
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randperm(n, generator=generator)[:SAMPLE].sort().values
    sample = centring(points[:, rows.to(points.device)], centring.mean.dtype)
    return Projection(centring.mean, centring.scale, _leading_directions(sample, dimensions, generator))


def _mean(points: Tensor) -> Tensor:
    """Mean (B, 1, d) of points (B, n, d), at least float32, finite even if the sum overflows."""
    points = points.to(exact_dtype(points.dtype))
    mean = points.mean(1, keepdim=True)
    return mean if mean.isfinite().all() else (points / points.shape[1]).sum(1, keepdim=True)


def _scale(points: Tensor, mean: Tensor) -> Tensor:
    """Scale (B, 1, 1) to divide centred points by: 1 unless their largest magnitude is extreme or 0."""
    low, high = points.amin(1, keepdim=True), points.amax(1, keepdim=True)
    largest = torch.maximum(high.to(mean) - mean, mean - low.to(mean)).amax(2, keepdim=True)
    power = torch.exp2(-largest.clamp(min=torch.finfo(mean.dtype).tiny).log2().round())
    extreme = (largest > EXTREME) | ((largest < 1 / EXTREME) & (largest > 0))
    return torch.where(extreme, power, torch.ones_like(power))


def _leading_directions(sample: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Compute the `count` leading principal directions (B, d, count) of a centred sample (B, s, d).

    Of many dimensions by subspace iteration on random combinations of the rows (Halko, Martinsson, Tropp, 2011,
    algorithm 4.4): only distances are of interest, to which directions of like variance are alike.
    """
    width = count + PCA_OVERSAMPLING
    if sample.shape[-1] <= 2 * width:
        return torch.linalg.eigh(sample.mT @ sample).eigenvectors[..., -count:]
    combinations = torch.randn(width, sample.shape[-2], generator=generator, dtype=torch.float64).to(sample)
    span = orthonormal(combinations @ sample)
    for _ in range(ITERATIONS):
        span = orthonormal((span @ sample.mT) @ sample)
    image = sample @ span.mT
    return span.mT @ torch.linalg.eigh(image.mT @ image).eigenvectors[..., -count:]
