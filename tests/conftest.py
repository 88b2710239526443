"""What tests of several rooms share."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_sample_image

from thesis_lib.exploration.features import as_points, layer_features
from thesis_lib.models import build_backbone

# tiny tensors: a second thread gains nothing, and on a busy machine waiting for it costs twentyfold
torch.set_num_threads(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole runs first: they take longest, and the cores then end at about the same time."""
    items.sort(key=lambda item: "pipeline" not in item.path.parts)


@pytest.fixture(scope="session")
def photo_points() -> dict[int, torch.Tensor]:
    """Layer-4 features of a photograph by an ImageNet network: (n, 112) for n = 512 and 2048 pixels."""
    backbone, image = build_backbone("efficientnet_lite0", "imagenet"), load_sample_image("china.jpg")
    return {
        n: as_points(layer_features(backbone, image, size)[3]) for n, size in ((512, (128, 256)), (2048, (256, 512)))
    }


def planted(n: int) -> torch.Tensor:
    """40 overlapping clusters of n points in 2048 dimensions, after a ReLU."""
    generator = torch.Generator().manual_seed(0)
    centres = torch.randn(40, 2048, generator=generator)
    return (centres[torch.arange(n) % 40] + 1.5 * torch.randn(n, 2048, generator=generator)).relu()


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)
