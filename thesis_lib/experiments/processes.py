"""The processes that share a computation, where torchrun or `accelerate launch` started several."""

import os

import torch
from accelerate import Accelerator, PartialState

from thesis_lib.experiments.step import TrainingError


def this_process() -> PartialState:
    """Which of how many this one is; without a GPU they talk by gloo."""
    return PartialState(cpu=not torch.cuda.is_available())


def new_accelerator() -> Accelerator:
    """For a training on all of them.

    Raises:
        TrainingError: several were started and did not find together: each would train alone, and write the same files.
    """
    accelerator = Accelerator(cpu=not torch.cuda.is_available())
    started = int(os.environ.get("WORLD_SIZE", "1"))
    if accelerator.num_processes != started:
        raise TrainingError(
            f"{started} processes were started, but accelerate sees {accelerator.num_processes}. Was it set up in this "
            "process before (in a notebook: restart the kernel), or are its ACCELERATE_ variables set?"
        )
    return accelerator
