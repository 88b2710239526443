"""Work in the background, of which only the latest matters."""

from collections.abc import Iterator
from threading import Event, get_ident

import pytest

from thesis_lib.views.inspector.controls.worker import GoOn, Worker

SOON = 5
"""Seconds that nothing here takes."""


class Log(list[str]):
    """What was done, and a task that holds the worker until it is let go."""

    def __init__(self) -> None:
        self.running, self.go = Event(), Event()

    def holding(self, check: GoOn) -> None:
        self.running.set()
        assert self.go.wait(SOON)
        check()
        self.append("held")

    def task(self, name: str) -> object:
        return lambda check: self.append(name)


@pytest.fixture
def log() -> Iterator[Log]:
    made = Log()
    yield made
    made.go.set()


@pytest.fixture
def worker(log: Log) -> Worker:
    return Worker(lambda error: log.append(f"{type(error).__name__}: {error}"))


def test_a_task_is_done_on_another_thread(worker: Worker) -> None:
    threads: list[int] = []
    worker.start(lambda check: threads.append(get_ident()))
    worker.wait()
    assert threads != [get_ident()]


def test_the_latest_task_wins(worker: Worker, log: Log) -> None:
    worker.start(log.holding)
    log.running.wait(SOON)
    for name in ("second", "third", "fourth"):
        worker.start(log.task(name))
    log.go.set()
    worker.wait()
    assert log == ["fourth"]


def test_what_is_added_is_done_too(worker: Worker, log: Log) -> None:
    worker.start(log.holding)
    log.running.wait(SOON)
    for name in ("second", "third"):
        worker.add(log.task(name))
    log.go.set()
    worker.wait()
    assert log == ["held", "second", "third"]


def test_a_task_goes_on_while_it_is_wanted(worker: Worker, log: Log) -> None:
    worker.start(log.holding)
    log.go.set()
    worker.wait()
    assert log == ["held"]


def test_starting_does_not_wait_for_what_is_being_done(worker: Worker, log: Log) -> None:
    worker.start(log.holding)
    log.running.wait(SOON)
    worker.start(log.task("second"))
    assert log == []


def test_a_cancelled_task_ends_at_its_next_check(worker: Worker, log: Log) -> None:
    worker.start(log.holding)
    log.running.wait(SOON)
    worker.cancel()
    log.go.set()
    worker.wait()
    assert log == []


def test_a_cancelled_task_that_has_not_begun_never_does(worker: Worker, log: Log) -> None:
    worker.start(log.holding)
    log.running.wait(SOON)
    worker.start(log.task("second"))
    worker.cancel()
    log.go.set()
    worker.wait()
    assert log == []


def test_after_a_cancel_the_next_task_is_done(worker: Worker, log: Log) -> None:
    worker.cancel()
    worker.start(log.task("next"))
    worker.wait()
    assert log == ["next"]


def test_an_error_is_told_and_the_next_task_is_done(worker: Worker, log: Log) -> None:
    def fail(check: GoOn) -> None:
        raise ValueError("no clusters")

    worker.start(fail)
    worker.wait()
    worker.start(log.task("next"))
    worker.wait()
    assert log == ["ValueError: no clusters", "next"]


def test_the_error_of_a_superseded_task_is_not_told(worker: Worker, log: Log) -> None:
    def fail(check: GoOn) -> None:
        log.running.set()
        log.go.wait(SOON)
        raise ValueError("too late")

    worker.start(fail)
    log.running.wait(SOON)
    worker.start(log.task("second"))
    log.go.set()
    worker.wait()
    assert log == ["second"]


def test_waiting_ends_when_there_was_nothing_to_do(worker: Worker) -> None:
    worker.wait()


def test_waiting_includes_what_a_task_starts(worker: Worker, log: Log) -> None:
    worker.start(lambda check: worker.start(log.task("after")))
    worker.wait()
    assert log == ["after"]
