"""Where the cells of a network look: the middle of the pixels that a feature responds to, from the weights alone.

Theory puts it in the middle of the kernels. Trained weights do not: EfficientNet-Lite0's, trained with padding below
and right only, lean up and left against it, by 5 pixels in layer 4.
"""

from copy import deepcopy

import torch
from torch import Tensor, nn

PROBE = 25
"""Cells of stride 8 along a side of the image that is probed: its borders are far, as many cells to either side."""


@torch.no_grad()
def middle_cells_look(network: nn.Module, size: tuple[int, int]) -> list[tuple[float, float]]:
    """Where the cells of each layer look, in an image like one of `size`, seen from where they are drawn.

    Cell (i, j) of stride s is drawn as the s x s pixels from (s i, s j). What it sees has its middle where the squared
    gradient of its features to the pixels has its mean, expected over images in which signals of different channels
    are independent: then squared weights carry the squares from layer to layer, so that the network itself, with
    them, maps the pixels' coordinates to their weighted sums.

    Args:
        network: a `Backbone` of convolutions, batch norms and ReLUs.
        size: (height, width); the paddings depend on the rest of a division by 8.

    Returns:
        by layer (y, x): pixels from the middle of the square, below and right positive.
    """
    height, width = (8 * PROBE - -length % 8 for length in size)
    energy = energy_network(network)
    rows, columns = (torch.arange(n, device=next(network.parameters()).device) - n / 2 for n in (height, width))
    ones = torch.ones(height, width).to(rows)
    maps = energy(torch.stack([ones, ones * rows[:, None], ones * columns])[:, None].repeat(1, 3, 1, 1))
    return [_offset(map_.sum(1), (height, width)) for map_ in maps]


def _offset(sums: Tensor, size: tuple[int, int]) -> tuple[float, float]:
    """Sums (3, h, w) of energy, of energy by row and by column -> the place of the middle cell, from its square's."""
    i, j = sums.shape[1] // 2, sums.shape[2] // 2
    stride = round(size[0] / sums.shape[1])
    energy, by_row, by_column = sums[:, i, j].tolist()
    middle = (stride - 1) / 2
    y = by_row / energy + size[0] / 2 - stride * i - middle
    return y, by_column / energy + size[1] / 2 - stride * j - middle


def energy_network(network: nn.Module) -> nn.Module:
    """A copy that adds up squares: convolutions with squared weights, norms that scale, pooling that averages.

    A ReLU lets pass what is positive. Behind a batch norm that is the share Phi(beta / |gamma|) of the images; behind
    an addition it is not known, and taken to be the same for all channels.
    """
    copied = deepcopy(network)
    for parent in list(copied.modules()):
        if isinstance(parent, nn.Conv2d):
            parent.weight.square_()
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.BatchNorm2d):
                setattr(parent, name, _Scale(child, gated=_is_gated(parent, child)))
            elif isinstance(child, nn.ReLU):
                setattr(parent, name, nn.Identity())
            elif isinstance(child, nn.MaxPool2d):
                setattr(parent, name, nn.AvgPool2d(child.kernel_size, child.stride, child.padding))
    return copied


class _Scale(nn.Module):
    """What a batch norm, with the ReLU behind it, does to squares."""

    def __init__(self, norm: nn.BatchNorm2d, *, gated: bool) -> None:
        super().__init__()
        assert norm.running_var is not None
        self.scale = norm.weight.square() / (norm.running_var + norm.eps)
        if gated:
            self.scale = self.scale * torch.special.ndtr(norm.bias / norm.weight.abs().clamp(min=1e-6))

    def forward(self, squares: Tensor) -> Tensor:
        return squares * self.scale[:, None, None]


def _is_gated(parent: nn.Module, norm: nn.BatchNorm2d) -> bool:
    """Whether a ReLU follows: in timm's norms it is a part, in torchvision's blocks it follows all but the last."""
    if hasattr(norm, "act"):
        return not isinstance(norm.act, nn.Identity)
    norms = [child for child in parent.children() if isinstance(child, nn.BatchNorm2d)]
    rectified = any(isinstance(child, nn.ReLU) for child in parent.children())
    return rectified and not (hasattr(parent, "downsample") and norm is norms[-1])
