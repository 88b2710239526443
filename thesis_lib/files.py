"""Atomic replacement of files: each is there whole, or not at all."""

import csv
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any


@contextmanager
def replacing(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """Yield a file beside `path` to write to; it replaces `path` at the end, or is removed after an error.

    What a killed process left of it is overwritten by the next call. The folder is made.

    Args:
        durable: whether file and rename must survive a power cut, which costs a wait for the disk.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_file(path)
    try:
        yield partial
        if durable:
            _sync(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    if durable:
        _sync(path.parent)


def partial_file(path: Path) -> Path:
    """Path of the unfinished file that `replacing` writes to.

    Its name is short, for that of `path` may be as long as the file system takes (255 bytes, mostly).
    """
    return path.with_name(f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]}.tmp")


def write_text(path: Path, text: str) -> None:
    """Replace a text file if its bytes change; else it keeps its time, and make has nothing to do."""
    content = text.encode()
    if not (path.is_file() and path.read_bytes() == content):
        with replacing(path) as partial:
            partial.write_bytes(content)


def write_json(path: Path, content: Any, *, sort_keys: bool = True) -> None:
    """Replace a JSON file if it changes.

    Raises:
        ValueError: NaN or infinite numbers, which JSON does not have.
    """
    write_text(path, json.dumps(content, indent=1, sort_keys=sort_keys, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read the content of a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Replace a CSV file if it changes; what a row lacks is left empty."""
    lines = StringIO(newline="")
    writer = csv.DictWriter(lines, columns)
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, lines.getvalue())


def file_digest(path: Path) -> str:
    """Compute the sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_file(path: Path) -> bool:
    """Whether a file exists; False for impossible paths, where `Path.is_file` raises errors before Python 3.14."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that is too long, or holds a NUL
        return False


def _sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
