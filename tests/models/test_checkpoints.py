import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from tests.models.originals import mmseg_state
from thesis_lib.models import (
    CheckpointError,
    ClusterNet,
    PSPNet,
    WeightsError,
    build_backbone,
    load_checkpoint,
    read_checkpoint,
    save_checkpoint,
)

IMAGES = torch.randn(2, 3, 65, 65, generator=torch.Generator().manual_seed(0))


def small_pspnet() -> PSPNet:
    torch.manual_seed(0)
    return PSPNet(num_classes=5, backbone="resnet18")


@pytest.mark.parametrize("axis", ["pixels", "channels"])
def test_a_loaded_model_is_the_saved_one(tmp_path: Path, axis: str) -> None:
    model = ClusterNet(num_classes=5, backbone="resnet18", n_clusters=7, axis=axis, sigma="median")
    model(IMAGES)
    loaded = load_checkpoint(save_checkpoint(tmp_path / "model.pt", model))
    assert isinstance(loaded, ClusterNet)
    assert loaded.config == model.config
    assert not loaded.training
    with torch.no_grad():
        assert torch.equal(loaded.logits(IMAGES), model.eval().logits(IMAGES))


def test_the_state_of_the_training_comes_back(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path / "model.pt", small_pspnet(), epoch=3, rows=[{"loss": 0.5}])
    content = read_checkpoint(path)
    assert content["epoch"] == 3
    assert content["rows"] == [{"loss": 0.5}]


