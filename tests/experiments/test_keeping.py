"""Trainings are known by what their results depend on: none is done twice, none is lost to another."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from thesis_lib.experiments import Profile, TrainingError, study
from thesis_lib.experiments.keys import (
    INDIFFERENT,
    LAYER,
    file_digest,
    pretraining_key,
    split_digest,
    validation,
    weights_digest,
)
from thesis_lib.experiments.profiles import Training
from thesis_lib.experiments.study import (
    place_and_key,
    pretrain,
    pretrained_files,
    read_results,
    run_study,
    variant_files,
)
from thesis_lib.experiments.training import Trainer
from thesis_lib.experiments.variants import Variant, compared, variants
from thesis_lib.models import read_checkpoint

Make = Callable[..., Profile]


def with_value(profile: Profile, section: str, **values: Any) -> Profile:
    return profile.model_copy(update={section: getattr(profile, section).model_copy(update=values)})


def refuse(*_: object, **__: object) -> None:
    raise AssertionError("trained again")


@pytest.fixture
def no_training(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From the call on, whoever trains fails."""

    def begin() -> None:
        monkeypatch.setattr(study, "fit", refuse)

    return begin


@pytest.mark.filterwarnings("ignore:Pydantic serializer")
def test_every_value_of_a_recipe_counts_unless_it_changes_nothing(small_profile: Make) -> None:
    profile = small_profile()
    for name in Training.model_fields:
        other = with_value(profile, "training", **{name: "another"})
        same = pretraining_key(other) == pretraining_key(profile)
        assert same == (name in INDIFFERENT), name


OTHERS = {"n_clusters": 7, "axis": "channels", "fusion": "replace", "method": "kmeans", "graph": "full", "neighbors": 9}
OTHERS |= {"sigma": "median", "reduce": 9, "position": 0.5}


