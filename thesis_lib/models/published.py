"""Published PSPNets: checkpoints of hszhao/semseg and mmsegmentation, and state dicts alone."""

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from thesis_lib.models.backbones import EFFICIENTNET
from thesis_lib.models.fitting import MisfitError, listed, load_weights, named_tensors, shortened
from thesis_lib.models.pspnet import PSPNet
from thesis_lib.models.semantics import SEMANTICS

SEMSEG = {"layer": "backbone.layer", r"ppm\.features\.": "pyramid.branches.", r"cls\.": "head."}
"""Patterns of prefixes of semseg's parameter names, and their replacements; other names stay."""
MMSEG = {
    r"backbone\.stem\.": "backbone.layer0.",
    r"backbone\.conv1\.": "backbone.layer0.0.",
    r"backbone\.bn1\.": "backbone.layer0.1.",
    r"decode_head\.psp_modules\.(\d)\.1\.conv\.": r"pyramid.branches.\1.1.",
    r"decode_head\.psp_modules\.(\d)\.1\.bn\.": r"pyramid.branches.\1.2.",
    r"decode_head\.bottleneck\.conv\.": "head.0.",
    r"decode_head\.bottleneck\.bn\.": "head.1.",
    r"decode_head\.conv_seg\.": "head.4.",
    r"auxiliary_head\.convs\.0\.conv\.": "aux.0.",
    r"auxiliary_head\.convs\.0\.bn\.": "aux.1.",
    r"auxiliary_head\.conv_seg\.": "aux.4.",
}
"""Patterns of prefixes of mmsegmentation's parameter names, and their replacements; other names stay."""
OWN = "pyramid.branches.0.1.weight"
"""A parameter of this package's PSPNet by which its state dicts are recognised."""
DEPTHS = {(2, False): "resnet18", (6, True): "resnet50", (23, True): "resnet101"}
"""ResNets by the number of blocks of layer 3, and whether these are bottlenecks."""


class UnknownCheckpointError(ValueError):
    """Tensors that are not a PSPNet's of semseg, mmsegmentation or this package."""


def published_pspnet(content: Mapping[str, Any], align_corners: bool | None = None) -> PSPNet:
    """Build the PSPNet, in eval mode, of a state dict or of a dictionary that holds one under "state_dict".

    Args:
        align_corners: of the bilinear enlargement, which the files do not record; None for that of the origin's
            standard configuration, see `SEMANTICS`.

    Raises:
        UnknownCheckpointError: names or shapes of no known origin; the first that are missing or left over are listed.
    """
    state = content.get("state_dict", content)
    try:
        state = {key.removeprefix("module."): value for key, value in named_tensors(state).items()}
    except MisfitError as error:
        raise UnknownCheckpointError(str(error)) from None
    origin, names = _origin(state)
    state = {_renamed(key, names): value for key, value in state.items()}
    backbone = _backbone(state)
    semantics = _semantics(origin, backbone, state)
    if align_corners is None:
        align_corners = SEMANTICS[semantics if origin == "ours" else origin].align_corners
    classes = state["head.4.weight"].shape[0]
    network = PSPNet(classes, backbone, semantics=semantics, align_corners=align_corners)
    try:
        load_weights(network, state)
    except MisfitError as error:
        raise UnknownCheckpointError(f"its names are those of {origin}, but {error}") from error
    return network.eval()


def _origin(state: Mapping[str, Tensor]) -> tuple[str, Mapping[str, str]]:
    """Origin of a state dict (semseg, mmseg or ours), and the patterns that translate its names."""
    if "layer0.0.weight" in state and "cls.4.weight" in state:
        return "semseg", SEMSEG
    if "decode_head.conv_seg.weight" in state:
        return "mmseg", MMSEG
    if any(key.startswith("refine.") for key in state):
        raise UnknownCheckpointError(
            "a ClusterNet's state dict alone does not record the options of its layer: build ClusterNet(...) with "
            "those options and call its load_state_dict, or save the model with save_checkpoint"
        )
    if OWN in state and "head.4.weight" in state:
        return "ours", {}
    raise UnknownCheckpointError(
        "its names are neither hszhao/semseg's (layer0.0.weight, cls.4.weight) nor mmsegmentation's "
        f"(decode_head.conv_seg.weight), nor ours ({OWN}), but {listed([shortened(key, 80) for key in state])}"
    )


def _renamed(key: str, names: Mapping[str, str]) -> str:
    """Translate a name by the first pattern that matches; others stay, and are reported as left over later."""
    for beginning, ours in names.items():
        renamed, found = re.subn(f"^{beginning}", ours, key)
        if found:
            return renamed
    return key


def _backbone(state: Mapping[str, Tensor]) -> str:
    if "backbone.layer1.0.conv_pw.weight" in state:
        return EFFICIENTNET
    blocks = {int(found[1]) for key in state if (found := re.match(r"backbone\.layer3\.(\d+)\.", key))}
    kind = len(blocks), "backbone.layer3.0.conv3.weight" in state
    if kind not in DEPTHS:
        raise UnknownCheckpointError(
            f"its layer 3 has {kind[0]} {'bottlenecks' if kind[1] else 'basic blocks'}; expected are those of "
            f"{', '.join(DEPTHS.values())}"
        )
    return DEPTHS[kind]


def _semantics(origin: str, backbone: str, state: Mapping[str, Tensor]) -> Any:
    """Name of the semantics, told by the widths of the stem, as one origin publishes more than one stem."""
    widths = tuple(state[key].shape[0] for key in (f"backbone.layer0.{n}.weight" for n in (0, 3, 6)) if key in state)
    if backbone == EFFICIENTNET:
        return "torchvision"
    if origin == "ours":
        known = {semantics.stem or (64,): name for name, semantics in SEMANTICS.items()}
        if widths in known:
            return known[widths]
        raise UnknownCheckpointError(
            f"its {backbone} begins with convolutions of widths {widths}; ours have {[*known]}"
        )
    if widths == SEMANTICS[origin].stem:
        return origin
    if widths == (64,) and origin == "mmseg" and backbone != "resnet18":
        return "torchvision"  # mmsegmentation's configurations "r50b" and "r101b": a 7x7 stem, dilated as torchvision's
    raise UnknownCheckpointError(
        f"its {backbone} begins with convolutions of widths {widths}; {origin}'s have {SEMANTICS[origin].stem}"
    )
