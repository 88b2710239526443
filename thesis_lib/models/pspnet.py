"""PSPNet: Zhao, Shi, Qi, Wang, Jia, "Pyramid Scene Parsing Network", CVPR 2017.

Where the paper is silent (batch norm, dropout, widths), hszhao/semseg's model/pspnet.py, by its first author, decides.
Where the published implementations do what it says differently, `semantics` names one of them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from thesis_lib.models.backbones import build_backbone
from thesis_lib.models.semantics import SemanticsName, semantics_of

BINS = (1, 2, 3, 6)
LEAST_WIDTH = 64
"""Of pooled branches and heads: a quarter of the channels, as in the paper, starves networks smaller than its own."""


class RegionAverages(nn.AdaptiveAvgPool2d):
    """The same; by matrices where deterministic algorithms were asked for: on CUDA its own gradient is none."""

    output_size: int

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C, bins, bins)."""
        if torch.are_deterministic_algorithms_enabled() and features.is_cuda:
            return average_regions(features, self.output_size)
        return super().forward(features)


def average_regions(features: Tensor, bins: int) -> Tensor:
    """AdaptiveAvgPool2d by two matrices of averages: (B, C, h, w) -> (B, C, bins, bins)."""
    rows, columns = (_averages(length, bins).to(features) for length in features.shape[-2:])
    return rows @ features @ columns.mT


def _averages(length: int, bins: int) -> Tensor:
    """(bins, length): row i averages from floor(i length / bins) to ceil((i + 1) length / bins)."""
    number, place = torch.arange(bins)[:, None], torch.arange(length)
    inside = (place >= number * length // bins) & (place < -(-(number + 1) * length // bins))
    return inside.float() / inside.sum(1, keepdim=True)


class PyramidPooling(nn.Module):
    """Averages of the map over 1, 4, 9 and 36 regions, each read by a 1x1 convolution, beside the map itself.

    Paper, section 3.2 and figure 3. (B, C, h, w) -> (B, C + 4 reduced, h, w).
    """

    def __init__(self, channels: int, reduced: int, *, align_corners: bool) -> None:
        super().__init__()
        self.align_corners = align_corners
        self.branches = nn.ModuleList(
            nn.Sequential(RegionAverages(bins), *conv_bn_relu(channels, reduced, kernel=1)) for bins in BINS
        )
        self.out_channels = channels + reduced * len(BINS)

    def forward(self, features: Tensor) -> Tensor:
        """Concatenate the map and its four pooled versions, enlarged to its size."""
        size = features.shape[-2:]
        pooled = (branch(features) for branch in self.branches)
        resized = [interpolate(map_, size, mode="bilinear", align_corners=self.align_corners) for map_ in pooled]
        return torch.cat([features, *resized], dim=1)


class PSPNet(nn.Module):
    """Backbone at stride 8, pyramid pooling, a 3x3 and a 1x1 convolution; beside it the auxiliary head on layer 3.

    Args:
        num_classes: channels of the logits.
        backbone: a name that `build_backbone` knows.
        weights: of the backbone: None, "imagenet", an enum's name or a file.
        semantics: whose ResNet and enlargement: "torchvision", "semseg" or "mmseg", see `SEMANTICS`.
        align_corners: of every bilinear enlargement; None for the default of the semantics.
        refine: a module between layer 4 and the pyramid, with `out_channels(channels)`; none in the paper.

    Attributes:
        config: the arguments that build this architecture again, plain values.
    """

    def __init__(
        self,
        num_classes: int = 19,
        backbone: str = "resnet50",
        weights: str | Path | None = None,
        *,
        semantics: SemanticsName = "torchvision",
        align_corners: bool | None = None,
        refine: Any = None,
    ) -> None:
        super().__init__()
        if align_corners is None:
            align_corners = semantics_of(semantics).align_corners
        self.config: dict[str, Any] = {"num_classes": num_classes, "backbone": backbone, "semantics": semantics}
        self.config |= {"align_corners": align_corners}
        self.align_corners = align_corners
        self.backbone = build_backbone(backbone, weights, semantics)
        channels = self.backbone.channels
        self.refine = nn.Identity() if refine is None else refine
        refined = channels[3] if refine is None else refine.out_channels(channels[3])
        width = max(channels[3] // len(BINS), LEAST_WIDTH)
        self.pyramid = PyramidPooling(refined, width, align_corners=align_corners)
        self.head = segmentation_head(self.pyramid.out_channels, width, num_classes)
        self.aux = segmentation_head(channels[2], max(channels[2] // 4, LEAST_WIDTH), num_classes)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Logits of images (B, 3, H, W), normalised by the backbone's mean and std.

        Returns:
            "out" and "aux" (layer 3, for training), each (B, num_classes, H, W).
        """
        features = self.backbone(images)
        size = images.shape[-2:]
        return {"out": self._enlarge(self.decode(features[3]), size), "aux": self._enlarge(self.aux(features[2]), size)}

    def logits(self, images: Tensor) -> Tensor:
        """The main logits alone, (B, num_classes, H, W): what prediction needs."""
        return self._enlarge(self.decode(self.backbone(images)[3]), images.shape[-2:])

    def decode(self, features: Tensor) -> Tensor:
        """Features of layer 4 (B, C, h, w) -> logits (B, num_classes, h, w)."""
        return self.head(self.pyramid(self.refine(features)))

    def new_modules(self) -> list[nn.Module]:
        """What no pretraining covers, and semseg trains at ten times the rate: all but the backbone."""
        return [self.refine, self.pyramid, self.head, self.aux]

    def _enlarge(self, logits: Tensor, size: torch.Size) -> Tensor:
        return interpolate(logits, size, mode="bilinear", align_corners=self.align_corners)


@contextmanager
def held_in_eval(model: nn.Module) -> Iterator[None]:
    """A network in eval mode, and each of its modules afterwards as it was."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training


def conv_bn_relu(channels: int, width: int, *, kernel: int) -> tuple[nn.Module, ...]:
    """Convolution without bias, batch norm, ReLU; the size stays."""
    convolution = nn.Conv2d(channels, width, kernel, padding=kernel // 2, bias=False)
    return convolution, nn.BatchNorm2d(width), nn.ReLU(inplace=True)


def segmentation_head(channels: int, width: int, num_classes: int) -> nn.Sequential:
    """3x3 convolution to `width`, batch norm, ReLU, dropout 0.1, 1x1 convolution to logits."""
    return nn.Sequential(
        *conv_bn_relu(channels, width, kernel=3), nn.Dropout2d(0.1), nn.Conv2d(width, num_classes, kernel_size=1)
    )
