"""Joint clustering of the points of many images: cluster 7 is the same thing in each of them.

A sample of all points is clustered exactly, and every other point is placed among them by the Nystrom extension, image
by image: time grows with the number of points, memory does not. Reading, sampling and placing are independent tasks
on files, so that they run in this process or on the workers of Dask, which runs those of a lost worker again.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from thesis_lib.clustering.clusters import Clusters
from thesis_lib.clustering.extension import Extension
from thesis_lib.clustering.reduction import Projection
from thesis_lib.clustering.spectral import SpectralClustering
from thesis_lib.files import replacing

if TYPE_CHECKING:
    from distributed import Client

SOLVED = 8192
"""Points clustered exactly: their affinity takes 0.3 GB."""
ROWS = 65_536
"""Points of a file in memory at a time."""
LONGEST = 255 - len("_labels.npy")
"""Bytes of a stem that leave room for what the name of its labels adds."""
PLAIN: list[Any] = [Clusters, Extension, Projection]
"""What a clusters.pt may hold beside tensors."""


@dataclass(frozen=True)
class JointClusters:
    """Result of clustering the points of all files together."""

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
    sample: int = SOLVED,
    seed: int = 0,
    client: "Client | None" = None,
    **options: Any,
) -> JointClusters:
    """Cluster the points of many files together, and write the labels of each.

    Args:
        files: .npy of points (n_i, d), float16, float32 or float64, such as the features of a frame; read in parts.
            One without points gets no labels.
        n_clusters: k.
        output: a folder that workers see under the same path; gets clusters.pt and <file's stem>_labels.npy, its middle
            replaced by a digest where the name would be too long.
        sample: points clustered exactly, at most, drawn evenly from all: of fewer than there are files, from some.
        client: of a Dask cluster; without, everything happens here.
        options: of `SpectralClustering`.

    Raises:
        ValueError: no files, two of one name, one that is no (n, d) array of floats or has another d, fewer points
            (or a smaller sample) than clusters, NaN in the sample. Nothing is written then. NaN elsewhere stops the
            writing of labels at that file.
    """
    paths, output = [Path(file).absolute() for file in files], Path(output).absolute()
    if sample < n_clusters:
        raise ValueError(
            f"a sample of {sample} points cannot have {n_clusters} clusters: sample >= n_clusters is needed"
        )
    sizes = _sizes(paths)
    labels = [output / _label_name(path) for path in paths]
    if overwritten := sorted(set(labels) & set(paths)):
        raise ValueError(f"{overwritten[0]} is given and would be overwritten by labels; choose another output")
    run = _here if client is None else _on(client)
    counts = _shares(sizes, sample)
    tasks = [(path, count, [seed, index]) for index, (path, count) in enumerate(zip(paths, counts, strict=True))]
    drawn = run(_draw, tasks)
    clusters = SpectralClustering(n_clusters, seed=seed, **options)(torch.from_numpy(np.concatenate(drawn)))
    output.mkdir(parents=True, exist_ok=True)
    stored = output / "clusters.pt"
    _write(stored, lambda file: torch.save(clusters, file))
    placed = run(_place, [(path, stored, target) for path, target in zip(paths, labels, strict=True)])
    return JointClusters(clusters, labels, np.stack(placed))


def load_clusters(file: str | Path) -> Clusters:
    """Read the clustering that `cluster_jointly` stored in clusters.pt, without running code that the file may hold."""
    with torch.serialization.safe_globals(PLAIN):
        return torch.load(file, map_location="cpu", weights_only=True)


def _sizes(paths: list[Path]) -> list[int]:
    """Read the number of points of each file from the headers alone."""
    if not paths:
        raise ValueError("no files were given to cluster")
    names = [path.stem for path in paths]
    if doubles := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"labels are named after the files, and these names come twice: {', '.join(doubles[:5])}")
    arrays = [_open(path) for path in paths]
    for path, array in zip(paths, arrays, strict=True):
        if array.shape[1] != arrays[0].shape[1]:
            raise ValueError(f"{path} has {array.shape[1]} dimensions, {paths[0]} {arrays[0].shape[1]}")
    sizes = [len(array) for array in arrays]
    if not sum(sizes):
        raise ValueError(f"none of the {len(paths)} files holds a point ({paths[0]} first): nothing can be clustered")
    return sizes


def _open(path: Path) -> np.ndarray:
    """Open the array (n, d) of a file as a memory map."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:  # a missing file, or one that may not be read, names itself
        raise ValueError(f"{path} is no whole .npy of numbers; save it by numpy.save. ({error})") from error
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{path} is an archive of arrays (.npz); save each by numpy.save")
    if array.ndim != 2 or array.dtype.kind != "f" or array.dtype.itemsize > 8 or not array.shape[1]:
        raise ValueError(f"{path} holds {array.dtype} {array.shape}; float16, float32 or float64 (n, d) is needed")
    return array


