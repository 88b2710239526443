"""Study of cluster-layer variants, all trained further from the same PSPNet.

The PSPNet itself is trained for the same further steps, so that a difference between two variants is due to the layer
or to chance.
"""

import csv
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from thesis_lib.data import Cityscapes
from thesis_lib.experiments.evaluation import evaluate
from thesis_lib.experiments.keeping import is_finished, keep_training, kept_files
from thesis_lib.experiments.keys import Key, further_key, pretraining_key, validation, weights_digest
from thesis_lib.experiments.processes import new_accelerator, this_process
from thesis_lib.experiments.profiles import Profile
from thesis_lib.experiments.records import LOG_COLUMNS, TrainingFiles, read_log
from thesis_lib.experiments.training import TrainingError, check_trainable, fit
from thesis_lib.experiments.variants import Variant, build_variant, compared, layer_options, variants
from thesis_lib.files import read_json, write_json, write_table
from thesis_lib.models import PSPNet, load_checkpoint, read_checkpoint, save_checkpoint

PRETRAINED = "pretrained"
SCORE = "score.json"
"""File in the folder of a variant's training with its `Result`, and the frames and protocol it was measured on."""


@dataclass(frozen=True)
class Result:
    """Score of a trained variant: mIoU in [0, 1], number of parameters and median seconds of a step."""

    variant: str
    n_clusters: int
    axis: str
    fusion: str
    method: str
    seed: int
    miou: float
    parameters: int
    step_seconds: float


def pretrained_files(profile: Profile) -> TrainingFiles:
    """Files of the training of the PSPNet that every variant starts from."""
    return kept_files(profile.results / PRETRAINED, pretraining_key(profile))


def build_pspnet(profile: Profile) -> PSPNet:
    """Build a profile's untrained PSPNet, its new weights drawn from the training's seed."""
    torch.manual_seed(profile.training.seed)
    model = profile.model
    return PSPNet(backbone=model.backbone, weights=model.weights, semantics=model.semantics)


def pretrain(profile: Profile, *, resume: bool = True) -> TrainingFiles:
    """Train the PSPNet that the study starts from, or take the checkpoint that the profile names.

    Args:
        resume: whether to reuse a finished training of the same values and resume an unfinished one, rather than
            start anew.
    """

    def train(folder: Path) -> None:
        if profile.model.checkpoint is None:
            fit(build_pspnet(profile), profile, folder, resume=resume, title="PSPNet")
        elif this_process().is_main_process:
            model = load_checkpoint(profile.model.checkpoint)
            check_trainable(model)
            save_checkpoint(TrainingFiles(folder).last, model)
            write_table(TrainingFiles(folder).log, LOG_COLUMNS, [])

    return keep_training(profile.results / PRETRAINED, pretraining_key(profile), train, resume=resume)


def variant_files(profile: Profile, variant: Variant, seed: int | None = None) -> TrainingFiles:
    """Files of the further training of a variant, with the study's first seed unless another is given.

    Raises:
        TrainingError: there is no PSPNet to start from.
    """
    seed = profile.study.seeds[0] if seed is None else seed
    return kept_files(*place_and_key(profile, variant, seed))


def place_and_key(profile: Profile, variant: Variant, seed: int) -> tuple[Path, Key]:
    """Folder of a variant's training by its name, and its key: all values that the training depends on."""
    layer = layer_options(variant, profile) if variant.n_clusters else None
    key = further_key(further(profile, seed), layer, start_digest(profile))
    return profile.results / "study" / f"{variant.name}-{seed}", key


