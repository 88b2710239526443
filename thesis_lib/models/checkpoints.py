"""Checkpoints: written whole or not at all, read without running what is in them."""

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import torch

from thesis_lib.models.clusternet import ClusterNet
from thesis_lib.models.pspnet import PSPNet

MODELS: dict[str, type[PSPNet]] = {"PSPNet": PSPNet, "ClusterNet": ClusterNet}


class CheckpointError(RuntimeError):
    """A file is not a checkpoint that can be used."""


def save_checkpoint(path: str | Path, model: PSPNet, **state: Any) -> Path:
    """Write a model, and what training needs to go on, atomically and durably.

    Args:
        path: of the file; its folder is made. A reader sees the old file or the new one, never a part.
        state: plain values, tensors and containers of them, such as an optimizer's state dict.
    """
    path = Path(path)
    content = {"model": type(model).__name__, "config": model.config, "state_dict": model.state_dict(), **state}
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp", delete=False) as file:
        try:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    _sync_folder(path.parent)
    return path


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """The content of a file that `save_checkpoint` wrote, on the CPU.

    Raises:
        CheckpointError: no such file, a broken one, or one whose pickle would run code (which is not run).
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"{path} does not exist. Train first: make figures, or notebook 03")
    try:
        _check_sums(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise CheckpointError(
            f"{path} is no checkpoint that can be trusted: it is damaged, or holds more than tensors and plain values "
            f"and was not run.\nTrain again, or convert it where you trust it. ({str(error).splitlines()[0]})"
        ) from error
    if not isinstance(content, Mapping) or not {"model", "config", "state_dict"} <= content.keys():
        raise CheckpointError(f"{path} holds no model, config and state_dict as save_checkpoint writes them")
    return dict(content)


def load_checkpoint(path: str | Path) -> PSPNet:
    """The model of a checkpoint, in eval mode on the CPU.

    Raises:
        CheckpointError: as `read_checkpoint`, or weights that do not fit the architecture the file names.
    """
    content = read_checkpoint(path)
    if content["model"] not in MODELS:
        raise CheckpointError(f"{path} holds a {content['model']!r}; known are {', '.join(MODELS)}")
    model = MODELS[content["model"]](**content["config"])
    try:
        model.load_state_dict(content["state_dict"])
    except RuntimeError as error:
        raise CheckpointError(f"{path} does not fit its own architecture: {error}") from error
    return model.eval()


def _check_sums(path: Path) -> None:
    """torch.save writes a zip with checksums, which torch.load does not look at."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged:
            raise zipfile.BadZipFile(f"the checksum of {damaged} is wrong")


def _sync_folder(folder: Path) -> None:
    """Make the rename itself survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
