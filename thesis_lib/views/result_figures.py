"""Figures 8 to 12: training, scores, confusion, predictions and the ablation."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from thesis_lib.data.labels import CLASS_NAMES, CLASSES, IGNORE
from thesis_lib.experiments.study import Result
from thesis_lib.views.data_figures import colorize
from thesis_lib.views.style import (
    BASELINE,
    CLUSTERED,
    MARKERS,
    SERIES,
    WIDTH,
    new_figure,
    show_image,
    thesis_figure,
)

PERCENT = (0, 1, 5, 20, 50, 100)
LEAST_SPAN = 0.04
"""mIoU that an axis spans at least: chance moves a training by hundredths, and must not look like a result."""
COLORS_OF = {"PSPNet": BASELINE, "ClusterNet": CLUSTERED}


@thesis_figure
def training_curves(logs: Mapping[str, Mapping[str, np.ndarray]]) -> Figure:
    """Figure 8: loss of every step with its running mean, and mIoU of every validation, by model."""
    figure = new_figure(2.3)
    left, right = figure.subplots(1, 2)
    for (name, log), line, marker in zip(logs.items(), ("-", "--"), MARKERS, strict=False):
        color = COLORS_OF[name]
        left.plot(log["step"], log["main_loss"], color=color, alpha=0.25, lw=0.7)
        left.plot(log["step"], running_mean(log["main_loss"]), line, color=color, label=name)
        measured = ~np.isnan(log["miou"])
        right.plot(log["step"][measured] + 1, log["miou"][measured], line, marker=marker, color=color, label=name)
    left.set(xlabel="step", ylabel="cross-entropy", ylim=(0, None))
    right.set(xlabel="step", ylabel="mIoU in validation", ylim=(0, 1))
    left.legend(loc="upper right")
    return figure


@thesis_figure
def class_scores(iou: Mapping[str, Mapping[str, float]], miou: Mapping[str, float]) -> Figure:
    """Figure 9: IoU of every class, one model beside the other; absent classes are left blank."""
    figure = new_figure(2.6)
    axes = figure.subplots()
    positions = np.arange(len(CLASS_NAMES))
    for index, (name, hatch) in enumerate(zip(iou, ("", "////"), strict=True)):
        heights = np.array([iou[name][label] for label in CLASS_NAMES])
        bars = axes.bar(positions + 0.4 * index - 0.2, np.nan_to_num(heights), 0.38, color=COLORS_OF[name], lw=0)
        for bar in bars:
            bar.set(hatch=hatch, edgecolor="white")
        bars.set_label(f"{name}, mIoU {miou[name]:.3f}")
    axes.set_xticks(positions, CLASS_NAMES, rotation=45, ha="right", rotation_mode="anchor")
    axes.set(ylabel="IoU", ylim=(0, 1), xlim=(-0.6, len(CLASS_NAMES) - 0.4))
    axes.grid(visible=False, axis="x")
    figure.legend(loc="outside upper right", ncols=2)
    return figure


@thesis_figure
def confusion_matrix(confusion: np.ndarray, title: str) -> Figure:
    """Figure 10: of the pixels of each class (row), the share predicted as each class (column), in percent.

    Args:
        confusion: (34, 34) pixels by labelId, as `Scores.confusion`.
    """
    ids = [label.id for label in CLASSES]
    counts = confusion[np.ix_(ids, ids)]
    share = 100 * counts / counts.sum(1, keepdims=True).clip(1)
    figure = new_figure(4.9, 5.4)
    axes = figure.subplots()
    shown = axes.imshow(np.sqrt(share), cmap="Greys", vmin=0, vmax=10)
    for (row, column), value in np.ndenumerate(share):
        if value >= 0.5:
            ink = "white" if value > 38 else "black"  # contrast of 4.5 and more on every grey
            axes.text(column, row, f"{value:.0f}", ha="center", va="center", size=5.5, color=ink)
    axes.set_xticks(range(len(ids)), CLASS_NAMES, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(ids)), CLASS_NAMES)
    axes.set(xlabel="predicted", ylabel="ground truth", title=title)
    axes.grid(visible=False)
    bar = figure.colorbar(shown, ax=axes, shrink=0.6, label="% of the class's pixels", ticks=np.sqrt(PERCENT))
    bar.ax.set_yticklabels(list(map(str, PERCENT)))
    return figure


@thesis_figure
def predictions(images: np.ndarray, truths: np.ndarray, predicted: Mapping[str, np.ndarray]) -> Figure:
    """Figure 11: image, ground truth and each model's prediction; a row for each frame.

    Args:
        images: (m, H, W, 3).
        truths, predicted: (m, H, W) trainIds; where the truth is ignored, the prediction is shown paler.
    """
    columns = 2 + len(predicted)
    height = WIDTH / columns * images.shape[1] / images.shape[2]
    figure = new_figure(len(images) * (height + 0.03) + 0.2)
    grid = figure.subplots(len(images), columns, squeeze=False)
    for row, image, truth, *found in zip(grid, images, truths, *predicted.values(), strict=True):
        pictures = [image, colorize(truth), *(_fade(colorize(labels), truth == IGNORE) for labels in found)]
        for axes, picture in zip(row, pictures, strict=True):
            show_image(axes, picture)
    for axes, title in zip(grid[0], ("image", "ground truth", *predicted), strict=True):
        axes.set_title(title)
    return figure


@thesis_figure
def ablation(results: Sequence[Result], n_clusters: int) -> Figure:
    """Figure 12: mIoU against k, and at one k against method, axis and fusion; the PSPNet trained on alike as a line.

    A point is one training; the line goes through the means over the seeds.
    """
    figure = new_figure(2.5)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.1))
    base = float(np.mean([result.miou for result in results if not result.n_clusters]))
    clustered = [result for result in results if result.n_clusters]
    kinds = sorted({_kind(result) for result in clustered})
    series = [kind for kind in kinds if len({result.n_clusters for result in clustered if _kind(result) == kind}) > 1]
    for kind, color, marker in zip(series, SERIES[1:], MARKERS, strict=False):
        points = [(result.n_clusters, result.miou) for result in clustered if _kind(result) == kind]
        ks = sorted({k for k, _ in points})
        left.plot(*zip(*points, strict=True), marker, color=color, alpha=0.5)
        means = [np.mean([miou for k, miou in points if k == at]) for at in ks]
        left.plot(ks, means, marker=marker, color=color, label=kind)
    for row, kind in enumerate(reversed(kinds)):
        values = [result.miou for result in clustered if _kind(result) == kind and result.n_clusters == n_clusters]
        right.plot(values, [row] * len(values), MARKERS[0], color=CLUSTERED)
    left.axhline(base, color=BASELINE, ls="--", label="PSPNet, no clusters")
    right.axvline(base, color=BASELINE, ls="--")
    left.set(xscale="log", xlabel="clusters k", ylabel="mIoU in validation")
    middle, half = np.mean(left.get_ylim()), max(np.ptp(left.get_ylim()) / 2, LEAST_SPAN / 2)
    left.set_ylim(middle - half, middle + half)
    left.set_xticks(sorted({result.n_clusters for result in clustered}), minor=False)
    left.set_xticks([], minor=True)
    left.xaxis.set_major_formatter("{x:.0f}")
    right.set(xlabel=f"mIoU in validation, k = {n_clusters}", ylim=(-0.6, len(kinds) - 0.4))
    right.set_yticks(range(len(kinds)), list(reversed(kinds)))
    left.legend()
    return figure


def _kind(result: Result) -> str:
    return f"{result.method}, {result.axis}, {result.fusion}"


def running_mean(values: np.ndarray, window: int = 15) -> np.ndarray:
    """Running mean of the last `window` values, of fewer at the beginning."""
    sums = np.concatenate([[0], np.cumsum(values)])
    starts = np.maximum(np.arange(len(values)) + 1 - window, 0)
    ends = np.arange(len(values)) + 1
    return (sums[ends] - sums[starts]) / (ends - starts)


def _fade(picture: np.ndarray, where: np.ndarray) -> np.ndarray:
    faded = picture.copy()
    faded[where] = 255 - (255 - picture[where]) // 4
    return faded
