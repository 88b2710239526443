"""Show a saved view again, without a browser: `python -m thesis_lib.views.inspector VIEW.toml [--output FOLDER]`."""

import argparse
import sys
from pathlib import Path

from thesis_lib.views.inspector.headless.export import EXPORTS, export, restore


def main() -> int:
    """Export the view of a file, and return the exit status: 0, or 2 for a view that cannot be shown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("view", type=Path)
    parser.add_argument("--output", type=Path, default=EXPORTS)
    given = parser.parse_args()
    try:
        studio, view = restore(given.view)
        print(export(studio, view, folder=given.output))
    except (ValueError, OSError, RuntimeError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
