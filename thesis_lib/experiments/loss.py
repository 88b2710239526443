"""Cross-entropy over labelled pixels, hard example mining, and class weights."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from thesis_lib.data.labels import IGNORE


def segmentation_loss(logits: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean cross-entropy over the pixels that are not ignored; 0 if all are ignored.

    Args:
        logits: (B, classes, H, W).
        labels: (B, H, W) trainIds.
        weights: (classes,), the weight of a pixel of each class in the mean; None for equal weights.
    """
    classes = logits.shape[1]
    # one row per pixel is faster, and on CUDA the 2-D loss has no deterministic gradient
    flat = labels.flatten()  # (B H W,)
    rows = logits.float().movedim(1, -1).reshape(-1, classes)  # (B H W, classes)
    total = cross_entropy(rows, flat, weights, ignore_index=IGNORE, reduction="sum")
    return total / labelled_weight(flat, classes, weights).clamp(min=1e-12)


def hard_pixels(logits: Tensor, labels: Tensor, threshold: float, least: int) -> Tensor:
    """Set the labels of easy pixels to ignore: online hard example mining (Shrivastava et al., CVPR 2016).

    As in mmsegmentation's OHEMPixelSampler, a pixel is hard if the probability of its own class is below the threshold,
    or among the `least` smallest.

    Args:
        logits: (B, classes, H, W).
        labels: (B, H, W) trainIds.
        threshold: probability below which a pixel is hard.
        least: number of pixels of the whole batch that are kept in any case.

    Returns:
        (B, H, W) labels.
    """
    valid = labels != IGNORE
    with torch.no_grad():
        truth = labels.where(valid, 0)[:, None]  # (B, 1, H, W)
        own = logits.float().softmax(1).gather(1, truth).squeeze(1).where(valid, 2.0)  # (B, H, W)
        kept = min(least, int(valid.sum()))
        bound = own.flatten().kthvalue(kept).values if kept else own.new_zeros(())
        return labels.where((own < threshold) | (own <= bound) & valid, IGNORE)


def labelled_weight(labels: Tensor, classes: int, weights: Tensor | None = None) -> Tensor:
    """Denominator of `segmentation_loss`: the labelled pixels, counted, or summed by their classes' weights."""
    counts = torch.bincount(labels[labels != IGNORE], minlength=classes)
    return counts.sum().float() if weights is None else (weights * counts).sum()


def enet_weights(pixels: Tensor) -> Tensor:
    """Class weights 1 / ln(1.02 + share), scaled so that the mean over all labelled pixels is 1.

    Source: Paszke, Chaurasia, Kim and Culurciello, "ENet", 2016, section 5.2.

    Args:
        pixels: (classes,), the number of labelled pixels of each class.

    Returns:
        (classes,) float32.
    """
    share = pixels.double() / pixels.sum()
    weights = 1 / torch.log(1.02 + share)
    return (weights / (weights * share).sum()).float()
