"""Checks of the input that all clusterings share, and warnings at the caller's line."""

import sys
import warnings
from numbers import Integral
from pathlib import Path

import torch
from torch import Tensor

OURS = (str(Path(__file__).parent), str(Path(torch.__file__).parent))
"""Folders whose lines a warning should not point at."""


def check_points(points: Tensor, n_clusters: int) -> None:
    """Raise an error unless points are finite, (n, d) or (B, n, d), with B, d >= 1 and n >= n_clusters >= 1.

    Raises:
        TypeError: points are not a tensor, or n_clusters is not an integer.
        ValueError: anything else.
    """
    if not isinstance(points, Tensor):
        raise TypeError(f"points must be a tensor, not {type(points).__name__}: torch.as_tensor(points) makes one")
    if not isinstance(n_clusters, Integral):
        raise TypeError(f"n_clusters must be a whole number, not {n_clusters!r}")
    if n_clusters < 1:
        raise ValueError(f"n_clusters must be at least 1, not {n_clusters}")
    if points.ndim not in (2, 3):
        raise ValueError(
            f"points must have shape (n, d) or (batch, n, d), not {tuple(points.shape)}. "
            "A feature map (B, C, h, w) becomes points by features.flatten(2).mT"
        )
    if not points.numel():
        raise ValueError(f"points of shape {tuple(points.shape)} hold no numbers: at least one set of one dimension")
    n = points.shape[-2]
    if n < n_clusters:
        raise ValueError(
            f"{n_clusters} clusters were asked of {n} points. Choose n_clusters <= {n}, or larger images or crops"
        )
    if points.is_complex() or points.dtype == torch.bool:
        raise ValueError(f"points must be real numbers, not {points.dtype}")
    if torch.isfinite(points.sum()):  # ten times as fast as a look at each, and false where one is not finite
        return
    bad = (~torch.isfinite(points)).sum()
    if bad:
        raise ValueError(
            f"{int(bad)} of {points.numel()} values of the points are NaN or infinite. Clusters of them mean nothing: "
            "look for a diverged network or an overflow in half precision"
        )


def exact_dtype(dtype: torch.dtype) -> torch.dtype:
    """Smallest of float32 and float64 that holds all values of a real dtype (of int64, those up to 2^53)."""
    wide = dtype in (torch.int32, torch.int64)
    return torch.float64 if wide else torch.promote_types(dtype, torch.float32)


def warn_caller(message: str) -> None:
    """Issue a warning that points to the first line of the call stack outside this package and torch."""
    frame, level = sys._getframe(1), 2
    while frame is not None and frame.f_code.co_filename.startswith(OURS):
        frame, level = frame.f_back, level + 1  # type: ignore[assignment]
    warnings.warn(message, stacklevel=level)
