"""Processes of a distributed run under torchrun or `accelerate launch`; without these, a single one."""

import os

from accelerate import Accelerator, PartialState

from thesis_lib.device import run_device
from thesis_lib.experiments.profiles import Training
from thesis_lib.experiments.step import TrainingError


def this_process() -> PartialState:
    """Rank of this process and number of processes; without a GPU they communicate by gloo."""
    return PartialState(cpu=run_device().type == "cpu")


def check_shares(settings: Training, accelerator: Accelerator) -> None:
    """Refuse a batch that processes and their parts cannot share evenly, or with too few images for batch norm.

    Raises:
        TrainingError: with the batch sizes that are possible.
    """
    parts, least = accelerator.num_processes * settings.accumulate, 2
    if accelerator.num_processes > 1 and accelerator.device.type == "cuda":
        least = 1  # batch norm is synchronised there
    if settings.batch_size % parts or settings.batch_size < least * parts:
        raise TrainingError(
            f"a batch of {settings.batch_size} images cannot be shared by {accelerator.num_processes} processes in "
            f"{settings.accumulate} parts each: batch norm over the pyramid's single region needs {least} images a "
            f"part.\n"
            f"Choose training.batch_size as a multiple of {parts}, at least {least * parts}."
        )


def new_accelerator() -> Accelerator:
    """Set up Accelerate for a training on all processes.

    Raises:
        TrainingError: several processes were started but not connected: each would train alone and write the same
            files.
    """
    # explicit, as ACCELERATE_MIXED_PRECISION would change it: the profile sets the precision
    accelerator = Accelerator(cpu=run_device().type == "cpu", mixed_precision="no")
    started = int(os.environ.get("WORLD_SIZE", "1"))
    if accelerator.num_processes != started:
        raise TrainingError(
            f"{started} processes were started, but accelerate sees {accelerator.num_processes}. Was it set up in this "
            "process before (in a notebook: restart the kernel), or are its ACCELERATE_ variables set?"
        )
    return accelerator
