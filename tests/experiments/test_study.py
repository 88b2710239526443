from collections.abc import Callable
from pathlib import Path

from thesis_lib.experiments import Profile, fit
from thesis_lib.experiments.runs import build_model
from thesis_lib.experiments.study import Variant, read_results, run_study, variants


def test_the_demo_varies_k_axis_fusion_and_method_one_at_a_time(small_profile: Callable[..., Profile]) -> None:
    profile = small_profile("model.n_clusters=40", "study.n_clusters=[10,40]", "training.crop=[96,96]")
    assert [variant.name for variant in variants(profile)] == [
        "pspnet",
        "spectral-pixels-concat-10",
        "spectral-pixels-concat-40",
        "spectral-pixels-replace-40",
        "spectral-channels-concat-40",
        "spectral-channels-replace-40",
        "kmeans-pixels-concat-40",
    ]


def test_every_variant_is_trained_scored_and_kept(small_profile: Callable[..., Profile], tmp_path: Path) -> None:
    profile = small_profile('study.axes=["channels"]', 'study.fusions=["replace"]', 'study.methods=["kmeans"]')
    start = fit(build_model(profile, "pspnet"), profile, tmp_path / "pspnet").best
    file = run_study(profile, start, tmp_path / "study")
    results = read_results(file)
    assert [result.variant for result in results] == [variant.name for variant in variants(profile)]
    assert all(0 <= result.miou <= 1 and result.step_seconds > 0 for result in results)
    before = file.stat().st_mtime_ns
    run_study(profile, start, tmp_path / "study", resume=True)
    assert file.stat().st_mtime_ns == before
    assert read_results(file) == results


def test_a_variant_is_named_after_its_choices() -> None:
    assert Variant(20, "channels", "replace", "kmeans").name == "kmeans-channels-replace-20"
    assert Variant().name == "pspnet"
