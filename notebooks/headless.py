"""The surroundings of a headless run: nothing of the user's own reaches the notebooks, and nothing of a shell's."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from thesis_lib.paths import PROJECT

KERNEL = "python3"
HEADLESS = "CLUSTERNET_HEADLESS"
"""Tells the inspector that nobody will see a widget: HEADLESS of its panel.py, which takes too long to import here."""
OWN = ("PYTHON", "IPYTHON", "JUPYTER", "MPL", "MATPLOTLIB", "PAPERMILL")
"""Beginnings of the variables by which a user sets up Python, Jupyter and matplotlib for other work."""


@contextmanager
def own_surroundings() -> Iterator[str]:
    """Give the name of a kernel of this very interpreter, without start-up files, profiles, styles or paths of others.

    The variables of this process are those of the kernel meanwhile, and as they were afterwards.
    """
    before = dict(os.environ)
    with TemporaryDirectory(prefix="clusternet-") as folder:
        try:
            for name in list(os.environ):
                if name.startswith(OWN):
                    del os.environ[name]
            os.environ |= _variables(Path(folder))
            _write_kernel(Path(folder) / "jupyter" / "kernels" / KERNEL)
            yield KERNEL
        finally:
            os.environ.clear()
            os.environ |= before


def _variables(folder: Path) -> dict[str, str]:
    """For the library beside the notebooks, and empty folders in place of the user's."""
    return {
        "PYTHONPATH": str(PROJECT),
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "JUPYTER_PATH": str(folder / "jupyter"),
        "JUPYTER_DATA_DIR": str(folder / "jupyter"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_NO_CONFIG": "1",
        "IPYTHONDIR": str(folder / "ipython"),
        "MATPLOTLIBRC": os.devnull,
        HEADLESS: "1",
    }


def _write_kernel(folder: Path) -> None:
    folder.mkdir(parents=True)
    options = ["--IPKernelApp.exec_PYTHONSTARTUP=False", "--log-level=ERROR"]  # else it warns of unencrypted localhost
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", *options]
    spec = {"argv": command, "display_name": "Python 3", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
