"""Write what was measured into README.md and docs/: `python benchmarks/tables.py`.

Between the comments `<!-- NAME -->` and `<!-- end -->` stands what a function of that name makes of the committed JSON.
A test fails where a document and the measurements differ.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from thesis_lib.experiments import load_profile
from thesis_lib.experiments.variants import variants

PROJECT = Path(__file__).resolve().parent.parent
DOCUMENTS = (PROJECT / "README.md", *(PROJECT / "docs" / name for name in ("benchmarks.md", "cityscapes.md")))
PEERS = (
    "ours, full graph",
    "scikit-learn neighbours, arpack",
    "scikit-learn neighbours, lobpcg",
    "ncut-pytorch",
    "scikit-learn k-means x1",
)
ALIKE = 0.01
"""Of mIoU: what one training cannot tell apart (docs/benchmarks.md)."""


def main() -> None:
    for document in DOCUMENTS:
        document.write_text(filled(document.read_text(encoding="utf-8")), encoding="utf-8")
        print(f"{document.relative_to(PROJECT)} holds the committed measurements")


def filled(text: str) -> str:
    """A document with what is measured today in its places."""
    return re.sub(
        r"(<!-- (\w+) -->\n).*?(<!-- end -->)",
        lambda found: f"{found[1]}\n{PLACES[found[2]]()}\n\n{found[3]}",
        text,
        flags=re.DOTALL,
    )


def read(name: str) -> dict[str, Any]:
    """A committed measurement."""
    return json.loads((PROJECT / "benchmarks" / f"{name}.json").read_text(encoding="utf-8"))


def table(head: list[str], rows: list[list[str]]) -> str:
    """In Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def came_out() -> str:
    """What the demo's figures and the comparison of clusters say, in three lines."""
    miou, clusters = read("budgets-demo")["miou"], read("clusters_and_labels")
    best, means = (_agreement(clusters, method) for method in ("recommended", "k-means"))
    frames = clusters["data"]["frames"]
    difference = miou["ClusterNet"] - miou["PSPNet"]
    verdict = (
        "no difference that one training could show"
        if abs(difference) < ALIKE
        else f"{abs(difference):.2f} {'more' if difference > 0 else 'less'}"
    )
    return "\n".join(
        [
            f"- Clusters of layer-4 features (k = 20) agree with the labels of {frames} streets by {best['nmi']:.2f}",
            f"  NMI on the graph of neighbours, k-means' by {means['nmi']:.2f}: "
            f"{_wins(best['frames_above_kmeans'], frames)}.",
            f"- The demo's PSPNet reaches a mean IoU of {miou['PSPNet']:.2f} on streets of other cities, its",
            f"  ClusterNet {miou['ClusterNet']:.2f}: {verdict}.",
            "- On Cityscapes itself nothing has been trained to its end here; one command does it.",
        ]
    )


def _agreement(report: dict[str, Any], method: str) -> dict[str, Any]:
    wanted = (method, 4, [512, 1024], 20)
    return next(r for r in report["rows"] if (r["method"], r["layer"], r["size"], r["k"]) == wanted)


def _wins(above: int, frames: int) -> str:
    return "better on every frame" if above == frames else f"better on {above} of {frames} frames"


def commands() -> str:
    """What the two commands take."""
    report = read("budgets-demo")
    first, second = report["first"], report["second"]
    return (
        f"Measured in a fresh clone on {report['date']} ({report['machine']['cores']} cores, no GPU): the environment "
        f"{report['environment']['seconds']:.0f} s with its packages in uv's cache, `make figures` "
        f"{first['seconds'] / 60:.0f} minutes and {first['peak_gigabytes']:.1f} GB of memory, "
        f"{_short(second['seconds'])} when nothing has changed."
    )


