"""Spectral clustering beside what a user could take instead: `make benchmark`.

One process, methods taking turns, medians of REPEATS; each time includes everything from the features to the labels
(reduction, graph, eigenvectors, k-means with 4 restarts). "ours" is the recommended graph of 10 nearest neighbours,
beside scikit-learn's of as many; "ours, full graph" has the affinity of all pairs, beside its "rbf".

Two kinds of points:


    photo     layer-4 features of a photograph by the demo's backbone, 112 dimensions (a ResNet's 2,048 need a download)
    planted   40 overlapping clusters in 2,048 dimensions after a ReLU; here NMI is with the truth

Writes benchmarks/clustering.json and clustering.png, or to --output. A method whose REPEATS would take more than LIMIT
seconds runs once, after its warming up.
"""

import argparse
import json
import os
import platform
import re
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from math import log
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import matplotlib
import numpy as np
import psutil
import torch
from sklearn.cluster import KMeans as SklearnKMeans
from sklearn.cluster import SpectralClustering as SklearnSpectralClustering
from sklearn.datasets import load_sample_image
from sklearn.metrics import normalized_mutual_info_score
from torch import Tensor

from thesis_lib.clustering import KMeans, SpectralClustering, cluster_jointly, original_clusters
from thesis_lib.clustering.eigen import dense_eigenvectors
from thesis_lib.clustering.krylov import krylov_eigenvectors
from thesis_lib.clustering.neighbor_graph import NEIGHBORS, NeighborGraph
from thesis_lib.clustering.reduction import random_pca
from thesis_lib.experiments.loss import segmentation_loss
from thesis_lib.exploration.features import as_points, layer_features, resize_image
from thesis_lib.models import ClusterNet, build_backbone

K, REPEATS, LIMIT = 40, 5, 30.0
SIZES = {512: (128, 256), 2048: (256, 512), 8192: (512, 1024), 32768: (1024, 2048)}
"""Points, and the image whose pixels at stride 8 they are."""
JOINT = (100_000, 300_000, 1_000_000)
"""Points of many files clustered together."""
ALLOWED = 16 * 10**9
"""Bytes that torchcluster may take beyond what the process has."""
OUR_KMEANS = "k-means (ours, 4 restarts)"
DRAWN = (
    "ours",
    "ours, full graph",
    "scikit-learn k-means x1",
    "ncut-pytorch",
    "scikit-learn neighbours, arpack",
    "scikit-learn neighbours, lobpcg",
)
ASKED = {
    (512, "scikit-learn neighbours, arpack"): 4,
    (512, "ncut-pytorch"): 4,
    (2048, "scikit-learn neighbours, arpack"): 4,
    (2048, "scikit-learn neighbours, lobpcg"): 10,
    (2048, "ncut-pytorch"): 5,
    (8192, "scikit-learn neighbours, arpack"): 40,
    (8192, "scikit-learn neighbours, lobpcg"): 30,
    (8192, "ncut-pytorch"): 8,
    (8192, "scikit-learn k-means x1"): 1,
    (32768, "ncut-pytorch"): 2,
}
"""By how much ours is meant to be faster; a row below it says "missed"."""
HERE = Path(__file__).parent
Method = Callable[[Tensor], np.ndarray]


