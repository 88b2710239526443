"""What the tables of a profile have in common: strictness, and the kinds of values."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

Positive = Annotated[int, Field(gt=0)]
Seed = Annotated[int, Field(ge=0)]
Rate = Annotated[float, Field(gt=0)]
Side = Annotated[int, Field(gt=0, le=32767)]
"""OpenCV warps no larger pictures."""
Size = tuple[Side, Side]
Scale = Annotated[float, Field(ge=0.05, le=20)]
"""Beyond, images have no pixels left, or fill the memory."""
Some = Field(min_length=1)


def expand_name(values: Any, key: str, choices: Mapping[Any, dict[str, Any]]) -> Any:
    """A table of a profile with the values that one name in it stands for; others beside it count more."""
    if not isinstance(values, dict) or key not in values:
        return values
    name = values[key]
    if not isinstance(name, str) or name not in choices:
        raise ValueError(f"{key} must be one of {', '.join(choices)}, not {name!r}")
    return choices[name] | {other: value for other, value in values.items() if other != key}


class Section(BaseModel):
    """A table of a profile: unknown keys and wrong types are refused, nothing is converted, numbers are finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _lists_are_tuples(cls, values: Any) -> Any:
        """TOML's only sequence stands for ours."""
        if not isinstance(values, dict):
            return values
        return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
