"""Replacing a file as a whole, so that nobody ever reads half of one."""

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
