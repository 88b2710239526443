"""Background work that keeps the kernel free, of which only the latest task matters."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue


class Superseded(Exception):
    """Raised in a task that is no longer wanted."""


GoOn = Callable[[], None]
"""Called between the parts of a task; raises Superseded when it is no longer wanted."""


class Worker:
    """Thread for tasks; one that is started supersedes those before, which end at their next check.

    Args:
        on_error: told of what a task raises.
    """

    def __init__(self, on_error: Callable[[Exception], None]) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="inspector")
        self._on_error = on_error
        self._turn = 0
        self._lock = threading.Lock()
        self._last: Future[None] | None = None

    def start(self, task: Callable[[GoOn], None]) -> None:
        """Start a task in place of all that run or wait."""
        with self._lock:
            self._turn += 1
            self._last = self._pool.submit(self._run, task, self._turn)

    def add(self, task: Callable[[GoOn], None]) -> None:
        """Queue a task after those that run or wait."""
        with self._lock:
            self._last = self._pool.submit(self._run, task, self._turn)

    def cancel(self) -> None:
        """Let the running task end without a result."""
        with self._lock:
            self._turn += 1

    def wait(self) -> None:
        """Wait until no task is left."""
        while (last := self._last) is not None:
            last.result()
            if last is self._last:
                return

    def _run(self, task: Callable[[GoOn], None], turn: int) -> None:
        def check() -> None:
            if turn != self._turn:
                raise Superseded

        try:
            check()
            task(check)
        except Superseded:
            return
        except Exception as error:
            if turn == self._turn:
                self._on_error(error)


class Posts:
    """Queue of changes from any thread, made in order on the thread that runs the event loop.

    Where none runs, outside of a notebook, a change is made at once.
    """

    def __init__(self) -> None:
        self._waiting: SimpleQueue[Callable[[], None]] = SimpleQueue()
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None

    def __call__(self, change: Callable[[], None]) -> None:
        """Ask for a change."""
        self._waiting.put(change)
        if self._loop is None:
            self.do_waiting()
        else:
            self._loop.call_soon_threadsafe(self.do_waiting)

    def do_waiting(self) -> bool:
        """Make the changes that wait; returns whether there were any, which may have started more work."""
        done = False
        while True:
            try:
                change = self._waiting.get_nowait()
            except Empty:
                return done
            change()
            done = True
