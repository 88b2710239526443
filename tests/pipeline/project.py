"""A copy of the project in which a test can run the real make, far from the results of the original."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from thesis_lib.paths import PROJECT

SETTINGS = ("PROFILE", "SET", "FRESH", "ARCHIVES", "MODEL", "NPROC", "MAKEFLAGS", "MFLAGS", "MAKELEVEL")
"""What `make test` or a shell may hand down, and what would then change the run under test."""
LEFT_OUT = (".git", ".venv", ".uv", "build", "*.zip", "leftImg8bit", "gtFine", "demo", "smoke", "cityscapes", "*cache*")


@dataclass(frozen=True)
class Project:
    """A copy, and the commands a reader types in it."""

    root: Path

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`make` in the copy, with the Python of this test in place of an environment of its own."""
        return self.run("make", "--old-file=.venv/ready", f"PYTHON={sys.executable}", *arguments)

    def python(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """`python` in the copy."""
        return self.run(sys.executable, *arguments, **variables)

    def planned(self, *arguments: str) -> list[str]:
        """The notebooks that `make figures` would run, without running them."""
        told = self.make("--dry-run", "figures", *arguments)
        assert told.returncode == 0, told.stderr
        return re.findall(r"notebooks/run\.py (\w+)", told.stdout)

    def commit(self) -> str:
        """What the copy's figures must name as their origin."""
        return _git(self.root, "rev-parse", "HEAD") or "unknown"

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """A command that sees the copy's package, not the installed one."""
        environment = {name: value for name, value in os.environ.items() if name not in SETTINGS}
        environment |= {"PYTHONPATH": f"{self.root}:{self.root}/streets/src", **variables}
        return subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)


@dataclass(frozen=True)
class Run:
    """A copy in which `make figures` has run, and what it said."""

    project: Project
    profile: str
    done: subprocess.CompletedProcess[str]

    @property
    def results(self) -> Path:
        return self.project.root / "build" / self.profile

    @property
    def figures(self) -> Path:
        return self.project.root / "figures" / self.profile

    @property
    def dataset(self) -> Path:
        below = "" if self.profile == "cityscapes" else self.profile
        return self.project.root / "cityscapes_dataset" / below


def draw_figures(project: Project, profile: str, *arguments: str) -> Run:
    """`make figures` of a profile, whatever comes of it."""
    return Run(project, profile, project.make("figures", f"PROFILE={profile}", *arguments))


def copy_project(root: Path) -> Project:
    """The sources, with their times, as a repository of their own where there is git."""
    listed = _git(PROJECT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if listed is None:
        shutil.copytree(PROJECT, root, ignore=shutil.ignore_patterns(*LEFT_OUT))
        return Project(root)
    for name in filter(None, listed.split("\0")):
        if (PROJECT / name).is_file():  # not one that was deleted and is still in the index
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, root / name)
    author = ("-c", "user.name=test", "-c", "user.email=test@example.invalid", "-c", "commit.gpgsign=false")
    _git(root, "init", "--quiet")
    _git(root, "add", "--all")
    _git(root, *author, "commit", "--quiet", "--no-verify", "--message", "A copy for a test")
    return Project(root)


def drawn_figures(folder: Path, kind: str) -> set[int]:
    """The numbers of the figures in a folder; 06a and 06b are the sixth."""
    return {int(re.match(r"\d+", file.name).group()) for file in folder.glob(f"*.{kind}")}


def _git(folder: Path, *arguments: str) -> str | None:
    """Git's answer; None outside of a repository, or without git."""
    try:
        answer = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()
