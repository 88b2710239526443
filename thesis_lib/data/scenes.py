"""Synthetic streets in Cityscapes' layout: the one door to the distribution `streets`, which paints them."""

import os

import streets
from streets import CITIES, digest, paint_scene
from thesis_lib.data.errors import DatasetError

__all__ = ["CITIES", "digest", "paint_scene", "write_scenes"]


def write_scenes(
    root: str | os.PathLike[str],
    *,
    train: int = 8,
    val: int = 4,
    size: tuple[int, int] = (1024, 2048),
    seed: int = 0,
    workers: int | None = None,
    progress: bool = True,
) -> list[str]:
    """Write a whole synthetic data set, and give the names of its frames; `streets.write_scenes` tells of the options.

    Raises:
        ValueError: for counts, sizes, seeds or workers that make no sense.
        DatasetError: if the files cannot be written.
    """
    try:
        return streets.write_scenes(
            root, train=train, val=val, size=size, seed=seed, workers=workers, progress=progress
        )
    except streets.StreetsError as error:
        raise DatasetError(str(error)) from error
