"""The study: one trained PSPNet, and what becomes of it with each kind of clustering layer.

All variants start from the same PSPNet and are trained for the same further steps, the PSPNet itself too: so a
difference between two of them is made by the layer, or by chance.
"""

import csv
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from thesis_lib.clustering.spectral import PRESETS
from thesis_lib.experiments.processes import this_process
from thesis_lib.experiments.profiles import Profile, StudyMethod
from thesis_lib.experiments.records import TrainingFiles, read_log, write_table
from thesis_lib.experiments.training import TrainingError, datasets, fit
from thesis_lib.models import ClusterNet, PSPNet, load_checkpoint
from thesis_lib.models.cluster_layer import Axis
from thesis_lib.models.clusternet import Fusion

CALIBRATION = 8
"""Training images from which channels are partitioned."""


@dataclass(frozen=True)
class Variant:
    """A model configuration of the study; without clusters it is the PSPNet itself, trained on as the others are."""

    n_clusters: int = 0
    axis: Axis = "pixels"
    fusion: Fusion = "concat"
    method: StudyMethod = "spectral"

    @property
    def name(self) -> str:
        """Such as "spectral-pixels-concat-40"."""
        return f"{self.method}-{self.axis}-{self.fusion}-{self.n_clusters}" if self.n_clusters else "pspnet"


@dataclass(frozen=True)
class Result:
    """A trained variant's score."""

    variant: str
    n_clusters: int
    axis: str
    fusion: str
    method: str
    seed: int
    miou: float
    parameters: int
    step_seconds: float


def compared(profile: Profile) -> dict[str, Variant]:
    """The two that the thesis compares: PSPNet, and the profile's ClusterNet."""
    model = profile.model
    return {"PSPNet": Variant(), "ClusterNet": Variant(model.n_clusters, model.axis, model.fusion, model.method)}


def variants(profile: Profile) -> list[Variant]:
    """The two compared, the profile's layer with every k, and with every axis, fusion and method."""
    model, study = profile.model, profile.study
    found = [*compared(profile).values()]
    found += [Variant(k, model.axis, model.fusion, model.method) for k in study.n_clusters]
    found += [Variant(model.n_clusters, axis, fusion, model.method) for axis in study.axes for fusion in study.fusions]
    found += [Variant(model.n_clusters, model.axis, model.fusion, method) for method in study.methods]
    return list(dict.fromkeys(found))


def pretrained_files(profile: Profile) -> TrainingFiles:
    """The training of the PSPNet that every variant starts from."""
    return TrainingFiles(profile.results / "pretrained")


def variant_files(profile: Profile, variant: Variant, seed: int | None = None) -> TrainingFiles:
    """The further training of a variant; with the first seed of the study unless another is given."""
    seed = profile.study.seeds[0] if seed is None else seed
    return TrainingFiles(profile.results / "study" / f"{variant.name}-{seed}")


def run_study(profile: Profile, chosen: Iterable[Variant], seeds: Iterable[int], *, resume: bool = False) -> Path:
    """Train and score variants.

    Args:
        resume: keep what study.csv and the trainings already hold of these, and go on.

    Returns:
        study/study.csv in the profile's results, a `Result` a line, written anew after each variant.

    Raises:
        TrainingError: there is no PSPNet to start from.
    """
    file = profile.results / "study" / "study.csv"
    results = read_results(file) if file.exists() else []
    for seed, variant in product(seeds, chosen):
        earlier = [result for result in results if (result.variant, result.seed) == (variant.name, seed)]
        if not (resume and earlier):
            results = [result for result in results if result not in earlier]
            results.append(run_variant(variant, profile, seed=seed, resume=resume))
            if this_process().is_main_process:
                write_table(file, [field.name for field in fields(Result)], map(asdict, results))
    return file


def run_variant(variant: Variant, profile: Profile, *, seed: int, resume: bool = False) -> Result:
    """Train one variant further, and score its last epoch on the validation split."""
    start = pretrained_files(profile).last
    if not start.exists():
        raise TrainingError(
            f"{start} not found: the variants start from a trained PSPNet.\nTrain it first (notebook 03)"
        )
    study = profile.study
    changed = {"epochs": study.epochs, "rate": study.rate, "seed": seed, "validate_every": study.epochs}
    profile = profile.model_copy(update={"training": profile.training.model_copy(update=changed)})
    torch.manual_seed(seed)
    model = build_variant(variant, profile, load_checkpoint(start))
    files = variant_files(profile, variant, seed)
    fit(model, profile, files.folder, resume=resume, title=f"{variant.name}, seed {seed}")
    log = read_log(files.log)
    return Result(
        variant.name,
        **asdict(variant),
        seed=seed,
        miou=float(log["miou"][-1]),
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        step_seconds=median(log["seconds"].tolist()),
    )


def training_logs(profile: Profile) -> dict[str, dict[str, np.ndarray]]:
    """Logs of the two compared: PSPNet's from its first step, ClusterNet's from where it leaves PSPNet."""
    first = read_log(pretrained_files(profile).log)
    logs = {name: read_log(variant_files(profile, variant).log) for name, variant in compared(profile).items()}
    for log in logs.values():
        log["step"] += len(first["step"])
    logs["PSPNet"] = {column: np.concatenate([first[column], logs["PSPNet"][column]]) for column in first}
    return logs


def build_variant(variant: Variant, profile: Profile, pspnet: PSPNet) -> PSPNet:
    """The variant with the weights of a PSPNet."""
    if not variant.n_clusters:
        return pspnet
    images = None
    if variant.axis == "channels":
        train, _ = datasets(profile, pspnet)
        images = torch.stack([train[index][0] for index in range(min(CALIBRATION, len(train)))])
    options = profile.model.layer | asdict(variant)
    if variant.method in PRESETS:
        options |= PRESETS[variant.method] | {"method": "spectral"}
    return ClusterNet.from_pspnet(pspnet, images, **options)


def read_results(file: Path) -> list[Result]:
    """The lines of study.csv."""
    types: dict[str, Any] = {field.name: field.type for field in fields(Result)}
    with file.open(encoding="utf-8") as lines:
        return [Result(**{key: types[key](value) for key, value in row.items()}) for row in csv.DictReader(lines)]
