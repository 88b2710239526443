import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from tests.experiments.child import small_pspnet, still_pspnet
from tests.experiments.conftest import SMALL
from thesis_lib.experiments import Profile, TrainingError, fit
from thesis_lib.experiments.processes import new_accelerator
from thesis_lib.experiments.records import TrainingFiles, read_log
from thesis_lib.experiments.step import Step, build_optimizer, freeze, hold_frozen_batch_norms
from thesis_lib.experiments.study import build_pspnet
from thesis_lib.files import partial_file
from thesis_lib.models import CheckpointError, ClusterNet, PSPNet, load_checkpoint, read_checkpoint
from thesis_lib.paths import PROJECT

Make = Callable[..., Profile]


FILES = ["best.pt", "board", "last.pt", "log.csv", "pictures"]


def weights(path: Path) -> dict[str, torch.Tensor]:
    return read_checkpoint(path)["state_dict"]


def assert_same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> None:
    assert first.keys() == second.keys()
    for key, value in first.items():
        assert torch.equal(value, second[key]), key


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return [{key: value for key, value in row.items() if key != "seconds"} for row in csv.DictReader(file)]


@pytest.mark.parametrize("build", [PSPNet, partial(ClusterNet, n_clusters=6)])
def test_training_leaves_checkpoints_and_a_log(small_profile: Make, tmp_path: Path, build: Any) -> None:
    profile, model = small_profile(), build(backbone="resnet18")
    files = fit(model, profile, tmp_path / "run")
    assert sorted(file.name for file in files.folder.iterdir()) == FILES
    log = read_log(files.log)
    assert log["step"].tolist() == [0, 1, 2, 3]
    assert log["epoch"].tolist() == [0, 0, 1, 1]
    assert np.isnan(log["miou"]).tolist() == [True, False, True, False]
    assert load_checkpoint(files.best).config == model.config


def test_the_rate_follows_the_poly_rule(small_profile: Make, tmp_path: Path) -> None:
    profile = small_profile()
    files = fit(build_pspnet(profile), profile, tmp_path / "run")
    expected = [0.01 * (1 - step / 4) ** 0.9 for step in range(4)]
    np.testing.assert_allclose(read_log(files.log)["rate"], expected)


def test_two_trainings_are_equal_to_the_bit(small_profile: Make, tmp_path: Path) -> None:
    profile, start = small_profile(), ClusterNet(backbone="resnet18", n_clusters=6)
    first, second = (fit(deepcopy(start), profile, tmp_path / run) for run in "ab")
    assert_same(weights(first.last), weights(second.last))


@pytest.mark.parametrize("workers", [0, 2])
def test_a_resumed_training_is_the_uninterrupted_one(small_profile: Make, tmp_path: Path, workers: int) -> None:
    profile = small_profile(f"data.workers={workers}", "training.epochs=3")
    whole = fit(build_pspnet(profile), profile, tmp_path / "whole")

    class Interrupted(Exception):
        pass

    model = build_pspnet(profile)
    steps = 0

    def stop(*_: object) -> None:
        nonlocal steps
        steps += 1
        if steps == 12:  # forward passes: 2 steps, 2 validation frames and a picture an epoch, so in the third epoch
            raise Interrupted

    handle = model.backbone.register_forward_pre_hook(stop)
    with pytest.raises(Interrupted):
        fit(model, profile, tmp_path / "parts")
    handle.remove()
    assert read_checkpoint(tmp_path / "parts" / "last.pt")["epoch"] == 2
    parts = fit(build_pspnet(profile), profile, tmp_path / "parts", resume=True)
    assert_same(weights(whole.last), weights(parts.last))
    assert rows_of(whole.log) == rows_of(parts.log)


@pytest.mark.full
@pytest.mark.parametrize(("workers", "mid_save"), [(0, True), (2, False)])
def test_a_killed_training_goes_on_to_the_bit(
    small_profile: Make, tmp_path: Path, workers: int, mid_save: bool, random: np.random.Generator
) -> None:
    profile = small_profile(f"data.workers={workers}", "training.epochs=4", "training.save_every=1", "training.ema=0.9")
    whole = fit(small_pspnet(), profile, tmp_path / "whole")
    files = TrainingFiles(tmp_path / "killed")
    given = [f"data.workers={workers}", "training.epochs=4", "training.save_every=1", "training.ema=0.9"]
    command = [sys.executable, "-m", "tests.experiments.child", str(files.folder), *SMALL.split()]
    command += [f'data.root="{profile.data.root}"', 'data.source="cityscapes"', *given]
    for _ in range(2):
        child = subprocess.Popen(command, cwd=PROJECT, start_new_session=True)
        wait_for_a_moment_to_kill(child, files.folder, mid_save=mid_save, saves=int(random.integers(1, 4)))
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    if mid_save:
        assert list(files.folder.glob(".*.tmp"))
    killed_at = len(read_checkpoint(files.last)["rows"])
    assert 0 < killed_at < 8
    subprocess.run(command, cwd=PROJECT, check=True)
    for name in ("last", "best"):
        first, second = read_checkpoint(getattr(whole, name)), read_checkpoint(getattr(files, name))
        assert_same(first["state_dict"], second["state_dict"])
        assert_same(first["unaveraged"], second["unaveraged"])
    assert rows_of(whole.log) == rows_of(files.log)
    assert sorted(file.name for file in files.folder.iterdir()) == FILES


