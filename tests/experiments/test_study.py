from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.models.originals import mmseg_state
from thesis_lib.experiments import Profile, TrainingError, load_profile
from thesis_lib.experiments.study import pretrain, pretrained_files, read_results, run_study, training_logs
from thesis_lib.experiments.variants import Variant, build_variant, compared, variants
from thesis_lib.models import PSPNet, load_checkpoint


def test_the_demo_varies_k_axis_fusion_and_method_one_at_a_time(small_profile: Callable[..., Profile]) -> None:
    profile = small_profile("model.n_clusters=40", "study.n_clusters=[10,40]", "training.crop=[96,96]")
    assert [variant.name for variant in variants(profile)] == [
        "pspnet",
        "spectral-pixels-concat-40",
        "spectral-pixels-concat-10",
        "spectral-pixels-replace-40",
        "spectral-channels-concat-40",
        "spectral-channels-replace-40",
        "kmeans-pixels-concat-40",
    ]


def test_every_variant_is_trained_scored_and_kept(small_profile: Callable[..., Profile]) -> None:
    profile = small_profile('study.axes=["channels"]', 'study.fusions=["replace"]', 'study.methods=["kmeans"]')
    pretrain(profile)
    file = run_study(profile, variants(profile), profile.study.seeds)
    results = read_results(file)
    assert [result.variant for result in results] == [variant.name for variant in variants(profile)]
    assert all(0 <= result.miou <= 1 and result.step_seconds > 0 for result in results)
    before = file.stat().st_mtime_ns
    run_study(profile, variants(profile), profile.study.seeds)
    assert file.stat().st_mtime_ns == before
    assert read_results(file) == results


def test_a_variant_is_named_after_its_choices() -> None:
    assert Variant(20, "channels", "replace", "kmeans").name == "kmeans-channels-replace-20"
    assert Variant().name == "pspnet"


def test_both_compared_go_on_from_the_last_step_of_the_pretraining(small_profile: Callable[..., Profile]) -> None:
    profile = small_profile("study.rate=0.001")
    pretrain(profile)
    run_study(profile, compared(profile).values(), profile.study.seeds)
    logs = training_logs(profile)
    assert logs["PSPNet"]["step"].tolist() == [0, 1, 2, 3, 4, 5]
    assert logs["ClusterNet"]["step"].tolist() == [4, 5]
    np.testing.assert_array_equal(logs["PSPNet"]["rate"][-2:], logs["ClusterNet"]["rate"])
    assert logs["ClusterNet"]["rate"][0] == 0.001


def test_a_study_without_its_pspnet_says_which_training_is_missing(small_profile: Callable[..., Profile]) -> None:
    profile = small_profile()
    with pytest.raises(TrainingError, match="notebook 03"):
        run_study(profile, [Variant()], profile.study.seeds)
    assert not pretrained_files(profile).folder.exists()


def test_a_study_can_start_from_published_weights(small_profile: Callable[..., Profile], tmp_path: Path) -> None:
    state = mmseg_state(18)
    torch.save({"state_dict": state}, tmp_path / "pspnet_r18.pth")
    profile = small_profile(f'model.checkpoint="{tmp_path / "pspnet_r18.pth"}"')
    files = pretrain(profile)
    loaded = load_checkpoint(files.last)
    assert loaded.config["semantics"] == "mmseg"
    assert torch.equal(loaded.state_dict()["head.4.weight"], state["decode_head.conv_seg.weight"])
    run_study(profile, compared(profile).values(), [0])
    logs = training_logs(profile)
    assert len(logs["PSPNet"]["step"]) == len(logs["ClusterNet"]["step"]) == 2


def test_published_weights_of_other_classes_are_refused(small_profile: Callable[..., Profile], tmp_path: Path) -> None:
    torch.save({"state_dict": mmseg_state(18, 7)}, tmp_path / "seven.pth")
    profile = small_profile(f'model.checkpoint="{tmp_path / "seven.pth"}"')
    with pytest.raises(TrainingError, match="the network has 7 classes"):
        pretrain(profile)
    assert not pretrained_files(profile).last.exists()


def test_a_presets_name_is_a_method_of_the_study(small_profile: Callable[..., Profile]) -> None:
    profile = small_profile('study.methods=["spectral","faithful","kmeans"]')
    assert "faithful-pixels-concat-40" in [variant.name for variant in variants(load_profile("demo"))]
    found = {
        method: build_variant(Variant(6, method=method), profile, PSPNet(backbone="resnet18")).cluster
        for method in ("spectral", "faithful", "recommended", "kmeans")
    }
    assert {name: (layer.method, layer.graph, layer.sigma) for name, layer in found.items()} == {
        "spectral": ("spectral", "neighbors", "local"),
        "faithful": ("spectral", "full", "median"),
        "recommended": ("spectral", "neighbors", "local"),
        "kmeans": ("kmeans", "neighbors", "local"),
    }
