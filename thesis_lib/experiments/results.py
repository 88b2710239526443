"""Files by which notebooks hand on results: nested arrays as .npz, scores as JSON."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from thesis_lib.experiments.scores import Scores
from thesis_lib.files import read_json, replacing, write_json


def save_arrays(path: Path, content: Mapping[Any, Any]) -> None:
    """Save a dictionary of arrays and numbers, or a nested one, as one .npz.

    Args:
        content: its keys are non-negative integers, or strings without "/" that are not digits alone.

    Raises:
        ValueError: a key that `load_arrays` would change or split.
    """
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez(file, **dict(_flat(content)))


def load_arrays(path: Path) -> dict[Any, Any]:
    """Load the nested dictionary that `save_arrays` saved; numbers become 0-dimensional arrays."""
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
    """Save scores by model name as JSON, with null for NaN."""
    write_json(path, {name: score.to_dict() for name, score in scores.items()}, sort_keys=False)


def load_scores(path: Path) -> dict[str, Any]:
    """Load the scores that `save_scores` saved, as nested dictionaries by model name, with NaN for null."""
    return _nan_for_none(read_json(path))


def _flat(content: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Flatten a nested dictionary: yield arrays under names such as "labels/street/4/40"."""
    for key, value in content.items():
        if "/" in str(key) or _key(str(key)) != key:
            raise ValueError(
                f"the key {key!r} would not load as it was saved: use a non-negative integer, or a string without '/'"
            )
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
