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
"""Mean number of pixels of an instance in Cityscapes, by class, by which iIoU weighs instances."""


@dataclass(frozen=True)
class Scores:
    """IoU and iIoU of classes and categories, in [0, 1].

    A class that is absent from ground truth and prediction is NaN; all iIoU are NaN if instances were not given.
    """

    confusion: np.ndarray
    """(34, 34) numbers of pixels, ground-truth labelId by predicted labelId."""
    iou: dict[str, float]
    iiou: dict[str, float]
    category_iou: dict[str, float]
    category_iiou: dict[str, float]
    protocol: str = ""
    """Evaluation protocol of the predictions; empty if unknown."""

    @property
    def miou(self) -> float:
        """Mean IoU over the classes present."""
        return _mean(self.iou)

    @property
    def miiou(self) -> float:
        """Mean iIoU over the classes with instances."""
        return _mean(self.iiou)

    def to_dict(self) -> dict[str, object]:
        """Convert to plain values for JSON, with None for NaN; the confusion matrix is left out."""
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
    """Accumulator of pairs of prediction and ground truth, on their device, from which scores are computed.

    Attributes:
        confusion: (34, 34) int64, numbers of pixels, ground truth by prediction.
        weighted: (2, 34, 2) float64, by labels and by categories: iIoU's weighted true positives and false negatives.
        without: number of images without instances; if it is not 0, iIoU is NaN.
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
            instances: (H, W), gtFine's instanceIds; a single image without them makes iIoU NaN.

        Raises:
            ValueError: different sizes, or values outside 0 to 33, the labelIds.
        """
        for name, other in (("ground truth", truth), ("instances", instances)):
            if other is not None and other.shape != prediction.shape:
                raise ValueError(
                    f"prediction {tuple(prediction.shape)} and {name} {tuple(other.shape)} "
                    "differ in size (height, width)"
                )
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
        """Count iIoU's true positives and false negatives in pixels, weighted by mean over actual instance size."""
        _check_labels("quotient of instances and 1000", instances // INSTANCES)
        label = instances // INSTANCES
        bins = NUM_LABELS * INSTANCES
        size = torch.bincount(instances, minlength=bins)
        for level, hit in enumerate((prediction == label, self._category[prediction] == self._category[label])):
            found = torch.bincount(instances[hit], minlength=bins)
            pixels = torch.stack([found, size - found], -1).double() / size.clamp(min=1)[:, None]
            self.weighted[level] += pixels.view(NUM_LABELS, INSTANCES, 2).sum(1) * self._sizes[:, None]

    def scores(self) -> Scores:
        """Compute the scores of all images added so far."""
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
    """Refuse values that are not labelIds, which would be counted in another label's row.

    Raises:
        ValueError: values outside 0 to 33.
    """
    if not ((labels >= 0) & (labels < NUM_LABELS)).all():
        raise ValueError(
            f"the {name} holds {int(labels.min())} to {int(labels.max())} where labelIds, 0 to {NUM_LABELS - 1}, are "
            "expected; TRAIN_TO_LABEL converts trainIds"
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
    """Count the pixels of evaluated classes outside `ids` that were predicted as one of `columns`."""
    others = [label.id for label in CLASSES if label.id not in ids]
    return int(confusion[np.ix_(others, columns)].sum())


def _ratio(true: float, missed: float, false: float) -> float:
    total = true + missed + false
    return float(true / total) if total else float("nan")


def _all_ids(category: str) -> list[int]:
    """All labelIds of a category, including those that are not evaluated, as the official script does for iIoU."""
    return [label.id for label in LABELS if label.category == category and label.id >= 0]


def _mean(values: dict[str, float]) -> float:
    present = [value for value in values.values() if not np.isnan(value)]
    return float(np.mean(present)) if present else float("nan")
