"""What a training depends on, as plain values: two trainings of equal values are the same one.

No value is a time of a file or a path: images, weights and checkpoints count by the digests of their bytes.
"""

import hashlib
import json
from collections.abc import Mapping
from inspect import signature
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from thesis_lib.data.lists import Pair, pairs_of
from thesis_lib.data.verify import content_digest
from thesis_lib.experiments.consistency import is_weights_file
from thesis_lib.experiments.processes import this_process
from thesis_lib.experiments.profiles import Profile, Training
from thesis_lib.experiments.step import TrainingError
from thesis_lib.files import file_digest, read_json, write_json
from thesis_lib.models import ClusterNet, PSPNet

Key = dict[str, Any]
INDIFFERENT = {"save_every", "validate_every", "compile", "deterministic"}
"""Values of a recipe that change how a training runs or how often it is looked at, not what comes out."""
LAYER = {*signature(ClusterNet).parameters} - {*signature(PSPNet).parameters}
"""Values of a profile's [model] that belong to the cluster layer: the PSPNet does not depend on them."""


def recipe(training: Training) -> Key:
    """The values of a recipe that change its result."""
    return training.model_dump(mode="json", exclude=INDIFFERENT)


def validation(profile: Profile) -> Key:
    """What a score on the validation frames depends on beside the network."""
    return {"val": split_digest(profile, "val"), "evaluation": profile.evaluation.model_dump(mode="json")}


def pretraining_key(profile: Profile) -> Key:
    """Of the PSPNet that a profile trains or names: its backbone, the weights it begins with, the data, the recipe."""
    if profile.model.checkpoint is not None:
        return {"checkpoint": named_file_digest(Path(profile.model.checkpoint))}
    model = profile.model.model_dump(mode="json", exclude=LAYER)
    if is_weights_file(model["weights"]):
        model["weights"] = named_file_digest(Path(model["weights"]))
    return {"model": model, "training": recipe(profile.training), "train": split_digest(profile, "train")}


def further_key(profile: Profile, layer: Mapping[str, Any] | None, start: str) -> Key:
    """Of a variant's further training: the layer, the data, the recipe, and the weights it starts from.

    Args:
        profile: with the further training's recipe.
        layer: all that its cluster layer is built with, if it has one.
        start: the digest of the PSPNet's weights.
    """
    return {
        "layer": None if layer is None else dict(layer),
        "start": start,
        "training": recipe(profile.training),
        "train": split_digest(profile, "train"),
    }


def key_digest(key: Key) -> str:
    """A short name of a key."""
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:8]


def named_file_digest(path: Path) -> str:
    """sha256 of a file that a profile names.

    Raises:
        TrainingError: it is not there, or not to be read.
    """
    try:
        return file_digest(path)
    except OSError as error:
        raise TrainingError(f"{path}, which the profile's [model] names, cannot be read: {error.strerror}") from None


def weights_digest(state: Mapping[str, Tensor]) -> str:
    """sha256 over names, kinds, shapes and bytes of a state dict: two files of the same weights have one digest."""
    found = hashlib.sha256()
    for name, value in state.items():
        found.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        found.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return found.hexdigest()


def split_digest(profile: Profile, split: str) -> str:
    """sha256 over names and bytes of the frames that a profile uses of a split.

    It is kept in the profile's results and taken from there while the files have the same names, sizes and times:
    twelve gigabytes of Cityscapes take a minute to read.
    """
    limit = {"train": profile.data.train, "val": profile.data.val}[split]
    pairs = pairs_of(profile.dataset, split)[:limit]
    kept = profile.results / "digests.json"
    stamp, known = _stamp(pairs), _read(kept)
    if known.get(split, {}).get("stamp") != stamp:
        known[split] = {"stamp": stamp, "digest": content_digest(pairs)}
        if this_process().is_main_process:
            write_json(kept, known)
    return known[split]["digest"]


def _stamp(pairs: list[Pair]) -> str:
    stats = [(str(path), path.stat()) for pair in pairs for path in pair]
    return hashlib.sha256("\n".join(f"{p} {s.st_size} {s.st_mtime_ns}" for p, s in stats).encode()).hexdigest()


def _read(kept: Path) -> dict[str, dict[str, str]]:
    try:
        return read_json(kept)
    except (OSError, ValueError):
        return {}
