"""What the published PSPNets do not agree on: how the ResNet begins, how it is dilated, how maps are enlarged.

Weights trained under one are loaded without complaint by the graph of another wherever the shapes agree, and are
worth less there; a forward pass beside the original tells them apart, and the tests make it.
"""

from dataclasses import dataclass
from typing import Any, Literal

from torch import nn

SemanticsName = Literal["torchvision", "semseg", "mmseg"]


@dataclass(frozen=True)
class Semantics:
    """One of them. Beyond their first blocks, layers 3 and 4 are dilated by 2 and 4 in all."""

    stem: tuple[int, int, int] | None
    """Widths of three 3x3 convolutions; None for torchvision's single 7x7."""
    first: tuple[int, int]
    """Dilations of the first block of layers 3 and 4."""
    dilate_second: bool
    """Whether the second 3x3 convolution of ResNet-18's blocks is dilated as the first is."""
    align_corners: bool
    """The default for enlarging maps."""


SEMANTICS: dict[str, Semantics] = {
    "torchvision": Semantics(stem=None, first=(1, 2), dilate_second=True, align_corners=True),
    "semseg": Semantics(stem=(64, 64, 128), first=(2, 4), dilate_second=True, align_corners=True),
    "mmseg": Semantics(stem=(32, 32, 64), first=(1, 2), dilate_second=False, align_corners=False),
}
"""torchvision: a ResNet with torchvision's ImageNet weights, by its own replace_stride_with_dilation, read as semseg
reads it. semseg: hszhao/semseg, model/pspnet.py and model/resnet.py. mmseg: mmsegmentation 1.2.2, ResNetV1c of
mmseg/models/backbones/resnet.py with the `pspnet_r50-d8` settings; its 769x769 configurations align corners."""


def semantics_of(name: str) -> Semantics:
    """By name.

    Raises:
        ValueError: an unknown name.
    """
    if name not in SEMANTICS:
        raise ValueError(f"semantics must be one of {', '.join(SEMANTICS)}, not {name!r}")
    return SEMANTICS[name]


def deepen_stem(net: Any, widths: tuple[int, int, int]) -> nn.Sequential:
    """Three 3x3 convolutions, each with batch norm and ReLU, and the pooling, for torchvision's ResNet `net`.

    Its layer 1 is made to read them: its first block gets new convolutions where the width is another.
    """
    parts: list[nn.Module] = []
    for index, (before, width) in enumerate(zip((3, *widths), widths, strict=False)):
        convolution = nn.Conv2d(before, width, 3, stride=1 if index else 2, padding=1, bias=False)
        nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
        parts += [convolution, nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
    block, old = net.layer1[0], net.conv1.out_channels
    if widths[-1] != old:
        if block.downsample is None:
            raise ValueError(f"a ResNet of basic blocks cannot follow a stem of {widths[-1]} channels: take resnet50")
        block.conv1 = _widened(block.conv1, widths[-1])
        block.downsample[0] = _widened(block.downsample[0], widths[-1])
    return nn.Sequential(*parts, net.maxpool)


def _widened(convolution: nn.Conv2d, channels: int) -> nn.Conv2d:
    new = nn.Conv2d(channels, convolution.out_channels, kernel_size=1, bias=False)  # layer 1 has no stride
    nn.init.kaiming_normal_(new.weight, mode="fan_out", nonlinearity="relu")
    return new


def dilate(layer: nn.Module, *, first: int, rest: int, dilate_second: bool) -> None:
    """Take the stride out of a ResNet layer and dilate its 3x3 convolutions instead.

    Args:
        layer: a sequence of BasicBlocks or Bottlenecks.
        first, rest: dilation of the first block and of the others.
        dilate_second: also of a BasicBlock's second 3x3 convolution.
    """
    for index, block in enumerate(layer.children()):
        threes = [m for m in block.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3)]
        for module in block.modules():
            if isinstance(module, nn.Conv2d):
                module.stride = (1, 1)
        for convolution in threes if dilate_second else threes[:1]:
            dilation = rest if index else first
            convolution.dilation = convolution.padding = (dilation, dilation)
