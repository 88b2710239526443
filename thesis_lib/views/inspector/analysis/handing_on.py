"""Continuation of clusters from one k to the next: starting labels, and numbers that clusters keep."""

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from thesis_lib.clustering import KMeans
from thesis_lib.clustering.distances import squared_distances
from thesis_lib.views.inspector.state.palettes import MOST


def renumbered(labels: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Renumber labels to match another clustering of the same points as far as possible (Kuhn, 1955).

    A cluster more than the reference has gets the lowest number that is free.
    """
    names, dense = np.unique(labels, return_inverse=True)
    used, reference_dense = np.unique(reference, return_inverse=True)
    overlap = np.bincount(dense * len(used) + reference_dense, minlength=len(names) * len(used))
    ours, theirs = linear_sum_assignment(overlap.reshape(len(names), len(used)), maximize=True)
    numbers = np.full(len(names), -1)
    numbers[ours] = used[theirs]
    free = [number for number in range(MOST + len(names)) if number not in set(used)]
    missing = np.flatnonzero(numbers < 0)
    numbers[missing] = free[: len(missing)]
    return numbers[dense].astype(np.uint8)


def neighboring_start(embedding: Tensor, labels: Tensor, k: int) -> Tensor:
    """Turn labels (n,) of k - 1 or k + 1 clusters, numbered without gaps, into k clusters of points (n, d).

    One too few: the cluster with the largest inertia is split in two by k-means. One too many: the two are merged that
    raise the inertia least (Ward, 1963).
    """
    given = int(labels.max()) + 1
    sizes = torch.bincount(labels, minlength=given).to(embedding)
    means = embedding.new_zeros(given, embedding.shape[1]).index_add_(0, labels, embedding) / sizes[:, None]
    found = labels.clone()
    if given < k:
        inertia = embedding.new_zeros(given).index_add_(0, labels, (embedding - means[labels]).square().sum(1))
        inertia[sizes < 2] = -1
        members = (labels == inertia.argmax()).nonzero()[:, 0]
        found[members[KMeans(2)(embedding[members])[0] == 1]] = given
        return found
    gain = squared_distances(means, means) * sizes[:, None] * sizes / (sizes[:, None] + sizes)
    gain.fill_diagonal_(torch.inf)
    into, gone = sorted(divmod(int(gain.argmin()), given))
    found[found == gone] = into
    found[found == given - 1] = gone if gone != given - 1 else into
    return found
