"""The partition of channels that a cluster layer needs before its first step: from the same images everywhere."""

import torch
from torch import Tensor

from thesis_lib.data import Cityscapes
from thesis_lib.models import ClusterNet, PSPNet
from thesis_lib.models.pspnet import held_in_eval

CALIBRATION = 8
"""Training images from which channels are partitioned."""


def calibrate_channels(model: PSPNet, train: Cityscapes) -> None:
    """Partition the channels of a cluster layer that has no partition yet, on every process from the same images."""
    if isinstance(model, ClusterNet) and model.cluster.axis == "channels" and not len(model.cluster.partition):
        with held_in_eval(model), torch.no_grad():
            model.cluster.calibrate(model.backbone(calibration_images(train).to(next(model.parameters())))[3])


def calibration_images(train: Cityscapes) -> Tensor:
    """The first images of a training split, (N, 3, *crop), from which channels are partitioned."""
    return torch.stack([train[index][0] for index in range(min(CALIBRATION, len(train)))])
