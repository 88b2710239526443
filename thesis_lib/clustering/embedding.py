"""Embedding for k-means: eigenvectors with fixed signs, and with rows of unit length."""

import torch
from torch import Tensor

BLUR = 1024
"""Times the precision of numbers, beside the mean square row of the eigenvectors: a row below it is rounding. On points
that fall apart, where a component has no part in an eigenvector, up to 328 were seen from either solver; the rows of a
point with the faintest tie (1e-6 of affinity) are 4 times as large in float32."""


def unit_rows(eigenvectors: Tensor, eigenvalues: Tensor, *, among: Tensor | None = None) -> Tensor:
    """Y_ij = X_ij / (sum_j X_ij^2)^1/2: Ng, Jordan and Weiss (2001), step 4.

    Columns whose eigenvalue is not positive are left out (set to 0): they separate identical points, and only
    appear among the k largest when there are fewer than k distinct ones. A row of zeros, an isolated point, stays, and
    one of rounding errors becomes it: its direction would be noise.

    Args:
        eigenvectors: X (..., n, k), of any length.
        eigenvalues: (..., k).
        among: (..., m, k), the eigenvectors that these rows extend, if they are of other points.
    """
    positive = (eigenvalues > 0)[..., None, :]
    kept, all_rows = eigenvectors * positive, (eigenvectors if among is None else among) * positive
    typical = all_rows.norm(dim=-1, keepdim=True).square().mean(-2, keepdim=True).sqrt()
    norm = kept.norm(dim=-1, keepdim=True)
    return torch.where(norm > BLUR * torch.finfo(kept.dtype).eps * typical, kept / norm, torch.zeros_like(kept))


def fix_signs(vectors: Tensor) -> Tensor:
    """Flip columns (..., n, k) so that the entry of largest magnitude is positive: then solvers agree on signs."""
    largest = vectors.abs().argmax(-2, keepdim=True)
    return vectors * vectors.gather(-2, largest).sign()
