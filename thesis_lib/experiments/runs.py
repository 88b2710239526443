"""What a profile names, made: its data set, its two models, and where their trainings lie."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import torch

from thesis_lib.data import DatasetError, scenes
from thesis_lib.data.lists import SPLITS, pairs_of, write_lists
from thesis_lib.data.prepare import prepare_dataset
from thesis_lib.data.scenes import write_scenes
from thesis_lib.data.verify import content_digest
from thesis_lib.experiments.profiles import Profile, ProfileError
from thesis_lib.experiments.training import TrainingFiles
from thesis_lib.models import ClusterNet, PSPNet

MODELS = ("pspnet", "clusternet")
MANIFEST = "scenes.json"


def build_model(profile: Profile, name: str) -> PSPNet:
    """One of the two networks of a profile, its new weights drawn from the training's seed.

    Args:
        name: "pspnet" or "clusternet".
    """
    settings = profile.model
    torch.manual_seed(profile.training.seed)
    if name == "pspnet":
        return PSPNet(backbone=settings.backbone, weights=settings.weights)
    if name == "clusternet":
        layer = settings.model_dump(include={"n_clusters", "axis", "fusion", "method", "sigma", "reduce"})
        return ClusterNet(backbone=settings.backbone, weights=settings.weights, **layer)
    raise ProfileError(f"there is no model {name!r}; choose {' or '.join(MODELS)}")


def training_files(profile: Profile, name: str) -> TrainingFiles:
    """Where the training of a model of a profile lies."""
    return TrainingFiles(profile.results / "training" / name)


def provide_dataset(profile: Profile, archives: Path) -> dict[str, Any]:
    """Make sure that a profile's data set is there: paint the scenes, or unpack Cityscapes where its zips are given.

    Args:
        archives: the folder with Cityscapes' two zips, needed only while the data set is not unpacked.

    Returns:
        {"root", "frames": {split: count}, "digest"}, the digest of all the bytes used.

    Raises:
        DatasetError: Cityscapes is not there, or the folder of the scenes holds something else.
    """
    root = profile.dataset
    if profile.data.source == "scenes":
        _provide_scenes(profile)
    elif not (root / "leftImg8bit").is_dir():
        prepare_dataset(archives, root)
    limits = {"train": profile.data.train, "val": profile.data.val}
    pairs = {split: pairs_of(root, split)[: limits[split]] for split in SPLITS}
    return {
        "root": str(root),
        "frames": {split: len(found) for split, found in pairs.items()},
        "digest": content_digest(pair for found in pairs.values() for pair in found),
    }


def _provide_scenes(profile: Profile) -> None:
    """Paint the scenes unless the same ones are there; older ones are removed first."""
    root, data = profile.dataset, profile.data
    wanted = {"train": data.train, "val": data.val, "size": list(data.size), "seed": data.seed, "painter": _painter()}
    manifest = root / MANIFEST
    if manifest.is_file():
        if json.loads(manifest.read_text(encoding="utf-8")) == wanted:
            return
        shutil.rmtree(root)
    elif root.is_dir() and any(root.glob("leftImg8bit/*/*/*")):
        raise DatasetError(
            f"{root} holds images that were not painted here.\nMove them, or give the profile another data.root."
        )
    write_scenes(root, train=data.train, val=data.val, size=data.size, seed=data.seed)
    write_lists(root)
    manifest.write_text(json.dumps(wanted) + "\n", encoding="utf-8")


def _painter() -> str:
    """Digest of the code that paints: other code, other scenes."""
    files = sorted(Path(scenes.__file__).parent.rglob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
