"""One line that says how far a long computation is: a bar in a terminal, a line that updates in a notebook."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape

from IPython.core.getipython import get_ipython
from IPython.display import display
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

INTERVAL = 0.5
"""Seconds between two updates in a notebook."""


class Bar:
    """Where a computation counts its steps."""

    def advance(self, text: str = "", value: float | None = None) -> None:
        """One step is done; `text` is the news, `value` the next of a curve."""


@contextmanager
def progress_bar(title: str, total: int) -> Iterator[Bar]:
    """A bar of `total` steps, drawn for where it runs."""
    if hasattr(get_ipython(), "kernel"):
        bar = _NotebookLine(title, total)
        yield bar
        bar.finish()
        return
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[text]}", markup=False),
    )
    # stdout is for results
    title_column = TextColumn("{task.description}", markup=False)  # a path's [brackets] are no markup of rich's
    with Progress(title_column, *columns, console=Console(stderr=True)) as progress:
        yield _TerminalBar(progress, title, total)


class _TerminalBar(Bar):
    def __init__(self, progress: Progress, title: str, total: int) -> None:
        self.progress = progress
        self.task = progress.add_task(title, total=total, text="")

    def advance(self, text: str = "", value: float | None = None) -> None:
        self.progress.update(self.task, advance=1, text=text)


class _NotebookLine(Bar):
    """A display that is replaced in place, so that an executed notebook keeps one line of it."""

    def __init__(self, title: str, total: int) -> None:
        self.title, self.total, self.done, self.text = title, total, 0, ""
        self.values: list[float] = []
        self.begin = self.shown = time.monotonic()
        self.handle = display(self._content(), raw=True, display_id=True)

    def advance(self, text: str = "", value: float | None = None) -> None:
        self.done, self.text = self.done + 1, text or self.text
        if value is not None:
            self.values.append(value)
        if time.monotonic() - self.shown >= INTERVAL:
            self._show()

    def finish(self) -> None:
        """Show the last state."""
        self._show()

    def _show(self) -> None:
        self.shown = time.monotonic()
        self.handle.update(self._content(), raw=True)

    def _content(self) -> dict[str, str]:
        elapsed = time.monotonic() - self.begin
        left = elapsed / self.done * (self.total - self.done) if self.done else 0
        times = f"{_clock(elapsed)} passed" + (f", {_clock(left)} left" if left else "")
        line = ", ".join(filter(None, [f"{self.title} {self.done}/{self.total}", self.text, times]))
        bar = f'<progress value="{self.done}" max="{self.total}"></progress> '
        return {"text/plain": line, "text/html": f"{bar}<code>{escape(line)}</code>{_curve(self.values, self.total)}"}


def _curve(values: list[float], total: int, width: int = 480, height: int = 96) -> str:
    """The values so far as a line from the left, over the width of all: an SVG, which the browser draws at once."""
    if len(values) < 2:
        return ""
    means = [sum(part) / len(part) for part in chunks(values, -(-len(values) // width))]
    top = max(means) or 1.0
    across = width * len(values) / total / max(len(means) - 1, 1)
    points = " ".join(
        f"{across * i:.1f},{height - 2 - (height - 4) * max(v, 0) / top:.1f}" for i, v in enumerate(means)
    )
    line = f'<polyline points="{points}" fill="none" stroke="currentColor" stroke-width="1.3"/>'
    axis = f'<path d="M0 0V{height}H{width}" fill="none" stroke="gray"/>'
    label = f'<text x="4" y="12" font-size="11" fill="gray">{top:.2f}</text>'
    return f'<br><svg width="{width}" height="{height}" role="img" aria-label="curve">{axis}{label}{line}</svg>'


def chunks(values: list[float], size: int) -> Iterator[list[float]]:
    """Parts of a list, each of `size` but the last."""
    yield from (values[start : start + size] for start in range(0, len(values), size))


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
