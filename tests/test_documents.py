"""What the documents say is so: numbers are those of the committed measurements, links lead somewhere, code runs."""

import importlib.util
import json
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
import torch
import yaml

from thesis_lib.paths import PROJECT

DOCUMENTS = [*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md"), *PROJECT.glob("*/README.md")]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))


def load(name: str) -> ModuleType:
    """A script of benchmarks/, as a module."""
    spec = importlib.util.spec_from_file_location("measured", PROJECT / "benchmarks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(PROJECT / "benchmarks")
    return load("clusters_and_labels")


def test_the_documents_hold_what_was_measured() -> None:
    tables = load("tables")
    for document in tables.DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        assert "<!-- end -->" in text
        assert tables.filled(text) == text, f"python benchmarks/tables.py writes {document.name} anew"


def test_a_drawn_difference_is_told_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = load("tables")
    measured = {"miou": {"PSPNet": 0.5, "ClusterNet": 0.6}}
    read = tables.read
    monkeypatch.setattr(tables, "read", lambda name: measured if name == "budgets-demo" else read(name))
    assert "ClusterNet 0.60: 0.10 more." in tables.came_out()


def test_the_readme_is_short() -> None:
    assert len(re.sub(r"<!--.*?-->", "", README).split()) <= 900


@every_document
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in link:
            assert (document.parent / link.partition("#")[0]).exists(), link


@every_document
def test_every_target_that_is_named_exists(document: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    named = re.findall(r"(?:^    |`)make +([a-z-]+)", document.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(named) <= set(targets)


def test_the_readmes_lines_of_library_run() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    random = torch.Generator().manual_seed(0)
    points, other_points = torch.randn(2, 300, 8, generator=random)
    exec(code, {"points": points, "other_points": other_points, "images": torch.randn(2, 3, 65, 65, generator=random)})


def test_the_version_is_one() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = yaml.safe_load((PROJECT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == project["version"]
    assert f"## {project['version']}\n" in (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_workflow_runs_what_the_makefile_has() -> None:
    workflow = yaml.safe_load((PROJECT / ".github" / "workflows" / "checks.yml").read_text(encoding="utf-8"))
    commands = {step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step}
    assert commands == {"make lint", "make test", "make test-all"}


def test_the_tables_of_clusters_and_labels_are_those_measured(benchmark: ModuleType) -> None:
    report = json.loads(benchmark.RESULTS.read_text(encoding="utf-8"))
    assert benchmark.tables(report) in benchmark.DOCUMENT.read_text(encoding="utf-8")


def test_the_default_wins_against_kmeans_as_the_document_says(benchmark: ModuleType) -> None:
    report = json.loads(benchmark.RESULTS.read_text(encoding="utf-8"))
    for row in report["rows"]:
        if (row["method"], row["layer"], row["size"], row["k"]) == ("recommended", 4, [512, 1024], 20):
            assert row["frames_above_kmeans"] == report["data"]["frames"]
            assert row["nmi_above_kmeans"] > 0.05
            return
    pytest.fail("the default was not measured")
