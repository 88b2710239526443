"""How many operations a clustering layer asks of a device, and how often it waits: what a GPU's time goes to."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from thesis_lib.clustering.chebyshev import chebyshev_filter
from thesis_lib.clustering.kmeans import _iterate
from thesis_lib.clustering.neighbor_graph import NeighborGraph
from thesis_lib.models import ClusterLayer

READS = {"_local_scalar_dense", "nonzero", "equal", "_unique2", "unique_dim", "unique_consecutive", "masked_select"}
"""Operators whose result, or its size, the host has to know."""


class Operations(TorchDispatchMode):
    """Counts operators, views among them, and those that read from the device."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.reads = Counter[str](), Counter[str]()

    def __torch_dispatch__(self, operator: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = operator._schema.name.removeprefix("aten::")
        self.asked[name] += 1
        masks = args[1] if name in ("index", "index_put_") else ()
        if name in READS or any(mask is not None and mask.dtype == torch.bool for mask in masks):
            self.reads[name] += 1
        return operator(*args, **(kwargs or {}))


class Copies(TorchFunctionMode):
    """Counts whole tensors that are read, which no operator tells on a processor."""

    def __init__(self, reads: Counter[str]) -> None:
        super().__init__()
        self.reads = reads

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if (name := getattr(function, "__name__", "")) in ("tolist", "numpy", "cpu"):
            self.reads[name] += 1
        return function(*args, **(kwargs or {}))


def counted(call: Callable[[], object]) -> tuple[int, int]:
    """Operators and reads of a call."""
    with Operations() as operations, Copies(operations.reads):
        call()
    return operations.asked.total(), operations.reads.total()


def maps(batch: int, side: int) -> Tensor:
    """Smooth maps with noise, after a ReLU."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.randn(batch, 32, 6, 6, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, (side, side), mode="bicubic").repeat(1, 4, 1, 1)
    return (smooth + 0.3 * torch.randn(smooth.shape, generator=generator)).relu()


def test_reads_are_seen() -> None:
    points = torch.arange(6.0)
    assert counted(lambda: points[points > 2])[1] == 1
    assert counted(lambda: (bool(points.any()), points.tolist(), float(points[0])))[1] == 3
    assert counted(lambda: points[torch.tensor([1, 2])])[1] == 0


@pytest.mark.parametrize("batch", [1, 4])
def test_a_layer_asks_for_few_operations_and_waits_for_few(batch: int) -> None:
    """It was 4,400 operations and 148 reads."""
    features, layer = maps(batch, 32), ClusterLayer(40)
    asked, reads = counted(lambda: layer(features))
    assert asked <= 2450
    assert reads <= 17


def test_what_is_repeated_reads_nothing_but_how_often() -> None:
    """Lloyd's iterations, and the polynomial's but for its degree."""
    points = torch.randn(2, 300, 8, generator=torch.Generator().manual_seed(0))
    assert counted(lambda: _iterate(points, points[:, None, :10].clone(), 50))[1] == 0
    graph = NeighborGraph(points, "local")
    ends = torch.tensor([-0.9, -0.9]), torch.tensor([0.5, 0.6])
    assert counted(lambda: chebyshev_filter(graph, torch.randn(2, 300, 12), *ends))[1] == 1
