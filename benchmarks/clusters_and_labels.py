"""Which clustering of a feature map agrees best with the labels: every method, k, layer and size, frame by frame.

    .venv/bin/python benchmarks/clusters_and_labels.py                       # the demo's validation streets
    .venv/bin/python benchmarks/clusters_and_labels.py --root cityscapes_dataset --split val --frames 9

Of each: normalised mutual information with the classes, the mIoU and the purity that come out when every cluster is
given its majority class, means over the frames; and the difference of NMI to k-means, with the number of frames on
which it is above 0. Of photographs, which have no labels, how far two seeds agree (NMI). Writes
clusters_and_labels.json beside this file and its tables into docs/clustering.md, or only JSON to --output; --tables
writes the tables of the JSON that is there, without measuring.
"""

import argparse
import json
import os
import time
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np
import torch
from clustering import device_name
from rich.console import Console
from sklearn.datasets import load_sample_image
from sklearn.metrics import normalized_mutual_info_score

from thesis_lib.clustering import SpectralClustering
from thesis_lib.clustering.spectral import PRESETS
from thesis_lib.data import Cityscapes
from thesis_lib.experiments import load_profile
from thesis_lib.experiments.dataset import provide_dataset
from thesis_lib.exploration.agreement import Agreement, agreement, clustering_choices
from thesis_lib.exploration.features import LAYERS, as_points, layer_features
from thesis_lib.models import build_backbone
from thesis_lib.models.backbones import Backbone

SIZES = ((256, 512), (512, 1024))
KS = (20, 40)
NEIGHBORS = (5, 7, 15, 20, 40)
"""Beside those that are recommended."""
FULL_UP_TO = 16_384
"""Points up to which the full graph is tried: more would take minutes a frame."""
PHOTOS = ("china.jpg", "flower.jpg")
CONTROL = "k-means"
RESULTS = Path(__file__).with_suffix(".json")
DOCUMENT = Path(__file__).parents[1] / "docs" / "clustering.md"
BEGIN, END = "<!-- tables by benchmarks/clusters_and_labels.py -->", "<!-- end of tables -->"


