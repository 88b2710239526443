import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.data.frames import write_archives, write_dataset
from thesis_lib.data import Cityscapes, DatasetError, prepare, prepare_dataset


@pytest.fixture
def archives(tmp_path: Path) -> Path:
    return write_archives(write_dataset(tmp_path / "source"), tmp_path / "archives")


def files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_the_official_zips_become_a_data_set(archives: Path, tmp_path: Path) -> None:
    lists = prepare_dataset(archives, tmp_path / "root")
    assert [file.name for file in lists] == ["train_set.txt", "val_set.txt"]
    assert len(Cityscapes(tmp_path / "root", "train")) == 3
    assert files(tmp_path / "root") == files(tmp_path / "source") | {"train_set.txt", "val_set.txt"}


def test_what_is_there_is_not_unpacked_again(archives: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    prepare_dataset(archives, root)
    images = sorted(root.rglob("*_leftImg8bit.png"))
    kept, cut = images[0], images[1]
    before = kept.stat().st_mtime_ns
    whole = cut.read_bytes()
    cut.write_bytes(whole[:50])
    prepare_dataset(archives, root)
    assert kept.stat().st_mtime_ns == before
    assert cut.read_bytes() == whole


def test_half_a_zip_is_refused(archives: Path, tmp_path: Path) -> None:
    archive = archives / "gtFine_trainvaltest.zip"
    archive.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
    with pytest.raises(DatasetError, match="is no whole zip"):
        prepare_dataset(archives, tmp_path / "root")
    assert not (tmp_path / "root").exists()


def test_a_damaged_entry_is_refused_and_not_left_behind(archives: Path, tmp_path: Path) -> None:
    archive = archives / "leftImg8bit_trainvaltest.zip"
    with zipfile.ZipFile(archive) as opened:
        entry = next(entry for entry in opened.infolist() if entry.filename.endswith(".png"))
    content = bytearray(archive.read_bytes())
    place = entry.header_offset + 30 + len(entry.filename) + entry.compress_size // 2
    content[place] ^= 0xFF
    archive.write_bytes(content)
    with pytest.raises(DatasetError, match="is damaged at"):
        prepare_dataset(archives, tmp_path / "root")
    assert not (tmp_path / "root" / entry.filename).exists()
    assert not list((tmp_path / "root").rglob("*.tmp"))


@pytest.mark.parametrize("name", ["../x.png", "leftImg8bit/../../x.png", "/x.png", "..\\x.png", "C:\\x.png"])
def test_an_entry_that_leaves_the_folder_is_refused(archives: Path, tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(archives / "gtFine_trainvaltest.zip", "a") as archive:
        archive.writestr(name, b"x")
    with pytest.raises(DatasetError, match="points out of the data set's folder"):
        prepare_dataset(archives, tmp_path / "root")
    assert not list(tmp_path.rglob("x.png"))
    assert not (tmp_path / "root").exists()


def test_a_link_in_a_zip_is_refused(archives: Path, tmp_path: Path) -> None:
    link = zipfile.ZipInfo("leftImg8bit/train/link.png")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(archives / "leftImg8bit_trainvaltest.zip", "a") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(DatasetError, match="points out of"):
        prepare_dataset(archives, tmp_path / "root")


def test_missing_zips_say_where_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cityscapes-dataset.com"):
        prepare_dataset(tmp_path, tmp_path / "root")


def test_a_disk_that_is_too_small_is_seen_before_anything_is_unpacked(
    archives: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 0))
    with pytest.raises(DatasetError, match="Nothing was unpacked"):
        prepare_dataset(archives, tmp_path / "root")
    assert not list((tmp_path / "root").rglob("*.png"))


def test_a_folder_that_cannot_be_made_is_an_error(archives: Path, tmp_path: Path) -> None:
    (tmp_path / "root").write_text("a file is in the way")
    with pytest.raises(DatasetError, match="root"):
        prepare_dataset(archives, tmp_path / "root")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """256 kB of a file system in memory."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = (
        shutil.which("mount")
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)], capture_output=True, check=False
        ).returncode
    )
    if not mounted:
        pytest.skip("a tmpfs can only be mounted by root")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_leaves_whole_files_only(
    archives: Path, small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_dataset(tmp_path / "large", train=12, size=(192, 384))
    monkeypatch.setattr(prepare, "SPARE", -(2**30))  # it looked large enough, and then another program filled it
    (small_disk / "filler").write_bytes(b"x" * 100_000)
    with pytest.raises(DatasetError, match="No space left"):
        prepare_dataset(write_archives(source, tmp_path / "again"), small_disk / "root")
    unpacked = list((small_disk / "root").rglob("*.png"))
    assert unpacked
    for path in unpacked:
        assert path.read_bytes() == (source / path.relative_to(small_disk / "root")).read_bytes()
    assert not list(small_disk.rglob("*.tmp"))
