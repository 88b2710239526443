import hashlib
import json
import os
import stat
from pathlib import Path

import pytest

from thesis_lib.files import file_digest, partial_file, replacing, write_json, write_table, write_text


def write_half(path: Path, *, durable: bool) -> None:
    with replacing(path, durable=durable) as partial:
        partial.write_text("half")
        raise OSError("the disk is full")


@pytest.mark.parametrize("durable", [False, True])
def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "a" / "file"
    with replacing(path, durable=durable) as partial:
        partial.write_text("old")
    with pytest.raises(OSError, match="full"):
        write_half(path, durable=durable)
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def test_until_the_end_a_reader_sees_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with replacing(path) as partial:
        partial.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_what_must_last_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, seen = tmp_path / "file", []
    monkeypatch.setattr(os, "fsync", lambda descriptor: seen.append((os.fstat(descriptor).st_mode, path.exists())))
    with replacing(path, durable=True) as partial:
        partial.write_text("new")
    assert [(stat.S_ISDIR(mode), there) for mode, there in seen] == [(False, False), (True, True)]


def test_the_longest_name_has_room_for_its_partial_file(tmp_path: Path) -> None:
    path = tmp_path / ("a" * 255)
    write_text(path, "text")
    assert path.read_text() == "text"
    assert len(partial_file(path).name) < 30


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_who_may_read_is_what_the_umask_says(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write_text(tmp_path / "file", "text")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o666 & ~umask


def test_a_file_of_the_same_bytes_keeps_its_time(tmp_path: Path) -> None:
    path = tmp_path / "values.json"
    write_json(path, {"b": 1, "a": 2})
    os.utime(path, (1, 1))
    write_json(path, {"a": 2, "b": 1})
    assert path.stat().st_mtime == 1
    write_json(path, {"a": 3})
    assert path.stat().st_mtime > 1


def test_json_has_no_nan_and_the_order_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "scores.json"
    write_json(path, {"b": 1, "a": 2}, sort_keys=False)
    assert list(json.loads(path.read_text())) == ["b", "a"]
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(path, {"a": float("nan")})
    assert list(json.loads(path.read_text())) == ["b", "a"]


def test_what_a_row_lacks_is_empty(tmp_path: Path) -> None:
    write_table(tmp_path / "log.csv", ["a", "b"], [{"a": 1, "b": 2}, {"b": 3}])
    assert (tmp_path / "log.csv").read_text().splitlines() == ["a,b", "1,2", ",3"]


def test_a_digest_is_the_sha256_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    assert file_digest(tmp_path / "file") == hashlib.sha256(b"abc").hexdigest()
