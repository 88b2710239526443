"""Results that one notebook leaves for another: arrays by name, scores, and tables."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from thesis_lib.experiments.scores import Scores
from thesis_lib.files import read_json, replacing, write_json


def save_arrays(path: Path, content: Mapping[Any, Any]) -> None:
    """Save a dictionary of arrays and numbers as one .npz; it may hold dictionaries of them, and these others.

    Args:
        content: keys are whole numbers, or texts without "/" that are no numbers.

    Raises:
        ValueError: a key that `load_arrays` would give back as another, or as several.
    """
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez(file, **dict(_flat(content)))


def load_arrays(path: Path) -> dict[Any, Any]:
    """What `save_arrays` saved, as nested as it was; a number is an array without dimensions."""
    content: dict[Any, Any] = {}
    with np.load(path, allow_pickle=False) as saved:
        for name in saved:
            *outer, last = map(_key, name.split("/"))
            inner = content
            for key in outer:
                inner = inner.setdefault(key, {})
            inner[last] = saved[name]
    return content


def save_scores(path: Path, scores: Mapping[str, Scores]) -> None:
    """Save the scores of models by name as JSON, null where a score is NaN."""
    write_json(path, {name: score.to_dict() for name, score in scores.items()}, sort_keys=False)


def load_scores(path: Path) -> dict[str, Any]:
    """What `save_scores` saved, as dictionaries, NaN where the file has null."""
    return _nan_for_none(read_json(path))


def _flat(content: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Arrays by names such as "labels/street/4/40"."""
    for key, value in content.items():
        if "/" in str(key) or _key(str(key)) != key:
            raise ValueError(f"the key {key!r} would not come back: take a whole number, or a text without '/'")
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}/")
        else:
            yield f"{prefix}{key}", value


def _key(part: str) -> int | str:
    return int(part) if part.isdecimal() else part


def _nan_for_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _nan_for_none(inner) for key, inner in value.items()}
    return float("nan") if value is None else value
