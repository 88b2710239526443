"""Unpacking Cityscapes' official zips: resumable, and never outside the folder."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from thesis_lib.data.archives import FOLDERS, Entry, entries, open_archive
from thesis_lib.data.errors import DatasetError
from thesis_lib.data.lists import SPLITS, missing_dataset, write_lists
from thesis_lib.data.official import ARCHIVES
from thesis_lib.files import replacing

SPARE = 64 * 2**20
"""Bytes that stay free on the disk."""


def prepare_dataset(archives: str | Path, root: str | Path) -> list[Path]:
    """Unpack leftImg8bit_trainvaltest.zip and gtFine_trainvaltest.zip, and write the lists.

    What is already there in full is passed over, so an interrupted call is taken up again by a second one. Every file
    appears whole or not at all.

    Args:
        archives: the folder with the two zips, as downloaded from cityscapes-dataset.com.
        root: where leftImg8bit/, gtFine/ and the lists go, such as cityscapes_dataset.

    Returns:
        the lists written, train_set.txt and val_set.txt.

    Raises:
        DatasetError: a zip is missing, cut off, damaged or without the data set, an entry leaves the folder or cannot
            be unpacked, the disk is too small or full, or the folder cannot be written to.
    """
    archives, root = Path(archives), Path(root)
    with _disk_errors(root), ExitStack() as stack:
        opened = [stack.enter_context(open_archive(archives / name)) for name in ARCHIVES]
        found = [entry for archive in opened for entry in entries(archive)]
        missing = [entry for entry in found if not _is_there(root, entry)]
        _check_space(root, sum(entry.info.file_size for entry in missing))
        for entry in _with_progress(missing):
            _extract(entry, root)
        present = [split for split in SPLITS if (root / FOLDERS[0] / split).is_dir()]
        if not present:
            raise missing_dataset(root / FOLDERS[0])
        return write_lists(root, present)


def _is_there(root: Path, entry: Entry) -> bool:
    target = root / entry.path
    return target.is_file() and target.stat().st_size == entry.info.file_size


def _check_space(root: Path, wanted: int) -> None:
    root.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(root).free
    if wanted and wanted + SPARE > free:
        raise DatasetError(
            f"{root} has {free / 1e9:.2f} GB free; the rest of the data set takes {(wanted + SPARE) / 1e9:.2f} GB.\n"
            "Nothing was unpacked. Make room, or name a folder on another disk."
        )


def _with_progress(missing: list[Entry]) -> Iterator[Entry]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:
        task = progress.add_task("Unpacking Cityscapes", total=sum(entry.info.file_size for entry in missing))
        for entry in missing:
            yield entry
            progress.advance(task, entry.info.file_size)


def _extract(entry: Entry, root: Path) -> None:
    target = root / entry.path
    try:
        with replacing(target) as partial, partial.open("wb") as copy:
            for piece in entry.content():
                copy.write(piece)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(target)) from error


@contextmanager
def _disk_errors(root: Path) -> Iterator[None]:
    """Turn errors of the disk into a DatasetError that says what to do."""
    try:
        yield
    except OSError as error:
        raise DatasetError(
            f"{error.filename or root}: {error.strerror}.\nWhat was unpacked so far is whole: make room or get the "
            "permission to write there, and call again."
        ) from error
