"""Trainings kept by content: one that was asked for before is found again, and no other is written over."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from thesis_lib.experiments.keys import Key, key_digest
from thesis_lib.experiments.processes import this_process
from thesis_lib.experiments.records import TrainingFiles
from thesis_lib.files import read_json, write_json

RECORD = "training.json"
"""In a training's folder: its key, and whether it came to its end."""


def kept_files(place: Path, key: Key) -> TrainingFiles:
    """The folder of a training, whether it was trained yet or not.

    Args:
        place: the folder it has by its name. Where another training is kept there, this one's is <place>-<digest>.
    """
    other = place.with_name(f"{place.name}-{key_digest(key)}")
    for folder in (place, other):
        if _record(folder).get("key") == key:
            return TrainingFiles(folder)
    return TrainingFiles(other if _is_taken(place) else place)


def keep_training(place: Path, key: Key, train: Callable[[Path], object], *, resume: bool) -> TrainingFiles:
    """Train unless it was done, and note it when it is done.

    Args:
        train: given a folder, goes on with the training that lies there, or, without `resume`, begins anew.
        resume: use a finished training of this key as it is, and go on with an unfinished one.
    """
    files, team = kept_files(place, key), this_process()
    if resume and is_finished(files):
        return files
    team.wait_for_everyone()  # all have looked before the first one writes
    if team.is_main_process:
        if files.folder != place:
            print(f"{place} keeps a training of other values; this one goes to {files.folder}", file=sys.stderr)
        write_json(files.folder / RECORD, {"key": key, "finished": False})
    train(files.folder)
    if team.is_main_process:
        write_json(files.folder / RECORD, {"key": key, "finished": True})
    team.wait_for_everyone()
    return files


def is_finished(files: TrainingFiles) -> bool:
    """Whether a training came to its end, and what it left is still there."""
    return bool(_record(files.folder).get("finished")) and files.last.exists()


def _record(folder: Path) -> dict[str, Any]:
    """Of a folder; an empty one where there is none, or a broken one, whose folder then counts as another's."""
    try:
        return read_json(folder / RECORD)
    except (FileNotFoundError, ValueError):
        return {}


def _is_taken(place: Path) -> bool:
    files = TrainingFiles(place)
    return any(file.exists() for file in (place / RECORD, files.last, files.best, files.log))
