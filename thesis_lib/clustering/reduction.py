"""Random PCA: fewer dimensions before the affinity, where distances in thousands of dimensions say little."""

from typing import NamedTuple

import torch
from torch import Tensor

SAMPLE = 512
"""Rows whose principal directions are used: the matrix decomposed is at most 512 x 512, whatever n and d."""


class Projection(NamedTuple):
    """Points (B, n, d) to centred points on a few directions, (B, n, r)."""

    mean: Tensor
    """(B, 1, d)."""
    basis: Tensor | None
    """(B, d, r), orthonormal columns or zero; None for all of R^d."""

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
        The leading directions last. Those in which the sample does not vary are zero, or any.
    """
    mean = points.mean(-2, keepdim=True)
    n, d = points.shape[-2:]
    if dimensions is None or d <= dimensions:
        return Projection(mean, None)
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randperm(n, generator=generator)[:SAMPLE].sort().values
    sample = (points[:, rows.to(points.device)] - mean).double()
    if d <= len(rows):
        return Projection(mean, torch.linalg.eigh(sample.mT @ sample).eigenvectors[..., -dimensions:].to(points.dtype))
    variance, vectors = torch.linalg.eigh(sample @ sample.mT)
    variance, vectors = variance[:, -dimensions:], vectors[..., -dimensions:]
    tiny = torch.finfo(torch.float64).eps * len(rows) * variance[:, -1:]
    scale = torch.where(variance > tiny, variance.clamp(min=1e-300).rsqrt(), torch.zeros_like(variance))
    return Projection(mean, (sample.mT @ (vectors * scale[:, None])).to(points.dtype))
