"""Parameters of a notebook, as its cell tagged "parameters" declares them."""

import ast
from pathlib import Path
from typing import Any

import nbformat
import yaml
from pydantic import TypeAdapter, ValidationError


class ParameterError(ValueError):
    """A parameter that the notebook does not have, or of another type."""


def read_parameters(notebook: Path, given: dict[str, str]) -> dict[str, Any]:
    """Parameters as they were typed: text stays text, whatever YAML would make of it; others are read as YAML.

    Raises:
        ParameterError: a value that is no YAML.
    """
    declared = declared_parameters(notebook)
    values: dict[str, Any] = dict(given)
    for name, text in given.items():
        if name in declared and not is_text(declared[name][0]):
            try:
                values[name] = yaml.safe_load(text)
            except yaml.YAMLError:
                raise ParameterError(f"{notebook.name}: {name} must be {declared[name][0]}, not {text!r}") from None
    return values


def is_text(annotation: str) -> bool:
    """Whether a value of this type may be a text."""
    return "str" in annotation.replace(" ", "").split("|")


def check_parameters(notebook: Path, given: dict[str, Any]) -> dict[str, Any]:
    """All parameters of a notebook, those given in place of its defaults.

    Raises:
        ParameterError: unknown name, or a value that is not of the annotated type (nothing is converted).
    """
    declared = declared_parameters(notebook)
    for name, value in given.items():
        if name not in declared:
            known = ", ".join(f"{name}: {annotation}" for name, (annotation, _) in declared.items())
            raise ParameterError(f"{notebook.name} has no parameter {name!r}. It has {known}")
        annotation = declared[name][0]
        try:
            TypeAdapter(eval(annotation)).validate_python(value, strict=True)
        except ValidationError:
            raise ParameterError(f"{notebook.name}: {name} must be {annotation}, not {value!r}") from None
    return {name: given.get(name, default) for name, (_, default) in declared.items()}


def declared_parameters(notebook: Path) -> dict[str, tuple[str, Any]]:
    """Annotation and default of every `name: type = value` in the cell tagged "parameters"."""
    cells = nbformat.read(notebook, as_version=4).cells
    tagged = [cell.source for cell in cells if "parameters" in cell.metadata.get("tags", [])]
    assigned = [node for source in tagged for node in ast.parse(source).body if isinstance(node, ast.AnnAssign)]
    return {
        ast.unparse(node.target): (ast.unparse(node.annotation), ast.literal_eval(node.value or "None"))
        for node in assigned
    }