def _shares(sizes: list[int], sample: int) -> list[int]:
    """Divide `sample` among the files in proportion to their points; with fewer points, all are drawn."""
    until = np.cumsum([0, *sizes]) * min(1.0, sample / sum(sizes))
    return np.diff(np.floor(until + 0.5).astype(int)).tolist()  # not round(): its halves to even could exceed a file


def _label_name(path: Path) -> str:
    """Name of a file's labels, shortened to what file systems accept."""
    stem = os.fsencode(path.stem)
    if len(stem) > LONGEST:
        return f"{stem[: LONGEST - 20].decode(errors='ignore')}-{hashlib.sha256(stem).hexdigest()[:16]}_labels.npy"
    return f"{path.stem}_labels.npy"


def _draw(path: Path, count: int, seed: list[int]) -> np.ndarray:
    """Draw `count` rows of a file at random, in their order: (count, d)."""
    array = _open(path)
    rows = array[np.sort(np.random.default_rng(seed).choice(len(array), count, replace=False))] if count else array[:0]
    if not np.isfinite(rows).all():
        raise ValueError(f"{path} holds NaN or infinite values: look for a diverged network or an overflow in half")
    return _single(rows)


def _place(path: Path, stored: Path, target: Path) -> np.ndarray:
    """Write the labels of a file; returns how many points each cluster got, (k,)."""
    clusters = _cached_clusters(stored, stored.stat().st_mtime_ns)
    array, k = _open(path), clusters.centers.shape[-2]
    try:
        parts = [
            clusters.predict(torch.from_numpy(_single(array[start : start + ROWS])))
            for start in range(0, len(array), ROWS)
        ]
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    labels = torch.cat([torch.empty(0, dtype=torch.int64), *parts]).numpy()
    _write(target, lambda file: np.save(file, labels.astype(np.uint8 if k <= 256 else np.uint16)))
    return np.bincount(labels, minlength=k)


@lru_cache(maxsize=1)
def _cached_clusters(file: Path, _written: int) -> Clusters:
    return load_clusters(file)


def _single(rows: np.ndarray) -> np.ndarray:
    """Copy rows into memory, as float32 or float64 in native byte order."""
    return rows.astype(np.promote_types(rows.dtype, np.float32))


def _write(path: Path, save: Callable[[Any], object]) -> None:
    with replacing(path) as partial, partial.open("wb") as file:
        save(file)


def _here(task: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
    return [task(*given) for given in arguments]


def _on(client: "Client") -> Callable[[Callable[..., Any], Sequence[tuple[Any, ...]]], list[Any]]:
    def run(task: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
        return client.gather([client.submit(_single_threaded, task, *given, pure=False) for given in arguments])

    return run


def _single_threaded(task: Callable[..., Any], *arguments: Any) -> Any:
    """Limit a worker to one thread, as there are as many workers as cores."""
    torch.set_num_threads(1)
    return task(*arguments)
