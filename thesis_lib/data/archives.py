"""Entries of a zip that belong to the data set: where each goes, and whether it can be read."""

import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from thesis_lib.data.errors import DatasetError
from thesis_lib.data.lists import is_foreign
from thesis_lib.data.official import ARCHIVES

FOLDERS = ("leftImg8bit", "gtFine")
READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
METHODS = {9: "Deflate64", 93: "Zstandard", 95: "XZ", 98: "PPMd"}
"""Ways of compression that Python's zipfile does not know, by their numbers in the format."""
LOCKED = 0x1
"""Flag of an entry with a password."""
FOLDER = 0x10
"""DOS attribute of a folder."""
PIECE = 2**20


class Entry(NamedTuple):
    """File in a zip, and where it goes."""

    archive: zipfile.ZipFile
    info: zipfile.ZipInfo
    path: PurePosixPath
    """From the data set's root, such as gtFine/train/aachen/..."""

    def content(self) -> Iterator[bytes]:
        """Yield the file's bytes in pieces.

        Raises:
            DatasetError: the zip is damaged there.
        """
        try:
            with self.archive.open(self.info) as source:
                while piece := source.read(PIECE):
                    yield piece
        except Exception as error:  # zlib's, lzma's, bz2's, EOFError, struct's: a broken stream ends in any of them
            raise DatasetError(
                f"{self.archive.filename} is damaged at {self.info.filename}: {error}.\nDownload it again."
            ) from error


def open_archive(path: Path) -> zipfile.ZipFile:
    """Open a zip, and check that its table of contents is whole.

    Raises:
        DatasetError: it is not there, or no zip, or cut off.
    """
    if not path.is_file():
        raise DatasetError(
            f"{path} not found.\nDownload {' and '.join(ARCHIVES)} from cityscapes-dataset.com (free account needed) "
            "and name their folder."
        )
    try:
        return zipfile.ZipFile(path)
    except PermissionError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from None
    except Exception as error:  # not BadZipFile alone: a broken table also ends in ValueError, struct.error and others
        raise DatasetError(
            f"{path} ({path.stat().st_size} bytes) is no whole zip: {error}.\nIts download was cut off: resume it."
        ) from None


def entries(archive: zipfile.ZipFile) -> list[Entry]:
    """List the files of a zip that belong below leftImg8bit/ or gtFine/, wherever in it these folders lie.

    Backslashes, ./ and folders around the two are understood, and what macOS adds is passed over.

    Raises:
        DatasetError: an entry points elsewhere or cannot be unpacked, two are in each other's place, or there are none.
    """
    found: dict[PurePosixPath, Entry] = {}
    for info in archive.infolist():
        path = _place(archive, info)
        if path is None:
            continue
        entry = Entry(archive, info, path)
        _check_readable(entry)
        other = found.setdefault(path, entry).info
        if (other.CRC, other.file_size) != (info.CRC, info.file_size):
            raise DatasetError(
                f"{archive.filename} holds two different files for {path}: {other.filename!r} and {info.filename!r}.\n"
                "Nothing was unpacked. Remove one of them from the zip, or download the official one."
            )
    if not found:
        raise DatasetError(
            f"{archive.filename} has nothing in {' or '.join(f'{name}/' for name in FOLDERS)}: {_shown(archive)}.\n"
            "This is not the official zip: download it again."
        )
    return list(found.values())


def _place(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> PurePosixPath | None:
    """Place of an entry relative to the data set's root, or None if it does not belong to the data set."""
    name = info.filename.replace("\\", "/")
    path = PurePosixPath(name)
    parts = path.parts
    if path.is_absolute() or ".." in parts or (parts and ":" in parts[0]) or stat.S_ISLNK(info.external_attr >> 16):
        raise DatasetError(
            f"{archive.filename} holds {info.filename!r}, which points out of the data set's folder.\n"
            "Nothing was unpacked. This is not the official zip: download it again."
        )
    starts = [number for number, part in enumerate(parts[:-1]) if part in FOLDERS]
    is_folder = name.endswith("/") or (info.external_attr & FOLDER and not info.file_size)
    if is_folder or not starts or is_foreign(parts):
        return None
    return PurePosixPath(*parts[starts[-1] :])


def _check_readable(entry: Entry) -> None:
    info = entry.info
    if info.flag_bits & LOCKED:
        reason, way = "is locked by a password", "Unpack it by a program that asks for it"
    elif info.compress_type not in READABLE:
        method = METHODS.get(info.compress_type, f"method {info.compress_type}")
        reason, way = f"is compressed by {method}, which Python does not read", "Unpack it by 7z or the like"
    else:
        return
    raise DatasetError(
        f"{entry.archive.filename}: {info.filename} {reason}.\nNothing was unpacked. {way}, put leftImg8bit/ and "
        "gtFine/ into the data set's folder, and write the lists: python -m thesis_lib.data lists"
    )


def _shown(archive: zipfile.ZipFile) -> str:
    names = archive.namelist()
    return f"it holds {', '.join(names[:3])}{' ...' if len(names) > 3 else ''}" if names else "it is empty"
