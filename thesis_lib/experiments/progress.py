"""Progress bars of tqdm for terminals, logs and notebooks."""

import sys
from io import StringIO
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import display
from tqdm import tqdm


def progress_bar(title: str, total: int, *, disable: bool = False) -> tqdm:
    """Make a progress bar of `total` steps on stderr, as stdout is for results; in a log it prints a line a minute."""
    kind, options = (_NotebookBar, {"file": StringIO()}) if hasattr(get_ipython(), "kernel") else (tqdm, {})
    interval = 0.5 if options or sys.stderr.isatty() else 60.0
    return kind(desc=title, total=total, disable=disable, mininterval=interval, maxinterval=interval, **options)


class _NotebookBar(tqdm):
    """Progress bar as a text output that is updated in place, so that an executed notebook keeps its last state.

    tqdm.notebook's widget would keep the first state, and does not reach the terminal of a headless run.
    """

    handle: Any = None

    def display(self, msg: str | None = None, pos: int | None = None) -> bool:
        """Show the current state, in the output that was made by the first call."""
        content = {"text/plain": str(self)}
        if self.handle is None:
            self.handle = display(content, raw=True, display_id=True)
        else:
            self.handle.update(content, raw=True)
        return True
