from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.models.originals import mmseg_forward, mmseg_state, semseg_forward, semseg_state
from thesis_lib.models import CheckpointError, ClusterNet, PSPNet, load_checkpoint


def saved(state: dict[str, Tensor], path: Path, **others: object) -> Path:
    torch.save({"state_dict": state, **others}, path)
    return path


def images(size: int) -> Tensor:
    return torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def assert_same(model: PSPNet, expected: dict[str, Tensor], size: int) -> None:
    found = model(images(size))
    for name in ("out", "aux"):
        assert expected[name].std() > 0.01
        torch.testing.assert_close(found[name], expected[name], atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("depth", "size"),
    [(50, 193), pytest.param(50, 713, marks=pytest.mark.full), pytest.param(101, 193, marks=pytest.mark.full)],
)
def test_semsegs_pspnet_computes_what_it_computes_there(depth: int, size: int, tmp_path: Path) -> None:
    state = semseg_state(depth)
    model = load_checkpoint(saved(state, tmp_path / "train_epoch_200.pth", epoch=200, optimizer={"state": {}}))
    assert model.config["semantics"] == "semseg"
    assert not model.training
    assert_same(model, semseg_forward(state, images(size)), size)


@pytest.mark.parametrize(
    ("depth", "size", "align_corners"),
    [
        (18, 193, None),
        (50, 193, True),
        *(pytest.param(*case, marks=pytest.mark.full) for case in ((18, 713, True), (50, 713, None), (101, 193, None))),
    ],
)
def test_mmsegmentations_pspnet_computes_what_it_computes_there(
    depth: int, size: int, align_corners: bool | None, tmp_path: Path
) -> None:
    state = mmseg_state(depth)
    path = saved(state, tmp_path / "pspnet.pth", meta={"mmseg_version": "1.2.2", "CLASSES": ("road", "sidewalk")})
    model = load_checkpoint(path, align_corners=align_corners)
    assert model.config["semantics"] == "mmseg"
    assert_same(model, mmseg_forward(state, images(size), align_corners=bool(align_corners)), size)


def test_mmsegmentations_7x7_stem_has_torchvisions_semantics(tmp_path: Path) -> None:
    state = mmseg_state(50, deep_stem=False)
    model = load_checkpoint(saved(state, tmp_path / "pspnet_r50b.pth"))
    assert model.config["semantics"] == "torchvision"
    assert_same(model, mmseg_forward(state, images(193), align_corners=False), 193)


@pytest.mark.parametrize(("origin", "count"), [(semseg_state, 49_080_038), (mmseg_state, 48_975_494)])
def test_files_have_the_published_size(origin: object, count: int) -> None:
    """370 tensors; parameters are all but the statistics of batch norm."""
    state = origin(50)  # type: ignore[operator]
    statistics = ("running_mean", "running_var", "num_batches_tracked")
    assert len(state) == 370
    assert sum(value.numel() for name, value in state.items() if not name.endswith(statistics)) == count


def test_semsegs_deeper_file_has_the_published_size() -> None:
    statistics = ("running_mean", "running_var", "num_batches_tracked")
    state = semseg_state(101)
    assert sum(value.numel() for name, value in state.items() if not name.endswith(statistics)) == 68_072_166


def test_other_classes_are_read_from_the_file(tmp_path: Path) -> None:
    assert load_checkpoint(saved(mmseg_state(18, 7), tmp_path / "seven.pth")).config["num_classes"] == 7


def test_a_bare_state_dict_will_do(tmp_path: Path) -> None:
    torch.save(mmseg_state(18), tmp_path / "bare.pth")
    assert load_checkpoint(tmp_path / "bare.pth").config["backbone"] == "resnet18"


def test_files_of_older_torch_are_read_too(tmp_path: Path) -> None:
    torch.save({"state_dict": mmseg_state(18)}, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    assert load_checkpoint(tmp_path / "old.pth").config["semantics"] == "mmseg"


def test_what_is_left_over_or_missing_is_listed(tmp_path: Path) -> None:
    state = mmseg_state(18)
    state["decode_head.attention.weight"] = torch.zeros(1)
    del state["auxiliary_head.conv_seg.bias"]
    with pytest.raises(CheckpointError) as error:
        load_checkpoint(saved(state, tmp_path / "other.pth"))
    assert "decode_head.attention.weight" in str(error.value)
    assert "aux.4.bias" in str(error.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"backbone.stem.0.weight": torch.zeros(48, 3, 3, 3)}, r"widths \(48, 32, 64\)"),
        ({"backbone.layer3.6.conv1.weight": torch.zeros(256, 1024, 1, 1)}, "7 bottlenecks"),
        ({"decode_head.bottleneck.conv.weight": torch.zeros(512, 1024, 3, 3)}, "head.0.weight"),
    ],
)
def test_shapes_of_another_network_are_refused(change: dict[str, Tensor], message: str, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(saved(mmseg_state(50) | change, tmp_path / "other.pth"))


def test_another_networks_file_is_named(tmp_path: Path) -> None:
    torch.save({"conv1.weight": torch.zeros(64, 3, 7, 7)}, tmp_path / "resnet.pth")
    with pytest.raises(CheckpointError, match="neither hszhao/semseg's"):
        load_checkpoint(tmp_path / "resnet.pth")


def test_a_clusternet_goes_on_from_published_weights(tmp_path: Path) -> None:
    pspnet = load_checkpoint(saved(mmseg_state(18), tmp_path / "pspnet.pth"))
    net = ClusterNet.from_pspnet(pspnet, n_clusters=5).eval()
    assert net.config["semantics"] == "mmseg"
    with torch.no_grad():
        torch.testing.assert_close(net(images(65)), pspnet(images(65)), atol=1e-4, rtol=0)
