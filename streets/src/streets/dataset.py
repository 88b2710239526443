"""A whole data set of synthetic streets, painted by several processes."""

from __future__ import annotations

import multiprocessing
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

import cv2
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from streets.compose.frame import check_scene, paint_scene
from streets.errors import StreetsError
from streets.files import frame_name, save_frame
from streets.paint.tiles import warm_up

Job = tuple[Path, str, int, tuple[int, int], int]
"""root, split, index, size, seed."""


def write_scenes(
    root: str | os.PathLike[str],
    *,
    train: int = 8,
    val: int = 4,
    size: tuple[int, int] = (1024, 2048),
    seed: int = 0,
    workers: int | None = None,
    progress: bool = True,
) -> list[str]:
    """Write synthetic streets in Cityscapes' layout: leftImg8bit/ and gtFine/ with train and val.

    A frame's bytes depend on (seed, split, index, size) alone. Files of the same name are replaced.

    Args:
        root: Folder of the data set; made if it is missing.
        train: Frames for training. From 4 on, all 19 classes are among them.
        val: Frames for validation, of other towns and other scenes; the same holds.
        size: Height and width in pixels, 24 x 48 to 1024 x 2048; the scene is the same at every size.
        seed: Another seed, another data set.
        workers: Processes; by default one per available core.
        progress: Whether to show a bar, which a terminal alone does.

    Returns:
        The frames' names, train first, as in "silbertal_000000_000019".

    Raises:
        ValueError: for counts, sizes, seeds or workers that make no sense.
        StreetsError: if the files cannot be written.
    """
    _check(train, val, workers)
    check_scene(size=size, seed=seed, split="train", index=0)
    folder, size = Path(root), (size[0], size[1])
    counts = (("train", train), ("val", val))
    jobs = [(folder, split, k, size, seed) for split, count in counts for k in range(count)]
    run = _run_here if (workers or _cores()) == 1 or len(jobs) == 1 else _run_beside
    with _one_thread(), _bar(len(jobs), shown=progress) as step:
        for _ in run(jobs, min(workers or _cores(), len(jobs))):
            step()
    return [frame_name(split, index) for _, split, index, _, _ in jobs]


def _check(train: int, val: int, workers: int | None) -> None:
    for name, value, least in (("train", train, 0), ("val", val, 0), ("workers", workers, 1)):
        if value is None and name == "workers":
            continue
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ValueError(f"{name}={value!r}: expected a whole number, {least} or more.")
    if train + val == 0:
        raise ValueError("train=0, val=0: there is nothing to write; ask for at least one frame.")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _one_thread() -> Iterator[None]:
    """OpenCV without threads: processes share the cores already, and a fork must not copy a running pool."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


@contextmanager
def _bar(total: int, *, shown: bool) -> Iterator[Callable[[], None]]:
    console = Console(stderr=True)
    columns = (TextColumn("painting streets"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not (shown and console.is_terminal)) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)


def _paint(job: Job) -> None:
    """One frame from plan to files; runs in a worker."""
    root, split, index, size, seed = job
    cv2.setNumThreads(1)
    frame = paint_scene(size=size, seed=seed, split=split, index=index)
    save_frame(root, split, frame_name(split, index), frame)


def _run_here(jobs: list[Job], _: int) -> Iterator[None]:
    for job in jobs:
        _paint(job)
        yield


def _run_beside(jobs: list[Job], workers: int) -> Iterator[None]:
    """Paint in worker processes; the first error stops the rest."""
    with _pool(workers) as pool:
        futures = _submit(pool, jobs)
        try:
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool as error:
            _sweep(jobs)
            raise StreetsError(
                "a painting process was killed, most likely for want of memory.\n"
                f"Ask for fewer than {workers} workers; workers=1 paints in this process."
            ) from error
        finally:
            for future in futures:
                future.cancel()


def _pool(workers: int) -> ProcessPoolExecutor:
    """Forked workers on Linux: they share the textures made here and need no importable __main__."""
    if sys.platform != "linux":
        return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
    warm_up()
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("fork"))


def _submit(pool: ProcessPoolExecutor, jobs: list[Job]) -> list[Future[None]]:
    with warnings.catch_warnings():
        # A fork beside other threads is unsafe where the child takes their locks; these children run
        # NumPy, OpenCV (whose pool is stopped by _one_thread) and Pillow only.
        warnings.filterwarnings("ignore", message=".*fork.*", category=DeprecationWarning)
        return [pool.submit(_paint, job) for job in jobs]


def _sweep(jobs: list[Job]) -> None:
    """Remove the drafts of killed workers."""
    for root, split, index, _, _ in jobs:
        name = frame_name(split, index)
        for draft in root.glob(f"*/{split}/{name.split('_')[0]}/.{name}_*.tmp"):
            draft.unlink(missing_ok=True)
