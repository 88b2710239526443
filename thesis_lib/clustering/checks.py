"""What every clustering asks of its input."""

import torch
from torch import Tensor


def check_points(points: Tensor, n_clusters: int) -> None:
    """Raise ValueError unless points are a finite (n, d) or (B, n, d) tensor with n >= n_clusters >= 1."""
    if points.ndim not in (2, 3):
        raise ValueError(
            f"points must have shape (n, d) or (batch, n, d), not {tuple(points.shape)}. "
            "A feature map (B, C, h, w) becomes points by features.flatten(2).mT"
        )
    n = points.shape[-2]
    if n_clusters < 1:
        raise ValueError(f"n_clusters must be at least 1, not {n_clusters}")
    if n < n_clusters:
        raise ValueError(
            f"{n_clusters} clusters were asked of {n} points. Choose n_clusters <= {n}, or larger images or crops"
        )
    if torch.isfinite(points.sum()):  # ten times as fast as a look at each, and false where one is not finite
        return
    bad = (~torch.isfinite(points)).sum()
    if bad:
        raise ValueError(
            f"{int(bad)} of {points.numel()} values of the points are NaN or infinite. Clusters of them mean nothing: "
            "look for a diverged network or an overflow in half precision"
        )
