"""Cityscapes' pixel-level scores, counted with tensors: IoU and iIoU of classes and categories.

The definitions are those of cityscapesscripts' evaluation/evalPixelLevelSemanticLabeling.py, the metric of record: an
absent class is NaN and leaves the mean, and ignored ground truth counts for nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling import args as _official
from torch import Tensor

from thesis_lib.data import DatasetError
from thesis_lib.data.images import read_instances, read_label
from thesis_lib.data.labels import CATEGORY_NAMES, CLASSES, LABELS

SIZE = max(label.id for label in LABELS) + 1
"""Rows of the confusion matrix: labelIds 0 to 33."""
INSTANCES = 1000
"""An instance's id is its labelId times this, plus a number."""
CLASS_SIZES: dict[str, float] = dict(_official.avgClassSize)
"""Mean pixels of an instance in Cityscapes, by which iIoU weighs instances."""


@dataclass(frozen=True)
class Scores:
    """IoU and iIoU in [0, 1]; NaN for what neither ground truth nor prediction holds."""

    confusion: np.ndarray
    """(34, 34) pixels, ground truth labelId by predicted labelId."""
    iou: dict[str, float]
    iiou: dict[str, float]
    category_iou: dict[str, float]
    category_iiou: dict[str, float]
    protocol: str = ""
    """How the predictions were made, where that is known."""

    @property
    def miou(self) -> float:
        """Mean IoU over the classes present."""
        return _mean(self.iou)

    @property
    def miiou(self) -> float:
        """Mean iIoU over the classes with instances."""
        return _mean(self.iiou)

    def to_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return {
            "protocol": self.protocol,
            "miou": self.miou,
            "miiou": self.miiou,
            "iou": self.iou,
            "iiou": self.iiou,
            "category_iou": self.category_iou,
            "category_iiou": self.category_iiou,
        }


class ScoreCounter:
    """Adds up pairs of prediction and ground truth on their device, and gives the scores."""

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self.confusion = torch.zeros(SIZE, SIZE, dtype=torch.int64, device=device)
        self.weighted = torch.zeros(2, SIZE, 2, dtype=torch.float64, device=device)
        categories = {label.category: number for number, label in enumerate(LABELS)}
        self._category = torch.tensor([categories[LABELS[label].category] for label in range(SIZE)], device=device)
        sizes = [0.0 if label.ignoreInEval else CLASS_SIZES.get(label.name, 0.0) for label in LABELS[:SIZE]]
        self._sizes = torch.tensor(sizes, dtype=torch.float64, device=device)

    def add(self, prediction: Tensor, truth: Tensor, instances: Tensor | None = None) -> None:
        """Count one image.

        Args:
            prediction, truth: (H, W) labelIds.
            instances: (H, W) of gtFine's instanceIds, for iIoU; without it iIoU stays NaN.

        Raises:
            ValueError: sizes that differ.
        """
        if prediction.shape != truth.shape:
            raise ValueError(
                f"prediction {tuple(prediction.shape)} and ground truth {tuple(truth.shape)} differ in size"
            )
        prediction, truth = prediction.flatten().long(), truth.flatten().long()
        self.confusion += torch.bincount(truth * SIZE + prediction, minlength=SIZE**2).view(SIZE, SIZE)
        if instances is not None:
            self._add_instances(prediction, instances.flatten().long())

    def _add_instances(self, prediction: Tensor, instances: Tensor) -> None:
        """iIoU's true positives and false negatives: pixels, weighed by mean instance size over instance size."""
        inside = instances > INSTANCES
        instances, prediction = instances[inside], prediction[inside]
        label = instances // INSTANCES
        bins = SIZE * INSTANCES
        size = torch.bincount(instances, minlength=bins)
        for level, hit in enumerate((prediction == label, self._category[prediction] == self._category[label])):
            found = torch.bincount(instances[hit], minlength=bins)
            pixels = torch.stack([found, size - found], -1).double() / size.clamp(min=1)[:, None]
            self.weighted[level] += pixels.view(SIZE, INSTANCES, 2).sum(1) * self._sizes[:, None]

    def scores(self) -> Scores:
        """The scores of everything added so far."""
        confusion, weighted = self.confusion.cpu().numpy(), self.weighted.cpu().numpy()
        groups = [[label.id] for label in CLASSES]
        categories = [[label.id for label in CLASSES if label.category == name] for name in CATEGORY_NAMES]
        names = [label.name for label in CLASSES]
        return Scores(
            confusion,
            iou={name: _iou(confusion, ids) for name, ids in zip(names, groups, strict=True)},
            iiou={
                label.name: _iiou(confusion, weighted[0], [label.id], [label.id])
                for label in CLASSES
                if label.hasInstances
            },
            category_iou={name: _iou(confusion, ids) for name, ids in zip(CATEGORY_NAMES, categories, strict=True)},
            category_iiou={
                name: _iiou(confusion, weighted[1], ids, _all_ids(name))
                for name, ids in zip(CATEGORY_NAMES, categories, strict=True)
                if all(label.hasInstances for label in LABELS if label.category == name and label.id >= 0)
            },
        )


