"""Networks and pictures by name, and what was computed of them."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.data.frames import write_dataset
from tests.views.inspector.samples import SIZE, VIEW, Averages, blocks, studio
from thesis_lib.data import Cityscapes
from thesis_lib.experiments import load_profile
from thesis_lib.exploration.features import STRIDES, layer_features
from thesis_lib.models import PSPNet
from thesis_lib.models.checkpoints import save_checkpoint
from thesis_lib.views.inspector.analysis.studio import Studio, trained_networks
from thesis_lib.views.inspector.state.pictures import PictureError, input_size


@pytest.fixture(scope="module")
def pspnet() -> PSPNet:
    torch.manual_seed(0)
    return PSPNet(backbone="resnet18")


def test_features_are_those_of_the_network() -> None:
    made = studio()
    for layer, expected in enumerate(layer_features(Averages(), blocks(1), SIZE), start=1):
        assert torch.equal(made.features("averages", "image/1", layer), expected)


def test_a_picture_of_other_proportions_is_seen_in_its_own() -> None:
    made = Studio({"averages": Averages()}, [blocks(size=(128, 128))], size=(64, 256))
    assert made.features("averages", "image/0", 4).shape == (12, 16, 16)


def test_the_network_looks_once_at_a_picture_for_each_layer() -> None:
    made = studio()
    for layer in (1, 4):
        for preset in ("recommended", "faithful"):
            made.analysis(VIEW.model_copy(update={"layer": layer, "preset": preset}))
    once = studio()
    for layer in (1, 4):
        layer_features(once.network("averages"), blocks(), SIZE, layers=[layer])
    assert made.network("averages").calls == once.network("averages").calls


def test_what_is_only_drawn_anew_is_not_clustered_anew() -> None:
    made = studio()
    assert made.analysis(VIEW) is made.analysis(VIEW.model_copy(update={"k": 9, "opacity": 0.1, "palette": "cividis"}))


def test_what_is_clustered_is_known() -> None:
    made = studio()
    assert made.known(VIEW) is None
    made.analysis(VIEW)
    assert made.known(VIEW.model_copy(update={"k": 9})) is not None


def test_the_eight_latest_analyses_are_kept() -> None:
    made = studio()
    views = [VIEW.model_copy(update={"bandwidth": 0.1 * (1 + number)}) for number in range(9)]
    for view in (*views[:8], views[0], views[8]):
        made.analysis(view)
    assert [made.known(view) is not None for view in views] == [True, False, *[True] * 7]


def test_the_progress_only_grows() -> None:
    told: list[float] = []
    studio().analysis(VIEW.model_copy(update={"joint": "image/1"}), lambda share, words: told.append(share))
    assert told == sorted(told)
    assert 0 <= told[0] < told[-1] <= 1


def test_two_pictures_are_clustered_jointly() -> None:
    view = VIEW.model_copy(update={"joint": "image/1"})
    made = studio()
    analysis = made.analysis(view)
    assert len(analysis.labels(6)) == 2 * 32
    assert [made.show(view.model_copy(update={"place": place})).picture.name for place in (0, 1)] == [
        "image/0",
        "image/1",
    ]


def test_an_unknown_network_is_told_with_those_there_are() -> None:
    with pytest.raises(PictureError, match="no network 'nowhere': choose averages"):
        studio().network("nowhere")


def test_a_backbone_predicts_nothing() -> None:
    assert not studio().predicts("averages")


def test_a_network_with_a_head_predicts_a_class_for_every_pixel(pspnet: PSPNet) -> None:
    made = Studio({"pspnet": pspnet}, [blocks(size=(128, 256))], size=(64, 128))
    assert made.predicts("pspnet")
    prediction = made.prediction("pspnet", "image/0")
    assert (prediction.shape, prediction.dtype) == ((64, 128), np.uint8)
    assert prediction.max() < 19


def test_a_checkpoint_is_read_when_it_is_looked_at(pspnet: PSPNet, tmp_path: Path) -> None:
    made = Studio({"run/best": tmp_path / "best.pt"}, [blocks()], size=(64, 128))
    assert made.predicts("run/best")
    save_checkpoint(tmp_path / "best.pt", pspnet)
    expected = Studio({"pspnet": pspnet}, [blocks()], size=(64, 128)).features("pspnet", "image/0", 4)
    assert torch.equal(made.features("run/best", "image/0", 4), expected)
    assert made.network("run/best") is made.network("run/best")


@pytest.mark.parametrize(("left", "taken"), [(("last", "best"), "best"), (("last",), "last")])
def test_the_trained_networks_of_a_run_are_found(
    left: tuple[str, ...], taken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_profile("demo")
    monkeypatch.setattr(type(settings), "results", tmp_path)
    folder = tmp_path / "study" / "spectral-40"
    folder.mkdir(parents=True)
    for name in left:
        (folder / f"{name}.pt").touch()
    assert trained_networks(settings) == {"study/spectral-40": folder / f"{taken}.pt"}


def test_a_profile_gives_its_backbone_and_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile = type(load_profile("demo"))
    monkeypatch.setattr(profile, "dataset", write_dataset(tmp_path / "data", train=1, val=2))
    monkeypatch.setattr(profile, "results", tmp_path / "none")
    made = Studio.of_profile("demo")
    assert list(made.networks) == ["efficientnet_lite0"]
    assert made.gallery.names[:2] == [f"val/{pair.frame}" for pair in Cityscapes(tmp_path / "data", "val").pairs]
    assert (made.profile, made.size) == ("demo", (512, 1024))


@pytest.mark.parametrize("shape", [(64, 128), (100, 200), (97, 211), (480, 641)])
@pytest.mark.parametrize("size", [(64, 128), (129, 257), (96, 96)])
def test_every_cell_is_a_square_of_whole_pixels_of_what_the_network_sees(
    shape: tuple[int, int], size: tuple[int, int]
) -> None:
    made = Studio({"averages": Averages()}, [blocks(size=shape)], size=size)
    seen = np.array(input_size(shape, size))
    for layer, stride in STRIDES.items():
        features = made.features("averages", "image/0", layer)
        assert np.array_equal(np.array(features.shape[1:]) * stride, seen)
