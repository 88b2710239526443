"""Calibration of cluster layers: the partition of channels, computed from the same images on every process."""

import torch
from torch import Tensor

from thesis_lib.data import Cityscapes
from thesis_lib.models import ClusterNet, PSPNet
from thesis_lib.models.pspnet import held_in_eval

CALIBRATION = 8
"""Number of training images from which channels are partitioned."""


def calibrate_channels(model: PSPNet, train: Cityscapes) -> None:
    """Partition the channels of a ClusterNet's layer, if it has axis="channels" and no partition yet.

    Every process computes the partition from the same images, the first of the training split.
    """
    if isinstance(model, ClusterNet) and model.cluster.axis == "channels" and not len(model.cluster.partition):
        with held_in_eval(model), torch.no_grad():
            model.cluster.calibrate(model.backbone(calibration_images(train).to(next(model.parameters())))[3])


def calibration_images(train: Cityscapes) -> Tensor:
    """Stack the first images of a training split, (N, 3, *crop), from which channels are partitioned."""
    return torch.stack([train[index][0] for index in range(min(CALIBRATION, len(train)))])
