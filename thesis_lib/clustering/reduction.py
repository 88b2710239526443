"""Random PCA: fewer dimensions before the affinity, where distances in thousands of dimensions say little."""

import torch
from torch import Tensor

SAMPLE = 512
"""Rows whose principal directions are used: their Gram matrix is 512 x 512 whatever the number of pixels."""


def random_pca(points: Tensor, dimensions: int, *, seed: int) -> Tensor:
    """Centred points on the leading principal directions of a random sample of their rows.

    Args:
        points: (B, n, d).
        dimensions: r; with d <= r the points are only centred, which changes no distance.

    Returns:
        (B, n, min(r, d)), the dtype of the points. Directions in which the sample does not vary are zero.
    """
    centred = points - points.mean(-2, keepdim=True)
    n, d = points.shape[-2:]
    if d <= dimensions:
        return centred
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randperm(n, generator=generator)[:SAMPLE].sort().values
    sample = centred[:, rows.to(points.device)].double()
    variance, vectors = torch.linalg.eigh(sample @ sample.mT)
    variance, vectors = variance[:, -dimensions:].flip(-1), vectors[..., -dimensions:].flip(-1)
    tiny = torch.finfo(torch.float64).eps * len(rows) * variance[:, :1]
    scale = torch.where(variance > tiny, variance.clamp(min=1e-300).rsqrt(), torch.zeros_like(variance))
    basis = sample.mT @ (vectors * scale[:, None])
    return centred @ basis.to(points.dtype)
