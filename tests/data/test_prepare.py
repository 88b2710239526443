import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.data.frames import write_archives, write_dataset, write_frame
from thesis_lib.data import Cityscapes, DatasetError, prepare, prepare_dataset

GT = "gtFine_trainvaltest.zip"


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


def renamed(archives: Path, rename: Callable[[str], str], **options: int) -> Path:
    """Both zips with other names for their entries, folders among them."""
    for path in archives.glob("*.zip"):
        with zipfile.ZipFile(path) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(path, "w", **{"compression": zipfile.ZIP_DEFLATED, **options}) as archive:
            for name, content in files.items():
                archive.writestr(rename(name), content)
    return archives


@pytest.mark.parametrize(
    ("rename", "what"),
    [
        (lambda name: name.replace("/", "\\"), "backslashes"),
        (lambda name: f"cityscapes/{name}", "one folder deeper"),
        (lambda name: f"leftImg8bit/{name}" if name.endswith(".png") else name, "in a folder of the same name"),
        (lambda name: f"Meine Daten\\{name}".replace("/", "\\"), "both"),
        (lambda name: f"./{name}", "a dot before each"),
        (lambda name: name.replace("/train/", "/./train//"), "dots and empty parts within"),
    ],
)
def test_zips_made_by_other_programs_become_the_same_data_set(
    archives: Path, tmp_path: Path, rename: Callable[[str], str], what: str
) -> None:
    prepare_dataset(renamed(archives, rename), tmp_path / "root")
    assert files(tmp_path / "root") == files(tmp_path / "source") | {"train_set.txt", "val_set.txt"}
    assert len(Cityscapes(tmp_path / "root", "train")) == 3


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_every_compression_that_python_reads_is_read(archives: Path, tmp_path: Path, method: int) -> None:
    prepare_dataset(renamed(archives, str, compression=method), tmp_path / "root")
    assert len(Cityscapes(tmp_path / "root", "val")) == 2


def test_what_macos_adds_is_passed_over(archives: Path, tmp_path: Path) -> None:
    frame = "leftImg8bit/train/alpha/{}alpha_000000_000019_leftImg8bit.png"
    with zipfile.ZipFile(archives / "leftImg8bit_trainvaltest.zip", "a") as archive:
        for name in ("./", "__MACOSX/", f"__MACOSX/{frame.format('._')}", frame.format("._"), "leftImg8bit/.DS_Store"):
            archive.writestr(name, b"Mac OS X")
    prepare_dataset(archives, tmp_path / "root")
    assert files(tmp_path / "root") == files(tmp_path / "source") | {"train_set.txt", "val_set.txt"}


def test_a_zip_without_the_data_set_is_refused(archives: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archives / GT, "w") as archive:
        archive.writestr("readme.txt", "no labels")
    with pytest.raises(DatasetError, match=r"gtFine_trainvaltest.zip has nothing in .*: it holds readme.txt"):
        prepare_dataset(archives, tmp_path / "root")
    with zipfile.ZipFile(archives / GT, "w"):
        pass
    with pytest.raises(DatasetError, match="it is empty"):
        prepare_dataset(archives, tmp_path / "root")


def test_zips_without_frames_are_refused(archives: Path, tmp_path: Path) -> None:
    for path, folder in zip(sorted(archives.glob("*.zip")), ("gtFine", "leftImg8bit"), strict=True):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"{folder}/readme.txt", "moved")
    with pytest.raises(DatasetError, match="has no images"):
        prepare_dataset(archives, tmp_path / "root")


def test_two_different_files_for_one_place_are_refused(archives: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archives / GT, "a") as archive:
        archive.writestr("copy/gtFine/train/alpha/alpha_000000_000019_gtFine_labelIds.png", b"another")
    with pytest.raises(DatasetError, match="two different files for gtFine/train/alpha/alpha_000000_000019"):
        prepare_dataset(archives, tmp_path / "root")


def patched(archive: Path, field: int, value: int) -> str:
    """Change 16 bits of the first PNG's headers: 0 its flags, 2 its method; returns its name."""
    with zipfile.ZipFile(archive) as opened:
        name = next(name for name in opened.namelist() if name.endswith(".png"))
    content = bytearray(archive.read_bytes())
    for magic, start in ((b"PK\3\4", 30), (b"PK\1\2", 46)):
        place = content.index(magic)
        while content[place + start : place + start + len(name)] != name.encode():
            place = content.index(magic, place + 1)
        struct.pack_into("<H", content, place + (6 if start == 30 else 8) + field, value)
    archive.write_bytes(content)
    return name


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        (0, 1, "is locked by a password"),
        (2, 9, "is compressed by Deflate64"),
        (2, 98, "is compressed by PPMd"),
        (2, 77, "is compressed by method 77"),
    ],
)
def test_an_entry_that_cannot_be_unpacked_is_named_before_any_is(
    archives: Path, tmp_path: Path, field: int, value: int, reason: str
) -> None:
    name = patched(archives / GT, field, value)
    with pytest.raises(DatasetError, match=f"{name} {reason}(.|\n)*lists"):
        prepare_dataset(archives, tmp_path / "root")
    assert not (tmp_path / "root").exists()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("place", [0.0, 0.1, 0.5, 0.95])
def test_a_damaged_stream_names_its_entry(archives: Path, tmp_path: Path, method: int, place: float) -> None:
    renamed(archives, str, compression=method)
    with zipfile.ZipFile(archives / GT) as archive:
        entry = next(entry for entry in archive.infolist() if entry.filename.endswith(".png"))
    content = bytearray((archives / GT).read_bytes())
    start = entry.header_offset + 30 + len(entry.filename) + int(place * entry.compress_size)
    content[start : start + 8] = bytes(byte ^ 0xFF for byte in content[start : start + 8])
    (archives / GT).write_bytes(content)
    with pytest.raises(DatasetError, match=f"is damaged at {entry.filename}"):
        prepare_dataset(archives, tmp_path / "root")
    assert not (tmp_path / "root" / entry.filename).exists()


@pytest.mark.parametrize(
    ("start", "end"), [(0, 0), (0, 0.01), (0, 0.5), (0, 0.9), (0, 0.999), (0.1, 1), (0.5, 1), (0.99, 1), (0.3, 0.6)]
)
def test_a_part_of_a_zip_is_refused(archives: Path, tmp_path: Path, start: float, end: float) -> None:
    content = (archives / GT).read_bytes()
    (archives / GT).write_bytes(content[int(start * len(content)) : int(end * len(content))])
    with pytest.raises(DatasetError, match="gtFine_trainvaltest.zip"):
        prepare_dataset(archives, tmp_path / "root")


def test_the_command_ends_with_one_and_a_message(archives: Path, tmp_path: Path) -> None:
    patched(archives / GT, 2, 9)
    command = [sys.executable, "-m", "thesis_lib.data", "prepare", str(archives), str(tmp_path / "root")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "Deflate64" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_names_as_long_as_the_file_system_takes_are_unpacked(tmp_path: Path) -> None:
    source = tmp_path / "long"
    write_frame(source, "train", f"alpha_000000_{'0' * 221}9")
    assert max(len(path.name) for path in source.rglob("*.png")) == 255
    prepare_dataset(write_archives(source, tmp_path / "zips"), tmp_path / "root")
    assert len(Cityscapes(tmp_path / "root", "train")) == 1


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
