"""What holds for the project as a whole: pins, rooms, notebooks."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from thesis_lib.paths import NOTEBOOKS, PROJECT

NOTEBOOK_FILES = sorted(NOTEBOOKS.glob("*.ipynb"))
LOCK = (PROJECT / "requirements.lock").read_text(encoding="utf-8")
PINS = dict(re.findall(r"^([a-z0-9._-]+)==([^ \\;]+)", LOCK, re.MULTILINE))


def requirements() -> list[Requirement]:
    lines = (PROJECT / "requirements.in").read_text(encoding="utf-8").splitlines()
    stripped = (line.partition("#")[0].strip() for line in lines)
    return [Requirement(line) for line in stripped if line]


@pytest.mark.parametrize("wanted", requirements(), ids=str)
def test_the_lock_pins_what_is_required(wanted: Requirement) -> None:
    assert wanted.specifier.contains(Version(PINS[wanted.name.lower()]))


def test_every_pin_has_hashes_and_no_address() -> None:
    blocks = re.split(r"\n(?=[a-z0-9])", LOCK)
    pinned = [block for block in blocks if "==" in block.splitlines()[0]]
    assert len(pinned) >= len(PINS)
    assert all("--hash=sha256:" in block for block in pinned)
    assert "://" not in LOCK


def test_conda_gets_the_same_pins_and_pythons() -> None:
    environment = yaml.safe_load((PROJECT / "environment.yml").read_text(encoding="utf-8"))
    python, pip, packages = environment["dependencies"]
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert python == f"python{project['requires-python']}"
    assert (pip, packages) == ("pip", {"pip": ["--require-hashes", "-r requirements.lock"]})


def test_rooms_import_downward_only() -> None:
    tool = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([tool, "--no-cache"], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_make_help_tells_of_every_target() -> None:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.search(r"\.PHONY: (.*)", makefile).group(1).split()) - {"help", "force"}
    shown = subprocess.run(["make"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    assert {target for target in targets if f"make {target} " not in shown} == set()


@pytest.mark.parametrize("file", NOTEBOOK_FILES, ids=lambda file: file.stem)
def test_notebooks_are_thin_and_hold_no_outputs(file: Path) -> None:
    cells = [cell for cell in nbformat.read(file, as_version=4).cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in cells)
    lengths = [len(cell.source.splitlines()) for cell in cells]
    assert max(lengths) <= 25
    assert sum(lengths) <= 150
    functions = [
        node for cell in cells for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.FunctionDef)
    ]
    assert all(node.end_lineno - node.lineno < 10 for node in functions)
