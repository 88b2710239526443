"""Verification that a data set is complete and every file intact."""

import hashlib
import struct
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text

from thesis_lib.data import official
from thesis_lib.data.completeness import city_of, is_cityscapes, misplaced, missing_by_city, twice
from thesis_lib.data.errors import DatasetError
from thesis_lib.data.images import PNG_END, read_image, read_label
from thesis_lib.data.lists import IMAGE, LABEL, SPLITS, Pair, frames_in, missing_dataset

PNG_START = b"\x89PNG\r\n\x1a\n"
SHOWN = 5


@dataclass(frozen=True)
class Check:
    """Check of the data set, with the problems found."""

    name: str
    found: str
    problems: tuple[str, ...] = ()


@dataclass
class Report:
    """Report of `verify_dataset`."""

    root: Path
    checks: list[Check] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether no check had a problem."""
        return not any(check.problems for check in self.checks)

    def print(self) -> None:
        """Print the checks as a table, with the first problems of each."""
        # Text: in plain strings rich would take [brackets] of a path for its markup
        table = Table("check", "found", "")
        for check in self.checks:
            verdict = f"[red]{len(check.problems)} problem(s)" if check.problems else "[green]ok"
            more = len(check.problems) - SHOWN
            problems = [*check.problems[:SHOWN], *([f"and {more} more"] if more > 0 else [])]
            table.add_row(check.name, Text("\n".join([check.found, *problems])), verdict)
        console = Console()
        console.print(Text(str(self.root)), soft_wrap=True)
        console.print(table)


def verify_dataset(root: str | Path, *, full: bool = False) -> Report:
    """Check a data set in the Cityscapes layout.

    Where its cities are those of Cityscapes, the frames per city and the digest of all their names must be the
    published ones. No split may be empty or hold frames of another. Every image needs its label, and every label its
    image; all PNGs must have one size and the right kind of pixels, by their headers, and be whole.

    Args:
        full: also decode every file, check the values of the labels, and give a digest of all the bytes.

    Raises:
        DatasetError: there are no images at all.
    """
    root = Path(root)
    report = Report(root)
    images, labels = (
        {split: _frames(root, folder, split, suffix) for split in SPLITS}
        for folder, suffix in (("leftImg8bit", IMAGE), ("gtFine", LABEL))
    )
    if not any(images.values()):
        raise missing_dataset(root / "leftImg8bit")
    for split in SPLITS:
        report.checks += _split_checks(split, images[split], labels[split], full=full)
    if shared := twice(images):
        report.checks.append(Check("splits", "", tuple(shared)))
    report.print()
    return report


def _split_checks(split: str, images: dict[str, Path], labels: dict[str, Path], *, full: bool) -> list[Check]:
    pairs = [Pair(images[name], labels[name]) for name in sorted(images.keys() & labels.keys())]
    checks = [_pairs(split, images.keys(), labels.keys())]
    if images:
        checks.append(_names(split, list(images)))
    if pairs:
        checks.append(_headers(split, pairs))
    if pairs and full:
        checks.append(_pixels(split, pairs))
    return checks


def content_digest(pairs: Iterable[Pair]) -> str:
    """Compute the sha256 over names and bytes of images and labels: a data set's identity in provenance."""
    files = [path for pair in pairs for path in pair]
    with ThreadPoolExecutor() as pool:
        digests = pool.map(lambda path: f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}", files)
        return hashlib.sha256("\n".join(digests).encode(errors="surrogateescape")).hexdigest()


def _frames(root: Path, folder: str, split: str, suffix: str) -> dict[str, Path]:
    return {path.name.removesuffix(suffix): path for path in frames_in(root, folder, split, suffix)}


def _pairs(split: str, images: Iterable[str], labels: Iterable[str]) -> Check:
    without_label, without_image = sorted(set(images) - set(labels)), sorted(set(labels) - set(images))
    problems = [f"{name} has no {LABEL}" for name in without_label] + [
        f"{name} has no {IMAGE}" for name in without_image
    ]
    if not images:
        problems.insert(0, f"leftImg8bit/{split} has no images")
    return Check(f"{split}: pairs", f"{len(set(images) & set(labels))} images with labels", tuple(problems))


def _names(split: str, names: list[str]) -> Check:
    cities, strange = {city_of(name) for name in names}, misplaced(split, names)
    if not is_cityscapes(split, names):
        said = "" if strange else ", none of Cityscapes (synthetic?)"
        return Check(f"{split}: frames", f"{len(names)} in {len(cities)} cities{said}", tuple(strange))
    problems = strange + missing_by_city(split, names)
    digest = hashlib.sha256("\n".join(sorted(names)).encode(errors="surrogateescape")).hexdigest()
    if not problems and digest != official.NAMES_DIGEST[split]:
        problems.append("the counts are right, but some names are not those of Cityscapes")
    return Check(f"{split}: frames", f"{len(names)} in {len(cities)} cities, names {digest[:12]}", tuple(problems))


def _headers(split: str, pairs: list[Pair]) -> Check:
    problems, sizes = [], Counter[tuple[int, int]]()
    for pair in pairs:
        for path, channels in zip(pair, (3, 1), strict=True):
            try:
                sizes[_png_header(path, channels)] += 1
            except DatasetError as error:
                problems.append(str(error))
    usual = sizes.most_common(1)[0][0] if sizes else official.SIZE
    if len(sizes) > 1:
        problems += [f"{count} files are {w}x{h}" for (h, w), count in sizes.items() if (h, w) != usual]
    return Check(f"{split}: files", f"{sizes[usual]} PNGs of {usual[1]}x{usual[0]}", tuple(problems))


def _png_header(path: Path, channels: int) -> tuple[int, int]:
    """Read (height, width) of a PNG from its first bytes, and check that its last ones are there."""
    try:
        with path.open("rb") as file:
            start = file.read(33)
            file.seek(max(0, path.stat().st_size - len(PNG_END)))
            end = file.read()
    except OSError as error:
        raise DatasetError(f"{path.name} cannot be read: {error.strerror}") from None
    if len(start) < 33 or not start.startswith(PNG_START) or end != PNG_END:
        raise DatasetError(f"{path.name} is cut off or no PNG")
    width, height, depth, color = struct.unpack(">IIBB", start[16:26])
    if (depth, color) != (8, 2 if channels == 3 else 0):
        raise DatasetError(f"{path.name} is not 8-bit with {channels} channel(s)")
    return height, width


def _pixels(split: str, pairs: list[Pair]) -> Check:
    problems = []
    for pair in track(pairs, f"Reading {split}", transient=True):
        for read, path in ((read_image, pair.image), (read_label, pair.label)):
            problems += _problem(read, path)
    digest = "no digest" if problems else f"sha256 {content_digest(pairs)[:12]}"
    return Check(f"{split}: content", digest, tuple(problems))


def _problem(read: Callable[[Path], object], path: Path) -> list[str]:
    try:
        read(path)
    except DatasetError as error:
        return [str(error).splitlines()[0]]
    return []