def main() -> None:
    """Measure what is asked, print a table for each layer and size, and write it all."""
    asked = arguments()
    if asked.tables:
        write_tables(json.loads(RESULTS.read_text(encoding="utf-8")))
        return
    profile = load_profile("demo")
    if not asked.root:
        provide_dataset(profile, Path())
    frames = Cityscapes(asked.root or profile.dataset, asked.split, limit=asked.frames)
    backbone = build_backbone(asked.backbone, asked.weights).to(asked.device)
    rows = [row for size in SIZES for row in measure(backbone, frames, size, asked.layers)]
    report = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {"processor": device_name(), "threads": torch.get_num_threads(), "load": os.getloadavg()[0]},
        "data": {"root": asked.root or "the demo's streets", "split": asked.split, "frames": len(frames)},
        "backbone": asked.backbone,
        "rows": rows,
        "photographs": [] if asked.no_photos else photographs(backbone),
    }
    show(rows)
    asked.output.write_text(json.dumps(report, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    if asked.output == RESULTS:
        write_tables(report)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", default="", help="a data set in the Cityscapes layout; without, the demo's streets")
    parser.add_argument("--split", default="val")
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--layers", type=int, nargs="+", default=LAYERS, choices=LAYERS)
    parser.add_argument("--backbone", default="efficientnet_lite0")
    parser.add_argument("--weights", default="imagenet")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--no-photos", action="store_true", help="leave out the photographs")
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("--tables", action="store_true", help="only write the tables of docs/clustering.md again")
    return parser.parse_args()


def measure(backbone: Backbone, frames: Cityscapes, size: tuple[int, int], layers: list[int]) -> list[dict[str, Any]]:
    """A row for each layer, method and k at one size of the picture."""
    choices = clustering_choices(NEIGHBORS)
    found: dict[tuple[int, str, int], list[Agreement]] = {}
    seconds: dict[tuple[int, str], list[float]] = {}
    for index in range(len(frames)):
        image, classes = frames.read(index)
        maps = layer_features(backbone, image.permute(1, 2, 0).numpy(), size, layers=layers)
        for (layer, map_), (name, label) in product(zip(layers, maps, strict=True), choices.items()):
            if map_[0].numel() > FULL_UP_TO and ("full" in name or name == "faithful"):
                continue
            begin = time.perf_counter()
            labels = label(map_, KS)
            seconds.setdefault((layer, name), []).append(time.perf_counter() - begin)
            for k, one in zip(KS, labels, strict=True):
                found.setdefault((layer, name, k), []).append(agreement(one, classes.numpy()))
        print(f"{size[0]} x {size[1]}: frame {index + 1} of {len(frames)}", flush=True)
    return [
        row(layer, name, k, size, values, found[layer, CONTROL, k], median(seconds[layer, name]))
        for (layer, name, k), values in found.items()
    ]


def row(
    layer: int, name: str, k: int, size: tuple[int, int], values: list[Agreement], control: list[Agreement], took: float
) -> dict[str, Any]:
    better = [one.nmi - other.nmi for one, other in zip(values, control, strict=True)]
    means = {key: round(mean(getattr(one, key) for one in values), 4) for key in Agreement._fields}
    against = {"nmi_above_kmeans": round(mean(better), 4), "frames_above_kmeans": sum(value > 0 for value in better)}
    return {"size": size, "layer": layer, "method": name, "k": k, **means, **against, "seconds": round(took, 3)}


def photographs(backbone: Backbone) -> list[dict[str, Any]]:
    """How far the clusters of two seeds agree, by the number of neighbours."""
    rows = []
    for name, size, count in product(PHOTOS, SIZES, sorted((*NEIGHBORS, PRESETS["recommended"]["neighbors"]))):
        points = as_points(layer_features(backbone, load_sample_image(name), size, layers=[4])[0])
        found = [SpectralClustering(KS[0], neighbors=count, seed=seed)(points).labels.cpu() for seed in range(4)]
        pairs = [normalized_mutual_info_score(found[0], other) for other in found[1:]]
        rows.append({"photo": name, "size": size, "neighbors": count, "seeds_agree": round(float(np.mean(pairs)), 4)})
    return rows


def write_tables(report: dict[str, Any]) -> None:
    """Put the tables of a report between their marks in the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    DOCUMENT.write_text(before + BEGIN + "\n\n" + tables(report) + "\n" + END + rest.split(END)[1], encoding="utf-8")


def tables(report: dict[str, Any]) -> str:
    """Markdown: a table for each layer, methods by size and k; and one of the photographs."""
    data, machine = report["data"], report["machine"]
    parts = [
        f"{data['frames']} frames of {data['root']} ({data['split']}), {machine['processor']}, {report['date']}.\n"
    ]
    columns = [(tuple(size), k) for size, k in product(SIZES, KS)]
    for layer in dict.fromkeys(row["layer"] for row in report["rows"]):
        cells = {(row["method"], tuple(row["size"]), row["k"]): row for row in report["rows"] if row["layer"] == layer}
        heads = [f"{size[0]} x {size[1]}, k = {k}" for size, k in columns]
        parts.append(f"\n### Layer {layer}\n\n| | {' | '.join(heads)} |\n|---|{'---|' * len(heads)}\n")
        for name in dict.fromkeys(name for name, *_ in cells):
            found = [cells.get((name, *column)) for column in columns]
            shown = [
                f"{row['nmi']:.3f} / {row['miou']:.3f} ({row['frames_above_kmeans']})" if row else "-" for row in found
            ]
            parts.append(f"| {name} | {' | '.join(shown)} |\n")
    counts = sorted({row["neighbors"] for row in report["photographs"]})
    if counts:
        parts.append(f"\n### Photographs\n\n| | {' | '.join(map(str, counts))} |\n|---|{'---|' * len(counts)}\n")
    agree = {(row["photo"], tuple(row["size"]), row["neighbors"]): row["seeds_agree"] for row in report["photographs"]}
    for photo, size in dict.fromkeys((photo, size) for photo, size, _ in agree):
        values = " | ".join(f"{agree[photo, size, count]:.2f}" for count in counts)
        parts.append(f"| {photo}, {size[0]} x {size[1]} | {values} |\n")
    return "".join(parts)


def show(rows: list[dict[str, Any]]) -> None:
    """A table for each size and layer: NMI / mIoU by method and k."""
    console = Console(markup=False)
    for size, layer in dict.fromkeys((row["size"], row["layer"]) for row in rows):
        here = [row for row in rows if (row["size"], row["layer"]) == (size, layer)]
        console.print(f"\nlayer {layer} of {size[0]} x {size[1]}: NMI / mIoU, frames above {CONTROL} in NMI")
        for name in dict.fromkeys(row["method"] for row in here):
            cells = [
                f"k={row['k']}: {row['nmi']:.3f} / {row['miou']:.3f} ({row['frames_above_kmeans']})"
                for row in here
                if row["method"] == name
            ]
            console.print(
                f"  {name:<28} {'   '.join(cells)}   {next(r['seconds'] for r in here if r['method'] == name)} s"
            )


if __name__ == "__main__":
    main()
