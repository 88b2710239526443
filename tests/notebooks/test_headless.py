"""A headless run takes its interpreter, its start-up, its style and its paths from here alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.notebooks.test_run import executed, notebook, run, write_notebook
from thesis_lib.paths import NOTEBOOKS, PROJECT

sys.path.insert(0, str(NOTEBOOKS))
from headless import own_surroundings

__all__ = ["notebook"]
LOOK = """
import builtins, json, os, sys
import matplotlib as mpl
import thesis_lib
mine = [name for name in ("started", "profiled", "python_started", "custom") if hasattr(builtins, name)]
names = ("PYTHONSTARTUP", "PYTHONOPTIMIZE", "MPLSTYLE", "MPLCONFIGDIR", "JUPYTER_CONFIG_PATH", "IPYTHONDIR")
print(json.dumps({
    "interpreter": sys.executable, "mine": mine, "usetex": mpl.rcParams["text.usetex"], "cwd": os.getcwd(),
    "library": thesis_lib.__file__, "asserts": __debug__,
    "kept": [name for name in names if "elsewhere" in os.environ.get(name, "")],
}))
"""


def mark(path: Path, name: str) -> Path:
    """A start-up file that leaves its name where the notebook sees it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"import builtins\nbuiltins.{name} = True\n")
    return path


@pytest.fixture
def elsewhere(tmp_path: Path) -> dict[str, str]:
    """What a user may have set up for other work: files, and the variables that lead to them."""
    home = tmp_path / "elsewhere"
    for folder in (home / ".ipython", home / "ipython"):
        mark(folder / "profile_default" / "startup" / "00.py", "started")
        mark(folder / "profile_default" / "ipython_kernel_config.py", "profiled")
    (home / "matplotlibrc").write_text("text.usetex: True\nbackend: TkAgg\n")
    (home / ".config" / "matplotlib").mkdir(parents=True)
    (home / ".config" / "matplotlib" / "matplotlibrc").write_text("text.usetex: True\n")
    other = {"argv": ["/bin/false", "{connection_file}"], "display_name": "other", "language": "python"}
    for folder in (home / "jupyter", home / ".local" / "share" / "jupyter"):
        (folder / "kernels" / "python3").mkdir(parents=True)
        (folder / "kernels" / "python3" / "kernel.json").write_text(json.dumps(other))
    mark(home / "modules" / "sitecustomize.py", "custom")
    return {
        "HOME": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_PATH": str(home / "jupyter"),
        "JUPYTER_CONFIG_PATH": str(home / "jupyter"),
        "JUPYTER_PREFER_ENV_PATH": "0",
        "MATPLOTLIBRC": str(home / "matplotlibrc"),
        "MPLCONFIGDIR": str(home),
        "MPLBACKEND": "TkAgg",
        "MPLSTYLE": "elsewhere",
        "PYTHONSTARTUP": str(mark(home / "startup.py", "python_started")),
        "PYTHONPATH": str(home / "modules"),
        "PYTHONOPTIMIZE": "1",
    }


def test_nothing_of_the_users_own_reaches_a_notebook(
    notebook: Path, elsewhere: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in elsewhere.items():
        monkeypatch.setenv(name, value)
    write_notebook(notebook, LOOK)
    done = run(notebook, "-p", "profile", "smoke", cwd=Path(elsewhere["HOME"]))  # a matplotlibrc lies there too
    assert done.returncode == 0, done.stderr
    seen = json.loads(nbformat.read(executed(notebook), as_version=4).cells[-1].outputs[0].text)
    assert seen == {
        "interpreter": sys.executable,
        "mine": [],
        "usetex": False,
        "cwd": str(NOTEBOOKS),
        "library": str(PROJECT / "thesis_lib" / "__init__.py"),
        "asserts": True,
        "kept": [],
    }


def test_the_surroundings_are_given_back(elsewhere: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in elsewhere.items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    with own_surroundings():
        folder = Path(os.environ["JUPYTER_PATH"])
        assert (folder / "kernels" / "python3" / "kernel.json").is_file()
    assert dict(os.environ) == before
    assert not folder.exists()


def test_braces_in_a_path_are_no_parameters(tmp_path: Path) -> None:
    """papermill would put parameters in their place."""
    root = tmp_path / "a {b} c"
    (root / "notebooks" / "profiles").mkdir(parents=True)
    for name in ("run.py", "headless.py", "parameters.py", "profiles/smoke.toml"):
        (root / "notebooks" / name).write_bytes((NOTEBOOKS / name).read_bytes())
    (root / "thesis_lib").mkdir()
    for name in ("__init__.py", "paths.py"):
        (root / "thesis_lib" / name).write_bytes((PROJECT / "thesis_lib" / name).read_bytes())
    write_notebook(root / "notebooks" / "some.ipynb", "1")
    command = [sys.executable, str(root / "notebooks" / "run.py"), "some"]
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": str(root)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (root / "build" / "smoke" / "notebooks" / "some.ipynb").is_file()