def start_digest(profile: Profile) -> str:
    """Digest of the weights of the PSPNet that every variant starts from.

    Raises:
        TrainingError: it is not trained yet.
    """
    start = _start(profile)
    return _digest_of_weights(start, start.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _digest_of_weights(checkpoint: Path, written: int) -> str:
    """Digest of a checkpoint's weights, cached by the file's path and modification time."""
    return weights_digest(read_checkpoint(checkpoint)["state_dict"])


def _start(profile: Profile) -> Path:
    start = pretrained_files(profile).last
    if not start.exists():
        raise TrainingError(
            f"{start} not found: the variants start from a trained PSPNet.\nTrain it first (notebook 03)"
        )
    return start


def further(profile: Profile, seed: int) -> Profile:
    """Copy the profile with the recipe of the variants' further training."""
    study = profile.study
    changed = {"epochs": study.epochs, "rate": study.rate, "seed": seed, "validate_every": study.epochs}
    return profile.model_copy(update={"training": profile.training.model_copy(update=changed)})


def run_study(profile: Profile, chosen: Iterable[Variant], seeds: Iterable[int], *, resume: bool = True) -> Path:
    """Train and score variants.

    Args:
        chosen, seeds: every chosen variant is trained with every seed.
        resume: whether to reuse trainings and scores of the same values, rather than train anew.

    Returns:
        Path of study/study.csv in the profile's results, with one `Result` per line, rewritten after each variant:
        those chosen, and other variants of the profile that are already trained with its present values.

    Raises:
        TrainingError: there is no PSPNet to start from.
    """
    file, pairs = profile.results / "study" / "study.csv", list(product(seeds, chosen))
    wanted = dict.fromkeys([*pairs, *product(profile.study.seeds, variants(profile))])
    known = {(seed, variant): known_result(variant, profile, seed=seed) for seed, variant in wanted}
    for seed, variant in pairs:
        known[seed, variant] = run_variant(variant, profile, seed=seed, resume=resume)
        if this_process().is_main_process:
            found = [asdict(result) for result in known.values() if result is not None]
            write_table(file, [field.name for field in fields(Result)], found)
    return file


def run_variant(variant: Variant, profile: Profile, *, seed: int, resume: bool = True) -> Result:
    """Train one variant further, and score it after its last epoch on the validation split."""
    place, key = place_and_key(profile, variant, seed)
    recipe = further(profile, seed)

    def train(folder: Path) -> None:
        torch.manual_seed(seed)
        model = build_variant(variant, recipe, load_checkpoint(_start(profile)))
        fit(model, recipe, folder, resume=resume, title=f"{variant.name}, seed {seed}")

    files = keep_training(place, key, train, resume=resume)
    known = known_result(variant, profile, seed=seed) if resume else None
    this_process().wait_for_everyone()  # every process has looked before the first one writes
    return known or _score(variant, recipe, files, seed)


def known_result(variant: Variant, profile: Profile, *, seed: int) -> Result | None:
    """Read a variant's score if it was measured before with the same training, frames and protocol; else None."""
    files = variant_files(profile, variant, seed)
    file = files.folder / SCORE
    if not (is_finished(files) and file.exists()):
        return None
    known = read_json(file)
    same = known["validation"] == validation(profile) and known["result"].keys() == Result.__annotations__.keys()
    return Result(**known["result"]) if same else None


def _score(variant: Variant, profile: Profile, files: TrainingFiles, seed: int) -> Result:
    """Score a variant, from its log if that has the profile's protocol, else by evaluation; write it to score.json."""
    content, model = read_checkpoint(files.last), load_checkpoint(files.last)
    miou = content["rows"][-1].get("miou")
    if content["validated"] != validation(profile):
        accelerator = new_accelerator()
        val = Cityscapes(profile.dataset, "val", limit=profile.data.val)
        protocol = profile.evaluation.quick()
        miou = evaluate(
            model.to(accelerator.device), val, protocol, title=f"{variant.name}, seed {seed}", accelerator=accelerator
        ).miou
    result = Result(
        variant.name,
        **asdict(variant),
        seed=seed,
        miou=float(miou),
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        step_seconds=median(row["seconds"] for row in content["rows"]),
    )
    if this_process().is_main_process:
        write_json(files.folder / SCORE, {"validation": validation(profile), "result": asdict(result)})
    this_process().wait_for_everyone()
    return result


def training_logs(profile: Profile) -> dict[str, dict[str, np.ndarray]]:
    """Logs of PSPNet, from its first step, and of ClusterNet, from the step at which it starts from the PSPNet."""
    first = read_log(pretrained_files(profile).log)
    logs = {name: read_log(variant_files(profile, variant).log) for name, variant in compared(profile).items()}
    for log in logs.values():
        log["step"] += len(first["step"])
    logs["PSPNet"] = {column: np.concatenate([first[column], logs["PSPNet"][column]]) for column in first}
    return logs


def read_results(file: Path) -> list[Result]:
    """Read the results in study.csv."""
    types: dict[str, Any] = {field.name: field.type for field in fields(Result)}
    with file.open(encoding="utf-8") as lines:
        return [Result(**{key: types[key](value) for key, value in row.items()}) for row in csv.DictReader(lines)]
