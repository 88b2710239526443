"""Where things live: counted from this package, never from the working directory."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
NOTEBOOKS = PROJECT / "notebooks"
PROFILES = NOTEBOOKS / "profiles"
DATASET = PROJECT / "cityscapes_dataset"
FIGURES = PROJECT / "figures"
BUILD = PROJECT / "build"
