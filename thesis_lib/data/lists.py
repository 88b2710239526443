"""train_set.txt and val_set.txt: an image and its label, relative to the data set's root, on every line."""

import codecs
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from thesis_lib.data.errors import DatasetError
from thesis_lib.files import is_file, write_text

SPLITS = ("train", "val")
IMAGE, LABEL = "_leftImg8bit.png", "_gtFine_labelIds.png"
FOREIGN = "__MACOSX"
"""Folder that macOS adds to zips, beside files such as ._NAME and .DS_Store."""
MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
"""Encodings by what a text begins with."""
COMMENT = re.compile(r"(?:^|\s)#.*")
WORD = re.compile(r'"(?:[^"\\]|\\.)*"|#.*|\S+')


class Pair(NamedTuple):
    """Absolute paths of an image and its label."""

    image: Path
    label: Path

    @property
    def frame(self) -> str:
        """The frame's name, such as aachen_000000_000019."""
        return self.image.name.removesuffix(IMAGE)


def pairs_of(root: Path, split: str) -> list[Pair]:
    """List the pairs of a split: those of its list, or, without a list, all in the tree, sorted by name.

    Raises:
        DatasetError: the root, the split or a listed file is missing, or there are no images.
    """
    root = Path(root)
    file = list_file(root, split)
    return read_list(file, root) if file.exists() else find_pairs(root, split)


def list_file(root: Path, split: str) -> Path:
    """Path of a split's list."""
    return root / f"{split}_set.txt"


def read_list(file: Path, root: Path) -> list[Pair]:
    """Read a list: two paths a line, between tabs or spaces, in quotes where they hold spaces themselves.

    Blank lines and # comments are passed over. The text may be UTF-8, UTF-16 or Latin-1.

    Raises:
        DatasetError: a line without two paths, a path that does not exist, or no paths at all.
    """
    pairs = []
    for number, line in enumerate(_lines(file), start=1):
        paths = _paths(line)
        if not paths:
            continue
        if len(paths) != 2:
            raise DatasetError(
                f"{file}, line {number}: {len(paths)} path(s) where an image and its label are expected:\n  {line}\n"
                'Put both on the line, with a tab or a space between them; a path that holds spaces, in "quotes".'
            )
        pair = Pair(root / paths[0], root / paths[1])
        for path in pair:
            if not is_file(path):
                raise DatasetError(f"{file}, line {number}: {path} does not exist.\nCorrect the list, or rebuild it.")
        pairs.append(pair)
    if not pairs:
        raise DatasetError(f"{file} names no images.\nRebuild it: python -m thesis_lib.data lists {root}")
    return pairs


def _lines(file: Path) -> list[str]:
    """Decode the lines of a text, which may be UTF-8, UTF-16 or Latin-1."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise DatasetError(f"{file} cannot be read: {error.strerror or error}.") from None
    try:
        text = data.decode(_encoding(data))
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return re.split(r"\r\n|\r|\n", text)


def _encoding(data: bytes) -> str:
    for mark, encoding in MARKS.items():
        if data.startswith(mark):
            return encoding
    if b"\0" in data:
        return "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
    return "utf-8"


def _paths(line: str) -> list[str]:
    if '"' in line:
        return [_unquoted(word) for word in WORD.findall(line) if not word.startswith("#")]
    text = COMMENT.sub("", line).strip()
    return [part.strip() for part in text.split("\t") if part.strip()] if "\t" in text else text.split()


def _unquoted(word: str) -> str:
    try:
        return str(json.loads(word)) if word.startswith('"') else word
    except ValueError:  # a backslash that is none of JSON's
        return word.strip('"')


def _quoted(path: str) -> str:
    """Quote a path as a JSON string if it would not be read back from a line as it is."""
    return path if path.isprintable() and not set(path) & set(' "') else json.dumps(path)


def frames_in(root: Path, folder: str, split: str, suffix: str) -> list[Path]:
    """List the files <folder>/<split>/<city>/<frame><suffix>, in the order of their names.

    Hidden files and folders are none: macOS leaves a ._NAME beside every NAME on foreign disks and in zips.
    """
    found = (root / folder / split).glob(f"*/*{suffix}")
    return sorted((path for path in found if not is_foreign(path.parts[-2:])), key=lambda path: path.name)


def is_foreign(parts: Iterable[str]) -> bool:
    """Whether a path, given by its parts, is hidden or a file that an operating system keeps for itself."""
    return any(part == FOREIGN or part.startswith(".") for part in parts)


def find_pairs(root: Path, split: str) -> list[Pair]:
    """Pair every image of a split with its labelIds, in the order of the names.

    Raises:
        DatasetError: there are no images, or one without labels.
    """
    images = frames_in(root, "leftImg8bit", split, IMAGE)
    if not images:
        raise missing_dataset(root / "leftImg8bit" / split)
    return [Pair(image, label_of(image, root)) for image in images]


def label_of(image: Path, root: Path) -> Path:
    """Path of the labelIds of an image in the official layout.

    Raises:
        DatasetError: it is not there.
    """
    split, city = image.parts[-3:-1]
    label = root / "gtFine" / split / city / (image.name.removesuffix(IMAGE) + LABEL)
    if not is_file(label):
        raise DatasetError(f"{image} has no label: {label} does not exist.\nUnpack gtFine_trainvaltest.zip again.")
    return label


def write_lists(root: Path, splits: Iterable[str] = SPLITS) -> list[Path]:
    """Write each split's list from the tree, all or none of them; returns the files.

    Raises:
        DatasetError: a split without images, or an image without labels.
    """
    found = {list_file(root, split): find_pairs(root, split) for split in splits}
    for file, pairs in found.items():
        lines = [" ".join(_quoted(path.relative_to(root).as_posix()) for path in pair) for pair in pairs]
        write_text(file, "\n".join(lines) + "\n")
    return list(found)


def missing_dataset(folder: Path) -> DatasetError:
    """Make the error for a data set that is not there."""
    return DatasetError(
        f"{folder} has no images.\n"
        "Put the unzipped leftImg8bit/ and gtFine/ of Cityscapes there (see cityscapes_dataset/README.md),\n"
        "or run the synthetic demo: make figures PROFILE=demo"
    )
