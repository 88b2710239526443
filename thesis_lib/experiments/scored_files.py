"""Scores of PNG predictions against PNG ground truths."""

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
"""Lowest labelId of an evaluated class; those below are void."""


def score_files(predictions: Iterable[str | Path], ground_truths: Iterable[str | Path]) -> Scores:
    """Score PNG predictions as the official script, evalPixelLevelSemanticLabeling.py, does.

    Args:
        predictions: one file per image, of labelIds, or of trainIds if its name ends in _labelTrainIds.png.
        ground_truths: the _labelIds.png or _labelTrainIds.png of each, in the same order; unless each has an
            _instanceIds.png beside it, iIoU is NaN.

    Raises:
        DatasetError: different numbers of files, a file that is unreadable or holds other values, or different sizes.
    """
    predicted, truths = [Path(path) for path in predictions], [Path(path) for path in ground_truths]
    if len(predicted) != len(truths):
        raise DatasetError(
            f"{len(predicted)} predictions and {len(truths)} ground truths: give as many of one as of the other"
        )
    counter = ScoreCounter()
    for path, truth in zip(predicted, truths, strict=True):
        prediction = _tensor(to_label_ids(read_label(path), path))
        labels, instances = read_truth(truth)
        if prediction.shape != labels.shape:
            raise DatasetError(
                f"{path} has size {tuple(prediction.shape)}, "
                f"its ground truth {truth} {tuple(labels.shape)} (height, width)"
            )
        counter.add(prediction, labels, instances)
    scores = counter.scores()
    _warn_of_train_ids(scores.confusion)
    return scores


def _warn_of_train_ids(confusion: np.ndarray) -> None:
    """Warn if a side holds only values up to 18, as trainIds do, though its files are named as labelIds."""
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
    """Read the labelIds of a ground truth, and its instanceIds or None if there is no such file, each (H, W) int64.

    Raises:
        DatasetError: a file that cannot be read, or different sizes.
    """
    labels, beside = to_label_ids(read_label(path), path), instances_of(path)
    if not is_file(beside):
        return _tensor(labels), None
    instances = read_instances(beside)
    if instances.shape != labels.shape:
        raise DatasetError(f"{beside} has size {instances.shape}, {path.name} beside it {labels.shape} (height, width)")
    return _tensor(labels), _tensor(instances)


def instances_of(label: Path) -> Path:
    """Path of gtFine's _instanceIds.png beside a label file."""
    stem = label.name.removesuffix("_labelIds.png").removesuffix("_labelTrainIds.png")
    return label.with_name(f"{stem}_instanceIds.png")


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(array.astype(np.int64))
