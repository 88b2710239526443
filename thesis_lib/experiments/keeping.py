"""Cache of trainings by content: finished ones are reused, and none is overwritten by one of other values."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from thesis_lib.experiments.keys import Key, key_digest
from thesis_lib.experiments.processes import this_process
from thesis_lib.experiments.records import TrainingFiles
from thesis_lib.files import read_json, write_json

RECORD = "training.json"
"""File in a training's folder that holds its key, and whether it is finished."""


def kept_files(place: Path, key: Key) -> TrainingFiles:
    """Find the folder of the training with a key, whether it was trained yet or not.

    Args:
        place: the folder to use; if it holds a training of another key, <place>-<digest> is used instead.
        key: all values that the training depends on.
    """
    other = place.with_name(f"{place.name}-{key_digest(key)}")
    for folder in (place, other):
        if _record(folder).get("key") == key:
            return TrainingFiles(folder)
    return TrainingFiles(other if _is_taken(place) else place)


def keep_training(place: Path, key: Key, train: Callable[[Path], object], *, resume: bool) -> TrainingFiles:
    """Run a training unless a finished one with its key is kept, and record that it is finished.

    Args:
        place: the folder to use; if it holds a training of another key, <place>-<digest> is used instead.
        key: all values that the training depends on.
        train: called with the folder; resumes the training there, or starts anew, as `resume` says.
        resume: whether to reuse a finished training of this key and resume an unfinished one.
    """
    files, team = kept_files(place, key), this_process()
    if resume and is_finished(files):
        return files
    team.wait_for_everyone()  # every process has looked before the first one writes
    if team.is_main_process:
        if files.folder != place:
            print(f"{place} holds a training of other values; this one is kept in {files.folder}", file=sys.stderr)
        write_json(files.folder / RECORD, {"key": key, "finished": False})
    train(files.folder)
    if team.is_main_process:
        write_json(files.folder / RECORD, {"key": key, "finished": True})
    team.wait_for_everyone()
    return files


def is_finished(files: TrainingFiles) -> bool:
    """Whether a training is recorded as finished and its last checkpoint is still there."""
    return bool(_record(files.folder).get("finished")) and files.last.exists()


def _record(folder: Path) -> dict[str, Any]:
    """Read the record of a training's folder: empty if it is missing or broken, so that it matches no key."""
    try:
        return read_json(folder / RECORD)
    except (FileNotFoundError, ValueError):
        return {}


def _is_taken(place: Path) -> bool:
    files = TrainingFiles(place)
    return any(file.exists() for file in (place / RECORD, files.last, files.best, files.log))
