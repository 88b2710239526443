from collections.abc import Callable
from pathlib import Path

import pytest

from tests.data.frames import write_dataset
from thesis_lib.experiments import Profile, load_profile, profiles

SMALL = (
    "data.train=4 data.val=2 training.epochs=2 training.batch_size=2 training.crop=[48,64] training.scale=[0.8,1.2] "
    'model.backbone="resnet18" model.n_clusters=6 study.n_clusters=[6] study.epochs=1 '
    "evaluation.window=[48,64] evaluation.scales=[1.0] evaluation.flip=false training.validate_every=1"
)


@pytest.fixture
def small_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Profile]:
    """A profile of noise images and a small network, with overrides; its results stay in the test's folder."""
    monkeypatch.setattr(profiles, "BUILD", tmp_path / "build")
    root = write_dataset(tmp_path / "dataset", train=4, val=2, size=(48, 96))

    def make(*overrides: str) -> Profile:
        given = [*SMALL.split(), f'data.root="{root}"', 'data.source="cityscapes"', *overrides]
        profile = load_profile("smoke", given)
        return profile.model_copy(update={"model": profile.model.model_copy(update={"weights": None})})

    return make
