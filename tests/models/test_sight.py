import numpy as np
import pytest
import torch
from torch import nn

from tests.models.gradients import crops, measured_looks
from thesis_lib.models import build_backbone

RESNETS = [("resnet18", "torchvision"), ("resnet50", "torchvision"), ("resnet50", "semseg"), ("resnet18", "mmseg")]


@pytest.mark.parametrize("size", [(264, 264), (257, 260)])
def test_efficientnets_cells_look_where_gradients_say(size: tuple[int, int]) -> None:
    """To half a pixel; less in the deep layers: in layer 4 one picture differs from another by two pixels.

    Over 480 crops, 40 batches instead of 2, layers 1 to 3 are at most 0.32 pixels off, layer 4 is 0.66 off with a
    standard error of 0.16.
    """
    backbone = build_backbone("efficientnet_lite0", "imagenet")
    off = np.abs(measured_looks(backbone, crops(size, 2, backbone)) - backbone.looks_at(size))
    assert (off.max(1) < (0.5, 0.5, 0.75, 2.0)).all(), off


@pytest.mark.parametrize("size", [(200, 200), (193, 196)])
@pytest.mark.parametrize(("name", "semantics"), RESNETS)
def test_resnets_cells_look_where_gradients_say(name: str, semantics: str, size: tuple[int, int]) -> None:
    """To half a pixel; weights all alike and averages for maxima: by chance those of one cell lie pixels off."""
    backbone = build_backbone(name, semantics=semantics)
    for module in backbone.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.constant_(module.weight, 1 / module.weight[0].numel())
    pool = backbone.layer0[-1]
    backbone.layer0[-1] = nn.AvgPool2d(pool.kernel_size, pool.stride, pool.padding)
    positive = 1 + torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))
    off = np.abs(measured_looks(backbone, [positive]) - backbone.looks_at(size))
    assert (off < 0.5).all(), off


@pytest.mark.parametrize(("name", "semantics"), RESNETS)
def test_random_resnets_look_at_the_first_pixel_of_a_square(name: str, semantics: str) -> None:
    """Padded alike on all sides, kernels are centred on the pixels that strides keep: 1.5 and 3.5 off the middle."""
    torch.manual_seed(0)
    looks = np.array(build_backbone(name, semantics=semantics).looks_at((64, 65)))
    np.testing.assert_allclose(looks, np.array([[-1.5], [-3.5], [-3.5], [-3.5]]).repeat(2, 1), atol=0.5)


def test_only_the_rest_of_a_division_by_8_matters() -> None:
    backbone = build_backbone("efficientnet_lite0")
    assert backbone.looks_at((64, 65)) == backbone.looks_at((512, 713))
    assert backbone.looks_at((64, 65)) != backbone.looks_at((65, 64))


def test_the_network_is_left_as_it_was() -> None:
    backbone = build_backbone("efficientnet_lite0").train()
    before = {key: value.clone() for key, value in backbone.state_dict().items()}
    backbone.looks_at((64, 64))
    assert backbone.training
    assert all(torch.equal(value, before[key]) for key, value in backbone.state_dict().items())
