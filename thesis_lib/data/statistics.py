"""Statistics of a data set's classes."""

import numpy as np

from thesis_lib.data.cityscapes import Cityscapes
from thesis_lib.data.images import read_label, to_train_ids
from thesis_lib.data.labels import NUM_CLASSES


def class_pixels(dataset: Cityscapes) -> np.ndarray:
    """Count the pixels of each class in each image: (images, 19) int64; ignored pixels are not counted."""
    counts = [
        np.bincount(to_train_ids(read_label(pair.label), pair.label).ravel(), minlength=256)[:NUM_CLASSES]
        for pair in dataset.pairs
    ]
    return np.stack(counts)
