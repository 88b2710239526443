"""Unpacking Cityscapes' official zips: resumable, and never outside the folder."""

import shutil
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from thesis_lib.data.errors import DatasetError
from thesis_lib.data.lists import SPLITS, write_lists
from thesis_lib.data.official import ARCHIVES

FOLDERS = ("leftImg8bit", "gtFine")
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
        DatasetError: a zip is missing, cut off or damaged, an entry leaves the folder, the disk is too small or full,
            or the folder cannot be written to.
    """
    archives, root = Path(archives), Path(root)
    with _disk_errors(root):
        opened = [_open(archives / name) for name in ARCHIVES]
        missing = [(archive, entry) for archive in opened for entry in _entries(archive) if not _is_there(root, entry)]
        _check_space(root, sum(entry.file_size for _, entry in missing))
        for archive, entry in _with_progress(missing):
            _extract(archive, entry, root)
        present = [split for split in SPLITS if (root / FOLDERS[0] / split).is_dir()]
        return write_lists(root, present)


def _open(path: Path) -> zipfile.ZipFile:
    if not path.is_file():
        raise DatasetError(
            f"{path} not found.\nDownload {' and '.join(ARCHIVES)} from cityscapes-dataset.com (free account needed) "
            "and name their folder."
        )
    try:
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise DatasetError(
            f"{path} ({path.stat().st_size} bytes) is no whole zip: {error}.\nIts download was cut off: resume it."
        ) from None


def _entries(archive: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    """The files that belong to the data set; a zip with an entry that points elsewhere is refused as a whole."""
    for entry in archive.infolist():
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        link = stat.S_ISLNK(entry.external_attr >> 16)
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[0] or link:
            raise DatasetError(
                f"{archive.filename} holds {entry.filename!r}, which points out of the data set's folder.\n"
                "Nothing was unpacked. This is not the official zip: download it again."
            )
        if not entry.is_dir() and path.parts[0] in FOLDERS:
            yield entry


def _is_there(root: Path, entry: zipfile.ZipInfo) -> bool:
    target = root / entry.filename
    return target.is_file() and target.stat().st_size == entry.file_size


def _check_space(root: Path, wanted: int) -> None:
    root.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(root).free
    if wanted and wanted + SPARE > free:
        raise DatasetError(
            f"{root} has {free / 1e9:.2f} GB free; the rest of the data set takes {(wanted + SPARE) / 1e9:.2f} GB.\n"
            "Nothing was unpacked. Make room, or name a folder on another disk."
        )


def _with_progress(
    missing: list[tuple[zipfile.ZipFile, zipfile.ZipInfo]],
) -> Iterator[tuple[zipfile.ZipFile, zipfile.ZipInfo]]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:
        task = progress.add_task("Unpacking Cityscapes", total=sum(entry.file_size for _, entry in missing))
        for archive, entry in missing:
            yield archive, entry
            progress.advance(task, entry.file_size)


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, root: Path) -> None:
    target = root / entry.filename
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.tmp")
    try:
        with archive.open(entry) as source, partial.open("wb") as copy:
            shutil.copyfileobj(source, copy, 2**20)
        partial.replace(target)
    except zipfile.BadZipFile as error:
        raise DatasetError(f"{archive.filename} is damaged at {entry.filename}: {error}.\nDownload it again.") from None
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _disk_errors(root: Path) -> Iterator[None]:
    """Say what the disk said, and what to do."""
    try:
        yield
    except OSError as error:
        raise DatasetError(
            f"{error.filename or root}: {error.strerror}.\nWhat was unpacked so far is whole: make room or get the "
            "permission to write there, and call again."
        ) from error
