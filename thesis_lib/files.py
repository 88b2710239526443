"""Files that are there or not, and never half."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file beside `path` to write to: it takes the place of `path` at the end, or is gone after an error.

    Its own name is short, for that of `path` may be as long as the file system takes (255 bytes, mostly). What a
    killed process left of it is overwritten by the next call.
    """
    partial = path.with_name(f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]}.tmp")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def is_file(path: Path) -> bool:
    """Whether a file is there; what can be no path is none, where `Path.is_file` raises an error before Python 3.14."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that is too long, or holds a NUL
        return False
