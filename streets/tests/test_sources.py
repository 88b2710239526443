"""The digest of the painter."""

import re
import shutil
from pathlib import Path

import pytest

from streets import digest, sources


def test_the_digest_is_of_the_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "elsewhere"
    shutil.copytree(Path(sources.__file__).parent, copy)
    monkeypatch.setattr(sources, "__file__", str(copy / "sources.py"))
    assert digest() == digest()
    before = digest()
    with (copy / "paint" / "canvas.py").open("a") as file:
        file.write("# changed\n")
    assert digest() != before


def test_the_digest_does_not_depend_on_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest()
    shutil.copytree(Path(sources.__file__).parent, tmp_path / "copy")
    monkeypatch.setattr(sources, "__file__", str(tmp_path / "copy" / "sources.py"))
    assert digest() == before
    assert re.fullmatch(r"[0-9a-f]{64}", before)


def test_another_library_is_another_painter(monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest()
    monkeypatch.setattr(sources.cv2, "__version__", "5.99")
    assert digest() != before
