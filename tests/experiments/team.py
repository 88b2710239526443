"""Trainings of several processes, each of which tells what it saw: torchrun -m tests.experiments.team FOLDER ..."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tests.experiments.child import small_pspnet, still
from thesis_lib.experiments import evaluation, fit, load_profile
from thesis_lib.models import ClusterNet


def clusternet(axis: str, fusion: str) -> ClusterNet:
    """The same at every call, without what depends on how a batch is shared; channels not calibrated."""
    torch.manual_seed(0)
    return still(ClusterNet(backbone="efficientnet_lite0", n_clusters=6, axis=axis, fusion=fusion))


def watched_frames(seen: list[float]) -> None:
    """Note each frame that this process predicts, by the sum of its values."""
    predict = evaluation.predict

    def noting(model: Any, image: Tensor, *others: Any) -> Tensor:
        seen.append(float(image.sum()))
        return predict(model, image, *others)

    evaluation.predict = noting


def watched_dropout(model: nn.Module, seen: list[list[int]]) -> None:
    """Note which channels of its first image each forward pass in training drops."""

    def note(module: nn.Module, _: Any, output: Tensor) -> None:
        if module.training:
            seen.append((output[0].abs().amax((1, 2)) == 0).int().tolist())

    model.head.get_submodule("3").register_forward_hook(note)


def watched_partition(model: ClusterNet, seen: list[list[int]]) -> None:
    """Note how channels are divided after each forward pass; later ones are sent from the first process to all."""
    model.cluster.register_forward_hook(lambda layer, *_: seen.append(layer.partition.tolist()))


def main(folder: Path, overrides: list[str]) -> None:
    """Train three networks, and write <rank>.json."""
    profile, rank = load_profile("smoke", overrides), os.environ["RANK"]
    frames: list[float] = []
    dropped: list[list[int]] = []
    watched_frames(frames)
    fit(clusternet("pixels", "concat"), profile, folder / "pixels")
    told: dict[str, Any] = {"frames": list(frames)}
    channels = clusternet("channels", "replace")
    partitions: list[list[int]] = []
    watched_partition(channels, partitions)
    fit(channels, profile, folder / "channels")
    plain = small_pspnet()
    watched_dropout(plain, dropped)
    fit(plain, profile, folder / "plain")
    told |= {"partition": partitions[0], "dropped": dropped}
    (folder / f"{rank}.json").write_text(json.dumps(told))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]), sys.argv[2:])
