"""Run one notebook headless: `python notebooks/run.py 03_training -p profile demo`.

Parameters are checked against the notebook's parameters cell before anything runs. The executed notebook appears as
build/<profile>/notebooks/<name>.ipynb when it is whole; one that failed is kept beside it as <name>.failed.ipynb, to
read. The terminal says which cell runs, for how long, and about how long the rest of the notebooks will take.
"""

import argparse
import os
import sys
import threading
import time
import tomllib
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import papermill
from headless import own_surroundings
from papermill.exceptions import PapermillExecutionError
from parameters import ParameterError, check_parameters, read_parameters

from thesis_lib.paths import BUILD, NOTEBOOKS, PROFILES

HEARTBEAT = 60.0
"""Seconds between two signs of life of a long cell, where the terminal is a log."""


def main() -> int:
    """0 when the notebook ran to its end, 1 when it failed, 2 when it was not started."""
    given = _arguments()
    source = NOTEBOOKS / f"{given.notebook}.ipynb"
    try:
        parameters = check_parameters(source, read_parameters(source, dict(given.parameters)))
        minutes = expected_minutes(parameters["profile"])
    except (ParameterError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2
    target = BUILD / profile_name(parameters["profile"]) / "notebooks" / source.name
    return execute(source, target, parameters, Watch(source, minutes))


def profile_name(profile: str) -> str:
    """Of its results: the name itself, or that of its file without .toml."""
    return Path(profile).stem if profile.endswith(".toml") else profile


def expected_minutes(profile: str) -> dict[str, float]:
    """What each notebook is expected to take; the notebook checks the rest of the profile, for that takes torch."""
    file = Path(profile) if profile.endswith(".toml") else PROFILES / f"{profile}.toml"
    if not file.is_file():
        raise ParameterError(f"there is no profile {profile!r}: {file} does not exist")
    try:
        return dict(tomllib.loads(file.read_text(encoding="utf-8")).get("minutes", {}))
    except tomllib.TOMLDecodeError as error:
        raise ParameterError(f"{file} is not TOML: {error}") from None


def execute(source: Path, target: Path, parameters: dict[str, Any], watch: "Watch") -> int:
    """Run a notebook; only a whole one takes the target's name."""
    target.parent.mkdir(parents=True, exist_ok=True)
    running, failed = target.with_suffix(".running.ipynb"), target.with_suffix(".failed.ipynb")
    try:
        with watch.shown(), own_surroundings() as kernel:
            papermill.execute_notebook(
                _literal(source),
                _literal(running),
                parameters,
                kernel_name=kernel,
                progress_bar=False,
                cwd=NOTEBOOKS,
                on_cell_start=watch.start,
                on_cell_executed=watch.finish,
            )
    except BaseException as error:
        if running.exists():
            running.replace(failed)
        print(f"\n{_describe(error, watch)}\nAs far as it came: {failed}", file=sys.stderr)
        return 1
    running.replace(target)
    failed.unlink(missing_ok=True)
    watch.end()
    if watch.is_last:
        print(durations(target.parent))
    return 0


def durations(folder: Path) -> str:
    """Minutes that each of a run's executed notebooks took, as they hold them, and their sum."""
    whole = sorted(path for path in folder.glob("*.ipynb") if path.suffixes == [".ipynb"])
    seconds = {path.stem: float(nbformat.read(path, as_version=4).metadata.papermill.duration) for path in whole}
    return "\n".join(
        f"  {name:<24}{clock(value):>6}" for name, value in (seconds | {"together": sum(seconds.values())}).items()
    )


def _literal(path: Path) -> str:
    """For papermill, to which braces in a path are places for parameters."""
    return str(path).replace("{", "{{").replace("}", "}}")


class Watch:
    """What the terminal says while a notebook runs."""

    def __init__(self, source: Path, minutes: dict[str, float]) -> None:
        name, names = source.stem, list(minutes)
        place = names.index(name) if name in names else len(names)
        self.title = f"[{place + 1}/{len(names)}] {name}" if place < len(names) else name
        self.is_last = place == len(names) - 1
        self.expected = 60 * minutes.get(name, 0)
        self.later = 60 * sum(minutes[other] for other in names[place + 1 :])
        self.begin = time.monotonic()
        self.cell: Any = None
        self.cell_begin = self.begin
        self.where = "starting the kernel"
        self.headings = _headings(source)
        self.live = sys.stdout.isatty()
        self.spoken = self.begin

    def start(self, cell: Any, cell_index: int) -> None:
        """nbclient's hook: a cell begins."""
        if cell.cell_type == "code":
            self.cell, self.cell_begin = cell, time.monotonic()
            self.where = f"cell {cell_index + 1} ({self.headings[cell_index]})"

    def finish(self, cell: Any, cell_index: int, execute_reply: Any) -> None:
        """nbclient's hook: a cell has ended."""
        seconds = time.monotonic() - self.cell_begin
        if seconds >= 1:
            self.say(f"{self.where}: {clock(seconds)}")
        self.cell = None

    def end(self) -> None:
        """The notebook is done: what is left is that of those after it, however much sooner it came than expected."""
        self.expected = 0
        self.say(f"done in {clock(time.monotonic() - self.begin)}")

    def say(self, text: str) -> None:
        """A line that stays."""
        print(("\r\033[K" if self.live else "") + f"{self.title}  {text}, {self.left()}", flush=True)
        self.spoken = time.monotonic()

    def left(self) -> str:
        """About how long this notebook and those after it will take."""
        passed = time.monotonic() - self.begin
        left = max(0.0, self.expected - passed) + self.later
        return f"about {clock(left)} left" if left >= 1 else "nothing left"

    @contextmanager
    def shown(self) -> Any:
        """Keep the terminal up to date meanwhile."""
        done = threading.Event()
        thread = threading.Thread(target=self._refresh, args=(done,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _refresh(self, done: threading.Event) -> None:
        while not done.wait(0.5):
            text = f"{self.where} {clock(time.monotonic() - self.cell_begin)} {self._news()}".strip()
            if self.live:
                width = os.get_terminal_size().columns - 1
                print("\r\033[K" + f"{self.title}  {text}, {self.left()}"[:width], end="", flush=True)
            elif time.monotonic() - self.spoken >= HEARTBEAT:
                self.say(text)

    def _news(self) -> str:
        """The last line that the running cell shows: its progress."""
        outputs = self.cell.outputs if self.cell else []
        texts = [output.data.get("text/plain", "") for output in outputs if "data" in output]
        return texts[-1].splitlines()[-1] if texts and texts[-1] and "object at" not in texts[-1] else ""


def clock(seconds: float) -> str:
    """Hours, where there are any, minutes and seconds."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}" if minutes >= 60 else f"{minutes}:{rest:02d}"


def _headings(source: Path) -> list[str]:
    """For every cell of the executed notebook the heading it stands under.

    Behind the cell of the defaults papermill puts one of its own, with the parameters it was given.
    """
    headings, heading = [], source.stem
    for cell in nbformat.read(source, as_version=4).cells:
        titles = [line for line in cell.source.splitlines() if line.startswith("#")]
        if cell.cell_type == "markdown" and titles:
            heading = titles[-1].lstrip("# ")
        headings += [heading] * (2 if "parameters" in cell.metadata.get("tags", []) else 1)
    return headings


def _describe(error: BaseException, watch: Watch) -> str:
    if isinstance(error, PapermillExecutionError):
        trace = "\n".join(error.traceback)
        return f"{trace}\n{watch.title} failed in {watch.where}:\n\n{error.source}\n\n{error.ename}: {error.evalue}"
    reason = "was interrupted" if isinstance(error, KeyboardInterrupt) else f"stopped: {type(error).__name__}: {error}"
    return f"{watch.title} {reason} in {watch.where}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebook", help="its name without .ipynb, such as 03_training")
    parser.add_argument(
        "-p",
        dest="parameters",
        action="append",
        nargs=2,
        default=[],
        metavar=("NAME", "VALUE"),
        help="a parameter of the notebook: text as it is, other values as YAML",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
