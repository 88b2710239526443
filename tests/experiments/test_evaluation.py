from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from thesis_lib.data import Cityscapes
from thesis_lib.experiments import Profile, evaluate, score_files
from thesis_lib.models import PSPNet


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
