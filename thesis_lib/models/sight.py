"""Centres of effective receptive fields, computed from a network's weights.

The kernels' geometry alone puts them elsewhere: EfficientNet-Lite0's weights, trained with more padding below and
right than above and left, shift the centres of layer 4 by 5 pixels up and left.
"""

from copy import deepcopy

import torch
from torch import Tensor, nn

PROBE = 25
"""Side of the probed image in cells of stride 8, large enough that its middle cell is far from the borders."""


@torch.no_grad()
def middle_cells_look(network: nn.Module, size: tuple[int, int]) -> list[tuple[float, float]]:
    """Offset of each layer's receptive field from the square in which a cell is drawn, for the middle cell.

    Cell (i, j) of stride s is drawn as the s x s pixels from (s i, s j). The centre of its receptive field is the mean
    position under the squared gradient of its features with respect to the pixels, in expectation over images in which
    the signals of different channels are independent. Under that assumption squared weights propagate squared
    gradients, so that the network with squared weights maps the pixels' coordinates to their weighted sums.

    Args:
        network: a `Backbone` of convolutions, batch norms and ReLUs.
        size: (height, width) of the images; the padding depends on their remainders modulo 8.

    Returns:
        One (y, x) per layer, in pixels: centre of the receptive field minus centre of the square, positive below and
        right.
    """
    height, width = (8 * PROBE - -length % 8 for length in size)
    energy = energy_network(network)
    rows, columns = (torch.arange(n, device=next(network.parameters()).device) - n / 2 for n in (height, width))
    ones = torch.ones(height, width).to(rows)
    probes = torch.stack([ones, ones * rows[:, None], ones * columns])  # (3, height, width)
    maps = energy(probes[:, None].repeat(1, 3, 1, 1))  # of each layer (3, C, h, w)
    return [_offset(map_.sum(1), (height, width)) for map_ in maps]


def _offset(sums: Tensor, size: tuple[int, int]) -> tuple[float, float]:
    """Offset (y, x) in pixels of the middle cell's receptive field from the centre of its square.

    Args:
        sums: (3, h, w), of the energy, of energy times row and of energy times column.
        size: (height, width) of the probed image.
    """
    i, j = sums.shape[1] // 2, sums.shape[2] // 2
    stride = round(size[0] / sums.shape[1])
    energy, by_row, by_column = sums[:, i, j].tolist()
    middle = (stride - 1) / 2
    y = by_row / energy + size[0] / 2 - stride * i - middle
    return y, by_column / energy + size[1] / 2 - stride * j - middle


def energy_network(network: nn.Module) -> nn.Module:
    """Copy a network so that it propagates squared gradients.

    Convolutions get squared weights, batch norms become scales, max pooling becomes average pooling. A ReLU after a
    batch norm is active with probability Phi(beta / |gamma|), which joins the scale. After an addition that
    probability is unknown, and taken to be the same for all channels.
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
    """Scale by which a batch norm, and the ReLU after it if gated, multiplies squared gradients (B, C, h, w)."""

    def __init__(self, norm: nn.BatchNorm2d, *, gated: bool) -> None:
        super().__init__()
        assert norm.running_var is not None
        self.scale = norm.weight.square() / (norm.running_var + norm.eps)
        if gated:
            self.scale = self.scale * torch.special.ndtr(norm.bias / norm.weight.abs().clamp(min=1e-6))

    def forward(self, squares: Tensor) -> Tensor:
        return squares * self.scale[:, None, None]


def _is_gated(parent: nn.Module, norm: nn.BatchNorm2d) -> bool:
    """Whether a ReLU follows a batch norm: part of timm's norms; in torchvision's blocks, of all but the last norm."""
    if hasattr(norm, "act"):
        return not isinstance(norm.act, nn.Identity)
    norms = [child for child in parent.children() if isinstance(child, nn.BatchNorm2d)]
    rectified = any(isinstance(child, nn.ReLU) for child in parent.children())
    return rectified and not (hasattr(parent, "downsample") and norm is norms[-1])
