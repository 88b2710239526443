"""Loading of state dicts into networks, with short messages on the tensors that do not fit."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

SHOWN = 3
"""Names listed in a message for each kind of difference; a ResNet-101 has hundreds."""


class MisfitError(ValueError):
    """Content that is not a state dict, or is that of another network."""


def load_weights(network: nn.Module, state: Any) -> None:
    """Load a state dict into a network.

    Raises:
        MisfitError: content that is not a state dict, or is of another network; the message counts the names that are
            missing or left over, and lists the first of each and of those of another shape.
    """
    if not isinstance(state, Mapping):
        raise MisfitError(f"a {type(state).__name__} instead of a state dict (tensors by name)")
    try:
        network.load_state_dict(state)
    except Exception as error:  # torch raises several kinds, with a line for each of a thousand names
        raise MisfitError(_differences(network.state_dict(), state) or shortened(str(error))) from None


def named_tensors(content: Any) -> dict[str, Tensor]:
    """Check that a file's content is a state dict, and return it.

    Raises:
        MisfitError: something else, which the message names.
    """
    if not isinstance(content, Mapping):
        raise MisfitError(f"it holds a {type(content).__name__} instead of a state dict (tensors by name)")
    others = [
        f"{shortened(str(name), 80)} ({type(value).__name__})"
        for name, value in content.items()
        if not isinstance(value, Tensor)
    ]
    if others:
        raise MisfitError(f"it holds more than tensors: {listed(others)}")
    return {str(name): value for name, value in content.items()}


def shortened(text: str, length: int = 300) -> str:
    """First line of a text, cut after `length` characters."""
    first = text.strip().partition("\n")[0]
    return first if len(first) <= length else f"{first[:length]} ..."


def listed(names: Sequence[object]) -> str:
    """First few names of a sequence, comma-separated, with an ellipsis if there are more."""
    return ", ".join(map(str, names[:SHOWN])) + (", ..." if len(names) > SHOWN else "")


def _differences(own: Mapping[str, Tensor], state: Mapping[Any, Any]) -> str:
    missing = [name for name in own if name not in state]
    left = [shortened(str(name), 80) for name in state if name not in own]
    found = {
        f"{len(missing)} of {len(own)} names are missing": missing,
        f"{len(left)} are left over": left,
        "": [problem for name in own if name in state and (problem := _misfit(name, own[name], state[name]))],
    }
    return "; ".join(f"{what}: {listed(names)}".removeprefix(": ") for what, names in found.items() if names)


def _misfit(name: str, own: Tensor, given: Any) -> str:
    if not isinstance(given, Tensor):
        return f"{name} is a {type(given).__name__}, not a tensor"
    if given.shape == own.shape:
        return ""
    return f"size mismatch for {name}: {tuple(given.shape)} instead of {tuple(own.shape)}"