def _short(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 0.1 else "less than 0.1 s"


def clustering() -> str:
    """Seconds of ours, and the others as multiples of it."""
    report = read("clustering")
    rows = []
    for points, kind in dict.fromkeys((row["points"], row["kind"]) for row in report["rows"]):
        here = {row["method"]: row for row in report["rows"] if (row["points"], row["kind"]) == (points, kind)}
        cells = [_multiple(here.get(name)) for name in PEERS]
        rows.append([f"{kind}, {points:,}", f"{here['ours']['seconds']:.3f} s", *cells])
    names = [name.removeprefix("scikit-learn ") if "k-means" in name else name for name in PEERS]
    note = (
        f"{report['date']}, {report['machine']['cores']} cores, load {report['machine'].get('load', 0):.1f} at the "
        f"start, k = {report['k']}, medians of {report['repeats']}; the others as multiples of ours."
    )
    return f"{note}\n\n{table(['points', 'ours', *names], rows)}\n\n{_large(report)}"


def _multiple(row: dict[str, Any] | None) -> str:
    if row is None or row.get("ours_is_faster") is None:
        return "-"
    return f"{row['ours_is_faster']:.2g}"


def _large(report: dict[str, Any]) -> str:
    last, layer = report["joint"][-1], report["layer_in_a_training_step"]
    return (
        f"32,768 points take {report['peak_gigabytes_32768']:.1f} GB at most. {last['points']:,} points in files, "
        f"jointly, take {last['seconds']:.0f} s and {last['gigabytes']:.2f} GB; time scales as "
        f"n^{report['joint_exponent']:.2f}. "
        f"In a training step of ClusterNet-50 ({layer['batch']} crops of {layer['crop']}) the layer takes "
        f"{layer['layer_seconds'] / layer['seconds']:.0%} of the time."
    )


def gpu() -> str:
    """Seconds on the GPU that was at hand."""
    report = read("clustering-gpu")
    by_points: dict[int, dict[str, Any]] = {}
    for row in report["gpu"]:
        by_points.setdefault(row["points"], {})[row["method"]] = row
    rows = [[f"{n:,}", *(f"{here[name]['seconds']:.3f} s" for name in here)] for n, here in by_points.items()]
    layer = report["layer_in_a_training_step"]
    share = f"{layer['layer_seconds'] / layer['seconds']:.0%}"
    return (
        f"{report['machine']['processor']}, {report['date']}; in a training step of ClusterNet-50 ({layer['batch']} "
        f"crops of {layer['crop']}) the layer took {share}.\n\n"
        + table(["points", *next(iter(by_points.values()))], rows)
    )


def busy() -> str:
    """Steps beside busy processes, as multiples of the quiet step."""
    report = read("busy")
    here = {(row["beside"], row["policy"]): row["seconds"] for row in report["rows"]}
    quiet = here[0, "ours"]
    head = ["step", "quiet", *(f"beside {count}" for count, policy in here if policy == "ours" and count)]
    rows = []
    for step, alone in quiet.items():
        cells = [
            f"{found[step] / alone:.1f} ({here[count, 'active'][step] / alone:.1f})"
            for (count, policy), found in here.items()
            if policy == "ours" and count
        ]
        rows.append([step, f"{alone:.2f} s ({here[0, 'active'][step]:.2f} s)", *cells])
    note = (
        f"{report['date']}, {report['machine']['cores']} cores; beside so many processes that never rest, as multiples "
        "of the quiet time. In brackets with threads that spin while they wait, which is OpenMP's own choice."
    )
    return f"{note}\n\n{table(head, rows)}"


def hours() -> str:
    """What the thesis's trainings take on the GPU that was at hand, reckoned from one step."""
    report, profile = read("clustering-gpu"), load_profile("cityscapes")
    step, workers = report["layer_in_a_training_step"], read("training")["loader"]["ours"] / 2
    clusternet, batch = step["seconds"], profile.training.batch_size
    pspnet = clusternet - step["layer_seconds"]
    steps = profile.data.train // batch
    whole = profile.training.epochs * steps * pspnet / 3600
    names, seeds = [variant.name for variant in variants(profile)], len(profile.study.seeds)
    study = seeds * profile.study.epochs * steps * (pspnet + (len(names) - 1) * clusternet) / 3600
    return "\n".join(
        [
            f"Reckoned from one step (forward and backward, {step['batch']} crops of {step['crop']} in bfloat16, "
            f"{report['date']}) on an",
            f"{report['machine']['processor']}: PSPNet-50 {pspnet:.2f} s, ClusterNet-50 {clusternet:.2f} s; "
            f"{steps} steps an epoch.",
            f"The PSPNet's {profile.training.epochs} epochs take {whole:.1f} hours, the study's {len(names)} variants "
            f"with {seeds} seeds and {profile.study.epochs} epochs each {study:.0f}, each variant",
            "taken to cost what ClusterNet does. A step asks for "
            f"{batch / pspnet:.0f} crops a second, and a worker of the loader gives {workers:.0f} on the",
            f"machine that was measured: {batch / pspnet / workers:.0f} of them keep a GPU busy.",
        ]
    )


def training() -> str:
    """Loader, step and scoring."""
    report = read("training")
    loader, step, scoring = report["loader"], report["step"], report["scoring"]
    return "\n".join(
        [
            f"{report['date']}, {report['machine']['cores']} cores.\n",
            f"- Crops of 713 are decoded and augmented {loader['ours_over_torchvision']:.1f} times as fast as by "
            f"torchvision's `Cityscapes` with its v2 transforms ({loader['ours']:.0f} a second on two workers; "
            f"decoding alone {loader['decoding alone']:.0f}).",
            f"- A training step of PSPNet-50 does {step['ours_over_deeplab_per_gflop']:.2f} of the GFLOP a second of "
            "torchvision's deeplabv3_resnet50.",
            f"- Counting a frame's scores takes {scoring['share']:.1%} of predicting it.",
        ]
    )


def inspector() -> str:
    """Milliseconds from an input to changed pixels."""
    report = read("inspector")
    rows = [[row["step"], f"{row['median_ms']:.0f}", f"{row['p95_ms']:.0f}"] for row in report["rows"]]
    note = (
        f"{report['date']}, {report['machine']['cores']} cores, chromium; milliseconds from an input to changed pixels."
    )
    return f"{note}\n\n{table(['step', 'median', '95th percentile'], rows)}"


PLACES: dict[str, Callable[[], str]] = {
    place.__name__: place for place in (came_out, commands, clustering, gpu, busy, hours, training, inspector)
}

if __name__ == "__main__":
    main()
