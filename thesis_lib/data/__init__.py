"""Cityscapes: its labels, lists, loader and checks, and synthetic streets in the same layout."""

from thesis_lib.data.cityscapes import Cityscapes, EpochSampler
from thesis_lib.data.errors import DatasetError
from thesis_lib.data.labels import LABELS
from thesis_lib.data.prepare import prepare_dataset
from thesis_lib.data.scenes import write_scenes
from thesis_lib.data.verify import verify_dataset

__all__ = [
    "LABELS",
    "Cityscapes",
    "DatasetError",
    "EpochSampler",
    "prepare_dataset",
    "verify_dataset",
    "write_scenes",
]
