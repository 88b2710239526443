"""Provision of the data set that a profile names: synthetic scenes painted, or Cityscapes unpacked."""

import shutil
import warnings
from pathlib import Path
from typing import Any

from thesis_lib.data import DatasetError
from thesis_lib.data.completeness import shortcomings
from thesis_lib.data.lists import SPLITS, Pair, is_foreign, list_file, pairs_of, write_lists
from thesis_lib.data.official import ARCHIVES
from thesis_lib.data.prepare import prepare_dataset
from thesis_lib.data.scenes import digest, write_scenes
from thesis_lib.data.verify import content_digest
from thesis_lib.experiments.keys import split_digest
from thesis_lib.experiments.profiles import Profile
from thesis_lib.files import read_json, write_json

MANIFEST = "scenes.json"


def provide_dataset(profile: Profile, archives: Path) -> dict[str, Any]:
    """Make sure that a profile's data set is there: paint the scenes, or unpack Cityscapes from its zips.

    Args:
        archives: the folder with Cityscapes' two zips, needed only until the data set is unpacked.

    Returns:
        {"root", "frames": {split: count}, "digest", "warnings"}: "digest" is that of all files used; "warnings" lists
        shortcomings, such as fewer frames than the profile asks for, which are also issued as Python warnings.

    Raises:
        DatasetError: Cityscapes is not there, or the folder of the scenes holds other images.
    """
    root = profile.dataset
    if profile.data.source == "scenes":
        _provide_scenes(profile)
    elif not (root / "leftImg8bit").is_dir() or _is_unfinished(root, archives):
        prepare_dataset(archives, root)
    limits = {"train": profile.data.train, "val": profile.data.val}
    pairs = {split: pairs_of(root, split)[: limits[split]] for split in SPLITS}
    for split in SPLITS:
        split_digest(profile, split)  # kept for the trainings, whose processes would each compute it
    return {
        "root": str(root),
        "frames": {split: len(found) for split, found in pairs.items()},
        "digest": content_digest(pair for found in pairs.values() for pair in found),
        "warnings": _warned(pairs, limits),
    }


def _warned(pairs: dict[str, list[Pair]], wanted: dict[str, int]) -> list[str]:
    lines = shortcomings({split: [pair.frame for pair in found] for split, found in pairs.items()}, wanted)
    for line in lines:
        warnings.warn(line, stacklevel=3)
    return lines


def _is_unfinished(root: Path, archives: Path) -> bool:
    """Whether an unpacking was interrupted before it wrote its lists, and the zips are still there to repeat it."""
    listed = all(list_file(root, split).is_file() for split in SPLITS)
    return not listed and all((archives / name).is_file() for name in ARCHIVES)


def _provide_scenes(profile: Profile) -> None:
    """Paint a profile's scenes, unless the same ones are there; scenes of other values are removed first."""
    root, data = profile.dataset, profile.data
    wanted = {"train": data.train, "val": data.val, "size": list(data.size), "seed": data.seed, "painter": digest()}
    manifest = root / MANIFEST
    if manifest.is_file():
        if read_json(manifest) == wanted:
            return
        shutil.rmtree(root)
    elif root.is_dir() and any(not is_foreign(path.parts[-2:]) for path in root.glob("leftImg8bit/*/*/*")):
        raise DatasetError(
            f"{root} holds images that this package did not paint.\nMove them, or give the profile another data.root."
        )
    root.mkdir(parents=True, exist_ok=True)
    write_json(manifest, {})  # marks the folder as painted here, so that an interrupted call is repeated
    write_scenes(root, train=data.train, val=data.val, size=data.size, seed=data.seed)
    write_lists(root)
    write_json(manifest, wanted)
