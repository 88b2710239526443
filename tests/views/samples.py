"""A small set of results for every figure of the thesis."""

from collections.abc import Callable
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from tests.views.test_architecture import PAGES, THESIS
from thesis_lib.data.labels import CLASS_NAMES, IGNORE
from thesis_lib.experiments.study import Result
from thesis_lib.views.architecture import draw_network
from thesis_lib.views.clustering_figures import (
    cluster_maps,
    clustering_times,
    clusters_and_labels,
    eigenvector_maps,
    toy_sets,
)
from thesis_lib.views.data_figures import class_distribution, contact_sheet, image_and_truth
from thesis_lib.views.redundancy_figures import channel_redundancy
from thesis_lib.views.result_figures import ablation, class_scores, confusion_matrix, predictions, training_curves

random = np.random.default_rng(0)
IMAGES = random.integers(0, 256, (5, 12, 24, 3), np.uint8)
TRUTHS = np.where(random.random((5, 12, 24)) < 0.1, IGNORE, random.integers(0, 19, (5, 12, 24))).astype(np.uint8)
PIXELS = {"train": random.integers(1, 10**6, 19), "val": random.integers(1, 10**5, 19)}
PRESENT = {"train": random.random(19), "val": random.random(19)}
POINTS = random.random((40, 2))
TOYS = {
    name: {
        "points": POINTS,
        "spectral": np.arange(40) % 3,
        "spectral_ari": np.array(0.5),
        "kmeans": np.arange(40) % 2,
        "kmeans_ari": np.array(-0.25),
    }
    for name in ("nested circles", "two moons")
}
VECTORS, VALUES = random.normal(size=(11, 6, 12)), np.linspace(1, 0.5, 11)
LABELS = {layer: {k: random.integers(0, k, (6, 12)) for k in (3, 8)} for layer in (1, 4)}
COMPONENTS = {layer: random.normal(size=(3, 6, 12)) for layer in (1, 4)}
TIMES = {
    name: {"points": [128, 256], "seconds": [scale, 3 * scale], "low": [scale / 2, scale], "high": [2 * scale, 9]}
    for name, scale in (("dense (LAPACK)", 0.2), ("krylov", 0.1))
}
REDUNDANCY = {
    "before": np.corrcoef(random.normal(size=(30, 99))),
    "after": np.corrcoef(random.normal(size=(4, 99))),
    "spectrum_before": np.full(30, 1 / 30),
    "spectrum_after": np.array([0.7, 0.2, 0.1, 0]),
    "rank_before": 30.0,
    "rank_after": 2.2,
}
LOGS = {
    name: {
        "step": np.arange(8.0),
        "main_loss": np.linspace(3, 1, 8) + shift,
        "miou": np.where(np.arange(8) % 4 == 3, 0.3 + shift, np.nan),
    }
    for name, shift in (("PSPNet", 0.0), ("ClusterNet", 0.1))
}
IOU = {name: dict(zip(CLASS_NAMES, random.random(19), strict=True)) for name in LOGS}
MIOU = {name: float(np.mean(list(scores.values()))) for name, scores in IOU.items()}
CONFUSION = random.integers(0, 1000, (34, 34))


def result(miou: float, k: int = 0, method: str = "spectral", fusion: str = "concat", seed: int = 0) -> Result:
    return Result(f"{method}-{fusion}-{k}", k, "pixels", fusion, method, seed, miou, 10, 0.1)


RESULTS = [
    *(result(miou, seed=seed) for seed, miou in enumerate((0.4, 0.5))),
    *(result(0.5 + k / 1000, k) for k in (10, 20, 40)),
    result(0.46, 40, fusion="replace"),
    *(result(0.44 + k / 1000, k, method="kmeans") for k in (10, 40)),
]

FIGURES: dict[str, Callable[[], Figure]] = {
    "image_and_truth": partial(image_and_truth, IMAGES[0], TRUTHS[0]),
    "contact_sheet": partial(contact_sheet, IMAGES),
    "class_distribution": partial(class_distribution, PIXELS, PRESENT),
    "toy_sets": partial(toy_sets, TOYS),
    "draw_network": partial(draw_network, PAGES["demo"], THESIS),
    "eigenvector_maps": partial(eigenvector_maps, IMAGES[0], VECTORS, VALUES),
    "cluster_maps": partial(cluster_maps, IMAGES[0], LABELS, COMPONENTS),
    "clusters_and_labels": partial(
        clusters_and_labels,
        IMAGES[0],
        TRUTHS[0],
        {"recommended": LABELS[1][8]},
        {"recommended": (0.5, 0.3)},
        COMPONENTS[1],
    ),
    "clustering_times": partial(clustering_times, TIMES),
    "channel_redundancy": partial(channel_redundancy, REDUNDANCY),
    "training_curves": partial(training_curves, LOGS),
    "class_scores": partial(class_scores, IOU, MIOU),
    "confusion_matrix": partial(confusion_matrix, CONFUSION, "ClusterNet"),
    "predictions": partial(predictions, IMAGES, TRUTHS, {"PSPNet": TRUTHS, "ClusterNet": TRUTHS}),
    "ablation": partial(ablation, RESULTS, 40),
}
