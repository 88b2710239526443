"""Figure 4: the network, drawn from the shapes that its modules give."""

from dataclasses import dataclass
from itertools import pairwise
from math import log2

import torch
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Polygon
from torch import Tensor, nn

from thesis_lib.models import ClusterNet
from thesis_lib.models.pspnet import BINS
from thesis_lib.views.style import BASELINE, CLUSTERED, INK, MUTED, SERIES, WIDTH, new_figure, thesis_figure


@dataclass(frozen=True)
class Stage:
    """One tensor of the network."""

    name: str
    shape: tuple[int, ...]
    """(C, h, w)."""


def trace_stages(model: ClusterNet, size: tuple[int, int]) -> dict[str, Stage]:
    """The tensors of one forward pass of an image of `size` (height, width), as the modules gave them."""
    watched: dict[str, nn.Module] = {
        "backbone": model.backbone,
        "cluster layer": model.cluster,
        "fusion": model.refine,
        "pyramid": model.pyramid,
        "head": model.head,
        "aux": model.aux,
    }
    watched |= {f"bin {bins}": branch for bins, branch in zip(BINS, model.pyramid.branches, strict=True)}
    stages: dict[str, Stage] = {"image": Stage("image", (3, *size))}

    def record(name: str, output: Tensor | list[Tensor]) -> None:
        named = (
            {name: output} if isinstance(output, Tensor) else {f"layer {i + 1}": map_ for i, map_ in enumerate(output)}
        )
        stages.update({key: Stage(key, tuple(value.shape[1:])) for key, value in named.items()})

    hooks = [
        module.register_forward_hook(lambda _, __, output, name=name: record(name, output))
        for name, module in watched.items()
    ]
    try:
        with torch.no_grad():
            logits = model.eval()(torch.zeros(1, 3, *size, device=next(model.parameters()).device).uniform_(-1, 1))
    finally:
        for hook in hooks:
            hook.remove()
    stages["out"] = Stage("out", tuple(logits["out"].shape[1:]))
    return stages


@thesis_figure
def architecture(model: ClusterNet, size: tuple[int, int]) -> Figure:
    """Figure 4: ClusterNet for images of `size`: backbone, cluster layer, fusion, pyramid pooling and heads."""
    fusion = model.config["fusion"]
    drawing = _Drawing(trace_stages(model, size))
    layers = [
        drawing.slab(name, x, MIDDLE) for name, x in (("image", 2), ("layer 1", 13), ("layer 2", 22), ("layer 3", 31))
    ]
    layers.append(drawing.slab("layer 4", 40.5, MIDDLE))
    for left, right in pairwise(layers):
        drawing.arrow(left.east, right.west)
    cluster = drawing.slab(
        "cluster layer", 52, MIDDLE - 14, CLUSTERED, f"k = {model.cluster.n_clusters}, {model.cluster.axis}"
    )
    fused = drawing.slab("fusion", 63, MIDDLE, CLUSTERED, fusion)
    drawing.arrow(layers[-1].east, cluster.west)
    drawing.arrow(cluster.east, fused.west)
    if fusion == "concat":
        drawing.arrow(layers[-1].east, fused.west)
    bins = [drawing.slab(f"bin {bins}", 74.5, y, SERIES[2]) for bins, y in zip(BINS, (44, 35, 24.5, 12), strict=True)]
    pyramid = drawing.slab("pyramid", 82, MIDDLE)
    for one in bins:
        drawing.arrow(fused.east, one.west)
        drawing.arrow(one.east, pyramid.west)
    out = drawing.slab("out", 94, MIDDLE, note="3×3, 1×1, enlarged")
    drawing.arrow(pyramid.east, out.west)
    drawing.arrow(layers[3].south, drawing.slab("aux", 31, MIDDLE - 19, MUTED, "training only").north)
    return drawing.figure


MIDDLE = 28.0
Point = tuple[float, float]


@dataclass(frozen=True)
class _Slab:
    """Where arrows meet a slab."""

    west: Point
    east: Point
    north: Point
    south: Point


class _Drawing:
    """Slabs and arrows; a slab is as thick as its channels and as high as its map, both logarithmic."""

    def __init__(self, stages: dict[str, Stage]) -> None:
        self.stages = stages
        self.figure = new_figure(WIDTH * 0.48)
        self.axes = self.figure.subplots()
        self.axes.set(xlim=(-1, 103), ylim=(1, 50), aspect="equal")
        self.axes.set_axis_off()

    def slab(self, name: str, x: float, y: float, color: str = BASELINE, note: str = "") -> _Slab:
        """A stage with its west side at x and its middle at y."""
        channels, height, width = self.stages[name].shape
        thick, high, deep = 0.5 * log2(channels + 1), 1.6 * log2(height + 1), 0.7 * log2(width + 1)
        low, back = y - high / 2, (deep * 0.45, deep * 0.35)
        front = [(x, low), (x + thick, low), (x + thick, low + high), (x, low + high)]
        top = [front[3], front[2], _moved(front[2], back), _moved(front[3], back)]
        side = [front[1], front[2], _moved(front[2], back), _moved(front[1], back)]
        for face, alpha in ((front, 0.55), (top, 0.3), (side, 0.4)):
            self.axes.add_patch(Polygon(face, facecolor=color, alpha=alpha, edgecolor="none"))
            self.axes.add_patch(Polygon(face, fill=False, edgecolor=INK, linewidth=0.4))
        middle = x + (thick + back[0]) / 2
        self.axes.text(middle, low + high + back[1] + 0.5, name, ha="center", va="bottom", size=6)
        shape = "\n".join(filter(None, (f"{channels} × {height} × {width}", note)))
        self.axes.text(x + thick / 2, low - 0.6, shape, ha="center", va="top", size=5, color=MUTED, linespacing=1.15)
        level = y + back[1] / 2
        return _Slab(
            (x, level),
            (x + thick + back[0] / 2, level),
            (middle, low + high + back[1] + 2.8),
            (x + thick / 2, low - 2.6),
        )

    def arrow(self, start: Point, end: Point) -> None:
        """From one slab to the next."""
        arrow = FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=5, lw=0.6, color=INK, shrinkA=0, shrinkB=1)
        self.axes.add_patch(arrow)


def _moved(point: Point, by: Point) -> Point:
    return point[0] + by[0], point[1] + by[1]
