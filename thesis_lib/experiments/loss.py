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
    flat = labels.flatten()  # pixel by pixel: faster, and on CUDA the 2-D loss has no deterministic gradient
    rows = logits.float().movedim(1, -1).reshape(-1, classes)
    total = cross_entropy(rows, flat, weights, ignore_index=IGNORE, reduction="sum")
    return total / labelled_weight(flat, classes, weights).clamp(min=1e-12)


def hard_pixels(logits: Tensor, labels: Tensor, threshold: float, least: int) -> Tensor:
    """Labels of which the easy pixels are ignored: online hard example mining (Shrivastava et al., CVPR 2016).

    As mmsegmentation's OHEMPixelSampler has it: hard is a pixel whose own class is less probable than the threshold, or
    which is among the `least` most improbable.

    Args:
        logits: (B, classes, H, W); labels: (B, H, W).
        least: pixels kept in any case, of the whole batch.
    """
    valid = labels != IGNORE
    with torch.no_grad():
        truth = labels.where(valid, 0)[:, None]
        own = logits.float().softmax(1).gather(1, truth).squeeze(1).where(valid, 2.0)
        kept = min(least, int(valid.sum()))
        bound = own.flatten().kthvalue(kept).values if kept else own.new_zeros(())
        return labels.where((own < threshold) | (own <= bound) & valid, IGNORE)


def labelled_weight(labels: Tensor, classes: int, weights: Tensor | None = None) -> Tensor:
    """What `segmentation_loss` divides by: the labelled pixels, each with its class's weight."""
    counts = torch.bincount(labels[labels != IGNORE], minlength=classes)
    return counts.sum().float() if weights is None else (weights * counts).sum()


def enet_weights(pixels: Tensor) -> Tensor:
    """Weights of the classes in the loss, 1 / ln(1.02 + share); scaled so that the mean over all pixels is 1.

    Paszke, Chaurasia, Kim, Culurciello, "ENet", 2016, section 5.2.

    Args:
        pixels: (classes,) labelled pixels of each class.
    """
    share = pixels.double() / pixels.sum()
    weights = 1 / torch.log(1.02 + share)
    return (weights / (weights * share).sum()).float()
