"""Base class and value types of a profile's tables."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

Positive = Annotated[int, Field(gt=0)]
Seed = Annotated[int, Field(ge=0)]
Rate = Annotated[float, Field(gt=0)]
Side = Annotated[int, Field(gt=0, le=32767)]
"""Side of an image in pixels; OpenCV's warps allow no more than 32767."""
Size = tuple[Side, Side]
Scale = Annotated[float, Field(ge=0.05, le=20)]
"""Factor by which images are resized; outside these bounds no pixels are left, or memory overflows."""
Some = Field(min_length=1)


def expand_name(values: Any, key: str, choices: Mapping[Any, dict[str, Any]]) -> Any:
    """Replace the name under `key` in a table by the values it stands for; keys beside it override these.

    Raises:
        ValueError: a name that is not among the choices.
    """
    if not isinstance(values, dict) or key not in values:
        return values
    name = values[key]
    if not isinstance(name, str) or name not in choices:
        raise ValueError(f"{key} must be one of {', '.join(choices)}, not {name!r}")
    return choices[name] | {other: value for other, value in values.items() if other != key}


class Section(BaseModel):
    """Base class of a profile's tables: refuses unknown keys, wrong types, NaN and infinity; converts nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _lists_are_tuples(cls, values: Any) -> Any:
        """Convert TOML's lists to tuples, which the strict fields expect."""
        if not isinstance(values, dict):
            return values
        return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