def main() -> None:
    """Print a line for every measurement, and write them all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, nargs="*", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--alone", nargs=2, metavar=("TASK", "POINTS"), help=argparse.SUPPRESS)
    parser.add_argument("--parts", nargs="*", default=list(PARTS), choices=PARTS)
    parser.add_argument("--output", type=Path, default=HERE / "clustering.json")
    given = parser.parse_args()
    if given.alone:
        print(json.dumps({"held": held_alone, "joint": joint_alone}[given.alone[0]](int(given.alone[1]))))
        return
    warnings.filterwarnings("ignore", module="sklearn")
    machine = {"processor": device_name(), "cores": torch.get_num_threads(), "load": os.getloadavg()[0]}
    report = {"date": datetime.now(UTC).date().isoformat(), "machine": machine, "k": K, "repeats": REPEATS}
    for part in given.parts:
        report |= PARTS[part](given.points)
    given.output.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    if "peers" in given.parts:
        draw(report["rows"], given.output.with_suffix(".png"))


def peers(counts: list[int]) -> dict:
    """Ours beside the others, at every number of points."""
    rate = gemm_rate()
    rows = []
    for n in counts:
        for kind, make in (("photo", photo_points), ("planted", planted_points)):
            points, truth = make(n)
            rows += compare(kind, points, truth, floor_seconds(points) / rate)
    return {"gemm_gflops": rate / 1e9, "rows": rows}


def large(_: list[int]) -> dict:
    """Memory at many points, and time and memory at more than can be held."""
    peak = alone("held", 32_768)["gigabytes"]
    print(f"peak memory at 32,768 points: {peak:.2f} GB")
    joint = [alone("joint", n) for n in JOINT]
    exponent = log(joint[-1]["seconds"] / joint[0]["seconds"]) / log(JOINT[-1] / JOINT[0])
    for row in joint:
        print(f"jointly, {row['points']:,} points: {row['seconds']:.1f} s, {row['gigabytes']:.2f} GB")
    print(f"time grows with the power {exponent:.2f} of the points")
    return {"peak_gigabytes_32768": peak, "joint": joint, "joint_exponent": exponent}


def methods(n: int, kind: str) -> dict[str, Method]:
    """What is compared at n points, by name."""

    def ours(points: Tensor) -> np.ndarray:
        return SpectralClustering(K)(points).labels.numpy()

    def sklearn(solver: str, affinity: str) -> Method:
        def run(points: Tensor) -> np.ndarray:
            sample = points[:: max(1, n // 512)]
            gamma = float(1 / (2 * torch.cdist(sample, sample).square().median()))
            options = {"affinity": affinity, "gamma": gamma, "n_neighbors": NEIGHBORS}
            method = SklearnSpectralClustering(K, eigen_solver=solver, n_init=4, random_state=0, **options)
            return method.fit(points.numpy()).labels_

        return run

    found: dict[str, Method] = {
        "ours": ours,
        OUR_KMEANS: lambda points: KMeans(K)(points)[0].numpy(),
        "scikit-learn k-means x1": lambda points: (
            SklearnKMeans(K, n_init=1, random_state=0).fit(points.numpy()).labels_
        ),
        "ncut-pytorch": ncut,
    }
    if n <= 8192:
        found["ours, full graph"] = lambda points: SpectralClustering(K, graph="full")(points).labels.numpy()
        for solver in ("arpack", "lobpcg"):
            found[f"scikit-learn neighbours, {solver}"] = sklearn(solver, "nearest_neighbors")
            found[f"scikit-learn rbf, {solver}"] = sklearn(solver, "rbf")
    if n <= 2048 and kind == "photo":
        found["torchcluster, eig replaced"] = torchcluster
    return found


def ncut(points: Tensor) -> np.ndarray:
    """ncut-pytorch's eigenvectors with its own settings, then k-means as ours."""
    from ncut_pytorch import Ncut

    return KMeans(K)(torch.nn.functional.normalize(Ncut(n_eig=K).fit_transform(points), dim=-1))[0].cpu().numpy()


def torchcluster(points: Tensor) -> np.ndarray:
    """The original thesis' package, with eigh in place of the eig that torch no longer has."""
    import torchcluster as package

    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (psutil.Process().memory_info().vms + ALLOWED, limits[1]))
    try:  # its distances take n^2 d numbers: at the limit it fails by itself, before the kernel ends the process
        return original_clusters(points, K, sigma="median", reduce=None, kmeans=package.zoo.KMeans(K)).labels.numpy()
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)


def compare(kind: str, points: Tensor, truth: np.ndarray | None, floor: float) -> list[dict]:
    """A row for each method on the same points, methods taking turns."""
    n = len(points)
    times: dict[str, list[float]] = {}
    labels, failed = {}, {}
    for turn in range(REPEATS + 1):  # the first warms up
        for name, method in methods(n, kind).items():
            if name in failed or (turn > 1 and times[name][-1] > LIMIT / REPEATS):
                continue
            begin = time.perf_counter()
            try:
                labels[name] = method(points)
            except Exception as error:
                failed[name] = f"{type(error).__name__}: {str(error).splitlines()[0][:120]}"
                continue
            seconds = time.perf_counter() - begin
            times[name] = [*times.get(name, []), seconds] if turn > 1 else [seconds]
    rows = []
    quality = exactness(points)
    for name in methods(n, kind):
        row = {"points": n, "kind": kind, "method": name}
        if name in failed:
            row |= {"failed": failed[name]}
        else:
            low, middle, high = (float(value) for value in np.quantile(times[name], (0.25, 0.5, 0.75)))
            row |= {"seconds": middle, "low": low, "high": high, "runs": len(times[name])}
            row |= {"ours_is_faster": median(times[name]) / median(times["ours"])}
            if (asked := ASKED.get((n, name))) is not None:
                row |= {"asked": asked, "missed": row["ours_is_faster"] < asked}
            if truth is not None:
                row |= {"nmi": float(normalized_mutual_info_score(truth, labels[name]))}
        if name == "ours":
            row |= {"floor": floor, "over_floor": median(times["ours"]) / floor, **quality}
        rows.append(row)
        print(" ".join(f"{key}={value:.3g}" if isinstance(value, float) else str(value) for key, value in row.items()))
    return rows


