"""The ablation: one trained PSPNet, and what becomes of it with each kind of clustering layer."""

import csv
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import median
from typing import Any

import torch

from thesis_lib.experiments.profiles import Profile
from thesis_lib.experiments.training import datasets, fit
from thesis_lib.models import ClusterNet, PSPNet, load_checkpoint
from thesis_lib.models.cluster_layer import Axis, Method
from thesis_lib.models.clusternet import Fusion

CALIBRATION = 8
"""Training images from which channels are partitioned."""


@dataclass(frozen=True)
class Variant:
    """A model configuration of the study; without clusters it is the PSPNet itself, trained on as the others are."""

    n_clusters: int = 0
    axis: Axis = "pixels"
    fusion: Fusion = "concat"
    method: Method = "spectral"

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


def variants(profile: Profile) -> Iterator[Variant]:
    """The PSPNet, every k with the profile's own layer, and every axis, fusion and method at the profile's k."""
    model, study = profile.model, profile.study
    found = [Variant(), *(Variant(k, model.axis, model.fusion, model.method) for k in study.n_clusters)]
    found += [Variant(model.n_clusters, axis, fusion, model.method) for axis in study.axes for fusion in study.fusions]
    found += [Variant(model.n_clusters, model.axis, model.fusion, method) for method in study.methods]
    yield from dict.fromkeys(found)


def run_study(profile: Profile, start: Path, folder: Path, *, resume: bool = False) -> Path:
    """Train and score every variant from the PSPNet checkpoint `start`.

    Args:
        folder: of the trainings and of study.csv, which is written anew after each variant.
        resume: keep what study.csv and the trainings already hold.

    Returns:
        study.csv, a `Result` a line.
    """
    file = folder / "study.csv"
    results = read_results(file) if resume and file.exists() else []
    done = {(result.variant, result.seed) for result in results}
    for seed in profile.study.seeds:
        for variant in variants(profile):
            if (variant.name, seed) not in done:
                results.append(run_variant(variant, profile, start, folder, seed=seed, resume=resume))
                write_results(file, results)
    return file


def run_variant(
    variant: Variant, profile: Profile, start: Path, folder: Path, *, seed: int, resume: bool = False
) -> Result:
    """Train one variant, and score its last epoch on the validation split."""
    epochs = profile.study.epochs
    training = profile.training.model_copy(update={"epochs": epochs, "seed": seed, "validate_every": epochs})
    profile = profile.model_copy(update={"training": training})
    torch.manual_seed(seed)
    model = build_variant(variant, profile, load_checkpoint(start))
    files = fit(model, profile, folder / f"{variant.name}-{seed}", resume=resume, title=f"{variant.name}, seed {seed}")
    with files.log.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return Result(
        variant.name,
        **asdict(variant),
        seed=seed,
        miou=float(rows[-1]["miou"]),
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        step_seconds=median(float(row["seconds"]) for row in rows),
    )


def build_variant(variant: Variant, profile: Profile, pspnet: PSPNet) -> PSPNet:
    """The variant with the weights of a PSPNet."""
    if not variant.n_clusters:
        return pspnet
    images = None
    if variant.axis == "channels":
        train, _ = datasets(profile, pspnet)
        images = torch.stack([train[index][0] for index in range(min(CALIBRATION, len(train)))])
    layer = {"sigma": profile.model.sigma, "reduce": profile.model.reduce}
    return ClusterNet.from_pspnet(pspnet, images, **asdict(variant), **layer)


def read_results(file: Path) -> list[Result]:
    """The lines of study.csv."""
    types: dict[str, Any] = {field.name: field.type for field in fields(Result)}
    with file.open(encoding="utf-8") as lines:
        return [Result(**{key: types[key](value) for key, value in row.items()}) for row in csv.DictReader(lines)]


def write_results(file: Path, results: list[Result]) -> None:
    """study.csv, replaced as a whole."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".tmp")
    with partial.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, [field.name for field in fields(Result)])
        writer.writeheader()
        writer.writerows(asdict(result) for result in results)
    partial.replace(file)
