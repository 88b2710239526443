"""The loss of a training: cross-entropy over labelled pixels, and the weights that rare classes may have in it."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from thesis_lib.data.labels import IGNORE


def segmentation_loss(logits: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """Cross-entropy, the mean over the pixels that are not ignored; 0 where all are.

    Args:
        logits: (B, classes, H, W).
        labels: (B, H, W) trainIds.
        weights: (classes,) that a pixel of each class has in the mean; all alike without.
    """
    classes = logits.shape[1]
    weights = torch.ones(classes, device=logits.device) if weights is None else weights
    flat = labels.flatten()  # pixel by pixel: faster, and on CUDA the 2-D loss has no deterministic gradient
    rows = logits.float().movedim(1, -1).reshape(-1, classes)
    total = cross_entropy(rows, flat, weights, ignore_index=IGNORE, reduction="sum")
    counts = torch.bincount(flat[flat != IGNORE], minlength=classes)
    return total / (weights * counts).sum().clamp(min=1e-12)


def enet_weights(pixels: Tensor) -> Tensor:
    """Weights of the classes in the loss, 1 / ln(1.02 + share); scaled so that the mean over all pixels is 1.

    Paszke, Chaurasia, Kim, Culurciello, "ENet", 2016, section 5.2.

    Args:
        pixels: (classes,) labelled pixels of each class.
    """
    share = pixels.double() / pixels.sum()
    weights = 1 / torch.log(1.02 + share)
    return (weights / (weights * share).sum()).float()
