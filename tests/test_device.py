"""One place decides where a run computes."""

import torch

from thesis_lib.device import run_device
from thesis_lib.paths import PROJECT


def test_without_a_gpu_it_is_the_processor() -> None:
    assert run_device().type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_nothing_else_asks_for_a_gpu() -> None:
    sources = [*(PROJECT / "thesis_lib").rglob("*.py"), *(PROJECT / "notebooks").glob("*.ipynb")]
    asking = [file.name for file in sources if "cuda.is_available" in file.read_text(encoding="utf-8")]
    assert asking == ["device.py"]


def test_what_computes_in_a_notebook_or_the_inspector_is_on_the_runs_device() -> None:
    """A network that is loaded or built there is moved there, but for the one whose parts are only drawn."""
    builders = ("load_checkpoint(", "build_backbone(")
    files = [*(PROJECT / "notebooks").glob("*.ipynb"), *(PROJECT / "thesis_lib" / "views").rglob("*.py")]
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    building = [line for line in lines if any(builder in line for builder in builders) and "architecture(" not in line]
    assert len(building) >= 4
    assert all("run_device()" in line for line in building)
