"""Which clustering of a feature map agrees best with the labels: every method, k, layer and size, frame by frame.

    .venv/bin/python benchmarks/clusters_and_labels.py                       # the demo's validation streets
    .venv/bin/python benchmarks/clusters_and_labels.py --root cityscapes_dataset --split val --frames 9

Of each: normalised mutual information with the classes, the mIoU and the purity that come out when every cluster is
given its majority class, means over the frames; over all frames the difference of NMI to k-means and on how many of them
it is above 0. Of photographs, which have no labels, how far two seeds agree (NMI). Writes clusters_and_labels.json beside
this file, or to --output.
"""

import argparse
import json
import os
import time
from datetime import UTC, datetime
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
from thesis_lib.data import Cityscapes
from thesis_lib.experiments import load_profile
from thesis_lib.experiments.agreement import Agreement, agreement, clustering_choices
from thesis_lib.experiments.features import LAYERS, as_points, layer_features
from thesis_lib.experiments.runs import provide_dataset
from thesis_lib.models import build_backbone
from thesis_lib.models.backbones import Backbone

SIZES = ((256, 512), (512, 1024))
KS = (20, 40)
NEIGHBORS = (5, 7, 10, 15, 30, 40, 80)
FULL_UP_TO = 16_384
"""Points up to which the full graph is tried: more would take minutes a frame."""
PHOTOS = ("china.jpg", "flower.jpg")
CONTROL = "k-means"


def main() -> None:
    """Measure what is asked, print a table for each layer and size, and write it all."""
    asked = arguments()
    profile = load_profile("demo")
    if not asked.root:
        provide_dataset(profile, Path())
    frames = Cityscapes(asked.root or profile.dataset, asked.split, limit=asked.frames)
    backbone = build_backbone(asked.backbone, asked.weights)
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


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", default="", help="a data set in the Cityscapes layout; without, the demo's streets")
    parser.add_argument("--split", default="val")
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--layers", type=int, nargs="+", default=LAYERS, choices=LAYERS)
    parser.add_argument("--backbone", default="efficientnet_lite0")
    parser.add_argument("--weights", default="imagenet")
    parser.add_argument("--no-photos", action="store_true", help="leave out the photographs")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".json"))
    return parser.parse_args()


def measure(backbone: Backbone, frames: Cityscapes, size: tuple[int, int], layers: list[int]) -> list[dict[str, Any]]:
    """A row for each layer, method and k at one size of the picture."""
    choices = clustering_choices(NEIGHBORS)
    found: dict[tuple[int, str, int], list[Agreement]] = {}
    seconds: dict[tuple[int, str], list[float]] = {}
    for index in range(len(frames)):
        image, classes = frames.read(index)
        features = layer_features(backbone, image.permute(1, 2, 0).numpy(), size)
        for layer, (name, label) in ((layer, choice) for layer in layers for choice in choices.items()):
            map_ = features[layer - 1]
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
    """How far the clusters of two seeds agree, and how many components the graph has, by the number of neighbours."""
    rows = []
    for name, size, count in ((name, size, count) for name in PHOTOS for size in SIZES for count in (20, *NEIGHBORS)):
        points = as_points(layer_features(backbone, load_sample_image(name), size)[3])
        found = [SpectralClustering(KS[0], neighbors=count, seed=seed)(points).labels for seed in range(4)]
        pairs = [normalized_mutual_info_score(found[0], other) for other in found[1:]]
        rows.append({"photo": name, "size": size, "neighbors": count, "seeds_agree": round(float(np.mean(pairs)), 4)})
    return rows


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
