"""Threads that wait sleep, wherever a run of ours begins."""

import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import nbformat
import numpy as np
import pytest
from torch.utils.data import DataLoader

from thesis_lib.experiments.training import one_thread
from thesis_lib.paths import PROJECT

NO_POLICY = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_"))}
POLICY = re.compile(r"OMP_WAIT_POLICY = '(\w+)'.*?GOMP_SPINCOUNT = '(\d+)'", re.DOTALL)
SLEEP = ("PASSIVE", "500")


def policies(*command: str, **environment: str) -> set[tuple[str, str]]:
    """What every OpenMP that a process loads says of its waiting threads: its policy, and how long they spin first."""
    ended = subprocess.run(
        [sys.executable, *command],
        env=NO_POLICY | {"OMP_DISPLAY_ENV": "VERBOSE"} | environment,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(POLICY.findall(ended.stderr))


@pytest.mark.parametrize(
    "command",
    [
        ("-c", "import thesis_lib, torch"),
        ("-c", "import thesis_lib.clustering"),
        ("-c", "from thesis_lib.views import ClusterInspector"),
        ("-m", "thesis_lib.experiments", "--help"),
        ("-m", "thesis_lib.views.inspector", "--help"),
    ],
    ids=" ".join,
)
def test_threads_sleep_while_they_wait(command: tuple[str, ...]) -> None:
    assert policies(*command) == {SLEEP}


def test_what_the_user_set_stays() -> None:
    assert {policy for policy, _ in policies("-c", "import thesis_lib, torch", OMP_WAIT_POLICY="active")} == {"ACTIVE"}
    assert policies("-c", "import thesis_lib, torch", OMP_WAIT_POLICY="passive") == {("PASSIVE", "0")}


def test_a_kernel_that_imports_torch_first_has_it_too(tmp_path: Path) -> None:
    """Its environment is that of the process that starts it."""
    source = (
        "import os, torch, pathlib\nnames = 'OMP_WAIT_POLICY', 'GOMP_SPINCOUNT'\n"
        "pathlib.Path('policy.txt').write_text(' '.join(os.environ.get(name, 'none') for name in names))"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    nbformat.write(notebook, tmp_path / "one.ipynb")
    run = (
        "import sys; sys.path.insert(0, 'notebooks')\nimport papermill\nfrom headless import own_surroundings\n"
        f"with own_surroundings() as kernel:\n    papermill.execute_notebook({str(tmp_path / 'one.ipynb')!r}, None, "
        f"kernel_name=kernel, cwd={str(tmp_path)!r}, progress_bar=False)"
    )
    subprocess.run([sys.executable, "-c", run], env=NO_POLICY, cwd=PROJECT, check=True, capture_output=True)
    assert (tmp_path / "policy.txt").read_text() == "passive 500"


def test_every_target_of_make_has_it() -> None:
    """Those that start Jupyter and Voila import nothing of ours first."""
    shown = subprocess.run(
        ["make", "--no-print-directory", "-f", "Makefile", "-f", "-", "shown"],
        input="shown:\n\t@echo $$OMP_WAIT_POLICY $$GOMP_SPINCOUNT\n",
        env=NO_POLICY,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == "passive 500"


def test_loader_processes_have_one_thread_of_opencv() -> None:
    """Also where OpenCV had threads at work before the fork: their pool is copied, they are not."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    try:
        blurred()
        threads = DataLoader(Threads(), num_workers=2, worker_init_fn=one_thread, timeout=60)  # type: ignore[arg-type]
        assert [int(count) for count in threads] == [1, 1, 1, 1]
    finally:
        cv2.setNumThreads(before)


def blurred() -> None:
    cv2.GaussianBlur(np.zeros((1024, 1024, 3), np.uint8), (0, 0), 5)


class Threads:
    """Four items, each the number of OpenCV's threads where it was read."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, _: int) -> int:
        blurred()
        return cv2.getNumThreads()
