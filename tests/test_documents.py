"""Numbers in the documents are those of the committed measurements."""

import importlib.util
import json
from types import ModuleType

import pytest

from thesis_lib.paths import PROJECT


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(PROJECT / "benchmarks")
    spec = importlib.util.spec_from_file_location("measured", PROJECT / "benchmarks" / "clusters_and_labels.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