def wait_for_a_moment_to_kill(child: subprocess.Popen, folder: Path, *, mid_save: bool, saves: int) -> None:
    """After some saves of its own, while it is writing a checkpoint or at any time."""
    last, seen, times = folder / "last.pt", 0, last_written(folder)
    while child.poll() is None:
        if (now := last_written(folder)) != times:
            seen, times = seen + 1, now
        if seen >= saves and (not mid_save or partial_file(last).exists()):
            return
        time.sleep(0.0005)
    raise AssertionError(f"the training ended before it could be killed: {child.returncode}")


def last_written(folder: Path) -> int:
    last = folder / "last.pt"
    return last.stat().st_mtime_ns if last.exists() else 0


def test_parts_of_a_batch_add_up_to_the_batch(small_profile: Make, tmp_path: Path) -> None:
    """With every batch norm frozen; batch norm sees only a part."""
    found = []
    for parts in (1, 2):
        profile = small_profile(f"training.accumulate={parts}", "training.epochs=1", "training.batch_size=4")
        found.append(weights(fit(still_pspnet(), profile, tmp_path / str(parts)).last))
    for key, value in found[0].items():
        torch.testing.assert_close(value, found[1][key], atol=1e-6, rtol=1e-4, msg=key)


def test_the_average_of_the_weights_is_what_is_kept(small_profile: Make, tmp_path: Path) -> None:
    profile = small_profile("training.ema=0.5", "training.epochs=1")
    torch.manual_seed(0)
    model = PSPNet(backbone="resnet18")
    seen: list[torch.Tensor] = []
    model.head[4].weight.register_post_accumulate_grad_hook(lambda weight: seen.append(weight.detach().clone()))
    content = read_checkpoint(fit(model, profile, tmp_path / "run").last)
    # the first average is the weights after step 1, which step 2 sees before it changes them
    expected = 0.5 * seen[1] + 0.5 * content["unaveraged"]["head.4.weight"]
    torch.testing.assert_close(content["state_dict"]["head.4.weight"], expected)


def test_a_checkpoint_that_names_its_weights_as_older_ones_did_is_resumed(small_profile: Make, tmp_path: Path) -> None:
    half, profile = small_profile("training.ema=0.5", "training.epochs=1"), small_profile("training.ema=0.5")
    model = small_pspnet()
    files = fit(model, half, tmp_path / "run")
    content = read_checkpoint(files.last)
    content["trained"] = content.pop("unaveraged")
    step = Step(small_pspnet(), profile.training, None, new_accelerator())
    step.restore(content)
    assert_same(step.model.state_dict(), content["trained"])
    assert_same(step.trained.state_dict(), content["state_dict"])


def test_a_compiled_training_is_the_plain_one(
    small_profile: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="aot_eager"))
    found = []
    for compiled in ("false", "true"):
        profile = small_profile(f"training.compile={compiled}", "training.epochs=1")
        torch.manual_seed(0)
        found.append(read_log(fit(PSPNet(backbone="resnet18"), profile, tmp_path / compiled).log)["loss"])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-4)


def test_hard_pixels_alone_make_a_larger_loss(small_profile: Make, tmp_path: Path) -> None:
    losses = []
    for name, extra in (("all", []), ("hard", ["training.ohem=0.03", "training.ohem_least=100"])):
        profile = small_profile("training.epochs=1", *extra)
        torch.manual_seed(0)
        losses.append(read_log(fit(PSPNet(backbone="resnet18"), profile, tmp_path / name).log)["loss"][0])
    assert losses[1] > losses[0]


def test_without_resume_a_training_starts_anew(small_profile: Make, tmp_path: Path) -> None:
    profile = small_profile()
    fit(build_pspnet(profile), profile, tmp_path / "run")
    again = fit(build_pspnet(profile), profile, tmp_path / "run")
    assert len(read_log(again.log)["step"]) == 4


