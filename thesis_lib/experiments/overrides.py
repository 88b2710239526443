"""Overrides of single values of a profile, such as 'training.epochs=1 model.backbone=resnet18'."""

import re
import tomllib
from collections.abc import Iterable
from typing import Any, get_args

from pydantic import BaseModel

NEXT = re.compile(r"\s+(?=[A-Za-z_]\w*\.[^\s=]+\s*=)")
"""White space before the next "section.key=", where a string of overrides is split; spaces within a value stay."""
BARE = re.compile(r"""[^\s"'\[\]{},#=]+""")
"""A string that may be written without quotes."""


class OverrideError(ValueError):
    """An override that is malformed or not TOML, or whose section has no keys."""


def split_overrides(overrides: str | Iterable[str]) -> list[str]:
    """Split a string of overrides at the spaces between them; a list of overrides is returned as it is."""
    if not isinstance(overrides, str):
        return list(overrides)
    return [one for one in NEXT.split(overrides.strip()) if one]


def override(content: dict[str, Any], change: str, model: type[BaseModel]) -> None:
    """Change one value of a profile's content, in place.

    Args:
        content: the profile, as TOML gives it.
        change: "section.key=value", the value as in TOML; a string may stand without quotes where that is unambiguous.
        model: the schema of the profile, by which bare strings are recognised.

    Raises:
        OverrideError: another form, a value that is not TOML, or a section that has no keys.
    """
    key, equals, value = change.partition("=")
    section, _, name = key.strip().partition(".")
    if not (equals and section and name):
        raise OverrideError(f"{change!r} is not an override: write section.key=value, such as training.epochs=1")
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
        hint = f'; a string needs quotes: {change.partition("=")[0].strip()}="{text}"' if bare else ""
        raise OverrideError(f"the value of {change!r} is not TOML: {error}{hint}") from None


def _kinds(model: type[BaseModel], section: str, name: str) -> set[type]:
    """Types that a key's value may have; empty for an unknown key."""
    field = model.model_fields.get(section)
    table = field.annotation if field else None
    if not (isinstance(table, type) and issubclass(table, BaseModel)) or name not in table.model_fields:
        return set()
    return _plain(table.model_fields[name].annotation) - {type(None)}


def _plain(annotation: Any) -> set[type]:
    """Types of a union's members: str for a Literal of strings, tuple for a tuple type."""
    if isinstance(annotation, type) and not get_args(annotation):
        return {annotation}
    found: set[type] = set()
    for part in get_args(annotation):
        found |= {type(part)} if isinstance(part, (str, int, float)) else _plain(part)
    return {tuple} if getattr(annotation, "__origin__", None) is tuple else found
