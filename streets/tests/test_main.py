"""`python -m streets`."""

import subprocess
import sys
from pathlib import Path

import pytest

from streets.__main__ import main


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["streets", *map(str, arguments)])
    return main()


def test_the_command_writes_a_data_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = ("--train", 2, "--val", 1, "--size", 32, 64, "--seed", 1, "--workers", 1)
    assert run(monkeypatch, tmp_path / "new", *sizes) == 0
    assert len(list((tmp_path / "new").glob("leftImg8bit/*/*/*.png"))) == 3
    assert capsys.readouterr().out == f"3 frames in {tmp_path / 'new'}\n"


@pytest.mark.parametrize(("arguments", "said"), [(("--train", -1), "train=-1"), (("--size", 9, 9), "size=(9, 9)")])
def test_what_makes_no_sense_ends_with_one_and_a_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[object, ...],
    said: str,
) -> None:
    assert run(monkeypatch, tmp_path / "new", *arguments) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_streets_need_no_torch_and_nothing_of_the_thesis() -> None:
    loaded = "import sys, streets; print(*{name.partition('.')[0] for name in sys.modules} & {'torch', 'thesis_lib'})"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
