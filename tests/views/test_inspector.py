"""The inspector, on a network of averages that runs in no time."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score
from torch import Tensor
from torch.nn.functional import avg_pool2d

from tests.data.frames import write_dataset
from thesis_lib.clustering import SpectralClustering
from thesis_lib.data import Cityscapes
from thesis_lib.experiments.features import as_points, layer_features
from thesis_lib.models.backbones import Backbone
from thesis_lib.views import ClusterInspector
from thesis_lib.views.inspector import MOST

SIZE = (64, 128)


class Averages(Backbone):
    """Mean colours at strides 4, 8, 8 and 8, and how often they were asked for."""

    channels = (3, 3, 3, 3)
    mean = std = (0.5, 0.5, 0.5)

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(1))
        self.calls = 0

    def forward(self, images: Tensor) -> list[Tensor]:
        self.calls += 1
        return [avg_pool2d(images * self.scale, stride) for stride in (4, 8, 8, 8)]


@pytest.fixture
def images() -> list[np.ndarray]:
    """Blocks of random colours, 8 x 16 of them."""
    random = np.random.default_rng(0)
    small = random.integers(0, 256, (2, 8, 16, 3), np.uint8)
    return [cv2.resize(one, SIZE[::-1], interpolation=cv2.INTER_NEAREST) for one in small]


@pytest.fixture
def inspect(images: list[np.ndarray]) -> Callable[..., ClusterInspector]:
    def make(size: tuple[int, int] = SIZE) -> ClusterInspector:
        return ClusterInspector(Averages(), images, size=size)

    return make


def shown(inspector: ClusterInspector) -> np.ndarray:
    """The picture, RGB."""
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(inspector.picture.value, np.uint8), 1), cv2.COLOR_BGR2RGB)


@pytest.mark.parametrize("k", [2, 7, MOST])
def test_k_clusters_are_shown(inspect: Callable[..., ClusterInspector], k: int) -> None:
    inspector = inspect()
    inspector.k.value = k
    assert len(np.unique(inspector.labels())) == k


def test_the_clusters_are_those_of_a_clustering_with_that_k(
    inspect: Callable[..., ClusterInspector], images: list[np.ndarray]
) -> None:
    inspector = inspect()
    inspector.k.value = 5
    points = as_points(layer_features(inspector.backbone, images[0], SIZE)[3])
    assert adjusted_rand_score(SpectralClustering(5)(points).labels, inspector.labels().ravel()) == 1


@pytest.mark.parametrize("layer", [1, 4])
def test_the_labels_lie_on_the_map_of_the_layer(inspect: Callable[..., ClusterInspector], layer: int) -> None:
    inspector = inspect()
    inspector.layer.value = layer
    assert inspector.labels().shape == {1: (16, 32), 4: (8, 16)}[layer]


@pytest.mark.parametrize(("control", "value"), [("frame", 1), ("layer", 1), ("k", 20), ("opacity", 0.2)])
def test_every_control_changes_the_picture(
    inspect: Callable[..., ClusterInspector], control: str, value: float
) -> None:
    inspector = inspect()
    before = inspector.picture.value
    getattr(inspector, control).value = value
    assert inspector.picture.value != before


def test_a_transparent_overlay_leaves_the_image(
    inspect: Callable[..., ClusterInspector], images: list[np.ndarray]
) -> None:
    inspector = inspect()
    inspector.opacity.value = 0
    assert np.array_equal(shown(inspector), images[0])


def test_an_opaque_overlay_shows_a_colour_for_each_cluster_and_the_lines(
    inspect: Callable[..., ClusterInspector],
) -> None:
    inspector = inspect()
    inspector.opacity.value, inspector.k.value = 1, 6
    assert len(np.unique(shown(inspector).reshape(-1, 3), axis=0)) == 6 + 1


def test_moving_k_runs_the_network_only_once(inspect: Callable[..., ClusterInspector]) -> None:
    inspector = inspect()
    for k in (3, 30, 12):
        inspector.k.value = k
    assert inspector.backbone.calls == 1


def test_the_panel_tells_how_many_pixels_and_clusters_there_are(inspect: Callable[..., ClusterInspector]) -> None:
    inspector = inspect()
    inspector.k.value = 9
    assert inspector.status.value.startswith("128 pixels in 9 clusters; eigenvalue 9 is 0.")


@pytest.mark.parametrize(("asked", "given"), [(1000, MOST), (-3, 2)])
def test_a_k_beyond_the_slider_stops_at_its_end(
    inspect: Callable[..., ClusterInspector], asked: int, given: int
) -> None:
    inspector = inspect()
    inspector.k.value = asked
    assert len(np.unique(inspector.labels())) == inspector.k.value == given


def test_more_clusters_than_pixels_are_told_with_the_way_out(inspect: Callable[..., ClusterInspector]) -> None:
    inspector = inspect(size=(32, 64))
    inspector.k.value = 33
    message = "33 clusters cannot be made of the 32 pixels of layer 4: choose k of at most 32"
    assert inspector.status.value.startswith(message)
    with pytest.raises(ValueError, match=message):
        inspector.labels()


def test_more_clusters_than_pixels_leave_the_plain_image(inspect: Callable[..., ClusterInspector]) -> None:
    inspector = inspect(size=(32, 64))
    inspector.k.value = 33
    assert np.array_equal(shown(inspector), inspector.image(0))


def test_a_k_that_fits_again_shows_clusters_again(inspect: Callable[..., ClusterInspector]) -> None:
    inspector = inspect(size=(32, 64))
    before = inspector.picture.value
    for k in (33, 10):
        inspector.k.value = k
    assert inspector.picture.value == before


def test_a_data_set_is_inspected_as_its_images_are(tmp_path: Path) -> None:
    frames = Cityscapes(write_dataset(tmp_path, train=1, val=2), "val")
    inspector = ClusterInspector(Averages(), frames, size=(48, 96))
    assert np.array_equal(inspector.image(1), frames.read(1)[0].permute(1, 2, 0).numpy())
    assert inspector.frame.max == 1
