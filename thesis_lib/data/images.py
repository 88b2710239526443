"""Reading the PNGs of a data set, and refusing what is not what it says it is."""

from pathlib import Path

import cv2
import numpy as np

from thesis_lib.data.errors import DatasetError
from thesis_lib.data.labels import (
    IGNORE,
    INSTANCES,
    LABEL_TO_TRAIN,
    LABELS,
    NUM_CLASSES,
    NUM_LABELS,
    TRAIN_TO_LABEL,
)

PNG_END = b"IEND\xaeB`\x82"
LABEL_IDS = np.zeros(256, bool)
LABEL_IDS[[label.id for label in LABELS if label.id >= 0]] = True
TRAIN_IDS = np.zeros(256, bool)
TRAIN_IDS[[*range(NUM_CLASSES), IGNORE]] = True


def read_image(path: Path) -> np.ndarray:
    """Read an RGB image, (H, W, 3) uint8."""
    return cv2.cvtColor(_decode(path, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def read_instances(path: Path) -> np.ndarray:
    """Read instance ids, (H, W) int32: labelId * 1000 + number, or the labelId where there are no instances.

    Raises:
        DatasetError: unreadable, not one channel, or an id of no label.
    """
    instances = _decode(path, cv2.IMREAD_UNCHANGED)
    if instances.ndim != 2 or instances.max() >= INSTANCES * NUM_LABELS:
        raise DatasetError(
            f"{path} holds {'x'.join(map(str, instances.shape))} values up to {instances.max()} where one instance id "
            f"per pixel is expected, labelId * {INSTANCES} + number.\nUse gtFine's _instanceIds.png."
        )
    return instances.astype(np.int32)


def read_label(path: Path) -> np.ndarray:
    """Read labelIds or trainIds as they are in the file, (H, W) uint8.

    Raises:
        DatasetError: unreadable, not one channel, or values that the file's kind (told by its name) cannot have.
    """
    label = _decode(path, cv2.IMREAD_UNCHANGED)
    if label.ndim != 2 or label.dtype != np.uint8:
        raise DatasetError(
            f"{path} holds {'x'.join(map(str, label.shape))} {label.dtype} values where one 8-bit label per pixel is "
            "expected.\nIs it the _color.png or an image? Use gtFine's _labelIds.png (or _labelTrainIds.png)."
        )
    found = np.bincount(label.ravel(), minlength=256) > 0
    allowed = TRAIN_IDS if is_train_ids(path) else LABEL_IDS
    if wrong := np.flatnonzero(found & ~allowed).tolist():
        raise DatasetError(_wrong_values(path, wrong))
    return label


def to_train_ids(label: np.ndarray, path: Path) -> np.ndarray:
    """Convert what `read_label` gave for `path` to trainIds, with 255 for "ignore"."""
    return label if is_train_ids(path) else LABEL_TO_TRAIN[label]


def to_label_ids(label: np.ndarray, path: Path) -> np.ndarray:
    """Convert what `read_label` gave for `path` to labelIds; trainId 255 becomes 0, "unlabeled"."""
    return TRAIN_TO_LABEL[label] if is_train_ids(path) else label


def is_train_ids(path: Path) -> bool:
    """Whether a label file holds trainIds, by its name: _labelTrainIds.png, or another with "trainIds" in it."""
    return "trainids" in path.name.lower()


def _decode(path: Path, flags: int) -> np.ndarray:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DatasetError(
            f"{path} cannot be read: {error.strerror or error}.\nCheck its list and the data set."
        ) from None
    # OpenCV fills what is missing of a truncated PNG with black and says nothing
    whole = PNG_END in data[-64:] or path.suffix != ".png"
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if whole and data else None
    if image is None:
        raise DatasetError(
            f"{path} ({len(data)} bytes) is damaged or no image.\nUnpack it again from the official zip."
        )
    return image


def _wrong_values(path: Path, wrong: list[int]) -> str:
    if is_train_ids(path):
        kind, expected = "trainIds", f"0 to {NUM_CLASSES - 1}, or {IGNORE}"
        advice = "They look like labelIds under the wrong name: name the file _labelIds.png, or convert it."
    else:
        kind, expected = "labelIds", f"0 to {int(np.flatnonzero(LABEL_IDS).max())}"
        advice = "Is 255 in it, or 0 to 18 only, they are trainIds: name the file _labelTrainIds.png."
    return f"{path} holds the values {wrong[:8]} where {kind} ({expected}) are expected.\n{advice}"
