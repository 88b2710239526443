"""Cityscapes' label table, read from cityscapesscripts and never retyped.

A labelId (0 to 33, -1 for license plates) is what the ground-truth files hold; a trainId (0 to 18, 255 for
"ignore") is what networks are trained on.
"""

import numpy as np
from cityscapesscripts.helpers.labels import Label
from cityscapesscripts.helpers.labels import labels as _table

LABELS: tuple[Label, ...] = tuple(_table)
BY_NAME: dict[str, Label] = {label.name: label for label in LABELS}
NUM_LABELS = max(label.id for label in LABELS) + 1
"""labelIds are 0 to 33; the license plate's -1 is in no file."""
INSTANCES = 1000
"""An instance's id is its labelId times this, plus a number."""
IGNORE = 255

CLASSES: tuple[Label, ...] = tuple(
    sorted((label for label in LABELS if not label.ignoreInEval), key=lambda label: label.trainId)
)
CLASS_NAMES: tuple[str, ...] = tuple(label.name for label in CLASSES)
NUM_CLASSES = len(CLASSES)
CATEGORY_NAMES: tuple[str, ...] = tuple(dict.fromkeys(label.category for label in CLASSES))

LABEL_TO_TRAIN = np.full(256, IGNORE, np.uint8)
"""(256,) trainId of a labelId; everything that is not evaluated, and every unknown value, is 255."""
TRAIN_TO_LABEL = np.zeros(256, np.uint8)
"""(256,) labelId of a trainId; 255 becomes 0, "unlabeled"."""
COLORS = np.zeros((256, 3), np.uint8)
"""(256, 3) Cityscapes' RGB colour of a trainId; 255 is black."""

for _label in CLASSES:
    LABEL_TO_TRAIN[_label.id] = _label.trainId
    TRAIN_TO_LABEL[_label.trainId] = _label.id
    COLORS[_label.trainId] = _label.color
