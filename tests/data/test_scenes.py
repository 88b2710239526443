"""The one door to streets: the same options, the library's own errors."""

import inspect
from pathlib import Path

import pytest

import streets
from thesis_lib.data import DatasetError, write_scenes


def test_streets_are_asked_for_as_there() -> None:
    ours, theirs = (inspect.signature(one, eval_str=True) for one in (write_scenes, streets.write_scenes))
    assert ours == theirs


def test_what_goes_wrong_is_an_error_of_the_data_set(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(DatasetError, match="could not be written"):
        write_scenes(blocked, train=1, val=0, size=(32, 64), workers=1)


def test_options_reach_the_painter(tmp_path: Path) -> None:
    names = write_scenes(tmp_path, train=2, val=1, size=(32, 64), seed=3, workers=1, progress=False)
    assert len(names) == len(list(tmp_path.glob("leftImg8bit/*/*/*.png"))) == 3
