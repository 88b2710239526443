"""The border of a picture is no part of the street: neither clusters nor eigenvectors live in it."""

import cv2
import numpy as np
import pytest
import torch

from thesis_lib.clustering import SpectralClustering
from thesis_lib.data.labels import BY_NAME
from thesis_lib.data.scenes import paint_scene
from thesis_lib.experiments.features import as_points, layer_features
from thesis_lib.models import build_backbone

SIZE = (512, 1024)
OUTERMOST = 3
"""Rows or columns of cells on each side of a picture."""


def outermost(maps: torch.Tensor, hood: torch.Tensor) -> torch.Tensor:
    """(k, h, w) -> (4, k), what lies at each side; the hood, which does fill the lowest rows, is no border."""
    rows, n = maps * ~hood, OUTERMOST
    sides = (maps[..., :n], maps[..., -n:], rows[:, :n], rows[:, -n:])
    return torch.stack([side.sum((-1, -2)) for side in sides])


@pytest.mark.parametrize("index", [1, 4, 9, 10])
def test_no_cluster_and_no_eigenvector_lives_in_the_border(index: int) -> None:
    """Frames of the demo's validation without a house's corner or a trunk at their sides, which is a thing of its own.

    Of eigenvectors the columns count: the sky's has its place in the highest rows.
    """
    frame = paint_scene(size=SIZE, seed=1, split="val", index=index)
    features = layer_features(build_backbone("efficientnet_lite0", "imagenet"), frame.image, SIZE)[3]
    size = tuple(features.shape[1:])
    clusters = SpectralClustering(20, solver="knn")(as_points(features))
    ego = (frame.labels == BY_NAME["ego vehicle"].id).astype(np.float32)
    hood = torch.from_numpy(cv2.resize(ego, size[::-1], interpolation=cv2.INTER_AREA) > 0.5)
    cells = torch.nn.functional.one_hot(clusters.labels, 20).T.reshape(20, *size).float()
    assert (outermost(cells, hood) / cells.sum((1, 2))).max() < 0.7
    mass = clusters.eigenvectors[:, :12].square().T.reshape(12, *size)
    left_and_right = outermost(mass, hood)[:2]
    assert left_and_right.max() <= 0.2
