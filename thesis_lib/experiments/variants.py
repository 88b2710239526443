"""Variants: the model configurations that the study compares."""

from dataclasses import asdict, dataclass
from typing import Any

from thesis_lib.clustering.spectral import PRESETS
from thesis_lib.experiments.calibration import calibration_images
from thesis_lib.experiments.profiles import Profile, StudyMethod
from thesis_lib.experiments.training import datasets
from thesis_lib.models import ClusterNet, PSPNet
from thesis_lib.models.cluster_layer import Axis
from thesis_lib.models.clusternet import Fusion


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


def build_variant(variant: Variant, profile: Profile, pspnet: PSPNet) -> PSPNet:
    """The variant with the weights of a PSPNet."""
    if not variant.n_clusters:
        return pspnet
    images = None
    if variant.axis == "channels":
        images = calibration_images(datasets(profile, pspnet)[0])
    return ClusterNet.from_pspnet(pspnet, images, **layer_options(variant, profile))


def layer_options(variant: Variant, profile: Profile) -> dict[str, Any]:
    """What a variant's cluster layer is built with: its own choices, the profile's values, or those of a preset."""
    options = profile.model.layer | asdict(variant)
    if variant.method in PRESETS:
        options |= PRESETS[variant.method] | {"method": "spectral"}
    return options
