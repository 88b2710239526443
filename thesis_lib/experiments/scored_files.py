"""Scores of predictions that lie in files, beside the ground truth that does."""

import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from thesis_lib.data import DatasetError
from thesis_lib.data.images import read_instances, read_label, to_label_ids
from thesis_lib.data.labels import CLASSES, NUM_CLASSES
from thesis_lib.experiments.scores import ScoreCounter, Scores
from thesis_lib.files import is_file

VOID = min(label.id for label in CLASSES)
"""labelIds below this are of no evaluated class."""


def score_files(predictions: Iterable[str | Path], ground_truths: Iterable[str | Path]) -> Scores:
    """Score PNGs as the official script does.

    Args:
        predictions: one file per image, of labelIds, or of trainIds if its name says so (_labelTrainIds.png).
        ground_truths: the _labelIds.png or _labelTrainIds.png of each, in the same order; without an _instanceIds.png
            beside each, iIoU is NaN.

    Raises:
        DatasetError: different numbers of files, one that cannot be read or holds other values, or sizes that differ.
    """
    predicted, truths = [Path(path) for path in predictions], [Path(path) for path in ground_truths]
    if len(predicted) != len(truths):
        raise DatasetError(f"{len(predicted)} predictions and {len(truths)} ground truths: one of each is needed")
    counter = ScoreCounter()
    for path, truth in zip(predicted, truths, strict=True):
        prediction = _tensor(to_label_ids(read_label(path), path))
        labels, instances = read_truth(truth)
        if prediction.shape != labels.shape:
            raise DatasetError(
                f"{path} is {tuple(prediction.shape)}, its ground truth {truth} {tuple(labels.shape)} (height, width)"
            )
        counter.add(prediction, labels, instances)
    scores = counter.scores()
    _warn_of_train_ids(scores.confusion)
    return scores


def _warn_of_train_ids(confusion: np.ndarray) -> None:
    """trainIds under the name of labelIds are valid values, and score next to nothing."""
    held = {"predictions": confusion.sum(0), "ground truths": confusion.sum(1)}
    highest = {name: int(np.flatnonzero(pixels).max(initial=0)) for name, pixels in held.items()}
    for name, pixels in held.items():
        if pixels[:VOID].any() and 0 < highest[name] < NUM_CLASSES <= max(highest.values()):
            warnings.warn(
                f"the {name} hold nothing above {highest[name]}, as trainIds do, but are scored as labelIds, which "
                "their names say they are: if they are trainIds, name them _labelTrainIds.png",
                stacklevel=3,
            )


def read_truth(path: Path) -> tuple[Tensor, Tensor | None]:
    """labelIds of a ground truth, and the instanceIds where they lie beside it, each (H, W) int64.

    Raises:
        DatasetError: one cannot be read, or they are of different sizes.
    """
    labels, beside = to_label_ids(read_label(path), path), instances_of(path)
    if not is_file(beside):
        return _tensor(labels), None
    instances = read_instances(beside)
    if instances.shape != labels.shape:
        raise DatasetError(f"{beside} is {instances.shape}, {path.name} beside it {labels.shape} (height, width)")
    return _tensor(labels), _tensor(instances)


def instances_of(label: Path) -> Path:
    """gtFine's instanceIds beside a label file."""
    stem = label.name.removesuffix("_labelIds.png").removesuffix("_labelTrainIds.png")
    return label.with_name(f"{stem}_instanceIds.png")


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(array.astype(np.int64))
