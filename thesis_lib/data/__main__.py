"""`python -m thesis_lib.data prepare | lists | verify | scenes`: get a data set, and check it."""

import argparse
import sys
from pathlib import Path

from thesis_lib.data import official
from thesis_lib.data.completeness import is_cityscapes, shortcomings
from thesis_lib.data.errors import DatasetError
from thesis_lib.data.lists import SPLITS, list_file, pairs_of, write_lists
from thesis_lib.data.prepare import prepare_dataset
from thesis_lib.data.scenes import write_scenes
from thesis_lib.data.verify import verify_dataset
from thesis_lib.paths import DATASET


def main() -> int:
    """Run one command and return the exit status: 1 if the data set is not as it should be."""
    arguments = _parser().parse_args()
    try:
        return arguments.run(arguments)
    except (DatasetError, OSError, ValueError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m thesis_lib.data", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    prepare = commands.add_parser("prepare", help="unpack the two official zips and write the lists")
    prepare.add_argument("archives", type=Path, help="the folder with the zips")
    prepare.set_defaults(run=_prepare)

    lists = commands.add_parser("lists", help="write train_set.txt and val_set.txt from the tree")
    lists.set_defaults(run=_lists)

    verify = commands.add_parser("verify", help="check that the data set is whole")
    verify.add_argument("--full", action="store_true", help="read every byte, not only names and headers")
    verify.set_defaults(run=lambda given: int(not verify_dataset(given.root, full=given.full).ok))

    scenes = commands.add_parser("scenes", help="write synthetic streets in the same layout")
    scenes.add_argument("--train", type=int, default=8)
    scenes.add_argument("--val", type=int, default=4)
    scenes.add_argument("--size", type=int, nargs=2, default=(1024, 2048), metavar=("HEIGHT", "WIDTH"))
    scenes.add_argument("--seed", type=int, default=0)
    scenes.set_defaults(run=_scenes)

    for command in (prepare, lists, verify, scenes):
        command.add_argument("root", type=Path, nargs="?", default=DATASET, help="the data set (cityscapes_dataset/)")
    return parser


def _prepare(given: argparse.Namespace) -> int:
    print(*prepare_dataset(given.archives, given.root), sep="\n")
    return _warned(given.root)


def _lists(given: argparse.Namespace) -> int:
    print(*write_lists(given.root), sep="\n")
    return _warned(given.root)


def _warned(root: Path) -> int:
    """Print which of Cityscapes' frames the lists lack, which is no failure."""
    listed = {split: pairs_of(root, split) if list_file(root, split).exists() else [] for split in SPLITS}
    frames = {split: [pair.frame for pair in pairs] for split, pairs in listed.items()}
    real = any(is_cityscapes(split, names) for split, names in frames.items())
    wanted = {split: sum(official.FRAMES[split].values()) if real else 1 for split in SPLITS}
    for line in shortcomings(frames, wanted):
        print(f"Warning: {line}", file=sys.stderr)
    return 0


def _scenes(given: argparse.Namespace) -> int:
    write_scenes(given.root, train=given.train, val=given.val, size=tuple(given.size), seed=given.seed)
    print(*write_lists(given.root), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
