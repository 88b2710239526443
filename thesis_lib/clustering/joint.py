"""One clustering of the points of many images: cluster 7 is the same thing in each of them.

A sample of all points is clustered exactly, and every other point is placed among them by the Nystrom extension, image
by image: time grows with the number of points, memory does not. Reading, sampling and placing are independent tasks
on files, so that they run in this process or on the workers of Dask, which runs those of a lost worker again.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from thesis_lib.clustering.clusters import Clusters
from thesis_lib.clustering.extension import Extension
from thesis_lib.clustering.reduction import Projection
from thesis_lib.clustering.spectral import SpectralClustering

if TYPE_CHECKING:
    from distributed import Client

SAMPLE = 8192
"""Points clustered exactly: their affinity takes 0.3 GB."""
ROWS = 65_536
"""Points of a file in memory at a time."""
PLAIN: list[Any] = [Clusters, Extension, Projection]
"""What a clusters.pt may hold beside tensors."""


@dataclass(frozen=True)
class JointClusters:
    """What was found in all files together."""

    clusters: Clusters
    """Of the sample; its `predict` places further points. Also in clusters.pt of the output folder."""
    labels: list[Path]
    """For each file the .npy of its labels (n_i,), uint8 (uint16 for more than 256 clusters)."""
    counts: np.ndarray
    """(files, k), the points of each cluster in each file."""


def cluster_jointly(
    files: Sequence[str | Path],
    n_clusters: int,
    output: str | Path,
    *,
    sample: int = SAMPLE,
    seed: int = 0,
    client: "Client | None" = None,
    **options: Any,
) -> JointClusters:
    """Cluster the points of many files together, and write the labels of each.

    Args:
        files: .npy of points (n_i, d), float16 or float32, such as the features of a frame; read in parts.
        n_clusters: k.
        output: a folder that workers see under the same path; gets clusters.pt and <file's stem>_labels.npy.
        sample: points clustered exactly, drawn evenly from all.
        client: of a Dask cluster; without, everything happens here.
        options: of `SpectralClustering`.

    Raises:
        ValueError: no files, two of one name, one that is no (n, d) array of floats or has another d, or fewer points
            than clusters. Nothing is written then.
    """
    paths, output = [Path(file).absolute() for file in files], Path(output).absolute()
    sizes = _sizes(paths)
    run = _here if client is None else _on(client)
    share = min(1.0, sample / sum(sizes))
    counts = [min(size, max(1, round(share * size))) for size in sizes]
    tasks = [(path, count, [seed, index]) for index, (path, count) in enumerate(zip(paths, counts, strict=True))]
    drawn = run(_draw, tasks)
    clusters = SpectralClustering(n_clusters, seed=seed, **options)(torch.from_numpy(np.concatenate(drawn)))
    output.mkdir(parents=True, exist_ok=True)
    stored = output / "clusters.pt"
    _write(stored, lambda file: torch.save(clusters, file))
    labels = [output / f"{path.stem}_labels.npy" for path in paths]
    placed = run(_place, [(path, stored, target) for path, target in zip(paths, labels, strict=True)])
    return JointClusters(clusters, labels, np.stack(placed))


def load_clusters(file: str | Path) -> Clusters:
    """A clusters.pt, read without running code that it may hold."""
    with torch.serialization.safe_globals(PLAIN):
        return torch.load(file, map_location="cpu", weights_only=True)


def _sizes(paths: list[Path]) -> list[int]:
    """Points of each file, from the headers alone."""
    if not paths:
        raise ValueError("no files were given to cluster")
    names = [path.stem for path in paths]
    if doubles := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"labels are named after the files, and these names come twice: {', '.join(doubles[:5])}")
    shapes = {}
    for path in paths:
        array = np.load(path, mmap_mode="r")
        if array.ndim != 2 or array.dtype not in (np.float16, np.float32):
            raise ValueError(f"{path} holds {array.dtype} {array.shape}; float16 or float32 (n, d) is needed")
        shapes[path] = array.shape
    if len({shape[1] for shape in shapes.values()}) > 1:
        other = next(path for path in paths if shapes[path][1] != shapes[paths[0]][1])
        raise ValueError(f"{other} has {shapes[other][1]} dimensions, {paths[0]} {shapes[paths[0]][1]}")
    return [shape[0] for shape in shapes.values()]


def _draw(path: Path, count: int, seed: list[int]) -> np.ndarray:
    """Rows (count, d) drawn from a file, in their order."""
    array = np.load(path, mmap_mode="r")
    rows = np.sort(np.random.default_rng(seed).choice(len(array), count, replace=False))
    return array[rows].astype(np.float32)


def _place(path: Path, stored: Path, target: Path) -> np.ndarray:
    """Write the labels of a file; returns how many points each cluster got, (k,)."""
    clusters = _cached_clusters(stored, stored.stat().st_mtime_ns)
    array, k = np.load(path, mmap_mode="r"), clusters.centers.shape[-2]
    try:
        parts = [clusters.predict(_points(array[start : start + ROWS])) for start in range(0, len(array), ROWS)]
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    labels = torch.cat([torch.empty(0, dtype=torch.int64), *parts]).numpy()
    _write(target, lambda file: np.save(file, labels.astype(np.uint8 if k <= 256 else np.uint16)))
    return np.bincount(labels, minlength=k)


@lru_cache(maxsize=1)
def _cached_clusters(file: Path, _written: int) -> Clusters:
    return load_clusters(file)


def _points(rows: np.ndarray) -> Tensor:
    return torch.from_numpy(rows.astype(np.float32))


def _write(path: Path, save: Callable[[Any], object]) -> None:
    """Beside, then in place: a task that is killed leaves no half file under the name."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with partial.open("wb") as file:
            save(file)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _here(task: Callable[..., Any], arguments: Sequence[tuple]) -> list[Any]:
    return [task(*given) for given in arguments]


def _on(client: "Client") -> Callable[[Callable[..., Any], Sequence[tuple]], list[Any]]:
    def run(task: Callable[..., Any], arguments: Sequence[tuple]) -> list[Any]:
        return client.gather([client.submit(_single_threaded, task, *given, pure=False) for given in arguments])

    return run


def _single_threaded(task: Callable[..., Any], *arguments: Any) -> Any:
    """On a worker: there are as many workers as cores."""
    torch.set_num_threads(1)
    return task(*arguments)
