"""One line that says how far a long computation is: tqdm's, in a terminal, a log or a notebook."""

import sys
from io import StringIO
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import display
from tqdm import tqdm


def progress_bar(title: str, total: int, *, disable: bool = False) -> tqdm:
    """A bar of `total` steps, on stderr, for stdout is for results; in a log it has a line a minute."""
    kind, options = (_NotebookBar, {"file": StringIO()}) if hasattr(get_ipython(), "kernel") else (tqdm, {})
    interval = 0.5 if options or sys.stderr.isatty() else 60.0
    return kind(desc=title, total=total, disable=disable, mininterval=interval, maxinterval=interval, **options)


class _NotebookBar(tqdm):
    """The line as an output that is replaced in place: an executed notebook keeps the last one.

    tqdm.notebook's widget would keep the first, and could not be told by the terminal that a headless notebook runs in.
    """

    handle: Any = None

    def display(self, msg: str | None = None, pos: int | None = None) -> bool:
        """Show the line as it is now."""
        content = {"text/plain": str(self)}
        if self.handle is None:
            self.handle = display(content, raw=True, display_id=True)
        else:
            self.handle.update(content, raw=True)
        return True
