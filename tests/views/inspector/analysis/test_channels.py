"""Channels are the same points in the inspector as in ClusterNet's layer: close when they are correlated."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score
from torch import Tensor

from tests.views.inspector.samples import VIEW
from thesis_lib.models import ClusterLayer
from thesis_lib.models.cluster_layer import standardized_channels
from thesis_lib.views.inspector.analysis.analysis import Analysis

pytestmark = pytest.mark.filterwarnings("ignore:the graph of 10 nearest neighbours falls into")
PATTERNS, CHANNELS = 4, 32
CHANNELS_VIEW = VIEW.model_copy(update={"axis": "channels"})


def patterned(pictures: int, seed: int = 0, *, alike: Sequence[tuple[int, int, int]] = ()) -> tuple[Tensor, np.ndarray]:
    """Maps (N, 32, 8, 12) of four patterns, each channel with its own gain and offset, and the pattern of each.

    Of `alike`, each is a picture, and two patterns that are one in it.
    """
    generator = torch.Generator().manual_seed(seed)
    truth = torch.arange(CHANNELS) % PATTERNS
    patterns = torch.randn(pictures, PATTERNS, 8, 12, generator=generator)
    for picture, one, other in alike:
        patterns[picture, other] = patterns[picture, one]
    gains = torch.logspace(-2, 2, CHANNELS)[torch.randperm(CHANNELS, generator=generator)]
    offsets = 20 * torch.randn(CHANNELS, generator=generator)
    noise = 0.1 * torch.randn(pictures, CHANNELS, 8, 12, generator=generator)
    return gains[:, None, None] * (patterns[:, truth] + noise) + offsets[:, None, None], truth.numpy()


def in_the_layer(maps: Tensor, k: int = PATTERNS) -> np.ndarray:
    layer = ClusterLayer(k, axis="channels")
    layer.calibrate(maps)
    return layer.partition.numpy()


def in_the_inspector(pictures: list[Tensor], k: int = PATTERNS) -> np.ndarray:
    view = CHANNELS_VIEW.model_copy(update={"anchor": k, "joint": "image/1" if len(pictures) > 1 else ""})
    return Analysis(pictures, view).labels(k)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("pictures", [1, 2])
def test_patterns_are_found_whatever_their_gains_and_offsets(pictures: int, seed: int) -> None:
    maps, truth = patterned(pictures, seed)
    assert adjusted_rand_score(truth, in_the_layer(maps)) == 1.0
    assert adjusted_rand_score(truth, in_the_inspector(list(maps))) == 1.0


def test_patterns_of_pictures_of_two_sizes_are_found() -> None:
    maps, truth = patterned(2)
    assert adjusted_rand_score(truth, in_the_inspector([maps[0], maps[1, :, :6, :9]])) == 1.0


def test_two_pictures_say_together_what_neither_says_alone() -> None:
    """Patterns 0 and 1 differ in the second picture only, 2 and 3 in the first."""
    maps, truth = patterned(2, alike=[(0, 0, 1), (1, 2, 3)])
    assert adjusted_rand_score(truth, in_the_inspector(list(maps))) == 1.0
    assert adjusted_rand_score(truth, in_the_layer(maps)) == 1.0
    assert all(adjusted_rand_score(truth, in_the_inspector([one])) < 0.9 for one in maps)


@pytest.mark.parametrize("k", [2, 4, 7])
def test_layer_and_inspector_agree_where_nothing_is_planted(k: int) -> None:
    maps = torch.rand(1, 40, 6, 6, generator=torch.Generator().manual_seed(k)).cumsum(1)
    assert adjusted_rand_score(in_the_layer(maps, k), in_the_inspector([maps[0]], k)) == 1.0


def test_what_is_shown_is_the_map_as_it_is() -> None:
    maps, _ = patterned(1)
    assert np.array_equal(Analysis([maps[0]], CHANNELS_VIEW).channels[0], maps[0].numpy())


def test_a_standardised_channel_has_mean_zero_and_length_one() -> None:
    found = standardized_channels(patterned(2)[0].transpose(0, 1).flatten(1))
    assert found.dtype == torch.float32
    assert found.mean(1).abs().max() < 1e-6
    assert torch.allclose(found.norm(dim=1), torch.ones(CHANNELS), atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("value", [0.0, 0.1, -3.7, 3e4])
def test_a_constant_channel_becomes_zero(value: float, dtype: torch.dtype) -> None:
    maps = torch.stack([torch.full((1000,), value), torch.arange(1000.0)]).to(dtype)
    assert standardized_channels(maps)[0].abs().max() < 1e-3


def test_channels_far_from_zero_are_centred_before_they_are_cast() -> None:
    maps = patterned(1)[0][0].flatten(1).double()
    assert torch.allclose(standardized_channels(maps + 1e7), standardized_channels(maps), atol=1e-4)
