"""`python -m streets ROOT`: write synthetic streets in Cityscapes' layout."""

import argparse
import sys
from pathlib import Path

from streets.dataset import write_scenes
from streets.errors import StreetsError


def main() -> int:
    """Write a data set; 1 where that cannot be done, 2 for a command that cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m streets", description=__doc__)
    parser.add_argument("root", type=Path, help="folder of the data set; made if it is missing")
    parser.add_argument("--train", type=int, default=8, help="frames for training (8)")
    parser.add_argument("--val", type=int, default=4, help="frames for validation (4)")
    parser.add_argument("--size", type=int, nargs=2, default=(1024, 2048), metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--seed", type=int, default=0, help="another seed, another data set (0)")
    parser.add_argument("--workers", type=int, help="processes (one per core)")
    given = parser.parse_args()
    try:
        names = write_scenes(
            given.root, train=given.train, val=given.val, size=tuple(given.size), seed=given.seed, workers=given.workers
        )
    except (StreetsError, ValueError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    print(f"{len(names)} frames in {given.root}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
