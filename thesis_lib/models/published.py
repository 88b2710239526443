"""Checkpoints of hszhao/semseg and mmsegmentation, and weights alone, as PSPNets with the semantics that they need."""

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from thesis_lib.models.backbones import EFFICIENTNET
from thesis_lib.models.fitting import MisfitError, listed, load_weights, named_tensors, shortened
from thesis_lib.models.pspnet import PSPNet
from thesis_lib.models.semantics import SEMANTICS

SEMSEG = {"layer": "backbone.layer", r"ppm\.features\.": "pyramid.branches.", r"cls\.": "head."}
"""Beginnings of semseg's names, and ours; others are the same."""
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
"""Beginnings of mmsegmentation's names, and ours; others are the same."""
OWN = "pyramid.branches.0.1.weight"
"""A name of ours."""
DEPTHS = {(2, False): "resnet18", (6, True): "resnet50", (23, True): "resnet101"}
"""Blocks of layer 3, and whether they are bottlenecks."""


class UnknownCheckpointError(ValueError):
    """Neither semseg's nor mmsegmentation's PSPNet, nor the weights of one of ours."""


def published_pspnet(content: Mapping[str, Any], align_corners: bool | None = None) -> PSPNet:
    """The network of a file's content, which holds its tensors by name, as it is or as "state_dict".

    Args:
        align_corners: None for what the origin's standard configuration has, see `SEMANTICS`; files do not say.

    Raises:
        UnknownCheckpointError: names or shapes of neither; names, missing or left over, are listed.
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
        raise UnknownCheckpointError(f"by its names it is of {origin}, but {error}") from error
    return network.eval()


def _origin(state: Mapping[str, Tensor]) -> tuple[str, Mapping[str, str]]:
    """Whose names they are, and how ours are made of them."""
    if "layer0.0.weight" in state and "cls.4.weight" in state:
        return "semseg", SEMSEG
    if "decode_head.conv_seg.weight" in state:
        return "mmseg", MMSEG
    if any(key.startswith("refine.") for key in state):
        raise UnknownCheckpointError(
            "weights of a ClusterNet alone do not say what its layer does: build ClusterNet(...) with the options it "
            "had and give them to its load_state_dict, or keep it by save_checkpoint"
        )
    if OWN in state and "head.4.weight" in state:
        return "ours", {}
    raise UnknownCheckpointError(
        "its names are neither hszhao/semseg's (layer0.0.weight, cls.4.weight) nor mmsegmentation's "
        f"(decode_head.conv_seg.weight), nor ours ({OWN}), but {listed([shortened(key, 80) for key in state])}"
    )


def _renamed(key: str, names: Mapping[str, str]) -> str:
    """By the first beginning that fits; a name that none fits stays, to be listed as left over."""
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
            f"its layer 3 has {kind[0]} {'bottlenecks' if kind[1] else 'basic blocks'}; known are "
            f"{', '.join(DEPTHS.values())}"
        )
    return DEPTHS[kind]


def _semantics(origin: str, backbone: str, state: Mapping[str, Tensor]) -> Any:
    """From the stem: its widths say more than where the names are from."""
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