def test_another_training_is_not_resumed(small_profile: Make, tmp_path: Path) -> None:
    profile = small_profile()
    fit(build_pspnet(profile), profile, tmp_path / "run")
    for other in (small_profile("training.epochs=5"), small_profile("training.rate=0.02")):
        with pytest.raises(CheckpointError, match=r"is of another training: (epochs|rate) = .* \(now (5|0.02)\)"):
            fit(build_pspnet(other), other, tmp_path / "run", resume=True)
    with pytest.raises(CheckpointError, match=r"model\.semantics = torchvision \(now semseg\)") as error:
        fit(PSPNet(backbone="resnet50", semantics="semseg"), profile, tmp_path / "run", resume=True)
    assert len(str(error.value)) < 600


def test_other_data_is_another_training(small_profile: Make, tmp_path: Path) -> None:
    profile = small_profile()
    fit(build_pspnet(profile), profile, tmp_path / "run")
    image = sorted((profile.dataset / "leftImg8bit" / "train").glob("*/*.png"))[0]
    image.write_bytes(image.read_bytes() + b"\0")
    with pytest.raises(CheckpointError, match="is of another training: data = "):
        fit(build_pspnet(profile), profile, tmp_path / "run", resume=True)


@pytest.mark.parametrize(
    "change", ["save_every=1", "validate_every=2", "compile=true", "deterministic=true"], ids=lambda one: one[:7]
)
def test_what_does_not_change_the_result_may_change_before_resuming(
    small_profile: Make, tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "compile", lambda network: network)
    profile, other = small_profile(), small_profile(f"training.{change}")
    files = fit(build_pspnet(profile), profile, tmp_path / "run")
    before = weights(files.last)
    assert_same(weights(fit(build_pspnet(other), other, tmp_path / "run", resume=True).last), before)