@pytest.mark.filterwarnings("ignore:Pydantic serializer")
def test_every_value_of_the_layer_counts_for_clusternet_alone(
    small_profile: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A value that somebody adds counts by itself."""
    monkeypatch.setattr(study, "start_digest", lambda profile: "digest")
    profile = small_profile()
    assert {*OTHERS} == LAYER
    for name in type(profile.model).model_fields:
        other = with_value(profile, "model", **{name: OTHERS.get(name, "another")})
        if name != "checkpoint":
            assert (pretraining_key(other) == pretraining_key(profile)) == (name in LAYER), name
        for variant in ("ClusterNet", "PSPNet"):
            keys = [place_and_key(one, compared(one)[variant], 0)[1] for one in (profile, other)]
            assert (keys[0] != keys[1]) == (variant == "ClusterNet" and name in LAYER), (variant, name)


@pytest.mark.parametrize(
    "changed", [{"n_clusters": 7}, {"axis": "channels"}, {"fusion": "replace"}, {"method": "faithful"}]
)
def test_every_choice_of_a_variant_counts(
    small_profile: Make, changed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    profile, variant = small_profile(), Variant(6)
    monkeypatch.setattr(study, "start_digest", lambda profile: "digest")
    before = place_and_key(profile, variant, 0)[1]
    assert place_and_key(profile, replace(variant, **changed), 0)[1] != before
    assert place_and_key(profile, variant, 1)[1] != before
    monkeypatch.setattr(study, "start_digest", lambda profile: "another network")
    assert place_and_key(profile, variant, 0)[1] != before


def test_data_counts_by_its_bytes_and_not_by_its_times(small_profile: Make) -> None:
    profile = small_profile()
    before, scored = pretraining_key(profile), validation(profile)
    image = sorted((profile.dataset / "leftImg8bit" / "train").glob("*/*.png"))[0]
    os.utime(image)
    assert pretraining_key(profile) == before
    image.write_bytes(image.read_bytes() + b"\0")
    assert pretraining_key(profile) != before
    assert validation(profile) == scored
    assert pretraining_key(with_value(profile, "data", train=3)) != pretraining_key(profile)


def test_a_digest_is_kept_while_nothing_is_written(small_profile: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    profile = small_profile()
    first = split_digest(profile, "train")
    monkeypatch.setattr("thesis_lib.experiments.keys.content_digest", refuse)
    assert split_digest(profile, "train") == first
    (profile.results / "digests.json").write_text("{")  # a broken note is no note
    with pytest.raises(AssertionError):
        split_digest(profile, "train")


def test_networks_are_known_by_their_weights() -> None:
    """Of any kind: numpy has no bfloat16, and a number has no dimensions."""
    states = [
        {"a": torch.ones(2, 3), "b": torch.tensor(1)},
        {"a": torch.ones(3, 2), "b": torch.tensor(1)},
        {"a": torch.ones(2, 3), "c": torch.tensor(1)},
        {"a": torch.ones(2, 3, dtype=torch.bfloat16), "b": torch.tensor(1)},
        {"a": torch.ones(2, 3), "b": torch.tensor(True)},
        {"a": torch.ones(2, 3), "b": torch.empty(0, dtype=torch.int64)},
        {"a": torch.ones(2, 3) + 1e-6, "b": torch.tensor(1)},
    ]
    digests = [weights_digest(state) for state in states]
    assert len({*digests}) == len(states)
    assert weights_digest({"a": torch.ones(3, 2).T, "b": torch.tensor(1)}) == digests[0]


def test_weights_count_by_their_bytes(small_profile: Make, tmp_path: Path) -> None:
    profile, keys = small_profile(), []
    for name, content in (("a.pth", b"1"), ("b.pth", b"1"), ("a.pth", b"2")):
        (tmp_path / name).write_bytes(content)
        keys += [
            pretraining_key(with_value(profile, "model", **{field: str(tmp_path / name)}))
            for field in ("weights", "checkpoint")
        ]
    assert keys[:2] == keys[2:4]
    assert keys[0] != keys[4]
    assert keys[1] != keys[5]


@pytest.mark.parametrize("field", ["weights", "checkpoint"])
def test_a_file_that_is_not_there_is_named(small_profile: Make, tmp_path: Path, field: str) -> None:
    profile = with_value(small_profile(), "model", **{field: str(tmp_path / "none.pth")})
    with pytest.raises(
        TrainingError, match=r"none.pth, named by the profile's \[model\], cannot be read: No such file"
    ):
        pretrain(profile)


def test_a_finished_training_is_used_as_it_is(small_profile: Make, no_training: Callable[[], None]) -> None:
    profile = small_profile()
    files = pretrain(profile)
    table = run_study(profile, compared(profile).values(), [0])
    before = {file: file.stat().st_mtime_ns for file in profile.results.rglob("*") if file.is_file()}
    no_training()
    changed = small_profile(
        *(f"training.{name}" for name in ("save_every=1", "validate_every=2", "deterministic=true"))
    )
    for again in (profile, changed):
        assert pretrain(again) == files
        assert run_study(again, compared(again).values(), [0]) == table
    assert {file: file.stat().st_mtime_ns for file in profile.results.rglob("*") if file.is_file()} == before


def test_a_training_of_other_values_leaves_the_first_alone(
    small_profile: Make, no_training: Callable[[], None], capsys: pytest.CaptureFixture
) -> None:
    first, other = small_profile(), small_profile("training.epochs=1")
    kept = pretrain(first)
    run_study(first, [Variant()], [0])
    before = {file: file_digest(file) for file in kept.folder.parent.rglob("*.pt")}
    assert pretrain(other).folder != kept.folder
    assert "holds a training of other values" in capsys.readouterr().err
    run_study(other, [Variant()], [0])
    assert {file: file_digest(file) for file in before} == before
    no_training()
    assert pretrain(first) == pretrained_files(first) == kept
    assert pretrain(other) == pretrained_files(other) != kept
    rows = [read_results(run_study(profile, [Variant()], [0])) for profile in (first, other)]
    assert [len(row) for row in rows] == [1, 1]


def test_a_training_without_a_record_is_nobodys_to_remove(small_profile: Make) -> None:
    profile = small_profile()
    foreign = profile.results / "pretrained" / "last.pt"
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"from before there were records")
    assert pretrain(profile).folder != foreign.parent
    assert foreign.read_bytes() == b"from before there were records"


def test_a_word_asks_for_a_new_training(small_profile: Make) -> None:
    profile = small_profile("training.epochs=1")
    files = pretrain(profile)
    weights, written = read_checkpoint(files.last)["state_dict"], files.last.stat().st_mtime_ns
    assert pretrain(profile, resume=False) == files
    assert files.last.stat().st_mtime_ns > written
    assert all(value.equal(weights[key]) for key, value in read_checkpoint(files.last)["state_dict"].items())


def test_a_training_whose_checkpoint_was_removed_is_done_again(small_profile: Make) -> None:
    profile = small_profile("training.epochs=1")
    pretrain(profile).last.unlink()
    assert pretrain(profile).last.exists()


def test_an_unfinished_training_is_taken_up(small_profile: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    profile, taken = small_profile("training.save_every=1"), []
    take = Trainer._take

    def counted(trainer: Trainer, images: Tensor, labels: Tensor) -> tuple[float, float]:
        if len(taken) == 3:
            taken.append(-1)
            raise KeyboardInterrupt
        taken.append(len(trainer.rows))
        return take(trainer, images, labels)

    monkeypatch.setattr(Trainer, "_take", counted)
    with pytest.raises(KeyboardInterrupt):
        pretrain(profile)
    pretrain(small_profile("training.validate_every=2"))
    assert taken == [0, 1, 2, -1, 3]


def test_a_study_has_the_rows_of_the_values_asked_for_alone(
    small_profile: Make, no_training: Callable[[], None]
) -> None:
    local, median = small_profile(), small_profile('model.sigma="median"')
    assert pretrain(local) == pretrain(median)
    chosen = [compared(local)["ClusterNet"]]
    folders = [variant_files(profile, chosen[0], 0).folder for profile in (local, median)]
    first = read_results(run_study(local, chosen, [0]))
    second = read_results(run_study(median, chosen, [0]))
    assert [read_checkpoint(variant_files(p, chosen[0], 0).last)["config"]["sigma"] for p in (local, median)] == [
        "local",
        "median",
    ]
    assert folders[0] == variant_files(local, chosen[0], 0).folder
    assert len(first) == len(second) == 1
    no_training()
    assert read_results(run_study(local, chosen, [0])) == first
    assert read_results(run_study(median, chosen, [0])) == second


def test_another_evaluation_measures_anew_and_trains_nothing(
    small_profile: Make, no_training: Callable[[], None]
) -> None:
    profile, other = small_profile(), small_profile("evaluation.window=[32,32]", "evaluation.stride_rate=0.5")
    pretrain(profile)
    first = read_results(run_study(profile, [Variant()], [0]))[0]
    no_training()
    second = read_results(run_study(other, [Variant()], [0]))[0]
    assert second.miou != first.miou
    assert second.step_seconds == first.step_seconds
    direct = read_checkpoint(variant_files(profile, Variant(), 0).last)["rows"][-1]["miou"]
    assert first.miou == direct
    assert read_results(run_study(profile, [Variant()], [0]))[0].miou == pytest.approx(direct)


def test_an_unfinished_training_has_no_score(small_profile: Make) -> None:
    """Such as one begun anew in the folder of an earlier, and broken off."""
    profile = small_profile("training.epochs=1")
    pretrain(profile)
    run_study(profile, [Variant()], [0])
    assert study.known_result(Variant(), profile, seed=0)
    record = variant_files(profile, Variant(), 0).folder / "training.json"
    record.write_text(record.read_text().replace("true", "false"))
    assert study.known_result(Variant(), profile, seed=0) is None


def test_a_study_lists_all_that_is_known_of_its_values(small_profile: Make, no_training: Callable[[], None]) -> None:
    """Notebook 03 asks for two variants, 05 for all: what 05 found stays when 03 runs again."""
    profile = small_profile('study.axes=["pixels"]', 'study.fusions=["concat"]', 'study.methods=["kmeans"]')
    pretrain(profile)
    everything = read_results(run_study(profile, variants(profile), [0]))
    no_training()
    again = read_results(run_study(profile, compared(profile).values(), [0]))
    assert sorted(result.variant for result in again) == sorted(result.variant for result in everything)
