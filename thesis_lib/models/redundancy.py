"""How redundant the channels of a feature map are, before and after they are clustered."""

import torch
from torch import Tensor


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
    """exp of the entropy of the spectrum: between 1 (all maps alike) and C (all uncorrelated).

    Roy and Vetterli, "The effective rank", EUSIPCO 2007, on the eigenvalues of the channels' correlation.
    """
    shares = spectrum(features)
    return float(torch.exp(-(shares * shares.clamp(min=1e-300).log()).sum()))