def exactness(points: Tensor) -> dict:
    """What solved it, its largest residual, and its share of the leading eigenspace of the same graph."""
    found = SpectralClustering(K)(points)
    quality = {"solver": found.solver, "residual": float(found.residuals.max())}
    if len(points) > 2048:
        return quality
    reduced = found.extension.points.double()
    graph = NeighborGraph(reduced, "local", k=K)
    exact = dense_eigenvectors(graph, K).vectors[0]
    return quality | {"captured": float((exact.T @ found.eigenvectors.double()).square().sum() / K)}


def batch_rows(_: list[int]) -> dict:
    """16 images at once against one by one."""
    points = photo_points(512)[0]
    noise = torch.randn(16, *points.shape, generator=torch.Generator().manual_seed(0))
    batch = points + 0.1 * points.std() * noise
    together, alone = in_turns(
        lambda: SpectralClustering(K)(batch), lambda: [SpectralClustering(K)(one) for one in batch]
    )
    row = {"points": 512, "kind": "photo", "method": "batch of 16", "seconds": together, "one_by_one": alone}
    print(f"batch of 16 x 512: {together:.3f} s, one by one {alone:.3f} s: {alone / together:.2f}x")
    return {"batch": row}


def warm_rows(counts: list[int]) -> dict:
    """From the answer before 2 % of noise, against cold: the whole, and the eigenvectors alone."""
    rows = []
    for n in (count for count in counts if count <= 8192):
        points = photo_points(n)[0]
        cluster = SpectralClustering(K)
        first = cluster(points)
        moved = points + 0.02 * points.std() * torch.randn(points.shape, generator=torch.Generator().manual_seed(1))
        warm, cold = in_turns(lambda: cluster(moved, warm_start=first), lambda: cluster(moved))  # noqa: B023
        graph = NeighborGraph(random_pca(moved[None], 64, seed=0)(moved[None]), "local")
        eigen = [partial(krylov_eigenvectors, graph, K, seed=0, start=start) for start in (first.basis[None], None)]
        warm_eigen, cold_eigen = in_turns(*eigen)
        row = {"points": n, "kind": "photo", "method": "warm start", "seconds": warm, "cold": cold}
        rows.append(row | {"eigenvectors": warm_eigen, "eigenvectors_cold": cold_eigen})
        shares = f"{cold / warm:.2f}x, the eigenvectors alone {cold_eigen / warm_eigen:.2f}x"
        print(f"warm start at {n}: {warm:.3f} s, cold {cold:.3f} s: {shares}")
    return {"warm": rows}


def layer_share(_: list[int], crop: int = 713) -> dict:
    """The clustering layer within a training step of ClusterNet-50: on CUDA 16 crops in bfloat16, else 2 in float32.

    Random weights, for those of ImageNet need a download; the images are parts of a photograph.
    """
    device, count = (torch.device("cuda"), 16) if torch.cuda.is_available() else (torch.device("cpu"), 2)
    net = ClusterNet(19, "resnet50").to(device, memory_format=torch.channels_last).train()
    photo = (
        torch.from_numpy(resize_image(load_sample_image("china.jpg"), (crop, 2 * crop))).permute(2, 0, 1) / 127.5 - 1
    )
    images = torch.stack([photo[:, :, start : start + crop] for start in torch.linspace(0, crop, count).int().tolist()])
    images = images.to(device, memory_format=torch.channels_last)
    labels = torch.randint(19, (count, crop, crop), device=device, generator=torch.Generator(device).manual_seed(0))
    layer: list[float] = []
    net.cluster.register_forward_pre_hook(lambda *_: layer.append(now()))
    net.cluster.register_forward_hook(lambda *_: layer.append(now()))

    def step() -> None:
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            logits = net(images)
        sum(segmentation_loss(value, labels) for value in logits.values()).backward()

    (seconds,) = in_turns(step, repeats=3)
    clustering = median(end - begin for begin, end in zip(layer[2::2], layer[3::2], strict=True))
    print(f"clustering layer: {clustering:.2f} of {seconds:.2f} s, {clustering / seconds:.0%} of a training step")
    return {"layer_in_a_training_step": {"crop": crop, "batch": count, "seconds": seconds, "layer_seconds": clustering}}


