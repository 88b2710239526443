"""Differences between published PSPNets: the ResNet's stem, its dilations, and the enlargement of maps.

Weights trained with one semantics load without an error into another wherever the shapes agree, but score worse there.
The tests therefore compare forward passes with the original implementations.
"""

from dataclasses import dataclass
from typing import Any, Literal

from torch import nn

SemanticsName = Literal["torchvision", "semseg", "mmseg"]


@dataclass(frozen=True)
class Semantics:
    """Stem, dilations and enlargement of one published PSPNet.

    From their second block on, layers 3 and 4 are dilated by 2 and 4 in all of them.
    """

    stem: tuple[int, int, int] | None
    """Widths of three 3x3 convolutions; None for torchvision's single 7x7."""
    first: tuple[int, int]
    """Dilations of the first blocks of layers 3 and 4."""
    dilate_second: bool
    """Whether the second 3x3 convolution of ResNet-18's blocks is dilated as the first is."""
    align_corners: bool
    """Default of the bilinear enlargement of maps."""


SEMANTICS: dict[str, Semantics] = {
    "torchvision": Semantics(stem=None, first=(1, 2), dilate_second=True, align_corners=True),
    "semseg": Semantics(stem=(64, 64, 128), first=(2, 4), dilate_second=True, align_corners=True),
    "mmseg": Semantics(stem=(32, 32, 64), first=(1, 2), dilate_second=False, align_corners=False),
}
"""torchvision: a ResNet with torchvision's ImageNet weights, by its own replace_stride_with_dilation, read as semseg
reads it. semseg: hszhao/semseg, model/pspnet.py and model/resnet.py. mmseg: mmsegmentation 1.2.2, ResNetV1c of
mmseg/models/backbones/resnet.py with the `pspnet_r50-d8` settings; its 769x769 configurations align corners."""


def semantics_of(name: str) -> Semantics:
    """Look up one of the `SEMANTICS` by its name.

    Raises:
        ValueError: an unknown name.
    """
    if name not in SEMANTICS:
        raise ValueError(f"semantics must be one of {', '.join(SEMANTICS)}, not {name!r}")
    return SEMANTICS[name]


def deepen_stem(net: Any, widths: tuple[int, int, int]) -> nn.Sequential:
    """Build a stem of three 3x3 convolutions, each with batch norm and ReLU, followed by a ResNet's max pooling.

    Where the stem's last width differs from torchvision's 64, the first block of layer 1 gets new 1x1 convolutions.

    Args:
        net: torchvision's ResNet; its layer 1 may be changed in place.
        widths: channels of the three convolutions.

    Raises:
        ValueError: a ResNet of basic blocks, with another last width than its own.
    """
    parts: list[nn.Module] = []
    for index, (before, width) in enumerate(zip((3, *widths), widths, strict=False)):
        convolution = nn.Conv2d(before, width, 3, stride=1 if index else 2, padding=1, bias=False)
        nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
        parts += [convolution, nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
    block, old = net.layer1[0], net.conv1.out_channels
    if widths[-1] != old:
        if block.downsample is None:
            raise ValueError(
                f"a ResNet of basic blocks needs a stem of {old} channels, not {widths[-1]}: take resnet50"
            )
        block.conv1 = _widened(block.conv1, widths[-1])
        block.downsample[0] = _widened(block.downsample[0], widths[-1])
    return nn.Sequential(*parts, net.maxpool)


def _widened(convolution: nn.Conv2d, channels: int) -> nn.Conv2d:
    new = nn.Conv2d(channels, convolution.out_channels, kernel_size=1, bias=False)  # layer 1 has no stride
    nn.init.kaiming_normal_(new.weight, mode="fan_out", nonlinearity="relu")
    return new


def dilate(layer: nn.Module, *, first: int, rest: int, dilate_second: bool) -> None:
    """Remove the stride of a ResNet layer and dilate its 3x3 convolutions instead, in place.

    Args:
        layer: a sequence of BasicBlocks or Bottlenecks.
        first, rest: dilation of the first block and of the others.
        dilate_second: whether a BasicBlock's second 3x3 convolution is dilated too.
    """
    for index, block in enumerate(layer.children()):
        threes = [m for m in block.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3)]
        for module in block.modules():
            if isinstance(module, nn.Conv2d):
                module.stride = (1, 1)
        for convolution in threes if dilate_second else threes[:1]:
            dilation = rest if index else first
            convolution.dilation = convolution.padding = (dilation, dilation)
