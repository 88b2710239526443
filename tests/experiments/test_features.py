import numpy as np
import torch
from sklearn.decomposition import PCA

from thesis_lib.experiments.features import as_points, principal_maps


def test_principal_maps_are_the_components_that_scikit_learn_finds() -> None:
    features = (
        torch.randn(24, 6, 10, generator=torch.Generator().manual_seed(0)) * torch.linspace(3, 1, 24)[:, None, None]
    )
    maps = principal_maps(features, 3).reshape(3, -1)
    expected = PCA(3, svd_solver="full").fit_transform(as_points(features).double().numpy()).T
    signs = np.sign((maps * expected).sum(1, keepdims=True))
    np.testing.assert_allclose(maps * signs, expected, atol=1e-9)
