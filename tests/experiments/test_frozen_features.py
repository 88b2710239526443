from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from thesis_lib.experiments import Profile, ProfileError, TrainingError, fit, frozen_features, load_profile
from thesis_lib.experiments.frozen_features import FrozenFeatures, keep_features
from thesis_lib.experiments.step import _Decoded
from thesis_lib.experiments.training import datasets
from thesis_lib.models import ClusterNet, PSPNet, read_checkpoint

Make = Callable[..., Profile]
FROZEN = ("training.crop=[41,57]", 'training.frozen=[""]', "training.aux_weight=0", "training.views=2")


@pytest.fixture
def profile(small_profile: Make) -> Profile:
    return small_profile(*FROZEN)


@pytest.fixture
def model() -> PSPNet:
    torch.manual_seed(0)
    return PSPNet(backbone="resnet18").eval()


def kept(profile: Profile, model: PSPNet) -> FrozenFeatures:
    return keep_features(model, datasets(profile, model)[0], profile)


def test_views_are_the_features_of_the_first_epochs_in_turn(profile: Profile, model: PSPNet) -> None:
    model.train()
    train, found = datasets(profile, model)[0], kept(profile, model)
    assert model.training
    assert len(found) == len(train) == 4
    for epoch, index in ((0, 0), (1, 3), (2, 1), (5, 2)):
        images, labels = train[epoch % 2, index]
        with torch.no_grad():
            expected = model.eval().backbone(images[None])[3][0]
        features, strided = found[epoch, index]
        torch.testing.assert_close(features, expected, rtol=1e-3, atol=1e-5)
        assert torch.equal(strided, labels[::4, ::4])
    assert torch.equal(found[0][0], found[0, 0][0])


@pytest.mark.parametrize("build", [PSPNet, partial(ClusterNet, n_clusters=6)])
def test_logits_of_features_are_every_fourth_of_the_images(profile: Profile, build: Any) -> None:
    model = build(backbone="resnet18").eval()
    images = datasets(profile, model)[0][0, 0][0][None]
    with torch.no_grad():
        expected = model.logits(images)[..., ::4, ::4]
        found = _Decoded(model)(model.backbone(images)[3])["out"]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_they_are_computed_once(profile: Profile, model: PSPNet, monkeypatch: pytest.MonkeyPatch) -> None:
    first = kept(profile, model)
    monkeypatch.setattr(frozen_features, "_compute", lambda *_: pytest.fail("computed again"))
    assert torch.equal(kept(profile, model)[1, 2][0], first[1, 2][0])


@pytest.mark.parametrize(
    "change", ["training.seed=1", "training.views=3", "training.scale=[1.0,1.0]", "data.train=3", "weights"]
)
def test_what_made_them_is_in_their_name(small_profile: Make, model: PSPNet, change: str) -> None:
    kept(small_profile(*FROZEN), model)
    if change == "weights":
        with torch.no_grad():
            next(model.backbone.parameters()).mul_(1.001)
        other = small_profile(*FROZEN)
    else:
        other = small_profile(*FROZEN, change)
    kept(other, model)
    assert len(list((other.results / "features").glob("*-features.npy"))) == 2


def test_an_interrupted_call_leaves_nothing(profile: Profile, model: PSPNet, monkeypatch: pytest.MonkeyPatch) -> None:
    calls, compute = [], frozen_features._features

    def interrupted(*given: Any) -> Any:
        calls.append(given)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return compute(*given)

    with monkeypatch.context() as patch:
        patch.setattr(frozen_features, "_features", interrupted)
        with pytest.raises(KeyboardInterrupt):
            kept(profile, model)
    assert not list((profile.results / "features").iterdir())
    assert len(kept(profile, model)) == 4


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("build", [PSPNet, partial(ClusterNet, n_clusters=6)])
def test_training_on_them_learns_the_head_alone_and_resumes_bit_exactly(
    small_profile: Make, tmp_path: Path, build: Any, optimizer: str
) -> None:
    profile = small_profile(*FROZEN, f"training.optimizer={optimizer}")
    torch.manual_seed(0)
    model = build(backbone="resnet18")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    whole = read_checkpoint(fit(model, profile, tmp_path / "whole").last)["state_dict"]
    for name, value in before.items():
        if name.startswith(("backbone", "aux")):
            assert torch.equal(whole[name], value), name
    assert not torch.equal(whole["head.0.weight"], before["head.0.weight"])

    torch.manual_seed(0)
    first, again = (build(backbone="resnet18") for _ in range(2))
    first.load_state_dict(before)
    half = profile.model_copy(update={"training": profile.training.model_copy(update={"save_every": 1})})
    with pytest.raises(KeyboardInterrupt):
        fit(stopping(first, 3), half, tmp_path / "parts")
    parts = read_checkpoint(fit(again, half, tmp_path / "parts", resume=True).last)["state_dict"]
    for name, value in whole.items():
        assert torch.equal(parts[name], value), name


def stopping(model: PSPNet, step: int) -> PSPNet:
    """A network that is interrupted in a step's forward pass."""
    passes: list[int] = []

    def hook(module: Any, given: Any) -> None:
        if model.training:
            passes.append(1)
            if len(passes) == step:
                raise KeyboardInterrupt

    model.head.register_forward_pre_hook(hook)
    return model


def test_a_network_that_aligns_no_corners_is_refused(profile: Profile) -> None:
    model = PSPNet(backbone="resnet18", align_corners=False)
    with pytest.raises(TrainingError, match=r"training\.views = 0"):
        kept(profile, model)


def test_without_views_any_layer_may_be_trained() -> None:
    training = load_profile("demo", ["training.views=0", "training.frozen=[]", "training.aux_weight=0.4"]).training
    assert not training.frozen


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("training.frozen=[]", 'training.frozen = [""]'),
        ('training.frozen=["layer1"]', 'training.frozen = [""]'),
        ("training.aux_weight=0.4", "training.aux_weight = 0"),
        ("training.crop=[48,64]", r"8 m + 1, not [48, 64]"),
        ("model.semantics=mmseg", "aligns the corners"),
    ],
)
def test_what_would_change_the_features_is_refused(change: str, message: str) -> None:
    with pytest.raises(ProfileError) as error:
        load_profile("smoke", [*FROZEN, 'model.backbone="resnet18"', change])
    assert message in str(error.value)
