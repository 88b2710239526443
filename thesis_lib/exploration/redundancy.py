"""Redundancy of a feature map's channels, before and after they are clustered."""

import time
from typing import NamedTuple

import torch
from torch import Tensor

from thesis_lib.models.cluster_layer import ClusterLayer


class Diagnostics(NamedTuple):
    """Redundancy of features before and after a cluster layer, and what the layer keeps of them."""

    rank_before: float
    """Effective rank of the channels, over all pixels of the batch, see `effective_rank`."""
    rank_after: float
    """The same of the clustered map."""
    variance_kept: float
    """Share of the features' variance that the means of the clusters have: 1 where all members are alike."""
    seconds: float
    """Of the layer's forward pass."""


def channel_correlation(features: Tensor) -> Tensor:
    """Pearson correlation between all pairs of maps.

    Args:
        features: (C, h, w), or (C, n) with all pixels in a row.

    Returns:
        (C, C), in [-1, 1], float64; a map without variance is correlated with nothing, not even itself.
    """
    maps = features.flatten(1).double()
    maps = maps - maps.mean(1, keepdim=True)
    norm = maps.norm(dim=1, keepdim=True)
    unit = torch.where(norm > 1e-12 * norm.max(), maps / norm, torch.zeros_like(maps))
    return unit @ unit.T


def spectrum(features: Tensor) -> Tensor:
    """Shares of the variance along the principal directions of the standardised channels, descending, sum 1: (C,)."""
    values = torch.linalg.eigvalsh(channel_correlation(features)).flip(0).clamp(min=0)
    return values / values.sum().clamp(min=1e-300)


def effective_rank(features: Tensor) -> float:
    """Effective rank: exp of the entropy of the spectrum, between 1 (all maps alike) and C (all uncorrelated).

    Roy and Vetterli, "The effective rank", EUSIPCO 2007, on the eigenvalues of the channels' correlation.
    """
    shares = spectrum(features)
    return float(torch.exp(-(shares * shares.clamp(min=1e-300).log()).sum()))


def diagnose(layer: ClusterLayer, features: Tensor) -> Diagnostics:
    """Measure the redundancy of features (B, C, h, w) before and after a layer, and what the layer keeps of them."""
    begin = time.perf_counter()
    clustered = layer(features)
    seconds = time.perf_counter() - begin
    before, after = (_centred_channels(maps) for maps in (features, clustered))
    lost = before - (after if layer.axis == "pixels" else after[layer.partition])
    kept = 1 - lost.square().sum() / before.square().sum().clamp(min=1e-30)
    return Diagnostics(effective_rank(before), effective_rank(after), float(kept), seconds)


def _centred_channels(maps: Tensor) -> Tensor:
    """Flatten features (B, C, h, w) to (C, B h w), and subtract each channel's mean."""
    rows = maps.float().transpose(0, 1).flatten(1)
    return rows - rows.mean(1, keepdim=True)
