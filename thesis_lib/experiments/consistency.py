"""Checks across the values of a profile, each of which is valid alone, before anything runs."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from torchvision.models import get_model_weights

if TYPE_CHECKING:
    from thesis_lib.experiments.profiles import Model, Profile

CHANNELS = {"resnet18": 512, "resnet50": 2048, "resnet101": 2048, "efficientnet_lite0": 112}
"""Number of channels of layer 4, which is clustered, by backbone."""


def disagreements(profile: "Profile") -> Iterator[str]:
    """Yield a sentence, with the way out, for every set of values of a profile that contradict each other."""
    yield from _clusters(profile)
    yield from _exploration(profile)
    yield from _views(profile)
    yield from _weights(profile.model)


def is_weights_file(weights: Any) -> bool:
    """Whether a value of model.weights is the path of a file rather than the name of published weights."""
    return isinstance(weights, str) and weights.endswith((".pt", ".pth"))


def newest_weights(backbone: str) -> str:
    """Name of torchvision's default weights of a ResNet, which "imagenet" stands for."""
    return get_model_weights(backbone).DEFAULT.name


def _clusters(profile: "Profile") -> Iterator[str]:
    model, study, window = profile.model, profile.study, profile.evaluation.window
    by_pixels = [model.n_clusters] if "pixels" in (model.axis, *study.axes) else []
    by_channels = [model.n_clusters]  # notebook 02 merges channels in any case
    (by_pixels if model.axis == "pixels" else by_channels).extend(study.n_clusters)
    maps = {"training.crop": ("a crop's", profile.training.crop)}
    if window is None:
        smallest = min(profile.evaluation.scales)
        window = round(profile.data.size[0] * smallest), round(profile.data.size[1] * smallest)
        maps["evaluation.scales"] = ("a whole frame's", window)
    else:
        maps["evaluation.window"] = ("a window's", window)
    for name, (whose, size) in maps.items():
        height, width = _cells(size, 8)
        if by_pixels and max(by_pixels) > height * width:
            yield (
                f"{max(by_pixels)} clusters need as many pixels, but {whose} map at stride 8 has {height} x {width}: "
                f"enlarge {name}"
            )
    channels = CHANNELS[model.backbone]
    if max(by_channels) > channels:
        yield f"{max(by_channels)} clusters of the {channels} channels of {model.backbone}: lower model.n_clusters"


def _exploration(profile: "Profile") -> Iterator[str]:
    shown, most = profile.exploration, profile.model.n_clusters
    height, width = _cells(shown.image_size, 8)
    if max(most, *shown.n_clusters) > height * width:
        yield (
            f"{max(most, *shown.n_clusters)} clusters of the {height} x {width} pixels at stride 8 of "
            "exploration.image_size: enlarge it"
        )
    if min(shown.timing_points) < most:
        yield f"{most} clusters of {min(shown.timing_points)} points: exploration.timing_points must not be fewer"
    finest = _cells(shown.image_size, 4)
    if min(shown.timing_points) > finest[0] * finest[1]:
        yield f"exploration.timing_points are all more than the {finest[0]} x {finest[1]} pixels of layer 1"
    if shown.frame >= profile.data.val:
        yield f"exploration.frame is {shown.frame} of {profile.data.val} validation frames, counted from 0"


def _views(profile: "Profile") -> Iterator[str]:
    training = profile.training
    if not training.views:
        return
    if "" not in training.frozen or training.aux_weight:
        yield (
            "training.views keeps features, of which the backbone must not depend on the training: set "
            'training.frozen = [""] and training.aux_weight = 0, or training.views = 0'
        )
    if any(side % 8 != 1 for side in training.crop):
        yield f"training.views needs a crop with sides 8 m + 1, not {list(training.crop)}, to align pixels and features"
    if profile.model.semantics == "mmseg":
        yield "training.views aligns the corners of features and pixels, which semantics mmseg does not: choose another"


def _weights(model: "Model") -> Iterator[str]:
    if model.backbone == "efficientnet_lite0":
        if model.semantics != "torchvision":
            yield f"{model.backbone} is no ResNet: model.semantics must be torchvision, not {model.semantics}"
        known = ["imagenet"]
    else:
        known = [entry.name for entry in get_model_weights(model.backbone)]
    if model.backbone == "resnet18" and model.semantics == "semseg":
        yield "semseg has no resnet18: take resnet50, or another model.semantics"
    named = model.weights is not None and not is_weights_file(model.weights)
    if named and model.weights not in known:
        yield (
            f"{model.backbone} has no weights {model.weights!r}: model.weights is one of {', '.join(known)}, or a file "
            "(.pth, .pt)"
        )
    if named and model.semantics != "torchvision" and model.checkpoint is None:
        yield (
            f"torchvision's weights {model.weights!r} are for its own stem, not for that of semantics "
            f"{model.semantics!r}: name a file in model.weights"
        )


def _cells(size: tuple[int, int], stride: int) -> tuple[int, int]:
    return -(-size[0] // stride), -(-size[1] // stride)
