"""The runner: strict parameters, and no half-run notebook under the name of a whole one."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from thesis_lib.paths import BUILD, NOTEBOOKS

sys.path.insert(0, str(NOTEBOOKS))
from parameters import ParameterError, check_parameters, declared_parameters, read_parameters
from run import Watch, clock, durations, profile_name

NAMES = sorted(path.stem for path in NOTEBOOKS.glob("0*.ipynb"))


def write_notebook(path: Path, *cells: str, parameters: str = 'profile: str = "smoke"\noverrides: str = ""') -> Path:
    first = nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})
    notebook = nbformat.v4.new_notebook(cells=[first, *(nbformat.v4.new_code_cell(cell) for cell in cells)])
    notebook.metadata["kernelspec"] = {"name": "python3", "language": "python", "display_name": "Python 3"}
    nbformat.write(notebook, path)
    return path


@pytest.fixture
def notebook() -> Path:
    """A name beside the real notebooks, taken away afterwards with what it leaves."""
    name = f"99_test_{os.getpid()}"
    yield NOTEBOOKS / f"{name}.ipynb"
    for path in (*NOTEBOOKS.glob(f"{name}*"), *(BUILD / "smoke" / "notebooks").glob(f"{name}*")):
        path.unlink()


def executed(notebook: Path, suffix: str = ".ipynb") -> Path:
    return (BUILD / "smoke" / "notebooks" / notebook.name).with_suffix(suffix)


def run(notebook: Path, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess:
    command = [sys.executable, str(NOTEBOOKS / "run.py"), notebook.stem, *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


@pytest.mark.parametrize("name", NAMES)
def test_every_notebook_declares_typed_parameters(name: str) -> None:
    declared = declared_parameters(NOTEBOOKS / f"{name}.ipynb")
    assert declared["profile"] == ("str", "demo")
    assert declared["overrides"] == ("str", "")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"profil": "demo"}, "has no parameter 'profil'. It has profile: str, overrides: str, resume: bool"),
        ({"resume": "yes"}, "resume must be bool, not 'yes'"),
        ({"resume": 1}, "resume must be bool, not 1"),
        ({"profile": 3}, "profile must be str, not 3"),
    ],
)
def test_wrong_parameters_are_refused(given: dict, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        check_parameters(NOTEBOOKS / "03_training.ipynb", given)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-p", "profil", "smoke"), "ParameterError"),
        (("-p", "profile", "smok"), "ParameterError: there is no profile 'smok'"),
        (("-p", "profile", "smoke", "-p", "count", "many"), "count must be int, not 'many'"),
    ],
)
def test_a_wrong_parameter_stops_before_anything_runs(notebook: Path, arguments: tuple[str, ...], message: str) -> None:
    write_notebook(notebook, "raise SystemExit", parameters='profile: str = "smoke"\ncount: int = 0')
    result = run(notebook, *arguments)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not executed(notebook, ".failed.ipynb").exists()


TEXTS = [
    "2026-11-23",
    "010",
    "no",
    "12:30",
    "1e3",
    "null",
    "~",
    "",
    " a ",
    "[1]",
    "{a: 1}",
    "0x1F",
    "true",
    "'a'",
    "#",
    "a: b",
]


@pytest.mark.parametrize("text", TEXTS)
def test_text_stays_text(tmp_path: Path, text: str) -> None:
    notebook = write_notebook(
        tmp_path / "some.ipynb", parameters='profile: str = "a"\nother: str | None = None\nk: int = 1'
    )
    given = {"profile": text, "other": text}
    assert check_parameters(notebook, read_parameters(notebook, given)) == {**given, "k": 1}


@pytest.mark.parametrize(("text", "value"), [("7", 7), ("[", None), ("1.5", None), ("yes", None)])
def test_other_values_are_read_as_yaml_and_checked(tmp_path: Path, text: str, value: int | None) -> None:
    notebook = write_notebook(tmp_path / "some.ipynb", parameters="k: int = 1")
    if value is not None:
        assert check_parameters(notebook, read_parameters(notebook, {"k": text})) == {"k": value}
        return
    with pytest.raises(ParameterError, match="k must be int"):
        check_parameters(notebook, read_parameters(notebook, {"k": text}))


@pytest.mark.parametrize(
    ("profile", "name"), [("demo", "demo"), ("2026.11", "2026.11"), ("/some/where/my.own.toml", "my.own")]
)
def test_results_lie_under_the_profiles_name(profile: str, name: str) -> None:
    assert profile_name(profile) == name


def test_a_whole_notebook_takes_its_name_from_any_folder(notebook: Path, tmp_path: Path) -> None:
    write_notebook(notebook, "print(profile, overrides)")
    result = run(notebook, "-p", "profile", "smoke", "-p", "overrides", "training.epochs=1", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    outputs = nbformat.read(executed(notebook), as_version=4).cells[-1].outputs
    assert outputs[0].text == "smoke training.epochs=1\n"
    assert not executed(notebook, ".running.ipynb").exists()


def test_a_failing_cell_is_shown_and_the_notebook_kept_under_another_name(notebook: Path) -> None:
    write_notebook(notebook, "before = 1", "raise ValueError('the reason')", "after = 2")
    result = run(notebook, "-p", "profile", "smoke")
    assert result.returncode == 1
    assert "ValueError: the reason" in result.stderr
    assert "raise ValueError('the reason')" in result.stderr
    assert not executed(notebook).exists()
    kept = nbformat.read(executed(notebook, ".failed.ipynb"), as_version=4)
    assert any(output.output_type == "error" for cell in kept.cells for output in cell.get("outputs", []))


def test_a_killed_kernel_does_not_look_like_success(notebook: Path) -> None:
    write_notebook(notebook, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    result = run(notebook, "-p", "profile", "smoke")
    assert result.returncode == 1
    assert "died" in result.stderr
    assert not executed(notebook).exists()


def test_an_interrupted_notebook_does_not_look_like_success(notebook: Path) -> None:
    write_notebook(notebook, "import time; time.sleep(60)")
    command = [sys.executable, str(NOTEBOOKS / "run.py"), notebook.stem, "-p", "profile", "smoke"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
    )
    running = executed(notebook, ".running.ipynb")
    for _ in range(300):
        if running.exists():
            break
        time.sleep(0.1)
    time.sleep(2)
    os.killpg(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "interrupted" in error
    assert not executed(notebook).exists()


def test_a_later_success_removes_the_failed_one(notebook: Path) -> None:
    write_notebook(notebook, "raise ValueError")
    run(notebook, "-p", "profile", "smoke")
    write_notebook(notebook, "1 + 1")
    assert run(notebook, "-p", "profile", "smoke").returncode == 0
    assert not executed(notebook, ".failed.ipynb").exists()


@pytest.mark.parametrize(("seconds", "shown"), [(0.4, "0:00"), (75, "1:15"), (3725, "1:02:05")])
def test_times_are_given_as_a_clock_shows_them(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


def test_cells_are_named_by_the_heading_they_stand_under(tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "some.ipynb", "1")
    content = nbformat.read(notebook, as_version=4)
    content.cells[1:1] = [nbformat.v4.new_markdown_cell("# Title"), nbformat.v4.new_markdown_cell("text")]
    nbformat.write(content, notebook)
    watch = Watch(notebook, {})
    # as papermill runs it: defaults, the parameters given, two of markdown, the code
    watch.start(nbformat.v4.new_code_cell("1"), 4)
    assert watch.where == "cell 5 (Title)"


def test_a_notebook_that_is_done_sooner_than_expected_leaves_the_later_ones_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = tmp_path / "03_training.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), notebook)
    Watch(notebook, {"03_training": 5, "04_evaluation": 2}).end()
    Watch(notebook, {"02_spectral_clustering": 1, "03_training": 5}).end()
    told = capsys.readouterr().out.splitlines()
    assert [line.rpartition("] ")[2] for line in told] == [
        "03_training  done in 0:00, about 2:00 left",
        "03_training  done in 0:00, nothing left",
    ]


def test_where_the_minutes_went_is_told_after_the_last_notebook(tmp_path: Path) -> None:
    for name, seconds in (("01_first", 61.7), ("02_second", 9.0), ("02_second.failed", 1000.0)):
        notebook = nbformat.v4.new_notebook(metadata={"papermill": {"duration": seconds}})
        nbformat.write(notebook, tmp_path / f"{name}.ipynb")
    assert [line.split() for line in durations(tmp_path).splitlines()] == [
        ["01_first", "1:01"],
        ["02_second", "0:09"],
        ["together", "1:10"],
    ]
    minutes = {"01_first": 1.0, "02_second": 0.2}
    assert not Watch(write_notebook(tmp_path / "01_first.ipynb"), minutes).is_last
    assert Watch(write_notebook(tmp_path / "02_second.ipynb"), minutes).is_last
    assert not Watch(write_notebook(tmp_path / "07_another.ipynb"), minutes).is_last
