import math
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tests.data.frames import write_frame
from thesis_lib.data import Cityscapes, DatasetError
from thesis_lib.experiments import Profile, evaluate, score_files
from thesis_lib.experiments.evaluation import export_prediction
from thesis_lib.models import ClusterNet, PSPNet


@pytest.fixture
def model() -> PSPNet:
    torch.manual_seed(0)
    return PSPNet(backbone="resnet18")


def test_written_predictions_score_the_same(
    model: PSPNet, small_profile: Callable[..., Profile], tmp_path: Path
) -> None:
    profile = small_profile()
    val = Cityscapes(profile.dataset, "val")
    scores = evaluate(model, val, profile.evaluation, export=tmp_path / "predictions")
    files = [tmp_path / "predictions" / f"{pair.frame}_pred_labelIds.png" for pair in val.pairs]
    again = score_files(files, [pair.label for pair in val.pairs])
    assert (again.confusion == scores.confusion).all()
    assert again.iiou == pytest.approx(scores.iiou, nan_ok=True)
    assert again.category_iiou == pytest.approx(scores.category_iiou, nan_ok=True)


def test_the_model_is_left_as_it_was(model: PSPNet, small_profile: Callable[..., Profile]) -> None:
    profile = small_profile()
    model.train()
    evaluate(model, Cityscapes(profile.dataset, "val", limit=1), profile.evaluation)
    assert model.training
    assert torch.equal(model.backbone.layer0[1].running_mean, torch.zeros(64))


@pytest.mark.parametrize("classes", [7, 18, 21, 34, 150])
def test_a_network_of_other_classes_is_not_scored(
    small_profile: Callable[..., Profile], tmp_path: Path, classes: int
) -> None:
    profile = small_profile()
    for network in (PSPNet(classes, backbone="resnet18"), ClusterNet(classes, backbone="resnet18", n_clusters=4)):
        with pytest.raises(ValueError, match=f"has {classes} classes, but the data set has the 19 of Cityscapes"):
            evaluate(network, Cityscapes(profile.dataset, "val"), profile.evaluation, export=tmp_path / "export")
    assert not (tmp_path / "export").exists()


def test_without_instance_files_iiou_is_nan(model: PSPNet, small_profile: Callable[..., Profile]) -> None:
    profile = small_profile()
    for path in profile.dataset.rglob("*_instanceIds.png"):
        path.unlink()
    scores = evaluate(model, Cityscapes(profile.dataset, "val"), profile.evaluation)
    assert all(math.isnan(value) for value in (*scores.iiou.values(), *scores.category_iiou.values()))
    assert not math.isnan(scores.miou)


@pytest.mark.parametrize("value", [-1, 34, 255])
def test_what_is_no_label_is_not_exported(tmp_path: Path, value: int) -> None:
    with pytest.raises(ValueError, match="where labelIds, 0 to 33, are expected"):
        export_prediction(torch.full((2, 2), value), tmp_path / "x.png")
    assert not list(tmp_path.iterdir())


def test_a_name_as_long_as_the_file_system_takes_is_exported(
    model: PSPNet, small_profile: Callable[..., Profile], tmp_path: Path
) -> None:
    frame = f"alpha_000000_{'0' * 221}9"
    write_frame(tmp_path / "long", "val", frame)
    val = Cityscapes(tmp_path / "long", "val")
    evaluate(model, val, small_profile().evaluation, export=tmp_path / "export")
    (file,) = (tmp_path / "export").iterdir()
    assert file.name == f"{frame}_pred_labelIds.png"
    assert cv2.imread(str(file), cv2.IMREAD_UNCHANGED).dtype == np.uint8


def test_a_folder_in_the_way_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DatasetError, match="x.png could not be written"):
        export_prediction(torch.zeros(2, 2, dtype=torch.int64), tmp_path / "file" / "x.png")
