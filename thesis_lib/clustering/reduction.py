"""Random PCA: fewer dimensions before the affinity, where distances in thousands of dimensions say little."""

from typing import NamedTuple

import torch
from torch import Tensor

from thesis_lib.clustering.orthonormal import orthonormal

SAMPLE = 512
"""Rows whose principal directions are used, whatever the number of pixels."""
OVERSAMPLING, ITERATIONS = 16, 2
"""Of the subspace iteration: directions beyond those asked for, and rounds."""


class Projection(NamedTuple):
    """Points (B, n, d) to centred points on a few directions, (B, n, r)."""

    mean: Tensor
    """(B, 1, d)."""
    basis: Tensor | None
    """(B, d, r), orthonormal columns; None for all of R^d."""

    def __call__(self, points: Tensor) -> Tensor:
        """(B, n, d) -> (B, n, r)."""
        centred = points - self.mean
        return centred if self.basis is None else centred @ self.basis


def random_pca(points: Tensor, dimensions: int | None, *, seed: int) -> Projection:
    """The leading principal directions of a random sample of the rows.

    Args:
        points: (B, n, d).
        dimensions: r; with None or d <= r the points are only centred, which changes no distance.

    Returns:
        Directions in which the sample does not vary may be any.
    """
    mean = points.mean(-2, keepdim=True)
    n, d = points.shape[-2:]
    if dimensions is None or d <= dimensions:
        return Projection(mean, None)
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randperm(n, generator=generator)[:SAMPLE].sort().values
    sample = points[:, rows.to(points.device)] - mean
    return Projection(mean, _leading_directions(sample, dimensions, generator).to(points.dtype))


def _leading_directions(sample: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """The `count` leading principal directions (B, d, count) of a centred sample (B, s, d).

    Of many dimensions by subspace iteration on random combinations of the rows (Halko, Martinsson, Tropp, 2011,
    algorithm 4.4): only distances are of interest, to which directions of like variance are alike.
    """
    width = count + OVERSAMPLING
    if sample.shape[-1] <= 2 * width:
        return torch.linalg.eigh(sample.mT @ sample).eigenvectors[..., -count:]
    combinations = torch.randn(width, sample.shape[-2], generator=generator, dtype=torch.float64).to(sample)
    span = orthonormal(combinations @ sample)
    for _ in range(ITERATIONS):
        span = orthonormal((span @ sample.mT) @ sample)
    image = sample @ span.mT
    return span.mT @ torch.linalg.eigh(image.mT @ image).eigenvectors[..., -count:]
