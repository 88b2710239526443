"""What a reader gets from `make figures PROFILE=smoke`: one real run, looked at from all sides."""

import json
import re
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

from tests.pipeline.project import Run, copy_project, draw_figures, drawn_figures
from thesis_lib.data.labels import CLASSES

NOTEBOOKS = (
    "01_data_exploration",
    "02_spectral_clustering",
    "03_training",
    "04_evaluation",
    "05_ablation",
    "06_figures",
)
OFFICIAL = "cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling"


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    project = copy_project(tmp_path_factory.mktemp("smoke") / "project")
    yield draw_figures(project, "smoke")
    shutil.rmtree(project.root)  # checkpoints of half a GB


def digest(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()


def test_one_command_draws_every_figure(smoke: Run) -> None:
    assert smoke.done.returncode == 0, smoke.done.stderr
    assert drawn_figures(smoke.figures, "png") == drawn_figures(smoke.figures, "pdf") == set(range(1, 14))


def test_every_figure_can_be_opened(smoke: Run) -> None:
    for png in smoke.figures.glob("*.png"):
        with Image.open(png) as picture:
            pixels = np.asarray(picture.convert("L"))
        assert min(pixels.shape) > 200, png.name
        assert pixels.std() > 1, f"{png.name} is empty"
    for pdf in smoke.figures.glob("*.pdf"):
        content = pdf.read_bytes()
        assert content.startswith(b"%PDF-"), pdf.name
        assert content.rstrip().endswith(b"%%EOF"), pdf.name


def test_every_figure_names_its_commit_profile_data_and_checkpoints(smoke: Run) -> None:
    register = json.loads((smoke.figures / "provenance.json").read_text())
    data = json.loads((smoke.results / "dataset.json").read_text())["digest"]
    trained = {digest(file) for file in smoke.results.rglob("*.pt")}
    assert register.keys() == {file.name for kind in ("png", "pdf") for file in smoke.figures.glob(f"*.{kind}")}
    for name, entry in register.items():
        assert entry["sha256"] == digest(smoke.figures / name), name
        assert (entry["commit"], entry["profile"], entry["data_digest"]) == (smoke.project.commit(), "smoke", data)
        assert {"PSPNet", "ClusterNet"} <= entry["checkpoints"].keys()
        assert set(entry["checkpoints"].values()) <= trained, name


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_notebook_ran_to_its_end(smoke: Run, name: str) -> None:
    cells = nbformat.read(smoke.results / "notebooks" / f"{name}.ipynb", as_version=4).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    assert not [output for cell in code for output in cell.outputs if output.output_type == "error"]


def test_no_half_run_notebook_is_left(smoke: Run) -> None:
    left = {file.name for file in (smoke.results / "notebooks").iterdir()}
    assert left == {f"{name}.ipynb" for name in NOTEBOOKS}


@pytest.mark.parametrize(("number", "name"), list(enumerate(NOTEBOOKS, start=1)))
def test_the_terminal_says_how_far_it_is_and_how_long_it_will_take(smoke: Run, number: int, name: str) -> None:
    left = "nothing left" if number == len(NOTEBOOKS) else r"about \d+:\d\d left"
    assert re.search(rf"\[{number}/6\] {name}  done in \d+:\d\d, {left}", smoke.done.stdout), smoke.done.stdout


def test_a_second_run_computes_nothing(smoke: Run) -> None:
    again = smoke.project.make("figures", "PROFILE=smoke")
    assert again.returncode == 0
    assert again.stdout == "figures/smoke/ is up to date\n"


def test_other_values_are_another_run(smoke: Run) -> None:
    assert smoke.project.planned("PROFILE=smoke", "SET=training.epochs=1") == list(NOTEBOOKS)


def test_a_value_that_does_not_exist_stops_before_anything_is_computed_or_lost(smoke: Run) -> None:
    done = smoke.project.make("figures", "PROFILE=smoke", "SET=training.epoch=1")
    assert done.returncode != 0
    assert "training.epoch is not a key of a profile" in done.stderr
    assert "run.py" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert smoke.project.planned("PROFILE=smoke") == []


@pytest.mark.parametrize("model", ["PSPNet", "ClusterNet"])
def test_predictions_are_label_pictures_of_the_size_of_the_frames(smoke: Run, model: str) -> None:
    frames = sorted((smoke.dataset / "leftImg8bit" / "val").glob("*/*.png"))
    names = {frame.name.replace("_leftImg8bit", "_pred_labelIds") for frame in frames}
    predictions = sorted((smoke.results / "predictions" / model).iterdir())
    assert {file.name for file in predictions} == names
    for file in predictions:
        with Image.open(file) as picture:
            assert (picture.size, picture.mode) == ((256, 128), "L")
            assert set(np.unique(np.asarray(picture))) <= {label.id for label in CLASSES}


@pytest.fixture(scope="module")
def evaluated(smoke: Run, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, Path]:
    """What `evaluate` prints, and the folder it exports to."""
    folder = tmp_path_factory.mktemp("predictions")
    done = smoke.project.python("-m", "thesis_lib.experiments", "evaluate", "smoke", "--export", str(folder))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), folder


def test_evaluation_prints_what_the_notebook_found(smoke: Run, evaluated: tuple[dict, Path]) -> None:
    found = json.loads((smoke.results / "scores.json").read_text())["ClusterNet"]
    np.testing.assert_equal(evaluated[0], found)


def test_the_official_script_gives_the_exported_predictions_the_same_scores(
    smoke: Run, evaluated: tuple[dict, Path], tmp_path: Path
) -> None:
    printed, predictions = evaluated
    folders = {"DATASET": smoke.dataset, "RESULTS": predictions, "EXPORT_DIR": tmp_path}
    done = smoke.project.python("-m", OFFICIAL, **{f"CITYSCAPES_{name}": str(path) for name, path in folders.items()})
    assert done.returncode == 0, done.stderr
    official = json.loads((tmp_path / "resultPixelLevelSemanticLabeling.json").read_text())
    assert printed["miou"] > 0
    for ours, theirs in (
        ("miou", "averageScoreClasses"),
        ("miiou", "averageScoreInstClasses"),
        ("iou", "classScores"),
        ("iiou", "classInstScores"),
        ("category_iou", "categoryScores"),
        ("category_iiou", "categoryInstScores"),
    ):
        expected = official[theirs]
        if isinstance(expected, dict):
            expected = {name: value for name, value in expected.items() if name in printed[ours]}
        assert printed[ours] == pytest.approx(expected, abs=1e-12, nan_ok=True)


@pytest.mark.full
def test_a_changed_library_computes_again_and_trains_nothing(smoke: Run) -> None:
    """The last test, for it changes the copy: a painter and a network that do what they did."""
    before = {file: file.stat().st_mtime_ns for file in smoke.results.rglob("*.pt")}
    for name in ("streets/src/streets/paint/__init__.py", "thesis_lib/models/pspnet.py"):
        with (smoke.project.root / name).open("a") as file:
            file.write("# changed\n")
    again = smoke.project.make("figures", "PROFILE=smoke")
    assert again.returncode == 0, again.stderr
    assert "03_training  done" in again.stdout
    assert "01_data_exploration  done" not in again.stdout
    assert {file: file.stat().st_mtime_ns for file in smoke.results.rglob("*.pt")} == before
