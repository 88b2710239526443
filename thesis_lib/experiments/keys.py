"""Keys of trainings: all that a result depends on, as plain values, so that equal keys mean the same training.

No value is a file's time or path: images, weights and checkpoints enter by the digests of their bytes.
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
"""Values that change how a training runs or how often it is validated, but not its result beyond rounding."""
LAYER = {*signature(ClusterNet).parameters} - {*signature(PSPNet).parameters}
"""Values of a profile's [model] that only the cluster layer uses, and the PSPNet does not depend on."""


def recipe(training: Training) -> Key:
    """Values of a training recipe that determine its result."""
    return training.model_dump(mode="json", exclude=INDIFFERENT)


def validation(profile: Profile) -> Key:
    """All that a score on the validation frames depends on beside the network: frames and protocol."""
    return {"val": split_digest(profile, "val"), "evaluation": profile.evaluation.model_dump(mode="json")}


def pretraining_key(profile: Profile) -> Key:
    """Key of the PSPNet that a profile trains or names: backbone, initial weights, data and recipe.

    Raises:
        TrainingError: a file that the profile names cannot be read.
    """
    if profile.model.checkpoint is not None:
        return {"checkpoint": named_file_digest(Path(profile.model.checkpoint))}
    model = profile.model.model_dump(mode="json", exclude=LAYER)
    if is_weights_file(model["weights"]):
        model["weights"] = named_file_digest(Path(model["weights"]))
    return {"model": model, "training": recipe(profile.training), "train": split_digest(profile, "train")}


def further_key(profile: Profile, layer: Mapping[str, Any] | None, start: str) -> Key:
    """Key of a variant's further training: layer, data, recipe and the weights it starts from.

    Args:
        profile: with the recipe of the further training.
        layer: all options of the variant's cluster layer, or None for the PSPNet.
        start: digest of the PSPNet's weights.
    """
    return {
        "layer": None if layer is None else dict(layer),
        "start": start,
        "training": recipe(profile.training),
        "train": split_digest(profile, "train"),
    }


def key_digest(key: Key) -> str:
    """First 8 hexadecimal digits of a key's sha256."""
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:8]


def named_file_digest(path: Path) -> str:
    """sha256 of a file that a profile names.

    Raises:
        TrainingError: the file is missing or cannot be read.
    """
    try:
        return file_digest(path)
    except OSError as error:
        raise TrainingError(
            f"{path}, named by the profile's [model], cannot be read: {error.strerror}.\n"
            "Correct weights or checkpoint there"
        ) from None


def weights_digest(state: Mapping[str, Tensor]) -> str:
    """sha256 over names, dtypes, shapes and bytes of a state dict: equal for two files of the same weights."""
    found = hashlib.sha256()
    for name, value in state.items():
        found.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        found.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return found.hexdigest()


def split_digest(profile: Profile, split: str) -> str:
    """sha256 over names and bytes of the frames that a profile uses of a split, "train" or "val".

    It is cached in the profile's results as long as the files' names, sizes and times stay the same, because reading
    the twelve gigabytes of Cityscapes takes a minute.
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