class Marker:
    """Pickled, it would write a file when it is opened."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("form", ["pickle", "torch"])
def test_code_in_a_checkpoint_is_refused_and_not_run(tmp_path: Path, form: str) -> None:
    path, mark = tmp_path / "evil.pt", tmp_path / "ran"
    if form == "pickle":
        path.write_bytes(pickle.dumps(Marker(mark)))
    else:
        torch.save({"model": "PSPNet", "config": {}, "state_dict": Marker(mark)}, path)
    with pytest.raises(CheckpointError, match="was not executed"):
        load_checkpoint(path)
    assert not mark.exists()


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path / "model.pt", small_pspnet())
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(path)


def test_a_flipped_byte_is_noticed(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path / "model.pt", small_pspnet())
    with zipfile.ZipFile(path) as archive:
        entry = max(archive.infolist(), key=lambda info: info.file_size)
    content = bytearray(path.read_bytes())
    content[entry.header_offset + 200 + len(entry.filename)] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(path)


def test_other_files_are_told_apart(tmp_path: Path) -> None:
    torch.save({"weights": torch.zeros(2)}, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match="neither the keys model, config and state_dict"):
        load_checkpoint(tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match="does not exist"):
        load_checkpoint(tmp_path / "none.pt")


def test_weights_that_do_not_fit_are_named(tmp_path: Path) -> None:
    model = small_pspnet()
    model.config["num_classes"] = 6
    with pytest.raises(CheckpointError, match=r"size mismatch for head.4.weight: \(5, .*\) instead of \(6, ") as error:
        load_checkpoint(save_checkpoint(tmp_path / "model.pt", model))
    assert len(str(error.value)) < 600


@pytest.mark.parametrize("umask", [0o022, 0o027, 0o077, 0o002])
def test_who_may_read_a_checkpoint_is_what_the_umask_says(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        path = save_checkpoint(tmp_path / "model.pt", small_pspnet())
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask


def whole(path: Path) -> bytes:
    return save_checkpoint(path, small_pspnet()).read_bytes()


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: None, "does not exist. Train first"),
        (lambda path: path.mkdir(), "is a folder: name the checkpoint in it"),
        (lambda path: path.write_bytes(b""), "is empty: its copy was broken off"),
        (lambda path: path.write_bytes(whole(path)[:1000]), "is damaged: the file is truncated"),
        (lambda path: path.write_bytes(whole(path)[:-30]), "is damaged: the file is truncated"),
        (lambda path: path.write_text("epoch 1, loss 0.5"), "was not written by torch.save"),
        (lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100)), "was not written by torch.save"),
        (lambda path: path.write_text("version https://git-lfs.github.com/spec/v1"), "was not written by torch.save"),
        (lambda path: torch.save([torch.zeros(2)], path), "holds a list instead of a dictionary"),
        (lambda path: torch.save(torch.zeros(2), path), "holds a Tensor instead of a dictionary"),
    ],
)
@pytest.mark.parametrize("read", [load_checkpoint, read_checkpoint])
def test_why_a_file_cannot_be_used_is_told(tmp_path: Path, read: Any, write: Any, message: str) -> None:
    write(tmp_path / "model.pt")
    with pytest.raises(CheckpointError, match=message) as error:
        read(tmp_path / "model.pt")
    assert str(tmp_path / "model.pt") in str(error.value)
    assert len(str(error.value)) < 700


def test_another_zip_is_no_checkpoint(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "gtFine.zip", "w") as archive:
        archive.writestr("README", "frames")
    with pytest.raises(CheckpointError, match="is a zip file, but not one written by torch.save"):
        load_checkpoint(tmp_path / "gtFine.zip")


def test_a_file_of_somebody_else_is_not_called_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_checkpoint(tmp_path / "model.pt", small_pspnet())

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)  # root may read whatever its mode is
    with pytest.raises(CheckpointError, match="cannot be read: Permission denied") as error:
        load_checkpoint(path)
    assert "damaged" not in str(error.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_the_right_to_read_is_told(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path / "model.pt", small_pspnet())
    path.chmod(0)
    with pytest.raises(CheckpointError, match="cannot be read: Permission denied"):
        load_checkpoint(path)


def test_a_runners_other_objects_are_named_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """mmengine's runner keeps its HistoryBuffers beside the weights."""
    module = ModuleType("mmengine.logging.history_buffer")
    buffer = type("HistoryBuffer", (), {"__module__": module.__name__})
    module.HistoryBuffer = buffer
    for name in ("mmengine", "mmengine.logging"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    torch.save({"state_dict": mmseg_state(18), "message_hub": {"log": buffer()}}, tmp_path / "iter_80000.pth")
    with pytest.raises(CheckpointError, match="objects of mmengine.logging.history_buffer.HistoryBuffer") as error:
        load_checkpoint(tmp_path / "iter_80000.pth")
    assert "was not executed" in str(error.value)
    way_out = str(error.value).split("needs: ")[1]
    monkeypatch.chdir(tmp_path)
    exec(way_out, {"torch": torch})
    assert load_checkpoint("weights.pth").config["semantics"] == "mmseg"


def changed(**values: Any) -> dict[str, Any]:
    model = small_pspnet()
    return {"model": "PSPNet", "config": model.config, "state_dict": model.state_dict()} | values


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"model": "UNet"}, "names the model 'UNet'; expected one of PSPNet, ClusterNet"),
        ({"model": ["PSPNet"]}, r"names the model \['PSPNet'\]; expected one of"),
        ({"model": None}, "names the model None; expected one of"),
        ({"config": None}, "has a NoneType as its config"),
        ({"config": [1, 2]}, "has a list as its config"),
        ({"config": {"depth": 50}}, "config .*'depth': 50.* builds no PSPNet here: TypeError"),
        ({"config": {"backbone": "vgg16"}}, "builds no PSPNet here: ValueError: unknown backbone"),
        ({"config": {1: 2}}, "builds no PSPNet here: TypeError"),
        ({"config": {"num_classes": "many"}}, "builds no PSPNet here: TypeError"),
        ({"config": {"num_classes": -1}}, "builds no PSPNet here: RuntimeError"),
        ({"config": {"backbone": "resnet18", "semantics": [1]}}, "builds no PSPNet here: TypeError"),
        ({"config": {f"option{i}": i for i in range(5000)}}, "builds no PSPNet here"),
        ({"state_dict": [torch.zeros(2)]}, "does not fit its own architecture: a list instead of a state dict"),
        ({"state_dict": None}, "a NoneType instead of a state dict"),
        ({"state_dict": {}}, r"\d+ of \d+ names are missing: backbone.layer0.0.weight, .*, \.\.\."),
        ({"state_dict": {str(i) * 99: torch.zeros(1) for i in range(3000)}}, "3000 are left over"),
        ({"state_dict": {1: torch.zeros(1)}}, "names are missing"),
    ],
)
def test_odd_content_is_told_on_a_few_lines(tmp_path: Path, values: dict[str, Any], message: str) -> None:
    torch.save(changed(**values), tmp_path / "odd.pt")
    with pytest.raises(CheckpointError, match=message) as error:
        load_checkpoint(tmp_path / "odd.pt")
    assert len(str(error.value)) < 1000


