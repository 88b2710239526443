"""Where a run computes: the one place that decides."""

import torch


def run_device() -> torch.device:
    """Return this process's GPU where there is CUDA, else the processor.

    Apple's MPS is left alone: it lacks float64 and sparse matrices, which clustering needs.
    """
    return torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")