def gpu_rows(counts: list[int]) -> dict:
    """Ours and ncut-pytorch on the card, with the memory of ours; nothing where there is none."""
    rows = []
    for n in counts if torch.cuda.is_available() else ():
        points = planted_points(n)[0].cuda()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        SpectralClustering(K)(points)
        peak = (torch.cuda.max_memory_allocated() - before) / 1e9
        ours, theirs = in_turns(lambda: SpectralClustering(K)(points), lambda: ncut(points))  # noqa: B023
        rows.append({"points": n, "kind": "planted, GPU", "method": "ours", "seconds": ours, "gigabytes": peak})
        rows.append({"points": n, "kind": "planted, GPU", "method": "ncut-pytorch", "seconds": theirs})
        print(f"GPU, {n:,} points: {1000 * ours:.1f} ms, {peak:.2f} GB; ncut-pytorch {1000 * theirs:.1f} ms")
    return {"gpu": rows}


def now() -> float:
    """Seconds, with the GPU's work done."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def in_turns(*calls: Callable[[], object], repeats: int = REPEATS) -> list[float]:
    """Median seconds of each."""
    times: list[list[float]] = [[] for _ in calls]
    for turn in range(repeats + 1):
        for call, series in zip(calls, times, strict=True):
            begin = now()
            call()
            if turn:
                series.append(now() - begin)
    return [median(series) for series in times]


def photo_points(n: int) -> tuple[Tensor, None]:
    """(n, 112)."""
    backbone = build_backbone("efficientnet_lite0", "imagenet")
    return as_points(layer_features(backbone, load_sample_image("china.jpg"), SIZES[n])[3]).contiguous(), None


def planted_points(n: int) -> tuple[Tensor, np.ndarray]:
    """(n, 2048)."""
    generator = torch.Generator().manual_seed(0)
    truth = torch.arange(n) % K
    centres = torch.randn(K, 2048, generator=generator)
    return (centres[truth] + 1.5 * torch.randn(n, 2048, generator=generator)).relu(), truth.numpy()


def floor_seconds(points: Tensor) -> float:
    """Multiply-adds, times two, that no exact search of neighbours goes without: projection and distances."""
    n, d = points.shape
    return 2.0 * n * (d * 64 + n * 64)


def gemm_rate() -> float:
    """Floating-point operations a second in a float32 product."""
    matrix = torch.randn(2048, 2048)
    return 2 * 2048**3 / in_turns(lambda: matrix @ matrix)[0]


def alone(task: str, n: int) -> dict:
    """A task in a process of its own, whose memory is measured."""
    command = [sys.executable, __file__, "--alone", task, str(n)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


def held_alone(n: int) -> dict:
    """Clustering n points: what it adds to the memory held before."""
    points = planted_points(n)[0]
    SpectralClustering(K)(points[:1024])
    return measured(n, lambda: SpectralClustering(K)(points))


def joint_alone(n: int) -> dict:
    """Clustering n points of 256 dimensions in files of 8,192, as many frames are."""
    generator = torch.Generator().manual_seed(0)
    centres = torch.randn(K, 256, generator=generator)
    with TemporaryDirectory() as folder:
        files = []
        for start in range(0, n, 8192):
            truth = torch.arange(start, min(start + 8192, n)) % K
            points = (centres[truth] + 1.5 * torch.randn(len(truth), 256, generator=generator)).relu()
            files.append(Path(folder) / f"{start:07d}.npy")
            np.save(files[-1], points.half().numpy())
        return measured(n, lambda: cluster_jointly(files, K, Path(folder) / "labels"))


def measured(n: int, call: Callable[[], object]) -> dict:
    """Seconds, and gigabytes that a call adds at its peak."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    before = psutil.Process().memory_info().rss
    begin = time.perf_counter()
    call()
    seconds = time.perf_counter() - begin
    peak = 1024 * int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])
    return {"points": n, "seconds": seconds, "gigabytes": (peak - before) / 1e9}


def device_name() -> str:
    """Of the GPU if there is one, else of the processor."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor() or platform.machine()


PARTS: dict[str, Callable[[list[int]], dict]] = {
    "peers": peers,
    "batch": batch_rows,
    "warm": warm_rows,
    "large": large,
    "layer": layer_share,
    "gpu": gpu_rows,
}


def draw(rows: list[dict], file: Path) -> None:
    """Seconds against points on the photograph, as figure 13 shows them; six methods have a colour there."""
    from thesis_lib.views.clustering_figures import clustering_times  # widgets, which a machine to measure on may lack
    from thesis_lib.views.style import STYLE

    timed = [row for row in rows if row["kind"] == "photo" and "runs" in row and row["method"] in DRAWN]
    series = {
        name: {
            "points": [row["points"] for row in timed if row["method"] == name],
            **{key: [row[key] for row in timed if row["method"] == name] for key in ("seconds", "low", "high")},
        }
        for name in dict.fromkeys(row["method"] for row in timed)
    }
    with matplotlib.rc_context(STYLE):
        clustering_times(series).savefig(file)


if __name__ == "__main__":
    main()
