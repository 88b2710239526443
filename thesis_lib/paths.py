"""Paths of the project's folders, relative to this package, never to the working directory."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
NOTEBOOKS = PROJECT / "notebooks"
PROFILES = NOTEBOOKS / "profiles"
DATASET = PROJECT / "cityscapes_dataset"
FIGURES = PROJECT / "figures"
BUILD = PROJECT / "build"
