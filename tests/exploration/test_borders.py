"""The border of a picture is no part of the street: neither clusters nor eigenvectors live in it."""

import pytest
import torch

from thesis_lib.clustering import SpectralClustering
from thesis_lib.data.scenes import paint_scene
from thesis_lib.exploration.features import as_points, layer_features
from thesis_lib.models import build_backbone

SIZE = (512, 1024)
OUTERMOST = 3
"""Rows or columns of cells on each side of a picture."""
THINGS_AT_THE_SIDE = {4: "a pole in front of a blank wall", 6: "the end of a wall beside a window"}
"""What the outermost columns of a frame show is an eigenvector of its own there, as it would be further inside."""


def outermost(maps: torch.Tensor) -> torch.Tensor:
    """(k, h, w) -> (4, k), the share that lies in the outermost columns and rows: left, right, above, below."""
    n = OUTERMOST
    sides = (maps[..., :n], maps[..., -n:], maps[:, :n], maps[:, -n:])
    return torch.stack([side.sum((-1, -2)) for side in sides]) / maps.sum((-1, -2))


@pytest.mark.parametrize("index", range(16))
def test_no_cluster_and_no_eigenvector_lives_in_the_border(index: int) -> None:
    """The demo's validation frames. Of eigenvectors the columns count: sky and hood have their places in the rows."""
    image = paint_scene(size=SIZE, seed=1, split="val", index=index).image
    features = layer_features(build_backbone("efficientnet_lite0", "imagenet"), image, SIZE, layers=[4])[0]
    clusters = SpectralClustering(20)(as_points(features))
    cells = torch.nn.functional.one_hot(clusters.labels, 20).T.reshape(20, *features.shape[1:]).float()
    assert outermost(cells).max() < 0.7
    mass = clusters.eigenvectors[:, :12].square().T.reshape(12, *features.shape[1:])
    assert outermost(mass)[:2].max() <= 0.2 or index in THINGS_AT_THE_SIDE


def test_the_hood_has_no_line_along_the_border() -> None:
    image = paint_scene(size=SIZE, seed=1, split="val", index=0).image.astype(float)
    rows = image[-4:, 100:-100].mean((1, 2))
    assert abs(rows[-1] - rows[-2]) < 0.7  # grey levels; it was 3, by a soft edge that let the street through
