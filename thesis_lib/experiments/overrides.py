"""Single values of a profile, changed from the command line: 'training.epochs=1 model.backbone=resnet18'."""

import re
import tomllib
from collections.abc import Iterable
from typing import Any, get_args

from pydantic import BaseModel

NEXT = re.compile(r"\s+(?=[A-Za-z_]\w*\.[^\s=]+\s*=)")
"""Before another "section.key=": spaces within a value stay."""
BARE = re.compile(r"""[^\s"'\[\]{},#=]+""")
"""A text that may stand without quotes."""


class OverrideError(ValueError):
    """A change that cannot be made; its message says why."""


def split_overrides(overrides: str | Iterable[str]) -> list[str]:
    """Several changes in one string, or already apart."""
    if not isinstance(overrides, str):
        return list(overrides)
    return [one for one in NEXT.split(overrides.strip()) if one]


def override(content: dict[str, Any], change: str, model: type[BaseModel]) -> None:
    """Change one value of a profile's content.

    Args:
        change: "section.key=value", the value as in TOML; a text may stand without quotes where only one can be meant.

    Raises:
        OverrideError: no such form, no TOML, or no section.
    """
    key, equals, value = change.partition("=")
    section, _, name = key.strip().partition(".")
    if not (equals and section and name):
        raise OverrideError(f"{change!r} changes nothing: write section.key=value, such as training.epochs=1")
    if not isinstance(content.setdefault(section, {}), dict):
        raise OverrideError(f"{change!r}: {section} is a value and has no keys of its own")
    content[section][name] = _value(change, value.strip(), _kinds(model, section, name))


def _value(change: str, text: str, kinds: set[type]) -> Any:
    bare = BARE.fullmatch(text) is not None
    if bare and kinds == {str}:
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError as error:
        if bare and str in kinds:
            return text
        hint = f'; a text needs quotes: {change.partition("=")[0].strip()}="{text}"' if bare else ""
        raise OverrideError(f"the value of {change!r} is not TOML: {error}{hint}") from None


def _kinds(model: type[BaseModel], section: str, name: str) -> set[type]:
    """The types that a key's value may have; none for a key that there is not."""
    field = model.model_fields.get(section)
    table = field.annotation if field else None
    if not (isinstance(table, type) and issubclass(table, BaseModel)) or name not in table.model_fields:
        return set()
    return _plain(table.model_fields[name].annotation) - {type(None)}


def _plain(annotation: Any) -> set[type]:
    """Types at the leaves of a union; a choice of texts is a text, and a list is a list."""
    if isinstance(annotation, type) and not get_args(annotation):
        return {annotation}
    found: set[type] = set()
    for part in get_args(annotation):
        found |= {type(part)} if isinstance(part, (str, int, float)) else _plain(part)
    return {tuple} if getattr(annotation, "__origin__", None) is tuple else found
