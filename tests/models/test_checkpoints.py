import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch

from thesis_lib.models import CheckpointError, ClusterNet, PSPNet, load_checkpoint, read_checkpoint, save_checkpoint

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
    with pytest.raises(CheckpointError, match="was not run"):
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
    with pytest.raises(CheckpointError, match="no model, config and state_dict"):
        load_checkpoint(tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match="does not exist"):
        load_checkpoint(tmp_path / "none.pt")


def test_weights_that_do_not_fit_are_named(tmp_path: Path) -> None:
    model = small_pspnet()
    model.config["num_classes"] = 6
    with pytest.raises(CheckpointError, match="size mismatch for head"):
        load_checkpoint(save_checkpoint(tmp_path / "model.pt", model))


def test_a_failed_save_keeps_the_old_file_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_checkpoint(tmp_path / "model.pt", small_pspnet(), epoch=1)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OSError, match="No space"):
        save_checkpoint(path, small_pspnet(), epoch=2)
    assert read_checkpoint(path)["epoch"] == 1
    assert [file.name for file in tmp_path.iterdir()] == ["model.pt"]


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
