import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from tests.data.frames import write_dataset
from tests.experiments.child import still_pspnet
from tests.experiments.conftest import SMALL
from tests.experiments.team import clusternet
from tests.experiments.test_frozen_features import FROZEN
from thesis_lib.data import EpochSampler
from thesis_lib.experiments import Profile, TrainingError, fit, load_profile
from thesis_lib.experiments.processes import new_accelerator
from thesis_lib.experiments.records import TrainingFiles, read_log
from thesis_lib.models import read_checkpoint
from thesis_lib.paths import PROJECT

Make = Callable[..., Profile]
CHILD = "tests.experiments.child"
RUN = (sys.executable, *["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"], CHILD)
FOUR = "training.batch_size=4"
STEPS = (FOUR, "training.epochs=5")


def start(profile: Profile, folder: Path, *overrides: str) -> subprocess.Popen:
    """Two processes on one training."""
    given = [*SMALL.split(), f'data.root="{profile.data.root}"', 'data.source="cityscapes"', *overrides]
    environment = os.environ | {"STILL": "1", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.Popen(
        [*RUN, str(folder), *given], cwd=PROJECT, env=environment, stderr=subprocess.PIPE, text=True
    )


def assert_close(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor], tolerance: float) -> None:
    assert first.keys() == second.keys()
    for key, value in first.items():
        torch.testing.assert_close(
            value, second[key], atol=tolerance, rtol=0, msg=lambda text, key=key: f"{key}: {text}"
        )


@pytest.mark.parametrize(("length", "batch", "start_at"), [(20, 4, 0), (23, 4, 8), (8, 8, 0)])
def test_processes_share_every_batch_of_the_one_order(length: int, batch: int, start_at: int) -> None:
    whole = EpochSampler(length, seed=3)
    parts = [EpochSampler(length, seed=3, batch=batch, share=(index, 2)) for index in range(2)]
    for sampler in (whole, *parts):
        sampler.epoch, sampler.start = 2, start_at
    order, shares = list(whole), [list(part) for part in parts]
    assert [len(share) for share in shares] == [len(part) for part in parts]
    half = batch // 2
    for number in range((length - start_at) // batch):
        together = [sample for share in shares for sample in share[number * half : (number + 1) * half]]
        assert together == order[number * batch : (number + 1) * batch]


@pytest.mark.full
@pytest.mark.parametrize("changes", [('training.class_weights="enet"',), FROZEN])
def test_two_processes_train_what_one_trains(small_profile: Make, tmp_path: Path, changes: tuple[str, ...]) -> None:
    profile = small_profile(*changes, FOUR)
    alone = fit(still_pspnet(), profile, tmp_path / "alone")
    child = start(profile, tmp_path / "together", *changes, FOUR)
    assert child.wait() == 0, child.stderr.read() if child.stderr else ""
    together = TrainingFiles(tmp_path / "together")
    assert_close(read_checkpoint(alone.last)["state_dict"], read_checkpoint(together.last)["state_dict"], 1e-5)
    first, second = read_log(alone.log), read_log(together.log)
    np.testing.assert_allclose(first["loss"], second["loss"], atol=1e-5)
    np.testing.assert_array_equal(first["miou"], second["miou"])


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], list[dict]]:
    """The folder in which two processes trained, what they were given, and what each of them saw."""
    folder = tmp_path_factory.mktemp("team")
    root = write_dataset(folder / "dataset", train=4, val=3, size=(48, 96))
    given = [*SMALL.split(), "data.val=3", f'data.root="{root}"', 'data.source="cityscapes"', FOUR]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    command = (*RUN[:-1], "tests.experiments.team", str(folder), *given)
    subprocess.run(command, cwd=PROJECT, env=environment, check=True, capture_output=True)
    return folder, given, [json.loads((folder / f"{rank}.json").read_text()) for rank in range(2)]


@pytest.mark.full
@pytest.mark.parametrize(("axis", "fusion"), [("pixels", "concat"), ("channels", "replace")])
def test_two_processes_train_the_clusternet_that_one_trains(
    team: tuple[Path, list[str], list[dict]], tmp_path: Path, axis: str, fusion: str
) -> None:
    folder, given, _ = team
    alone = fit(clusternet(axis, fusion), load_profile("smoke", given), tmp_path / axis)
    together = TrainingFiles(folder / axis)
    first, second = (read_checkpoint(files.last)["state_dict"] for files in (alone, together))
    assert_close(first, second, 1e-4)
    np.testing.assert_allclose(read_log(alone.log)["loss"], read_log(together.log)["loss"], atol=1e-4)
    np.testing.assert_array_equal(read_log(alone.log)["miou"], read_log(together.log)["miou"])


@pytest.mark.full
def test_channels_are_divided_alike_on_all_processes(team: tuple[Path, list[str], list[dict]]) -> None:
    first, second = (told["partition"] for told in team[2])
    assert first == second
    assert len(first) == 112
    assert len(set(first)) > 1


@pytest.mark.full
def test_processes_share_the_frames_of_a_validation(team: tuple[Path, list[str], list[dict]]) -> None:
    first, second = (told["frames"] for told in team[2])
    validations = 2
    assert (len(first), len(second)) == (2 * validations, validations)
    assert len({*first}) == 2
    assert not {*first} & {*second}


@pytest.mark.full
def test_every_process_drops_channels_of_its_own(team: tuple[Path, list[str], list[dict]]) -> None:
    first, second = (told["dropped"] for told in team[2])
    assert len(first) == len(second) == 2
    for masks in (first, second):
        assert all(0 < sum(mask) < len(mask) for mask in masks)
        assert masks[0] != masks[1]
    assert first[0] != second[0]


@pytest.mark.full
def test_a_killed_process_ends_the_training_and_the_next_goes_on(small_profile: Make, tmp_path: Path) -> None:
    profile, files = small_profile(*STEPS), TrainingFiles(tmp_path / "killed")
    alone = fit(still_pspnet(), profile, tmp_path / "alone")
    child = start(profile, files.folder, *STEPS)
    while not files.last.exists():
        assert child.poll() is None
        time.sleep(0.01)
    workers = [p for p in psutil.Process(child.pid).children() if CHILD in p.cmdline()]
    workers[1].kill()
    _, errors = child.communicate(timeout=120)
    assert child.returncode != 0
    assert "-9" in errors
    assert 0 < len(read_checkpoint(files.last)["rows"]) < 5
    again = start(profile, files.folder, *STEPS)
    assert again.wait() == 0, again.stderr.read() if again.stderr else ""
    # rounding grows from step to step; a step lost or taken twice changes weights by more than 1e-3
    assert_close(read_checkpoint(alone.last)["state_dict"], read_checkpoint(files.last)["state_dict"], 1e-4)


def test_a_batch_that_cannot_be_shared_is_told(
    small_profile: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_accelerator()
    monkeypatch.setattr("accelerate.Accelerator.num_processes", 3)
    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(TrainingError, match="a batch of 2 images cannot be shared by 3 processes"):
        fit(still_pspnet(), small_profile(), tmp_path / "run")


def test_processes_that_do_not_find_together_are_told(
    small_profile: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_accelerator()  # accelerate keeps what it saw first
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(TrainingError, match="2 processes were started, but accelerate sees 1"):
        fit(still_pspnet(), small_profile(), tmp_path / "run")
