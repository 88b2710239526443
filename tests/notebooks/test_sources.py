"""What notebooks build is what the profile says."""

import ast
from pathlib import Path

import nbformat
import pytest

from thesis_lib.paths import NOTEBOOKS


def calls(notebook: Path, name: str) -> list[ast.Call]:
    cells = nbformat.read(notebook, as_version=4).cells
    trees = [ast.parse(cell.source) for cell in cells if cell.cell_type == "code"]
    found = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call for call in found if ast.unparse(call.func) == name]


@pytest.mark.parametrize("notebook", sorted(NOTEBOOKS.glob("0*.ipynb")), ids=lambda path: path.stem)
def test_a_backbone_is_that_of_the_profile_in_all_that_it_is(notebook: Path) -> None:
    for call in calls(notebook, "build_backbone"):
        given = [ast.unparse(one) for one in (*call.args, *(keyword.value for keyword in call.keywords))]
        assert given == [f"settings.model.{name}" for name in ("backbone", "weights", "semantics")]
    if notebook.stem == "02_spectral_clustering":
        assert calls(notebook, "build_backbone")
