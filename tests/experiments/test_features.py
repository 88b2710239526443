import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from thesis_lib.experiments.features import as_points, layer_features, principal_maps
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
