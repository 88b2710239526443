import numpy as np
import pytest
import torch
from sklearn.datasets import load_sample_image
from sklearn.decomposition import PCA

from thesis_lib.exploration.features import (
    as_points,
    layer_features,
    layers_by_shift,
    mirrored_places,
    principal_maps,
    resize_image,
)
from thesis_lib.models import build_backbone


def test_principal_maps_are_the_components_that_scikit_learn_finds() -> None:
    features = (
        torch.randn(24, 6, 10, generator=torch.Generator().manual_seed(0)) * torch.linspace(3, 1, 24)[:, None, None]
    )
    maps = principal_maps(features, 3).reshape(3, -1)
    expected = PCA(3, svd_solver="full").fit_transform(as_points(features).double().numpy()).T
    signs = np.sign((maps * expected).sum(1, keepdims=True))
    np.testing.assert_allclose(maps * signs, expected, atol=1e-9)


@pytest.mark.parametrize("size", [(64, 96), (100, 57)])
def test_the_border_of_an_image_is_no_feature(size: tuple[int, int]) -> None:
    """A grey image looks the same everywhere, at every layer."""
    maps = layer_features(build_backbone("efficientnet_lite0", "imagenet"), np.full((90, 90, 3), 120, np.uint8), size)
    for map_, stride in zip(maps, (4, 8, 8, 8), strict=True):
        assert map_.shape[1:] == (-(-size[0] // stride), -(-size[1] // stride))
    middle = maps[0][:, 5:-5, 5:-5]
    torch.testing.assert_close(maps[0], middle[:, :1, :1].expand_as(maps[0]), atol=1e-4, rtol=0)


@pytest.mark.parametrize("size", [(192, 208), (168, 201), (161, 190)])
@pytest.mark.parametrize(
    ("name", "weights", "semantics"),
    [
        ("efficientnet_lite0", "imagenet", "torchvision"),
        ("resnet18", None, "torchvision"),
        ("resnet18", None, "mmseg"),
    ],
)
def test_cells_look_where_they_are_drawn(name: str, weights: str | None, semantics: str, size: tuple[int, int]) -> None:
    """A map is drawn over its image, stretched to its size: there a change of the image must be seen as well."""
    torch.manual_seed(0)
    backbone, random = build_backbone(name, weights, semantics), np.random.default_rng(0)
    photograph = resize_image(load_sample_image("china.jpg"), (size[0] + 64, size[1] + 128))
    off = []
    for _ in range(6):
        y, x = random.integers(0, 65), random.integers(0, 129)
        image = photograph[y : y + size[0], x : x + size[1]]
        place = np.array([random.integers(length // 2 - 12, length // 2 + 12) for length in size])
        changed, patch = image.copy(), tuple(slice(at - 4, at + 4) for at in place)
        changed[patch] = random.integers(0, 256, (8, 8, 3))
        before, after = (layer_features(backbone, seen, size) for seen in (image, changed))
        seen = [seen_change(old, new, size) for old, new in zip(before, after, strict=True)]
        off.append(np.array(seen) - (place - 0.5))
    assert (np.abs(np.mean(off, 0)) < 3).all(), np.mean(off, 0)


def seen_change(before: torch.Tensor, after: torch.Tensor, size: tuple[int, int]) -> list[float]:
    """Where, in pixels, the middle of the changed cells is drawn."""
    change = (after - before).double().square().sum(0)
    places = []
    for axis, length in enumerate(size):
        cells = change.shape[axis]
        middles = (torch.arange(cells) + 0.5) * length / cells - 0.5
        places.append(float((change.sum(1 - axis) * middles).sum() / change.sum()))
    return places


@pytest.mark.parametrize("layers", [(1,), (4,), (3, 1), (2, 3, 4)])
@pytest.mark.parametrize("size", [(64, 96), (100, 57)])
def test_single_layers_are_the_same_as_among_all(layers: tuple[int, ...], size: tuple[int, int]) -> None:
    backbone, image = build_backbone("efficientnet_lite0", "imagenet"), load_sample_image("china.jpg")
    every = layer_features(backbone, image, size)
    for layer, map_ in zip(layers, layer_features(backbone, image, size, layers=layers), strict=True):
        torch.testing.assert_close(map_, every[layer - 1])


def test_layers_that_look_alike_share_a_pass() -> None:
    looks = [(0.5, 1.35), (-0.3, 0.4), (-1.5, -0.9), (-1.9, -1.2)]
    assert layers_by_shift(looks) == {(-2, -1): [4, 3], (0, 0): [2], (0, 1): [1]}
    assert layers_by_shift([(-1.5, -1.5), *[(-3.5, -3.5)] * 3]) == {(-4, -4): [4, 3, 2], (-2, -2): [1]}


@pytest.mark.parametrize("side", [1, 3, 8, 300])
def test_a_row_goes_on_mirrored(side: int) -> None:
    """Also where the margin is longer than the row."""
    padded = np.pad(np.arange(side), (70, 150), mode="symmetric")
    places = mirrored_places(side, 70).numpy()
    assert len(places) % 8 == 0
    assert len(places) >= 70 + side + 50
    assert np.array_equal(places, padded[: len(places)])