@pytest.mark.parametrize("classes", [7, 18, 20, 21, 34, 150])
def test_a_network_of_other_classes_is_not_trained(small_profile: Make, tmp_path: Path, classes: int) -> None:
    with pytest.raises(TrainingError, match=f"the network has {classes} classes, the data has the 19 of Cityscapes"):
        fit(PSPNet(classes, backbone="resnet18"), small_profile(), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_diverging_loss_stops_the_training(small_profile: Make, tmp_path: Path) -> None:
    profile = small_profile("training.rate=1e30")
    with pytest.raises(TrainingError, match=r"the loss is (nan|inf) at step"):
        fit(build_pspnet(profile), profile, tmp_path / "run")


def test_too_few_images_for_a_batch_are_told(small_profile: Make, tmp_path: Path) -> None:
    profile = small_profile("training.batch_size=8")
    with pytest.raises(TrainingError, match="4 images make no batch of 8"):
        fit(build_pspnet(profile), profile, tmp_path / "run")


def test_class_weights_are_in_the_plan_of_a_training(small_profile: Make, tmp_path: Path) -> None:
    plain, weighted = small_profile(), small_profile('training.class_weights="enet"')
    losses = [
        read_log(fit(PSPNet(backbone="resnet18"), profile, tmp_path / profile.training.class_weights).log)["loss"]
        for profile in (plain, weighted)
    ]
    assert np.isfinite(losses).all()
    with pytest.raises(CheckpointError, match="another training"):
        fit(PSPNet(backbone="resnet18"), weighted, tmp_path / "none", resume=True)


@pytest.mark.parametrize(("name", "kind"), [("sgd", torch.optim.SGD), ("adamw", torch.optim.AdamW)])
def test_new_modules_learn_ten_times_as_fast(small_profile: Make, name: str, kind: type) -> None:
    model = PSPNet(backbone="resnet18")
    optimizer = build_optimizer(model, small_profile(f"training.optimizer={name}").training)
    groups = optimizer.param_groups
    assert type(optimizer) is kind
    assert [group["factor"] for group in groups] == [1.0, 10.0]
    assert {id(p) for p in groups[0]["params"]} == {id(p) for p in model.backbone.parameters()}


class Scaled(nn.Module):
    """A part of one's own between layer 4 and the pyramid, with a weight and a bias."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(512, 512, 1)

    def out_channels(self, channels: int) -> int:
        return channels

    def forward(self, features: Tensor) -> Tensor:
        return self.convolution(features)


@pytest.mark.parametrize(
    "build",
    [
        partial(PSPNet, backbone="resnet18"),
        partial(PSPNet, backbone="efficientnet_lite0"),
        partial(PSPNet, backbone="resnet50", semantics="semseg"),
        lambda: PSPNet(backbone="resnet18", refine=Scaled()),
        *(
            partial(ClusterNet, backbone="resnet18", axis=axis, fusion=fusion)
            for axis in ("pixels", "channels")
            for fusion in ("concat", "replace")
        ),
    ],
)
@pytest.mark.parametrize("changes", [[], ['training.frozen=["layer0"]', "training.aux_weight=0"]])
def test_what_learns_is_in_the_optimizer_once(small_profile: Make, build: Any, changes: list[str]) -> None:
    settings, model = small_profile(*changes).training, build()
    step = Step(model, settings, None, new_accelerator())
    learning = [id(parameter) for parameter in model.parameters() if parameter.requires_grad]
    stepped = [id(parameter) for group in step.optimizer.param_groups for parameter in group["params"]]
    assert sorted(stepped) == sorted(learning)


def test_a_part_of_ones_own_learns(small_profile: Make, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = PSPNet(backbone="resnet18", refine=Scaled())
    before = model.refine.convolution.weight.detach().clone()
    fit(model, small_profile("training.epochs=1"), tmp_path / "run")
    assert not torch.equal(model.refine.convolution.weight, before)


def test_the_auxiliary_loss_is_added_with_its_weight(small_profile: Make) -> None:
    """Zhao et al., section 3.3: the main loss and 0.4 times that on layer 3; each the mean over labelled pixels."""
    model, settings = still_pspnet(), small_profile("training.aux_weight=0.4", "training.rate=1e-9").training
    images = torch.randn(2, 3, 48, 64, generator=torch.Generator().manual_seed(0))
    labels = torch.randint(0, 20, (2, 48, 64), generator=torch.Generator().manual_seed(1))
    labels[labels == 19] = 255
    with torch.no_grad():
        out, aux = (cross_entropy(model(images)[name], labels, ignore_index=255).item() for name in ("out", "aux"))
    step = Step(model, settings, None, new_accelerator())
    assert step(images, labels) == pytest.approx((out + 0.4 * aux, out), rel=1e-5)
    assert model.aux[4].weight.grad.abs().max() > 0


def test_frozen_layers_stay_as_they_are(small_profile: Make, tmp_path: Path) -> None:
    profile = small_profile('training.frozen=["layer0","layer1"]')
    model = build_pspnet(profile)
    before = {key: value.clone() for key, value in model.backbone.state_dict().items()}
    fit(model, profile, tmp_path / "run")
    for key, value in model.backbone.state_dict().items():
        unchanged = torch.equal(value, before[key])
        assert unchanged == key.startswith(("layer0", "layer1")), key


def test_a_frozen_part_that_is_not_there_is_told() -> None:
    with pytest.raises(TrainingError, match="'layer9'"):
        freeze(PSPNet(backbone="resnet18").backbone, ("layer9",))


def test_frozen_batch_norms_do_not_adapt() -> None:
    model = PSPNet(backbone="resnet18").train()
    freeze(model.backbone, ("layer0",))
    hold_frozen_batch_norms(model)
    assert not model.backbone.layer0[1].training
    assert model.backbone.layer1[0].bn1.training


def test_without_weight_the_auxiliary_head_is_not_trained(small_profile: Make, tmp_path: Path) -> None:
    profile = small_profile("training.aux_weight=0")
    model = build_pspnet(profile)
    before = {key: value.clone() for key, value in model.aux.state_dict().items()}
    fit(model, profile, tmp_path / "run")
    assert all(torch.equal(value, before[key]) for key, value in model.aux.state_dict().items())
    log = read_log(tmp_path / "run" / "log.csv")
    assert np.array_equal(log["loss"], log["main_loss"])


def test_a_deterministic_training_asks_torch_for_it_and_leaves_it_as_it_was(
    small_profile: Make, tmp_path: Path
) -> None:
    profile, asked = small_profile("training.deterministic=true", "training.epochs=1"), []
    model = small_pspnet()
    model.register_forward_pre_hook(lambda *_: asked.append(torch.are_deterministic_algorithms_enabled()))
    fit(model, profile, tmp_path / "run")
    assert asked
    assert all(asked)
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_two_deterministic_trainings_on_a_gpu_are_equal_to_the_bit(small_profile: Make, tmp_path: Path) -> None:
    profile = small_profile("training.deterministic=true")
    first, second = (fit(small_pspnet(), profile, tmp_path / run) for run in "ab")
    assert_same(weights(first.last), weights(second.last))


@pytest.mark.parametrize(("batch", "accumulate"), [(4, 3), (2, 2)])
def test_a_batch_that_does_not_come_in_parts_of_two_is_told(
    small_profile: Make, tmp_path: Path, batch: int, accumulate: int
) -> None:
    profile = small_profile(f"training.batch_size={batch}", f"training.accumulate={accumulate}")
    with pytest.raises(TrainingError, match=f"a multiple of {accumulate}, at least {2 * accumulate}"):
        fit(small_pspnet(), profile, tmp_path / "run")
