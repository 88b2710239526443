"""Figure 4: the network, drawn from the shapes that its modules give."""

from collections.abc import Mapping
from copy import deepcopy
from itertools import pairwise
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from thesis_lib.models import ClusterNet
from thesis_lib.models.pspnet import BINS
from thesis_lib.views.slabs import Drawing, Shape, Slab
from thesis_lib.views.style import BASELINE, CLUSTERED, MUTED, SERIES, thesis_figure

POOLED = SERIES[2]
LAYERS = ("layer 1", "layer 2", "layer 3", "layer 4")
HEIGHT, MIDDLE, LOWER = 250, 152, 63
"""Of the figure, of the line from the image to the output, and of the side branches, in points."""
PLACES: dict[str, tuple[float, float, str]] = {
    "image": (21, MIDDLE, MUTED),
    **{name: (x, MIDDLE, BASELINE) for name, x in zip(LAYERS, (59, 98, 136, 175), strict=True)},
    "aux": (175, LOWER, MUTED),
    "cluster layer": (224, LOWER, CLUSTERED),
    "fusion": (273, MIDDLE, CLUSTERED),
    **{f"bin {bins}": (314, y, POOLED) for bins, y in zip(BINS, (220, 177, 127, 76), strict=True)},
    "pyramid": (353, MIDDLE, POOLED),
    "head": (392, MIDDLE, BASELINE),
    "out": (431, MIDDLE, MUTED),
}
"""Middle of each slab, in points, and its colour."""
KEY = "Below each tensor: channels and height × width.\nSides grow with their logarithm."


@torch.no_grad()
def trace_shapes(model: ClusterNet, size: tuple[int, int]) -> dict[str, Shape]:
    """(C, h, w) of each tensor in a forward pass of an image of `size` (height, width), as the modules gave them.

    The pass goes through a copy: the model stays in its mode, and a layer not yet calibrated stays so.
    """
    model = deepcopy(model).eval()
    shapes: dict[str, Shape] = {}

    def watch(module: nn.Module, *names: str) -> None:
        def record(_: nn.Module, __: Any, output: Tensor | list[Tensor]) -> None:
            maps = [output] if isinstance(output, Tensor) else output
            shapes.update((name, _shape(map_)) for name, map_ in zip(names, maps, strict=True))

        module.register_forward_hook(record)

    watch(model.backbone, *LAYERS)
    for name, module in (("cluster layer", model.cluster), ("fusion", model.refine), ("pyramid", model.pyramid)):
        watch(module, name)
    for bins, branch in zip(BINS, model.pyramid.branches, strict=True):
        watch(branch, f"bin {bins}")
    watch(model.head, "head")
    watch(model.aux, "aux")
    noise = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))
    logits = model(noise.to(next(model.parameters())))
    return {"image": (3, *size), **shapes, "out": _shape(logits["out"])}


def architecture(model: ClusterNet, size: tuple[int, int]) -> Figure:
    """Figure 4: ClusterNet for images of `size`: backbone, cluster layer, fusion, pyramid pooling and heads."""
    return draw_network(trace_shapes(model, size), model.config)


@thesis_figure
def draw_network(shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Figure:
    """Figure 4 from the shapes of its tensors, by the names of `trace_shapes`, and the `config` of the model."""
    notes = {
        "aux": "training only",
        "cluster layer": f"{config['n_clusters']} clusters\nof {config['axis']}",
        "fusion": config["fusion"],
        "pyramid": "concat",
        "head": "3×3, 1×1\nconv.",
        "out": "enlarge",
    }
    drawing = Drawing(HEIGHT)
    slabs = {
        name: drawing.slab(name, shapes[name], (x, y), color, notes.get(name, ""))
        for name, (x, y, color) in PLACES.items()
    }
    _connect(drawing, slabs, config["fusion"])
    for left, right, title, color in (
        (42, 194, f"backbone {config['backbone']}", BASELINE),
        (200, 291, f"{config['method']} clustering", CLUSTERED),
        (297, 371, "pyramid pooling", POOLED),
        (377, 451, "prediction", BASELINE),
    ):
        drawing.heading(left, right, HEIGHT - 12, title, color)
    drawing.text((451, 6), KEY, va="bottom", ha="right")
    return drawing.figure


def _connect(drawing: Drawing, slabs: Mapping[str, Slab], fusion: str) -> None:
    """The arrows; a dot where a line divides."""
    for names in (("image", *LAYERS), ("fusion", "pyramid", "head", "out")):
        for start, end in pairwise(names):
            drawing.arrow(slabs[start], slabs[end])
    drawing.arrow(slabs["layer 3"], slabs["aux"], turn=155.5)
    drawing.dot(155.5, MIDDLE)
    drawing.arrow(slabs["layer 4"], slabs["cluster layer"], turn=197)
    drawing.arrow(slabs["cluster layer"], slabs["fusion"], turn=252)
    if fusion == "concat":
        drawing.arrow(slabs["layer 4"], slabs["fusion"])
        drawing.dot(197, MIDDLE)
    for bins in BINS:
        drawing.arrow(slabs["fusion"], slabs[f"bin {bins}"], turn=295)
        drawing.arrow(slabs[f"bin {bins}"], slabs["pyramid"], turn=333)
    drawing.dot(295, MIDDLE)


def _shape(maps: Tensor) -> Shape:
    _, channels, height, width = maps.shape
    return channels, height, width
