"""A training in a process of its own, to be killed or to be one of several: child.py FOLDER [OVERRIDE ...]"""

import os
import sys
from typing import TypeVar

import torch

from thesis_lib.experiments import fit, load_profile
from thesis_lib.models import PSPNet

Network = TypeVar("Network", bound=torch.nn.Module)


def small_pspnet() -> PSPNet:
    """The same at every call."""
    torch.manual_seed(0)
    return PSPNet(backbone="efficientnet_lite0")


def still_pspnet() -> PSPNet:
    """The same, without what depends on how a batch is shared: batch norm's statistics and dropout's draws."""
    return still(small_pspnet())


def still(model: Network) -> Network:
    """A network whose batch norms keep their statistics, and whose dropout drops nothing."""
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eval()
            module.train = lambda mode=True, module=module: module  # type: ignore[method-assign,misc]
        if isinstance(module, torch.nn.Dropout2d):
            module.p = 0
    return model


if __name__ == "__main__":
    torch.set_num_threads(1)
    build = still_pspnet if os.environ.get("STILL") else small_pspnet
    fit(build(), load_profile("smoke", sys.argv[2:]), sys.argv[1], resume=True)
