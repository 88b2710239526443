"""PSPNet, ClusterNet, their backbones and layers, and their checkpoints."""

from thesis_lib.models.backbones import WeightsError, build_backbone
from thesis_lib.models.checkpoints import CheckpointError, load_checkpoint, read_checkpoint, save_checkpoint
from thesis_lib.models.cluster_layer import ClusterLayer
from thesis_lib.models.clusternet import ClusterNet
from thesis_lib.models.pspnet import PSPNet

__all__ = [
    "CheckpointError",
    "ClusterLayer",
    "ClusterNet",
    "PSPNet",
    "WeightsError",
    "build_backbone",
    "load_checkpoint",
    "read_checkpoint",
    "save_checkpoint",
]
