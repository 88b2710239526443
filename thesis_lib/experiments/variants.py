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
    """Model configuration of the study; n_clusters=0 is the PSPNet itself, trained further as the others are."""

    n_clusters: int = 0
    axis: Axis = "pixels"
    fusion: Fusion = "concat"
    method: StudyMethod = "spectral"

    @property
    def name(self) -> str:
        """Name such as "spectral-pixels-concat-40"."""
        return f"{self.method}-{self.axis}-{self.fusion}-{self.n_clusters}" if self.n_clusters else "pspnet"


def compared(profile: Profile) -> dict[str, Variant]:
    """Variants that the thesis compares, by name: PSPNet, and the profile's ClusterNet."""
    model = profile.model
    return {"PSPNet": Variant(), "ClusterNet": Variant(model.n_clusters, model.axis, model.fusion, model.method)}


def variants(profile: Profile) -> list[Variant]:
    """List the study's variants: PSPNet, the profile's ClusterNet, and it with every other k, axis, fusion, method."""
    model, study = profile.model, profile.study
    found = [*compared(profile).values()]
    found += [Variant(k, model.axis, model.fusion, model.method) for k in study.n_clusters]
    found += [Variant(model.n_clusters, axis, fusion, model.method) for axis in study.axes for fusion in study.fusions]
    found += [Variant(model.n_clusters, model.axis, model.fusion, method) for method in study.methods]
    return list(dict.fromkeys(found))


def build_variant(variant: Variant, profile: Profile, pspnet: PSPNet) -> PSPNet:
    """Build a variant's network with the weights of a PSPNet; for n_clusters=0 this is the PSPNet itself."""
    if not variant.n_clusters:
        return pspnet
    images = None
    if variant.axis == "channels":
        images = calibration_images(datasets(profile, pspnet)[0])
    return ClusterNet.from_pspnet(pspnet, images, **layer_options(variant, profile))


def layer_options(variant: Variant, profile: Profile) -> dict[str, Any]:
    """Keyword arguments of a variant's cluster layer: the variant's choices over the profile's values or a preset's."""
    options = profile.model.layer | asdict(variant)
    if variant.method in PRESETS:
        options |= PRESETS[variant.method] | {"method": "spectral"}
    return options
