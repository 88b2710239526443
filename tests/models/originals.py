"""The published PSPNets layer by layer, on tensors under their own names: what the tests hold ours against.

Written from what hszhao/semseg's model/pspnet.py and mmsegmentation 1.2.2's configuration pspnet_r50-d8 compute.
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, batch_norm, conv2d, interpolate, max_pool2d, relu

BLOCKS = {18: (2, 2, 2, 2), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
State = dict[str, Tensor]


def semseg_state(depth: int, classes: int = 19, *, seed: int = 0) -> State:
    """Random tensors under semseg's names, the prefix of DataParallel included."""
    shapes: dict[str, tuple[int, ...]] = {}
    for index, (before, width) in enumerate(((3, 64), (64, 64), (64, 128))):
        shapes |= _conv_bn(f"layer0.{3 * index}", f"layer0.{3 * index + 1}", before, width, 3)
    shapes |= _layers(depth, 128)
    width = 2048
    for index in range(4):
        shapes |= _conv_bn(f"ppm.features.{index}.1", f"ppm.features.{index}.2", width, width // 4, 1)
    for name, before, inner in (("cls", 2 * width, width // 4), ("aux", width // 2, width // 8)):
        shapes |= _conv_bn(f"{name}.0", f"{name}.1", before, inner, 3)
        shapes |= {f"{name}.4.weight": (classes, inner, 1, 1), f"{name}.4.bias": (classes,)}
    return {f"module.{name}": value for name, value in _random(shapes, seed).items()}


def mmseg_state(depth: int, classes: int = 19, *, seed: int = 0, deep_stem: bool = True) -> State:
    """Random tensors under mmsegmentation's names; deep_stem=False for its configurations "r50b" and "r101b"."""
    shapes: dict[str, tuple[int, ...]] = {}
    if deep_stem:
        for index, (before, inner) in enumerate(((3, 32), (32, 32), (32, 64))):
            shapes |= _conv_bn(f"backbone.stem.{3 * index}", f"backbone.stem.{3 * index + 1}", before, inner, 3)
    else:
        shapes |= _conv_bn("backbone.conv1", "backbone.bn1", 3, 64, 7)
    shapes |= {f"backbone.{name}": shape for name, shape in _layers(depth, 64).items()}
    width = 512 if depth == 18 else 2048
    for index in range(4):
        module = f"decode_head.psp_modules.{index}.1"
        shapes |= _conv_bn(f"{module}.conv", f"{module}.bn", width, width // 4, 1)
    for head, module, before, inner in (
        ("decode_head", "bottleneck", 2 * width, width // 4),
        ("auxiliary_head", "convs.0", width // 2, width // 8),
    ):
        shapes |= {f"{head}.conv_seg.weight": (classes, inner, 1, 1), f"{head}.conv_seg.bias": (classes,)}
        shapes |= _conv_bn(f"{head}.{module}.conv", f"{head}.{module}.bn", before, inner, 3)
    return _random(shapes, seed)


def semseg_forward(state: State, images: Tensor) -> dict[str, Tensor]:
    """Main and auxiliary logits."""
    state = {name.removeprefix("module."): value for name, value in state.items()}
    x = _cbr(state, "layer0.0", "layer0.1", images, stride=2, padding=1)
    x = _cbr(state, "layer0.3", "layer0.4", x, padding=1)
    x = _cbr(state, "layer0.6", "layer0.7", x, padding=1)
    third, fourth = _body(state, "", max_pool2d(x, 3, 2, 1), first=(2, 4), dilate_second=True)
    branches = [(f"ppm.features.{index}.1", f"ppm.features.{index}.2") for index in range(4)]
    x = _pyramid(state, branches, fourth, align_corners=True)
    main, aux = _cbr(state, "cls.0", "cls.1", x, padding=1), _cbr(state, "aux.0", "aux.1", third, padding=1)
    logits = {"out": _classify(state, "cls.4", main), "aux": _classify(state, "aux.4", aux)}
    return _enlarged(logits, images, align_corners=True)


def mmseg_forward(state: State, images: Tensor, *, align_corners: bool) -> dict[str, Tensor]:
    """Main and auxiliary logits."""
    if "backbone.conv1.weight" in state:
        x = _cbr(state, "backbone.conv1", "backbone.bn1", images, stride=2, padding=3)
    else:
        x = _cbr(state, "backbone.stem.0", "backbone.stem.1", images, stride=2, padding=1)
        x = _cbr(state, "backbone.stem.3", "backbone.stem.4", x, padding=1)
        x = _cbr(state, "backbone.stem.6", "backbone.stem.7", x, padding=1)
    third, fourth = _body(state, "backbone.", max_pool2d(x, 3, 2, 1), first=(1, 2), dilate_second=False)
    modules = [f"decode_head.psp_modules.{index}.1" for index in range(4)]
    x = _pyramid(state, [(f"{name}.conv", f"{name}.bn") for name in modules], fourth, align_corners=align_corners)
    names = ("decode_head.bottleneck", "auxiliary_head.convs.0")
    main, aux = (_cbr(state, f"{n}.conv", f"{n}.bn", y, padding=1) for n, y in zip(names, (x, third), strict=True))
    logits = {
        "out": _classify(state, "decode_head.conv_seg", main),
        "aux": _classify(state, "auxiliary_head.conv_seg", aux),
    }
    return _enlarged(logits, images, align_corners=align_corners)


def _conv_bn(convolution: str, norm: str, before: int, width: int, kernel: int) -> dict[str, tuple[int, ...]]:
    vectors = {f"{norm}.{name}": (width,) for name in ("weight", "bias", "running_mean", "running_var")}
    return {f"{convolution}.weight": (width, before, kernel, kernel), **vectors, f"{norm}.num_batches_tracked": ()}


def _layers(depth: int, before: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for layer, blocks in enumerate(BLOCKS[depth], start=1):
        inner = 64 * 2 ** (layer - 1)
        width = inner if depth == 18 else 4 * inner
        kernels = (3, 3) if depth == 18 else (1, 3, 1)
        for block in range(blocks):
            name, channels = f"layer{layer}.{block}", before
            for index, kernel in enumerate(kernels, start=1):
                new = width if index == len(kernels) else inner
                shapes |= _conv_bn(f"{name}.conv{index}", f"{name}.bn{index}", channels, new, kernel)
                channels = new
            if not block and (before != width or layer > 1):
                shapes |= _conv_bn(f"{name}.downsample.0", f"{name}.downsample.1", before, width, 1)
            before = width
    return shapes


def _random(shapes: dict[str, tuple[int, ...]], seed: int) -> State:
    generator = torch.Generator().manual_seed(seed)

    def draw(name: str, shape: tuple[int, ...]) -> Tensor:
        if name.endswith("num_batches_tracked"):
            return torch.tensor(1)
        if len(shape) == 4:
            return torch.randn(shape, generator=generator) * (2 / shape[1:].numel()) ** 0.5
        if name.endswith(("running_var", "bn1.weight", "bn2.weight", "bn3.weight")):
            return 0.5 + 0.5 * torch.rand(shape, generator=generator)
        return 0.1 * torch.randn(shape, generator=generator) + float(name.endswith("weight"))

    return {name: draw(name, torch.Size(shape)) for name, shape in shapes.items()}


def _bn(state: State, name: str, x: Tensor) -> Tensor:
    return batch_norm(x, *(state[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")))


def _cbr(state: State, convolution: str, norm: str, x: Tensor, **options: int) -> Tensor:
    return relu(_bn(state, norm, conv2d(x, state[f"{convolution}.weight"], **options)))


def _body(
    state: State, prefix: str, x: Tensor, *, first: tuple[int, int], dilate_second: bool
) -> tuple[Tensor, Tensor]:
    """Layers 1 to 4: the outputs of the last two."""
    outputs = []
    for layer, dilation in enumerate((1, 1, 2, 4), start=1):
        for index, block in enumerate(_blocks(state, f"{prefix}layer{layer}")):
            stride = 2 if layer == 2 and not index else 1
            own = first[layer - 3] if layer > 2 and not index else dilation
            x = _block(state, block, x, stride, own, own if dilate_second else 1)
        outputs.append(x)
    return outputs[2], outputs[3]


def _blocks(state: State, layer: str) -> Iterator[str]:
    index = 0
    while f"{layer}.{index}.conv1.weight" in state:
        yield f"{layer}.{index}"
        index += 1


def _block(state: State, name: str, x: Tensor, stride: int, dilation: int, second: int) -> Tensor:
    spread = {"stride": stride, "padding": dilation, "dilation": dilation}
    if f"{name}.conv3.weight" in state:
        y = _cbr(state, f"{name}.conv1", f"{name}.bn1", x)
        y = _cbr(state, f"{name}.conv2", f"{name}.bn2", y, **spread)
        y = _bn(state, f"{name}.bn3", conv2d(y, state[f"{name}.conv3.weight"]))
    else:
        y = _cbr(state, f"{name}.conv1", f"{name}.bn1", x, **spread)
        y = _bn(state, f"{name}.bn2", conv2d(y, state[f"{name}.conv2.weight"], padding=second, dilation=second))
    if f"{name}.downsample.0.weight" in state:
        x = _bn(state, f"{name}.downsample.1", conv2d(x, state[f"{name}.downsample.0.weight"], stride=stride))
    return relu(y + x)


def _pyramid(state: State, branches: list[tuple[str, str]], x: Tensor, *, align_corners: bool) -> Tensor:
    parts, size = [x], x.shape[2:]
    for bins, (convolution, norm) in zip((1, 2, 3, 6), branches, strict=True):
        pooled = _cbr(state, convolution, norm, adaptive_avg_pool2d(x, bins))
        parts.append(interpolate(pooled, size, mode="bilinear", align_corners=align_corners))
    return torch.cat(parts, 1)


def _classify(state: State, name: str, x: Tensor) -> Tensor:
    return conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"])


def _enlarged(logits: dict[str, Tensor], images: Tensor, *, align_corners: bool) -> dict[str, Tensor]:
    size = images.shape[2:]
    return {
        name: interpolate(value, size, mode="bilinear", align_corners=align_corners) for name, value in logits.items()
    }
