"""train_set.txt and val_set.txt: an image and its label, relative to the data set's root, on every line."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from thesis_lib.data.errors import DatasetError

SPLITS = ("train", "val")
IMAGE, LABEL = "_leftImg8bit.png", "_gtFine_labelIds.png"


class Pair(NamedTuple):
    """An image and its label, absolute paths."""

    image: Path
    label: Path

    @property
    def frame(self) -> str:
        """The frame's name, such as aachen_000000_000019."""
        return self.image.name.removesuffix(IMAGE)


def pairs_of(root: Path, split: str) -> list[Pair]:
    """The pairs of a split: as its list says, or all in the tree, sorted by name, where there is no list.

    Raises:
        DatasetError: the root, the split or a listed file is missing, or there are no images.
    """
    root = Path(root)
    file = list_file(root, split)
    return read_list(file, root) if file.exists() else find_pairs(root, split)


def list_file(root: Path, split: str) -> Path:
    """Where the list of a split lies."""
    return root / f"{split}_set.txt"


def read_list(file: Path, root: Path) -> list[Pair]:
    """Read a list: two paths a line, between spaces or tabs; blank lines and # comments are passed over."""
    pairs = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        paths = line.partition("#")[0].split()
        if not paths:
            continue
        if len(paths) != 2:
            raise DatasetError(
                f"{file}, line {number}: {len(paths)} path(s) where an image and its label are expected:\n  {line}\n"
                "Put both on the line, with a space or a tab between them and none in them."
            )
        pair = Pair(root / paths[0], root / paths[1])
        for path in pair:
            if not path.is_file():
                raise DatasetError(f"{file}, line {number}: {path} does not exist.\nCorrect the list, or rebuild it.")
        pairs.append(pair)
    if not pairs:
        raise DatasetError(f"{file} names no images.\nRebuild it: python -m thesis_lib.data lists {root}")
    return pairs


def find_pairs(root: Path, split: str) -> list[Pair]:
    """Every image of a split with its labelIds, in the order of the names whatever the file system's is."""
    folder = root / "leftImg8bit" / split
    images = sorted(folder.glob(f"*/*{IMAGE}"), key=lambda path: path.name)
    if not images:
        raise missing_dataset(folder)
    return [Pair(image, label_of(image, root)) for image in images]


def label_of(image: Path, root: Path) -> Path:
    """The labelIds of an image of the official layout.

    Raises:
        DatasetError: it is not there.
    """
    split, city = image.parts[-3:-1]
    label = root / "gtFine" / split / city / (image.name.removesuffix(IMAGE) + LABEL)
    if not label.is_file():
        raise DatasetError(f"{image} has no label: {label} does not exist.\nUnpack gtFine_trainvaltest.zip again.")
    return label


def write_lists(root: Path, splits: Iterable[str] = SPLITS) -> list[Path]:
    """Write each split's list from the tree; returns the files."""
    files = []
    for split in splits:
        lines = [" ".join(path.relative_to(root).as_posix() for path in pair) for pair in find_pairs(root, split)]
        file = list_file(root, split)
        partial = file.with_suffix(".tmp")
        partial.write_text("\n".join(lines) + "\n", encoding="utf-8")
        partial.replace(file)
        files.append(file)
    return files


def missing_dataset(folder: Path) -> DatasetError:
    """The error for a data set that is not there."""
    return DatasetError(
        f"{folder} has no images.\n"
        "Put the unzipped leftImg8bit/ and gtFine/ of Cityscapes there (see cityscapes_dataset/README.md),\n"
        "or run the synthetic demo: make figures PROFILE=demo"
    )
