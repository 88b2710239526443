import os
import pickle
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from distributed import Client, LocalCluster
from sklearn.metrics import adjusted_rand_score

from thesis_lib.clustering import SpectralClustering, cluster_jointly, joint, load_clusters

K = 5


@pytest.fixture
def files(tmp_path: Path, random: np.random.Generator) -> list[Path]:
    """Twelve "images" of 600 to 700 points around five centres, of which each image lacks one."""
    found = []
    for index in range(12):
        truth = random.choice([name for name in range(K) if name != index % K], 600 + random.integers(100))
        points = random.normal(size=(len(truth), 8)) + 9 * np.eye(K, 8)[truth]
        found.append(tmp_path / f"image{index}.npy")
        np.save(found[-1], points.astype(np.float16))
        np.save(tmp_path / f"truth{index}.npy", truth)
    return found


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as running:
        yield running


def truths(files: list[Path]) -> list[np.ndarray]:
    return [np.load(file.with_name(file.name.replace("image", "truth"))) for file in files]


def test_a_cluster_is_the_same_thing_in_every_image(files: list[Path], tmp_path: Path) -> None:
    found = cluster_jointly(files, K, tmp_path / "out", sample=1500)
    labels = [np.load(file) for file in found.labels]
    assert adjusted_rand_score(np.concatenate(truths(files)), np.concatenate(labels)) == 1
    assert [len(part) for part in labels] == [len(part) for part in truths(files)]
    np.testing.assert_array_equal(found.counts, [np.bincount(part, minlength=K) for part in labels])
    assert (found.counts == 0).sum() == 12  # what an image lacks is not found in it
    assert labels[0].dtype == np.uint8


def test_a_sample_of_everything_is_the_clustering_itself(files: list[Path], tmp_path: Path) -> None:
    found = cluster_jointly(files[:2], K, tmp_path / "out", sample=10**6)
    points = torch.from_numpy(np.concatenate([np.load(file) for file in files[:2]])).float()
    labels = np.concatenate([np.load(file) for file in found.labels])
    assert adjusted_rand_score(SpectralClustering(K)(points).labels, labels) == 1


