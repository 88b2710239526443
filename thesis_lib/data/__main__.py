"""`python -m thesis_lib.data prepare | lists | verify | scenes`: get a data set, and check it."""

import argparse
import sys
from pathlib import Path

from thesis_lib.data.errors import DatasetError
from thesis_lib.data.lists import write_lists
from thesis_lib.data.prepare import prepare_dataset
from thesis_lib.data.scenes import write_scenes
from thesis_lib.data.verify import verify_dataset
from thesis_lib.paths import DATASET


def main() -> int:
    """Run one command; 1 when the data set is not as it should be."""
    arguments = _parser().parse_args()
    try:
        return arguments.run(arguments)
    except (DatasetError, ValueError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m thesis_lib.data", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    prepare = commands.add_parser("prepare", help="unpack the two official zips and write the lists")
    prepare.add_argument("archives", type=Path, help="the folder with the zips")
    prepare.set_defaults(run=lambda given: print(*prepare_dataset(given.archives, given.root), sep="\n") or 0)

    lists = commands.add_parser("lists", help="write train_set.txt and val_set.txt from the tree")
    lists.set_defaults(run=lambda given: print(*write_lists(given.root), sep="\n") or 0)

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


def _scenes(given: argparse.Namespace) -> int:
    write_scenes(given.root, train=given.train, val=given.val, size=tuple(given.size), seed=given.seed)
    print(*write_lists(given.root), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
