"""`python -m thesis_lib.data`: what is wrong is said in a line, and in the exit code."""

import subprocess
import sys
from pathlib import Path

from tests.data.frames import write_archives, write_dataset, write_frame


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "thesis_lib.data", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_lists_of_a_part_of_cityscapes_are_written_with_a_warning(tmp_path: Path) -> None:
    write_frame(tmp_path, "train", "aachen_000000_000019")
    write_frame(tmp_path, "train", "frankfurt_000000_000294")
    write_frame(tmp_path, "val", "lindau_000000_000019")
    ended = run("lists", tmp_path)
    assert ended.returncode == 0
    assert ended.stdout.count("_set.txt") == 2
    assert "Warning: train has 2 frames, 2975 are expected" in ended.stderr
    assert "Warning: train holds 1 frames of other splits: frankfurt_000000_000294 belongs to val" in ended.stderr
    assert "Warning: val has 1 frames, 500 are expected" in ended.stderr


def test_other_data_in_the_same_layout_is_not_warned_of(tmp_path: Path) -> None:
    ended = run("lists", write_dataset(tmp_path))
    assert (ended.returncode, ended.stderr) == (0, "")


def test_lists_without_a_split_end_with_one_and_write_nothing(tmp_path: Path) -> None:
    ended = run("lists", write_dataset(tmp_path, val=0))
    assert ended.returncode == 1
    assert "leftImg8bit/val has no images" in ended.stderr
    assert not list(tmp_path.glob("*_set.txt"))


def test_zips_without_validation_frames_are_unpacked_with_a_warning(tmp_path: Path) -> None:
    archives = write_archives(write_dataset(tmp_path / "source", val=0), tmp_path / "archives")
    ended = run("prepare", archives, tmp_path / "root")
    assert ended.returncode == 0
    assert "Warning: val has 0 frames" in ended.stderr


def test_verifying_a_data_set_with_an_empty_split_ends_with_one(tmp_path: Path) -> None:
    ended = run("verify", write_dataset(tmp_path, train=0))
    assert ended.returncode == 1
    assert "leftImg8bit/train has no images" in ended.stdout
    assert "2 images with labels" in ended.stdout


def test_a_folder_that_cannot_be_written_to_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "train_set.txt").mkdir()
    ended = run("lists", write_dataset(tmp_path))
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
