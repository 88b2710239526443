import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.data.frames import SIZE, palette_image, write_dataset, write_frame
from thesis_lib.data import DatasetError, official, verify_dataset
from thesis_lib.data.lists import find_pairs
from thesis_lib.data.verify import content_digest


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_dataset(tmp_path)


def problems(root: Path, *, full: bool = False) -> list[str]:
    return [problem for check in verify_dataset(root, full=full).checks for problem in check.problems]


@pytest.mark.parametrize("full", [False, True])
def test_a_whole_data_set_passes_and_one_table_is_printed(
    root: Path, full: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify_dataset(root, full=full).ok
    printed = capsys.readouterr().out
    assert printed.count("┏") == 1
    assert "3 images with labels" in printed


def test_the_published_counts_add_up() -> None:
    assert sum(official.FRAMES["train"].values()) == 2975
    assert sum(official.FRAMES["val"].values()) == 500


def test_missing_frames_of_cityscapes_are_counted_by_city(tmp_path: Path) -> None:
    write_frame(tmp_path, "train", "aachen_000000_000019")
    write_frame(tmp_path, "val", "frankfurt_000000_000294")
    found = problems(tmp_path)
    assert "aachen: 1 frames, 174 expected" in found
    assert "lindau: 0 frames, 59 expected" in found


def test_the_right_counts_with_wrong_names_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_frame(tmp_path, "train", "aachen_000000_000019")
    write_frame(tmp_path, "val", "lindau_000000_000019")
    monkeypatch.setattr(official, "FRAMES", {"train": {"aachen": 1}, "val": {"lindau": 1}})
    digest = hashlib.sha256(b"aachen_000000_000019").hexdigest()
    monkeypatch.setattr(official, "NAMES_DIGEST", {"train": digest, "val": "another"})
    assert problems(tmp_path) == ["the counts are right, but some names are not those of Cityscapes"]


def test_images_and_labels_without_each_other_are_named(root: Path) -> None:
    pairs = find_pairs(root, "train")
    pairs[0].label.unlink()
    pairs[1].image.unlink()
    found = problems(root)
    assert "alpha_000000_000019 has no _gtFine_labelIds.png" in found
    assert "alpha_000001_000019 has no _leftImg8bit.png" in found


def test_a_frame_of_another_size_is_told(root: Path) -> None:
    write_frame(root, "train", "alpha_000009_000019", size=(24, 48))
    assert "2 files are 48x24" in problems(root)


def test_a_truncated_file_and_a_colour_label_are_told_from_their_headers(root: Path) -> None:
    image, label = find_pairs(root, "val")[0].image, find_pairs(root, "val")[1].label
    image.write_bytes(image.read_bytes()[:-30])
    palette_image(label)
    found = problems(root)
    assert f"{image.name} is cut off or no PNG" in found
    assert f"{label.name} is not 8-bit with 1 channel(s)" in found


def test_wrong_label_values_are_found_in_full_mode(root: Path) -> None:
    label = find_pairs(root, "val")[0].label
    cv2.imwrite(str(label), np.full(SIZE, 77, np.uint8))
    assert not problems(root)
    assert any("[77]" in problem for problem in problems(root, full=True))


def test_the_digest_changes_with_one_pixel(root: Path) -> None:
    pairs = find_pairs(root, "val")
    before = content_digest(pairs)
    assert content_digest(pairs) == before
    label = cv2.imread(str(pairs[0].label), cv2.IMREAD_UNCHANGED)
    label[0, 0] = (label[0, 0] + 1) % 30
    cv2.imwrite(str(pairs[0].label), label)
    assert content_digest(pairs) != before


def test_frames_in_the_wrong_split_are_named(tmp_path: Path) -> None:
    write_frame(tmp_path, "train", "frankfurt_000000_000294")
    write_frame(tmp_path, "train", "berlin_000000_000019")
    write_frame(tmp_path, "train", "morgenau_000000_000019")
    write_frame(tmp_path, "val", "aachen_000000_000019")
    found = problems(tmp_path)
    assert "frankfurt_000000_000294 belongs to val" in found
    assert "berlin_000000_000019 belongs to test" in found
    assert "morgenau_000000_000019 belongs to val" in found
    assert "aachen_000000_000019 belongs to train" in found


def test_a_wrong_frame_among_right_ones_is_named_first(tmp_path: Path) -> None:
    write_frame(tmp_path, "train", "ulm_000000_000019")
    write_frame(tmp_path, "train", "munster_000000_000019")
    write_frame(tmp_path, "val", "lindau_000000_000019")
    names = next(check for check in verify_dataset(tmp_path).checks if check.name == "train: frames")
    assert names.problems[0] == "munster_000000_000019 belongs to val"


def test_a_frame_in_both_splits_is_told(root: Path) -> None:
    write_frame(root, "val", "alpha_000001_000019")
    assert "1 frames lie in more than one split: alpha_000001_000019" in problems(root)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(("train", "val", "empty"), [(0, 2, "train"), (3, 0, "val")])
def test_an_empty_split_is_told_and_the_other_reported(
    tmp_path: Path, train: int, val: int, empty: str, full: bool
) -> None:
    report = verify_dataset(write_dataset(tmp_path, train=train, val=val), full=full)
    assert not report.ok
    assert [problem for check in report.checks for problem in check.problems] == [f"leftImg8bit/{empty} has no images"]
    assert any(check.found == f"{train + val} images with labels" for check in report.checks)
    assert any(check.name.endswith("files") for check in report.checks)


def test_labels_without_any_image_are_named(root: Path) -> None:
    for path in root.glob("leftImg8bit/val/*/*"):
        path.unlink()
    found = problems(root)
    assert "leftImg8bit/val has no images" in found
    assert "beta_000000_000019 has no _leftImg8bit.png" in found


def test_what_macos_leaves_is_no_frame(root: Path) -> None:
    for path in list(root.rglob("*.png")):
        (path.parent / f"._{path.name}").write_bytes(b"Mac OS X")
        (path.parent / ".DS_Store").write_bytes(b"Mac OS X")
    assert not problems(root, full=True)


@pytest.mark.parametrize("name", ["[red]x", "[/x]", "[bold red", "a[1]", ":smile:"])
def test_a_path_is_printed_as_it_is(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    verify_dataset(write_dataset(tmp_path / name))
    assert str(tmp_path / name) in capsys.readouterr().out


@pytest.mark.parametrize("city", ["[red]", "[bold red", "a[1]", ":smile:"])
def test_a_frame_is_printed_as_it_is(
    root: Path, city: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    write_frame(root, "train", f"{city}_000000_000019")[1].unlink()
    verify_dataset(root, full=True)
    assert f"{city}_000000_000019 has no _gtFine_labelIds.png" in capsys.readouterr().out


def test_no_data_set_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="make figures PROFILE=demo"):
        verify_dataset(tmp_path)
