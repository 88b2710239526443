"""PSPNet: Zhao, Shi, Qi, Wang, Jia, "Pyramid Scene Parsing Network", CVPR 2017.

Details that the paper leaves open (batch norm, dropout, widths) follow hszhao/semseg's model/pspnet.py, by the paper's
first author. Where published implementations differ, the argument `semantics` chooses between them.
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
"""Minimum width of pooled branches and heads: the paper's quarter of the channels is too few in small backbones."""


class RegionAverages(nn.AdaptiveAvgPool2d):
    """Adaptive average pooling with a deterministic CUDA backward, as two matrix products.

    Without torch.use_deterministic_algorithms, and on the CPU, it is torch's own.
    """

    output_size: int

    def forward(self, features: Tensor) -> Tensor:
        """Pool features (B, C, h, w) to (B, C, bins, bins)."""
        if torch.are_deterministic_algorithms_enabled() and features.is_cuda:
            return average_regions(features, self.output_size)
        return super().forward(features)


def average_regions(features: Tensor, bins: int) -> Tensor:
    """AdaptiveAvgPool2d as two matrix products: (B, C, h, w) -> (B, C, bins, bins)."""
    rows, columns = (_averages(length, bins).to(features) for length in features.shape[-2:])  # (bins, h), (bins, w)
    return rows @ features @ columns.mT


def _averages(length: int, bins: int) -> Tensor:
    """Matrix (bins, length) whose row i averages from floor(i length / bins) to ceil((i + 1) length / bins) - 1."""
    number, place = torch.arange(bins)[:, None], torch.arange(length)
    inside = (place >= number * length // bins) & (place < -(-(number + 1) * length // bins))
    return inside.float() / inside.sum(1, keepdim=True)


class PyramidPooling(nn.Module):
    """Pyramid pooling module of Zhao et al. (2017), section 3.2 and figure 3: (B, C, h, w) -> (B, C + 4 reduced, h, w).

    The map is averaged over 1, 4, 9 and 36 regions; each result passes a 1x1 convolution and is enlarged again.

    Args:
        channels: C.
        reduced: channels of each pooled branch.
        align_corners: of the bilinear enlargement.
    """

    def __init__(self, channels: int, reduced: int, *, align_corners: bool) -> None:
        super().__init__()
        self.align_corners = align_corners
        self.branches = nn.ModuleList(
            nn.Sequential(RegionAverages(bins), *conv_bn_relu(channels, reduced, kernel=1)) for bins in BINS
        )
        self.out_channels = channels + reduced * len(BINS)

    def forward(self, features: Tensor) -> Tensor:
        """Concatenate features (B, C, h, w) and their four pooled versions: (B, C + 4 reduced, h, w)."""
        size = features.shape[-2:]
        pooled = (branch(features) for branch in self.branches)
        resized = [interpolate(map_, size, mode="bilinear", align_corners=self.align_corners) for map_ in pooled]
        return torch.cat([features, *resized], dim=1)


class PSPNet(nn.Module):
    """PSPNet of Zhao et al. (2017): dilated backbone, pyramid pooling and head, with an auxiliary head on layer 3.

    Args:
        num_classes: channels of the logits.
        backbone: resnet18, resnet50, resnet101 or efficientnet_lite0, see `build_backbone`.
        weights: of the backbone: None, "imagenet", an enum's name or a file, see `build_backbone`.
        semantics: implementation whose ResNet and enlargement are used: "torchvision", "semseg" or "mmseg", see
            `SEMANTICS`.
        align_corners: of every bilinear enlargement; None for the default of the semantics.
        refine: a module between layer 4 and the pyramid, with a method `out_channels(channels)`; none in the paper.

    Attributes:
        config: the arguments that rebuild this architecture, as plain values.

    Raises:
        ValueError: an unknown backbone or semantics.
        WeightsError: weights that cannot be had, or do not fit.
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
        """Compute the logits of images (B, 3, H, W), normalised by the backbone's mean and std.

        Returns:
            "out" and "aux" (layer 3, for training), each (B, num_classes, H, W).
        """
        features = self.backbone(images)
        size = images.shape[-2:]
        return {"out": self.enlarge(self.decode(features[3]), size), "aux": self.enlarge(self.aux(features[2]), size)}

    def logits(self, images: Tensor) -> Tensor:
        """Compute the main logits (B, num_classes, H, W), without the auxiliary head, for prediction."""
        return self.enlarge(self.decode(self.backbone(images)[3]), images.shape[-2:])

    def decode(self, features: Tensor) -> Tensor:
        """Turn features of layer 4 (B, C, h, w) into logits (B, num_classes, h, w)."""
        return self.head(self.pyramid(self.refine(features)))

    def new_modules(self) -> list[nn.Module]:
        """Modules without pretrained weights, all but the backbone; semseg trains them at ten times its rate."""
        return [self.refine, self.pyramid, self.head, self.aux]

    def enlarge(self, logits: Tensor, size: torch.Size) -> Tensor:
        """Enlarge logits (B, num_classes, h, w) bilinearly to (B, num_classes, *size)."""
        return interpolate(logits, size, mode="bilinear", align_corners=self.align_corners)


@contextmanager
def held_in_eval(model: nn.Module) -> Iterator[None]:
    """Put a network into eval mode, and restore the mode of each of its modules on exit."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training


def conv_bn_relu(channels: int, width: int, *, kernel: int) -> tuple[nn.Module, ...]:
    """Convolution without bias, batch norm and ReLU, padded so that height and width stay."""
    convolution = nn.Conv2d(channels, width, kernel, padding=kernel // 2, bias=False)
    return convolution, nn.BatchNorm2d(width), nn.ReLU(inplace=True)


def segmentation_head(channels: int, width: int, num_classes: int) -> nn.Sequential:
    """3x3 convolution to `width`, batch norm, ReLU, dropout of 0.1 and 1x1 convolution to logits."""
    return nn.Sequential(
        *conv_bn_relu(channels, width, kernel=3), nn.Dropout2d(0.1), nn.Conv2d(width, num_classes, kernel_size=1)
    )
