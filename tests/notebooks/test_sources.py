"""Notebooks are thin, hold no outputs, and build what the profile says."""

import ast
from pathlib import Path

import nbformat
import pytest

from thesis_lib.paths import NOTEBOOKS

SOURCES = pytest.mark.parametrize("notebook", sorted(NOTEBOOKS.glob("0*.ipynb")), ids=lambda path: path.stem)


def code(notebook: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == "code"]


def calls(notebook: Path, name: str) -> list[ast.Call]:
    trees = [ast.parse(cell.source) for cell in code(notebook)]
    found = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call for call in found if ast.unparse(call.func) == name]


@SOURCES
def test_a_backbone_is_that_of_the_profile_in_all_that_it_is(notebook: Path) -> None:
    for call in calls(notebook, "build_backbone"):
        given = [ast.unparse(one) for one in (*call.args, *(keyword.value for keyword in call.keywords))]
        assert given == [f"settings.model.{name}" for name in ("backbone", "weights", "semantics")]
    if notebook.stem == "02_spectral_clustering":
        assert calls(notebook, "build_backbone")


@SOURCES
def test_a_notebook_is_thin(notebook: Path) -> None:
    lines = [sum(bool(line.strip()) for line in cell.source.splitlines()) for cell in code(notebook)]
    assert sum(lines) <= 150
    assert max(lines) <= 25


@SOURCES
def test_no_outputs_are_committed(notebook: Path) -> None:
    assert not any(cell.outputs or cell.execution_count for cell in code(notebook))
