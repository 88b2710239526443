"""Checkpoints, written atomically and read without executing pickled code."""

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
"""First four bytes of a zip file, which torch.save writes."""


class CheckpointError(RuntimeError):
    """A file that is missing, damaged, not a checkpoint, or of an unknown architecture."""


def save_checkpoint(path: str | Path, model: PSPNet, **state: Any) -> Path:
    """Write a model and the state of its training, atomically and durably.

    Args:
        path: the file; its folder is created. A reader sees the old file or the new one, never a part.
        state: plain values, tensors and containers of these, such as an optimizer's state dict.
    """
    path = Path(path)
    content = {"model": type(model).__name__, "config": model.config, "state_dict": model.state_dict(), **state}
    with replacing(path, durable=True) as partial, partial.open("wb") as file:
        torch.save(content, file)
    return path


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """Read the content of a file that `save_checkpoint` wrote, tensors on the CPU.

    Raises:
        CheckpointError: a missing or damaged file, one of another format, or one whose pickle holds code, which is
            not executed.
    """
    content = _read_content(Path(path))
    if not _is_ours(content):
        raise CheckpointError(
            f"{path} lacks the keys model, config and state_dict that save_checkpoint writes.\n"
            "load_checkpoint reads semseg's and mmsegmentation's files too"
        )
    return content


def _read_content(path: Path) -> dict[str, Any]:
    _check_readable(path)
    try:
        _check_sums(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise CheckpointError(f"{path} {_reason(path, error)}") from error
    if not isinstance(content, Mapping):
        raise CheckpointError(
            f"{path} holds a {type(content).__name__} instead of a dictionary with model, config and state_dict"
        )
    return dict(content)


def _check_readable(path: Path) -> None:
    """Refuse a path that is missing, a folder, unreadable or empty.

    Raises:
        CheckpointError: which of these it is, and what to do.
    """
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
    """Explain why torch could not read a file, and what to do."""
    with path.open("rb") as file:
        start = file.read(4)
    if others := _other_classes(path):
        return (
            f"holds more than tensors and plain values, and was not executed: objects of {listed(others)}.\n"
            "If you trust it, extract its weights, with the packages it needs: torch.save({'state_dict': "
            f"torch.load({str(path)!r}, map_location='cpu', weights_only=False)['state_dict']}}, 'weights.pth')"
        )
    if start == ZIP and not zipfile.is_zipfile(path):
        return "is damaged: the file is truncated. Copy it again, or train again"
    if isinstance(error, zipfile.BadZipFile):
        return f"is damaged: {error}. Copy it again, or train again"
    if start == ZIP:
        return f"is a zip file, but not one written by torch.save: {shortened(str(error))}"
    if isinstance(error, pickle.UnpicklingError) and "weights_only" in str(error).lower():
        return (
            "is not a checkpoint that is safe to read: it holds more than tensors and plain values, which was not "
            f"executed, or was not written by torch.save. ({shortened(str(error))})"
        )
    return f"was not written by torch.save, or is damaged: {shortened(str(error))}"


def _other_classes(path: Path) -> list[str]:
    """Names of the classes and functions in a file's pickle that torch does not consider safe."""
    try:
        return sorted(torch.serialization.get_unsafe_globals_in_checkpoint(path))
    except Exception:  # a damaged file, or one of an old format, has no list of them
        return []


def _is_ours(content: Mapping[str, Any]) -> bool:
    return {"model", "config", "state_dict"} <= content.keys()


def load_checkpoint(path: str | Path, *, align_corners: bool | None = None) -> PSPNet:
    """Load the model of a checkpoint, in eval mode on the CPU, with the semantics that its weights were trained with.

    Args:
        path: a file of `save_checkpoint`, of hszhao/semseg (PSPNet-50, 101) or of mmsegmentation (PSPNet-18, 50, 101),
            or a state dict alone of a PSPNet of semseg, mmsegmentation or this package.
        align_corners: of the bilinear enlargement, where the file does not record it. None: True for semseg and for
            this package's state dicts; False for mmsegmentation, whose 769x769 configurations need True.

    Raises:
        CheckpointError: as `read_checkpoint`, or weights that do not fit the architecture that the file names; the
            first names that are missing or left over are listed.
    """
    path = Path(path)
    content = _read_content(path)
    if not _is_ours(content):
        try:
            return published_pspnet(content, align_corners)
        except UnknownCheckpointError as error:
            raise CheckpointError(
                f"{path} has neither the keys model, config and state_dict that save_checkpoint writes, nor a PSPNet "
                f"of semseg or mmsegmentation: {error}"
            ) from error
    kind, config = content["model"], content["config"]
    if not (isinstance(kind, str) and kind in MODELS):
        raise CheckpointError(f"{path} names the model {shortened(repr(kind))}; expected one of {', '.join(MODELS)}")
    if not isinstance(config, Mapping):
        raise CheckpointError(
            f"{path} has a {type(config).__name__} as its config instead of a dictionary of {kind}'s arguments"
        )
    if align_corners not in (None, config.get("align_corners", True)):
        raise CheckpointError(
            f"{path} was trained with align_corners={not align_corners}, but {align_corners} was given: leave it out"
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
    except Exception as error:  # whatever the constructor raises for arbitrary values
        raise CheckpointError(
            f"{path}: its config {shortened(repr(dict(config)))} builds no {kind} here: {type(error).__name__}: "
            f"{shortened(str(error))}\nIt is from another version, or was edited: train again, or correct its config."
        ) from error


def _completed(model: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Complete the config of an old ClusterNet, saved before `graph` was an option: its affinity was full."""
    return {"graph": "full", **config} if model == "ClusterNet" else dict(config)


def _check_sums(path: Path) -> None:
    """Compare a checkpoint with the checksums in its zip, which torch.load ignores.

    Raises:
        zipfile.BadZipFile: an entry whose checksum differs.
    """
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged:
            raise zipfile.BadZipFile(f"the checksum of {damaged} is wrong")
