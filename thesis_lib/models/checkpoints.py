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
from thesis_lib.models.published import UnknownCheckpointError, published_pspnet

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
    content = _read_content(Path(path))
    if not _is_ours(content):
        raise CheckpointError(f"{path} holds no model, config and state_dict as save_checkpoint writes them")
    return content


def _read_content(path: Path) -> dict[str, Any]:
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
    if not isinstance(content, Mapping):
        raise CheckpointError(f"{path} holds a {type(content).__name__}, no model, config and state_dict")
    return dict(content)


def _is_ours(content: Mapping[str, Any]) -> bool:
    return {"model", "config", "state_dict"} <= content.keys()


def load_checkpoint(path: str | Path, *, align_corners: bool | None = None) -> PSPNet:
    """The model of a checkpoint, in eval mode on the CPU, with the semantics that belong to its weights.

    Args:
        path: a file of `save_checkpoint`, of hszhao/semseg (PSPNet-50, 101) or of mmsegmentation (PSPNet-18, 50, 101).
        align_corners: how a file of the last two, which does not say, enlarges its maps. None: True for semseg; False
            for mmsegmentation, whose 769x769 configurations need True.

    Raises:
        CheckpointError: as `read_checkpoint`, or weights that do not fit the architecture the file names; names that
            are missing or left over are listed.
    """
    content = _read_content(Path(path))
    if not _is_ours(content):
        try:
            return published_pspnet(content, align_corners)
        except UnknownCheckpointError as error:
            raise CheckpointError(
                f"{path} holds no model, config and state_dict as save_checkpoint writes them, nor a PSPNet of semseg "
                f"or mmsegmentation: {error}"
            ) from error
    if align_corners not in (None, content["config"].get("align_corners", True)):
        raise CheckpointError(
            f"{path} says align_corners={not align_corners}; it was trained so: leave the argument out"
        )
    if content["model"] not in MODELS:
        raise CheckpointError(f"{path} holds a {content['model']!r}; known are {', '.join(MODELS)}")
    model = MODELS[content["model"]](**_completed(content["model"], content["config"]))
    try:
        model.load_state_dict(content["state_dict"])
    except RuntimeError as error:
        raise CheckpointError(f"{path} does not fit its own architecture: {error}") from error
    return model.eval()


def _completed(model: str, config: dict[str, Any]) -> dict[str, Any]:
    """A config with what it did not name while there was no choice: clusters were those of the full affinity."""
    return {"graph": "full", **config} if model == "ClusterNet" else config


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
