"""Cityscapes' pixel-level scores, counted with tensors: IoU and iIoU of classes and categories.

The definitions are those of cityscapesscripts' evaluation/evalPixelLevelSemanticLabeling.py, the metric of record: an
absent class is NaN and leaves the mean, and ignored ground truth counts for nothing.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling import args as _official
from torch import Tensor

from thesis_lib.data.labels import CATEGORY_NAMES, CLASSES, INSTANCES, LABELS, NUM_LABELS

CLASS_SIZES: dict[str, float] = dict(_official.avgClassSize)
"""Mean pixels of an instance in Cityscapes, by which iIoU weighs instances."""


@dataclass(frozen=True)
class Scores:
    """IoU and iIoU in [0, 1]; NaN for what neither ground truth nor prediction holds, iIoU also without instances."""

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
        """Plain values, for JSON, which knows no NaN: it is None there."""
        return {
            "protocol": self.protocol,
            "miou": _or_none(self.miou),
            "miiou": _or_none(self.miiou),
            "iou": _or_none(self.iou),
            "iiou": _or_none(self.iiou),
            "category_iou": _or_none(self.category_iou),
            "category_iiou": _or_none(self.category_iiou),
        }


class ScoreCounter:
    """Adds up pairs of prediction and ground truth on their device, and gives the scores.

    Attributes:
        confusion: (34, 34) pixels, ground truth by prediction.
        weighted: (2, 34, 2), of labels and of categories: iIoU's true positives and false negatives.
        without: images without instances; with a single one, iIoU is not known.
    """

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self.confusion = torch.zeros(NUM_LABELS, NUM_LABELS, dtype=torch.int64, device=device)
        self.weighted = torch.zeros(2, NUM_LABELS, 2, dtype=torch.float64, device=device)
        self.without = torch.zeros((), dtype=torch.int64, device=device)
        categories = {label.category: number for number, label in enumerate(LABELS)}
        self._category = torch.tensor(
            [categories[LABELS[label].category] for label in range(NUM_LABELS)], device=device
        )
        sizes = [CLASS_SIZES.get(label.name, 0.0) for label in LABELS[:NUM_LABELS]]
        self._sizes = torch.tensor(sizes, dtype=torch.float64, device=device)

    def add(self, prediction: Tensor, truth: Tensor, instances: Tensor | None = None) -> None:
        """Count one image.

        Args:
            prediction, truth: (H, W) labelIds.
            instances: (H, W) of gtFine's instanceIds, for iIoU; an image without them leaves it NaN.

        Raises:
            ValueError: sizes that differ, or values that are no labelIds.
        """
        for name, other in (("ground truth", truth), ("instances", instances)):
            if other is not None and other.shape != prediction.shape:
                raise ValueError(f"prediction {tuple(prediction.shape)} and {name} {tuple(other.shape)} differ in size")
        prediction, truth = prediction.flatten().long(), truth.flatten().long()
        _check_labels("prediction", prediction)
        _check_labels("ground truth", truth)
        if instances is None:
            self.without += 1
        else:
            self._add_instances(prediction, instances.flatten().long())
        counts = torch.bincount(truth * NUM_LABELS + prediction, minlength=NUM_LABELS**2)
        self.confusion += counts.view(NUM_LABELS, NUM_LABELS)

    def _add_instances(self, prediction: Tensor, instances: Tensor) -> None:
        """iIoU's true positives and false negatives: pixels, weighed by mean instance size over instance size."""
        _check_labels("quotient of instances and 1000", instances // INSTANCES)
        label = instances // INSTANCES
        bins = NUM_LABELS * INSTANCES
        size = torch.bincount(instances, minlength=bins)
        for level, hit in enumerate((prediction == label, self._category[prediction] == self._category[label])):
            found = torch.bincount(instances[hit], minlength=bins)
            pixels = torch.stack([found, size - found], -1).double() / size.clamp(min=1)[:, None]
            self.weighted[level] += pixels.view(NUM_LABELS, INSTANCES, 2).sum(1) * self._sizes[:, None]

    def scores(self) -> Scores:
        """The scores of everything added so far."""
        confusion, weighted = self.confusion.cpu().numpy(), self.weighted.cpu().numpy()
        weighted = np.full_like(weighted, np.nan) if self.without else weighted
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


def _check_labels(name: str, labels: Tensor) -> None:
    """Values outside would be counted in another label's row."""
    if not ((labels >= 0) & (labels < NUM_LABELS)).all():
        raise ValueError(
            f"the {name} holds {int(labels.min())} to {int(labels.max())} where labelIds, 0 to {NUM_LABELS - 1}, are "
            "expected; TRAIN_TO_LABEL makes them of trainIds"
        )


def _or_none(value: float | dict[str, float]) -> float | dict[str, Any] | None:
    if isinstance(value, dict):
        return {name: _or_none(score) for name, score in value.items()}
    return None if np.isnan(value) else value


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
