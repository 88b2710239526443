"""Checkpoints: written whole or not at all, read without running what is in them."""

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from thesis_lib.files import replacing
from thesis_lib.models.clusternet import ClusterNet
from thesis_lib.models.fitting import MisfitError, listed, load_weights, shortened
from thesis_lib.models.pspnet import PSPNet
from thesis_lib.models.published import UnknownCheckpointError, published_pspnet

MODELS: dict[str, type[PSPNet]] = {"PSPNet": PSPNet, "ClusterNet": ClusterNet}
ZIP = b"PK\x03\x04"
"""Beginning of what torch.save writes."""


class CheckpointError(RuntimeError):
    """A file is not a checkpoint that can be used."""


def save_checkpoint(path: str | Path, model: PSPNet, **state: Any) -> Path:
    """Write a model, and what training needs to go on, atomically and durably.

    Args:
        path: of the file; its folder is made. A reader sees the old file or the new one, never a part. Who may read it
            is what the umask says, as for any file.
        state: plain values, tensors and containers of them, such as an optimizer's state dict.
    """
    path = Path(path)
    content = {"model": type(model).__name__, "config": model.config, "state_dict": model.state_dict(), **state}
    with replacing(path, durable=True) as partial, partial.open("wb") as file:
        torch.save(content, file)
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
    _check_readable(path)
    try:
        _check_sums(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise CheckpointError(f"{path} {_reason(path, error)}") from error
    if not isinstance(content, Mapping):
        raise CheckpointError(f"{path} holds a {type(content).__name__}, no model, config and state_dict")
    return dict(content)


def _check_readable(path: Path) -> None:
    """Tell a file that is not there, not a file, or not to be opened from one that is damaged."""
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except FileNotFoundError:
        raise CheckpointError(f"{path} does not exist. Train first: make figures, or notebook 03") from None
    except IsADirectoryError:
        raise CheckpointError(f"{path} is a folder: name the checkpoint in it, such as {path / 'last.pt'}") from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}. Is it yours, and its disk there?") from None
    if empty:
        raise CheckpointError(f"{path} is empty: its copy was broken off, or the disk was full. Copy it again")


def _reason(path: Path, error: Exception) -> str:
    """Why torch could not read a file, in words that lead on."""
    with path.open("rb") as file:
        start = file.read(4)
    if others := _other_classes(path):
        return (
            f"holds more than tensors and plain values, and was not run: objects of {listed(others)}.\n"
            "Where you trust it, keep its weights alone, with the packages it needs: torch.save({'state_dict': "
            f"torch.load({str(path)!r}, map_location='cpu', weights_only=False)['state_dict']}}, 'weights.pth')"
        )
    if start == ZIP and not zipfile.is_zipfile(path):
        return "is damaged: it is cut off. Copy it again, or train again"
    if isinstance(error, zipfile.BadZipFile):
        return f"is damaged: {error}. Copy it again, or train again"
    if start == ZIP:
        return f"is a zip, but none of torch.save: {shortened(str(error))}"
    if isinstance(error, pickle.UnpicklingError) and "weights_only" in str(error).lower():
        return (
            "is no checkpoint that can be trusted: it holds more than tensors and plain values and was not run, or is "
            f"no file of torch.save at all. ({shortened(str(error))})"
        )
    return f"is no file of torch.save, or a damaged one: {shortened(str(error))}"


def _other_classes(path: Path) -> list[str]:
    """What a file holds beside tensors and plain values, by name."""
    try:
        return sorted(torch.serialization.get_unsafe_globals_in_checkpoint(path))
    except Exception:  # of a damaged file, or one of an old format, nothing can be said
        return []


def _is_ours(content: Mapping[str, Any]) -> bool:
    return {"model", "config", "state_dict"} <= content.keys()


def load_checkpoint(path: str | Path, *, align_corners: bool | None = None) -> PSPNet:
    """The model of a checkpoint, in eval mode on the CPU, with the semantics that belong to its weights.

    Args:
        path: a file of `save_checkpoint`, of hszhao/semseg (PSPNet-50, 101) or of mmsegmentation (PSPNet-18, 50, 101),
            or the weights of one of their PSPNets or of ours alone.
        align_corners: how a file that does not say enlarges its maps. None: True for semseg and for weights of ours;
            False for mmsegmentation, whose 769x769 configurations need True.

    Raises:
        CheckpointError: as `read_checkpoint`, or weights that do not fit the architecture the file names; names that
            are missing or left over are listed.
    """
    path = Path(path)
    content = _read_content(path)
    if not _is_ours(content):
        try:
            return published_pspnet(content, align_corners)
        except UnknownCheckpointError as error:
            raise CheckpointError(
                f"{path} holds no model, config and state_dict as save_checkpoint writes them, nor a PSPNet of semseg "
                f"or mmsegmentation: {error}"
            ) from error
    kind, config = content["model"], content["config"]
    if not (isinstance(kind, str) and kind in MODELS):
        raise CheckpointError(f"{path} holds a {shortened(repr(kind))}; known are {', '.join(MODELS)}")
    if not isinstance(config, Mapping):
        raise CheckpointError(
            f"{path} has a {type(config).__name__} for its config, not the arguments of {kind} by name"
        )
    if align_corners not in (None, config.get("align_corners", True)):
        raise CheckpointError(
            f"{path} says align_corners={not align_corners}; it was trained so: leave the argument out"
        )
    model = _build(path, kind, config)
    try:
        load_weights(model, content["state_dict"])
    except MisfitError as error:
        raise CheckpointError(f"{path} does not fit its own architecture: {error}") from error
    return model.eval()


def _build(path: Path, kind: str, config: Mapping[str, Any]) -> PSPNet:
    try:
        return MODELS[kind](**_completed(kind, config))
    except Exception as error:  # a file may say anything
        raise CheckpointError(
            f"{path}: its config {shortened(repr(dict(config)))} builds no {kind} here: {type(error).__name__}: "
            f"{shortened(str(error))}\nIt is of another version, or was changed: train again, or correct its config."
        ) from error


def _completed(model: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """A config with what it did not name while there was no choice: clusters were those of the full affinity."""
    return {"graph": "full", **config} if model == "ClusterNet" else dict(config)


def _check_sums(path: Path) -> None:
    """torch.save writes a zip with checksums, which torch.load does not look at."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged:
            raise zipfile.BadZipFile(f"the checksum of {damaged} is wrong")