def test_a_tensor_that_is_none_is_named(tmp_path: Path) -> None:
    content = changed()
    content["state_dict"]["head.4.bias"] = "five numbers"
    torch.save(content, tmp_path / "odd.pt")
    with pytest.raises(CheckpointError, match=r"head\.4\.bias is a str, not a tensor"):
        load_checkpoint(tmp_path / "odd.pt")


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(
    ("backbone", "semantics"),
    [("resnet18", "torchvision"), ("resnet18", "mmseg"), ("resnet50", "semseg"), ("efficientnet_lite0", "torchvision")],
)
def test_weights_of_ours_alone_are_a_pspnet(tmp_path: Path, backbone: str, semantics: str, whole: bool) -> None:
    torch.manual_seed(0)
    model = PSPNet(5, backbone, semantics=semantics).eval()
    state = {f"module.{key}": value for key, value in model.state_dict().items()} if whole else model.state_dict()
    torch.save({"state_dict": state} if whole else state, tmp_path / "weights.pt")
    loaded = load_checkpoint(tmp_path / "weights.pt")
    assert loaded.config == model.config
    with torch.no_grad():
        assert torch.equal(loaded.logits(IMAGES), model.logits(IMAGES))


def test_weights_of_a_clusternet_alone_do_not_say_enough(tmp_path: Path) -> None:
    torch.save(ClusterNet(5, "resnet18", n_clusters=7).state_dict(), tmp_path / "weights.pt")
    with pytest.raises(CheckpointError, match="does not record the options of its layer"):
        load_checkpoint(tmp_path / "weights.pt")


@pytest.mark.parametrize("state", [[1], None, "weights", torch.zeros(2), {"a": 1}, {"a" * 9999: torch.zeros(1)}])
def test_odd_weights_of_others_are_told_on_a_few_lines(tmp_path: Path, state: Any) -> None:
    torch.save({"state_dict": state}, tmp_path / "odd.pth")
    with pytest.raises(CheckpointError, match="nor a PSPNet of semseg or mmsegmentation: it") as error:
        load_checkpoint(tmp_path / "odd.pth")
    assert len(str(error.value)) < 1000


@pytest.mark.parametrize("backbone", ["resnet50", "efficientnet_lite0"])
@pytest.mark.parametrize("kind", ["another network", "a checkpoint", "a list"])
def test_a_wrong_file_of_weights_is_told_on_a_few_lines(tmp_path: Path, backbone: str, kind: str) -> None:
    other = PSPNet(backbone="resnet18").state_dict()
    torch.save({"another network": other, "a checkpoint": changed(), "a list": [1]}[kind], tmp_path / "wrong.pth")
    with pytest.raises(WeightsError) as error:
        build_backbone(backbone, tmp_path / "wrong.pth")
    assert len(str(error.value)) < 1000


def test_a_failed_save_keeps_the_old_file_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_checkpoint(tmp_path / "model.pt", small_pspnet(), epoch=1)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OSError, match="No space"):
        save_checkpoint(path, small_pspnet(), epoch=2)
    assert read_checkpoint(path)["epoch"] == 1
    assert [file.name for file in tmp_path.iterdir()] == ["model.pt"]


@pytest.mark.full
def test_a_kill_during_the_save_keeps_the_old_file(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path / "model.pt", small_pspnet(), epoch=1)
    script = (
        "import os, torch\n"
        "from thesis_lib.models import PSPNet, save_checkpoint\n"
        "os.fsync = lambda _: os.kill(os.getpid(), 9)\n"
        f"save_checkpoint({str(path)!r}, PSPNet(num_classes=5, backbone='resnet18'), epoch=2)\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    assert read_checkpoint(path)["epoch"] == 1


def test_a_clusternet_of_before_there_was_a_choice_has_the_full_graph(tmp_path: Path) -> None:
    model = ClusterNet(backbone="resnet18", n_clusters=5, graph="full", neighbors=12, position=0.5)
    path = save_checkpoint(tmp_path / "new.pt", model)
    loaded = load_checkpoint(path)
    assert (loaded.cluster.graph, loaded.cluster.neighbors, loaded.cluster.position) == ("full", 12, 0.5)
    content = torch.load(path, weights_only=True)
    for name in ("graph", "neighbors", "position"):
        del content["config"][name]
    torch.save(content, tmp_path / "old.pt")
    assert load_checkpoint(tmp_path / "old.pt").cluster.graph == "full"
    assert ClusterNet(backbone="resnet18").cluster.graph == "neighbors"