def test_files_are_read_in_parts(files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = cluster_jointly(files[:3], K, tmp_path / "whole")
    monkeypatch.setattr(joint, "ROWS", 97)
    parts = cluster_jointly(files[:3], K, tmp_path / "parts")
    for ours, theirs in zip(whole.labels, parts.labels, strict=True):
        np.testing.assert_array_equal(np.load(ours), np.load(theirs))


def test_what_is_stored_places_further_points(files: list[Path], tmp_path: Path) -> None:
    found = cluster_jointly(files[:6], K, tmp_path / "out")
    unseen = torch.from_numpy(np.load(files[7])).float()
    assert adjusted_rand_score(truths(files)[7], load_clusters(tmp_path / "out" / "clusters.pt").predict(unseen)) == 1
    assert torch.equal(load_clusters(tmp_path / "out" / "clusters.pt").labels, found.clusters.labels)


def test_workers_of_dask_find_the_same(files: list[Path], tmp_path: Path, cluster: LocalCluster) -> None:
    here = cluster_jointly(files, K, tmp_path / "here")
    with Client(cluster) as client:
        there = cluster_jointly(files, K, tmp_path / "there", client=client)
    np.testing.assert_array_equal(here.counts, there.counts)


@pytest.mark.full
def test_a_lost_worker_loses_nothing(
    files: list[Path], tmp_path: Path, cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = cluster_jointly(files, K, tmp_path / "here")
    monkeypatch.setattr(joint, "_place", _place_and_lose_a_worker)
    with Client(cluster) as client:
        there = cluster_jointly(files, K, tmp_path / "there", client=client)
    assert (tmp_path / "lost").exists()
    np.testing.assert_array_equal(here.counts, there.counts)


def _place_and_lose_a_worker(path: Path, stored: Path, target: Path, place: object = joint._place) -> np.ndarray:
    """The first time, the process that runs this is killed, as by the kernel when memory is short."""
    if path.stem == "image4":
        lost = stored.parent.parent / "lost"
        if not lost.exists():
            lost.write_text(str(time.time()))
            os.kill(os.getpid(), signal.SIGKILL)
    return place(path, stored, target)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, "no files"),
        ({"a": np.zeros((9, 2), np.float32), "b": np.zeros((9, 3), np.float32)}, "b.npy has 3 dimensions, .*a.npy 2"),
        ({"a": np.zeros((9, 2), np.uint8)}, "a.npy holds uint8"),
        ({"a": np.zeros(9, np.float32)}, r"float32 \(9,\); float16, float32 or float64 \(n, d\)"),
        ({"a": np.zeros((2, 9, 3), np.float32)}, r"a.npy holds float32 \(2, 9, 3\)"),
        ({"a": np.zeros((9, 0), np.float32)}, r"a.npy holds float32 \(9, 0\)"),
        ({"a": np.zeros((9, 2), np.complex64)}, "a.npy holds complex64"),
        ({"a": np.zeros((9, 2), object)}, "a.npy is no whole .npy of numbers"),
        ({"a": np.zeros((0, 2)), "b": np.zeros((0, 2))}, "none of the 2 files holds a point .*a.npy"),
        ({"a": np.zeros((3, 2), np.float32)}, "5 clusters were asked of 3 points"),
    ],
)
def test_files_that_cannot_be_clustered_are_named(arrays: dict[str, np.ndarray], message: str, tmp_path: Path) -> None:
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array)
    with pytest.raises(ValueError, match=message):
        cluster_jointly([tmp_path / f"{name}.npy" for name in arrays], K, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_two_files_of_one_name_are_refused(files: list[Path], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="twice: image0"):
        cluster_jointly([files[0], files[0]], K, tmp_path / "out")


@pytest.mark.parametrize("empty", [[0], [3], [11], [0, 1, 2, 10, 11]])
def test_an_empty_file_gets_empty_labels(files: list[Path], tmp_path: Path, empty: list[int]) -> None:
    for index in empty:
        np.save(files[index], np.zeros((0, 8), np.float32))
    found = cluster_jointly(files, K, tmp_path / "out")
    for index in empty:
        assert np.load(found.labels[index]).shape == (0,)
        assert found.counts[index].sum() == 0
    assert found.counts.sum() == sum(len(np.load(file)) for file in files)


def test_damaged_files_are_named_and_no_pickle_is_opened(files: list[Path], tmp_path: Path) -> None:
    whole = files[1].read_bytes()
    for damage in (whole[:-50], whole[:40], b"", b"text", pickle.dumps([1.0])):
        files[1].write_bytes(damage)
        with pytest.raises(ValueError, match=r"image1\.npy is no whole \.npy"):
            cluster_jointly(files, K, tmp_path / "out")
    np.savez(tmp_path / "archive.npz", np.zeros((9, 8)))
    with pytest.raises(ValueError, match=r"archive\.npz is an archive"):
        cluster_jointly([files[0], tmp_path / "archive.npz"], K, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("sample", [K, 7, 11, 100, 8191, 10**6])
def test_a_sample_is_as_large_as_was_asked_however_many_files_there_are(
    files: list[Path], tmp_path: Path, sample: int
) -> None:
    found = cluster_jointly(files, K, tmp_path / "out", sample=sample)
    total = sum(len(part) for part in truths(files))
    assert found.clusters.labels.shape == (min(sample, total),)
    assert found.counts.sum() == total


def test_a_sample_smaller_than_the_clusters_is_refused(files: list[Path], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a sample of 4 points cannot have 5 clusters"):
        cluster_jointly(files, K, tmp_path / "out", sample=K - 1)


@pytest.mark.parametrize(("sizes", "sample"), [([1, 1, 1, 1], 2), ([3, 0, 5, 1], 4), ([1] * 9, 9), ([2, 7, 1], 50)])
def test_no_file_gives_more_points_than_it_has(sizes: list[int], sample: int) -> None:
    shares = joint._shares(sizes, sample)
    assert sum(shares) == min(sample, sum(sizes))
    assert all(0 <= share <= size for share, size in zip(shares, sizes, strict=True))


@pytest.mark.parametrize("dtype", [">f4", "<f8", ">f8"])
def test_floats_of_any_size_and_order_are_read_to_their_last_digit(
    files: list[Path], tmp_path: Path, dtype: str
) -> None:
    for file in files[:3]:
        np.save(file, (np.load(file).astype(np.float64) + (5e6 if "8" in dtype else 0)).astype(dtype))
    labels = [np.load(file) for file in cluster_jointly(files[:3], K, tmp_path / "out").labels]
    assert adjusted_rand_score(np.concatenate(truths(files[:3])), np.concatenate(labels)) == 1


@pytest.mark.parametrize("length", [200, 244, 245, 250, 251])
def test_long_names_are_taken(files: list[Path], tmp_path: Path, length: int) -> None:
    long = [files[index].rename(tmp_path / f"{'ü' * 60}{'n' * (length - 121)}{index}.npy") for index in range(2)]
    found = cluster_jointly(long, K, tmp_path / "out")
    assert len(set(found.labels)) == 2
    assert all(file.exists() for file in found.labels)
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"clusters.pt", *(f.name for f in found.labels)}


def test_labels_overwrite_no_points(files: list[Path], tmp_path: Path) -> None:
    other = files[1].rename(tmp_path / "image0_labels.npy")
    with pytest.raises(ValueError, match=r"image0_labels\.npy is given and would be overwritten"):
        cluster_jointly([files[0], other], K, tmp_path)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_file_that_is_not_finite_is_named(files: list[Path], tmp_path: Path, bad: float) -> None:
    points = np.load(files[2])
    points[::50] = bad
    np.save(files[2], points)
    with pytest.raises(ValueError, match=r"image2\.npy holds NaN or infinite"):
        cluster_jointly(files, K, tmp_path / "all")
    assert not (tmp_path / "all").exists()
    with pytest.raises(ValueError, match=r"image2\.npy: .* NaN"):
        cluster_jointly(files, K, tmp_path / "few", sample=24, seed=1)


def test_the_seed_draws_and_clusters(files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clusters are those of the rows that were drawn, no row twice, by the seed that was given."""
    drawn, draw = [], joint._draw
    monkeypatch.setattr(joint, "_draw", lambda *given: (drawn.append(draw(*given)), drawn[-1])[1])
    found = cluster_jointly(files, K, tmp_path / "labels", sample=300, seed=5)
    rows = np.concatenate(drawn)
    assert len(np.unique(rows, axis=0)) == len(rows) == 300
    expected = SpectralClustering(K, seed=5)(torch.from_numpy(rows))
    assert torch.equal(found.clusters.labels, expected.labels)
    assert found.clusters.seed == 5
    again = cluster_jointly(files, K, tmp_path / "labels", sample=300, seed=6)
    assert not np.array_equal(np.concatenate(drawn[len(files) :]), rows)
    assert again.clusters.seed == 6