def score_files(predictions: Iterable[str | Path], ground_truths: Iterable[str | Path]) -> Scores:
    """Score labelId PNGs, as the official script does.

    Args:
        predictions: labelIds, one file per image.
        ground_truths: the _labelIds.png of each, in the same order; the _instanceIds.png must lie beside it.

    Raises:
        DatasetError: different numbers of files, one that cannot be read, or sizes that differ.
    """
    predicted, truths = [Path(path) for path in predictions], [Path(path) for path in ground_truths]
    if len(predicted) != len(truths):
        raise DatasetError(f"{len(predicted)} predictions and {len(truths)} ground truths: one of each is needed")
    counter = ScoreCounter()
    for prediction, truth in zip(predicted, truths, strict=True):
        counter.add(*read_for_scoring(prediction, truth))
    return counter.scores()


def read_for_scoring(prediction: Path, truth: Path) -> tuple[Tensor, Tensor, Tensor]:
    """Prediction, ground truth and instances of one image, each (H, W) int64."""
    arrays = read_label(prediction), read_label(truth), read_instances(instances_of(truth))
    if arrays[0].shape != arrays[1].shape:
        raise DatasetError(
            f"{prediction} is {arrays[0].shape}, its ground truth {truth} {arrays[1].shape} (height, width)"
        )
    first, second, third = (torch.from_numpy(array.astype(np.int64)) for array in arrays)
    return first, second, third


def instances_of(label: Path) -> Path:
    """gtFine's instanceIds beside a label file."""
    stem = label.name.removesuffix("_labelIds.png").removesuffix("_labelTrainIds.png")
    return label.with_name(f"{stem}_instanceIds.png")


def _iou(confusion: np.ndarray, ids: list[int]) -> float:
    true = confusion[np.ix_(ids, ids)].sum()
    return _ratio(true, confusion[ids].sum() - true, _false(confusion, ids, ids))


def _iiou(confusion: np.ndarray, weighted: np.ndarray, ids: list[int], columns: list[int]) -> float:
    true, missed = weighted[ids].sum(0)
    return _ratio(true, missed, _false(confusion, ids, columns))


def _false(confusion: np.ndarray, ids: list[int], columns: list[int]) -> int:
    """Pixels of evaluated classes outside `ids` that were taken for `columns`."""
    others = [label.id for label in CLASSES if label.id not in ids]
    return int(confusion[np.ix_(others, columns)].sum())


def _ratio(true: float, missed: float, false: float) -> float:
    total = true + missed + false
    return float(true / total) if total else float("nan")


def _all_ids(category: str) -> list[int]:
    """The labelIds of a category, those that are not evaluated included, as the script has it for iIoU."""
    return [label.id for label in LABELS if label.category == category and label.id >= 0]


def _mean(values: dict[str, float]) -> float:
    present = [value for value in values.values() if not np.isnan(value)]
    return float(np.mean(present)) if present else float("nan")
