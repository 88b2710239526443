"""The thesis's own path, from Cityscapes' zips to the figures: ResNet-50, crops of 713, 40 clusters, concatenated.

Only counts are cut, so that two cores can follow it in minutes; its numbers mean nothing.
"""

import csv
import json
import math
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from PIL import Image
from torchvision.models import resnet50

from tests.pipeline.archives import FRAMES, write_official_archives
from tests.pipeline.project import Run, copy_project, draw_figures, drawn_figures

pytestmark = pytest.mark.full

FEW = (
    "data.train=4 data.val=1 data.workers=0 training.epochs=1 training.max_steps=1 training.batch_size=2 "
    "evaluation.flip=false evaluation.scales=[0.25] "
    "exploration.n_clusters=[5,40] exploration.image_size=[128,256] exploration.timing_points=[256] "
    "exploration.timing_repeats=1 "
    'study.epochs=1 study.n_clusters=[40] study.axes=["pixels"] study.fusions=["concat"] study.methods=["spectral"] '
    "study.seeds=[0]"
)
CLUSTERNET = "spectral-pixels-concat-40-0"


@dataclass(frozen=True)
class ThesisRun(Run):
    """A run, and what it was given."""

    archived: Path
    weights: Path


@pytest.fixture(scope="module")
def thesis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThesisRun]:
    folder = tmp_path_factory.mktemp("thesis")
    project = copy_project(folder / "project")
    archives = write_official_archives(folder / "Downloads", folder / "scratch")
    weights = folder / "resnet50.pth"
    torch.manual_seed(0)
    torch.save(resnet50().state_dict(), weights)
    values = f'{FEW} model.weights="{weights}"'
    if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        values += ' training.precision="float32"'  # a CPU without bfloat16 takes seven times as long for it
    run = draw_figures(project, "cityscapes", f"ARCHIVES={archives}", f"SET={values}")
    yield ThesisRun(run.project, run.profile, run.done, folder / "scratch" / "official", weights)
    shutil.rmtree(folder)  # checkpoints of 3 GB


def files_below(*folders: Path) -> dict[Path, int]:
    """Size by path."""
    files = [(file, folder.parent) for folder in folders for file in folder.rglob("*") if file.is_file()]
    return {file.relative_to(parent): file.stat().st_size for file, parent in files}


def checkpoint(file: Path) -> dict:
    return torch.load(file, map_location="cpu", weights_only=True, mmap=True)


def test_the_zips_lead_to_every_figure(thesis: ThesisRun) -> None:
    assert thesis.done.returncode == 0, thesis.done.stderr
    assert drawn_figures(thesis.figures, "png") == drawn_figures(thesis.figures, "pdf") == set(range(1, 14))
    for png in thesis.figures.glob("*.png"):
        with Image.open(png) as picture:
            picture.load()


def test_the_zips_are_unpacked_whole_and_nothing_beside_them(thesis: ThesisRun) -> None:
    unpacked = (thesis.dataset / "leftImg8bit", thesis.dataset / "gtFine")
    assert files_below(*unpacked) == files_below(*(thesis.archived / folder.name for folder in unpacked))
    beside = {path.name for path in thesis.dataset.iterdir()} - {"README.md"}
    assert beside == {"leftImg8bit", "gtFine", "train_set.txt", "val_set.txt"}


@pytest.mark.parametrize("split", ["train", "val"])
def test_the_lists_name_every_frame_with_its_label(thesis: ThesisRun, split: str) -> None:
    expected = [
        f"leftImg8bit/{split}/{frame.split('_')[0]}/{frame}_leftImg8bit.png "
        f"gtFine/{split}/{frame.split('_')[0]}/{frame}_gtFine_labelIds.png"
        for frame in FRAMES[split]
    ]
    assert (thesis.dataset / f"{split}_set.txt").read_text().splitlines() == expected


def test_the_notebook_says_what_is_missing_of_cityscapes(thesis: ThesisRun) -> None:
    executed = (thesis.results / "notebooks" / "01_data_exploration.ipynb").read_text()
    assert "aachen: 1 frames, 174 expected" in executed


def test_every_training_logs_a_finite_loss(thesis: ThesisRun) -> None:
    logs = list(thesis.results.rglob("log.csv"))
    assert len(logs) >= 3
    for log in logs:
        with log.open() as file:
            losses = [float(row["loss"]) for row in csv.DictReader(file)]
        assert losses, log
        assert all(math.isfinite(loss) and loss > 0 for loss in losses), log


def test_the_checkpoint_holds_the_network_of_the_thesis(thesis: ThesisRun) -> None:
    content = checkpoint(thesis.results / "study" / CLUSTERNET / "last.pt")
    wanted = {"backbone": "resnet50", "n_clusters": 40, "axis": "pixels", "fusion": "concat", "method": "spectral"}
    assert content["model"] == "ClusterNet"
    assert content["config"].items() >= wanted.items()
    assert content["plan"]["crop"] == [713, 713]


def test_training_starts_from_the_weights_that_the_profile_names(thesis: ThesisRun) -> None:
    name = "layer4.2.conv2.weight"
    given = checkpoint(thesis.weights)[name]
    trained = checkpoint(thesis.results / "study" / CLUSTERNET / "last.pt")["state_dict"][f"backbone.{name}"]
    assert not torch.equal(trained, given)
    assert torch.corrcoef(torch.stack([trained.flatten(), given.flatten()]))[0, 1] > 0.9


def test_both_networks_have_their_scores(thesis: ThesisRun) -> None:
    scores = json.loads((thesis.results / "scores.json").read_text())
    assert scores.keys() == {"PSPNet", "ClusterNet"}
    assert all(0 <= score["miou"] <= 1 for score in scores.values())


def test_predictions_are_as_large_as_the_frames(thesis: ThesisRun) -> None:
    predictions = list((thesis.results / "predictions").rglob("frankfurt_000000_000294_pred_labelIds.png"))
    assert len(predictions) == 2
    for file in predictions:
        with Image.open(file) as picture:
            assert (picture.size, picture.mode) == ((2048, 1024), "L")
