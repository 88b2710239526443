"""Figures 3, 5, 6 and 13: spectral clustering on toy sets and on feature maps, and how long it takes."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from matplotlib.figure import Figure

from thesis_lib.views.data_figures import colorize
from thesis_lib.views.style import INK, MARKERS, MUTED, SERIES, WIDTH, new_figure, show_image, thesis_figure


@thesis_figure
def toy_sets(toys: Mapping[str, Mapping[str, np.ndarray]]) -> Figure:
    """Figure 3: each toy set as NJW and as k-means divide it, with the adjusted Rand index to what the eye sees."""
    figure = new_figure(WIDTH / len(toys) * 2 + 0.5)
    grid = figure.subplots(2, len(toys), squeeze=False)
    for row, (method, title) in enumerate((("spectral", "spectral clustering (NJW)"), ("kmeans", "k-means"))):
        for axes, (name, toy) in zip(grid[row], toys.items(), strict=True):
            for cluster in np.unique(toy[method]):
                members = toy["points"][toy[method] == cluster]
                axes.plot(*members.T, MARKERS[cluster], color=SERIES[cluster], ms=2.4, mew=0)
            axes.set(xticks=[], yticks=[], aspect="equal", title=name if row == 0 else "")
            axes.set_xlabel(f"ARI {float(toy[f'{method}_ari']):.2f}")
        grid[row][0].set_ylabel(title)
    return figure


@thesis_figure
def eigenvector_maps(image: np.ndarray, vectors: np.ndarray, values: np.ndarray) -> Figure:
    """Figure 5: the leading eigenvectors of L laid out as maps.

    Args:
        image: (H, W, 3).
        vectors: (m, h, w), the first constant up to the degrees.
        values: (m,) eigenvalues.
    """
    columns = 4
    rows = -(-(len(vectors) + 1) // columns)
    figure = new_figure(WIDTH / columns * rows * image.shape[0] / image.shape[1] + 0.22 * rows)
    panels = figure.subplots(rows, columns).ravel()
    show_image(panels[0], image, "image")
    for index, (axes, vector) in enumerate(zip(panels[1:], vectors, strict=False)):
        limit = np.quantile(np.abs(vector), 0.99)
        axes.imshow(vector, cmap="cividis", vmin=-limit, vmax=limit)
        axes.set_axis_off()
        axes.set_title(rf"$x_{{{index + 1}}}$,  $\lambda$ = {values[index]:.3f}")
    for axes in panels[len(vectors) + 1 :]:
        axes.set_axis_off()
    return figure


@thesis_figure
def cluster_maps(
    image: np.ndarray, labels: Mapping[int, Mapping[int, np.ndarray]], features: Mapping[int, np.ndarray]
) -> Figure:
    """Figure 6: the clusters of one image, a row for each layer and a column for each k.

    A cluster has the colour of its mean feature (`feature_colors`), so that like clusters look alike; its lightness
    is what readers in grey tell it by.

    Args:
        image: (H, W, 3).
        labels: (h, w) by layer and k.
        features: (3, h, w) by layer: the leading three principal components of its features.
    """
    layers, ks = sorted(labels), sorted(next(iter(labels.values())))
    columns = len(ks) + 1
    figure = new_figure(WIDTH / columns * len(layers) * image.shape[0] / image.shape[1] + 0.3)
    grid = figure.subplots(len(layers), columns, squeeze=False)
    for row, layer in zip(grid, layers, strict=True):
        show_image(row[0], image)
        row[0].text(0.02, 0.04, f"layer {layer}", transform=row[0].transAxes, color="white", bbox=_LABEL)
        for axes, k in zip(row[1:], ks, strict=True):
            colors = feature_colors(labels[layer][k], features[layer])
            show_image(axes, paint_clusters(labels[layer][k], colors, image.shape[:2]))
    for axes, title in zip(grid[0], ("image", *(f"k = {k}" for k in ks)), strict=True):
        axes.set_title(title)
    return figure


@thesis_figure
def clusters_and_labels(
    image: np.ndarray,
    classes: np.ndarray,
    labels: Mapping[str, np.ndarray],
    agreements: Mapping[str, Sequence[float]],
    features: np.ndarray,
) -> Figure:
    """Figure 6c: one image and its labels, and how several methods cluster the same features.

    Args:
        image: (H, W, 3).
        classes: (H, W) trainIds.
        labels: (h, w) by method.
        agreements: by method NMI and mIoU with the classes, see `thesis_lib.exploration.agreement`.
        features: (3, h, w), the leading three principal components of the features.
    """
    columns = 3
    rows = -(-(2 + len(labels)) // columns)
    figure = new_figure(WIDTH / columns * rows * image.shape[0] / image.shape[1] + 0.34 * rows)
    panels = figure.subplots(rows, columns).ravel()
    show_image(panels[0], image, "image")
    show_image(panels[1], colorize(classes), "labels")
    for axes, (name, found) in zip(panels[2:], labels.items(), strict=False):
        nmi, miou = agreements[name][:2]
        picture = paint_clusters(found, feature_colors(found, features), image.shape[:2])
        show_image(axes, picture, f"{name}\nNMI {nmi:.2f}, mIoU {miou:.2f}")
    for axes in panels[2 + len(labels) :]:
        axes.set_axis_off()
    return figure


@thesis_figure
def clustering_times(times: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """Figure 13: seconds against points, both logarithmic.

    Args:
        times: for each method "points", and "seconds" (median), "low" and "high" (quartiles).
    """
    figure = new_figure(2.8, WIDTH * 0.75)
    axes = figure.subplots()
    for (name, series), color, marker in zip(times.items(), SERIES, MARKERS, strict=False):
        axes.plot(series["points"], series["seconds"], marker=marker, color=color, label=name)
        axes.fill_between(series["points"], series["low"], series["high"], color=color, alpha=0.2, lw=0)
    axes.set(xscale="log", yscale="log", xlabel="points n", ylabel="seconds for one clustering")
    axes.set_xticks(sorted({count for series in times.values() for count in series["points"]}))
    axes.set_xticks([], minor=True)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.legend()
    return figure


def paint_clusters(labels: np.ndarray, colors: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Labels (h, w) enlarged to `size` in the colours (k, 3) of their clusters.

    Without outlines: around clusters of single cells they would be a grid that hides the colours.
    """
    return colors[cv2.resize(labels.astype(np.int32), size[::-1], interpolation=cv2.INTER_NEAREST)]


def feature_colors(labels: np.ndarray, components: np.ndarray) -> np.ndarray:
    """A colour for each cluster from its mean position along three components: (k, 3) uint8.

    The first gives the lightness, so that grey prints keep it, the second goes from blue to yellow and the third a
    little from green to purple: the axes that colour-blind readers tell apart first (CIELAB).
    """
    k = int(labels.max()) + 1
    counts = np.bincount(labels.ravel(), minlength=k).clip(1)
    means = np.stack([np.bincount(labels.ravel(), component.ravel(), k) / counts for component in components], 1)
    ranks = means.argsort(0).argsort(0) / max(1, k - 1)
    lab = np.stack([30 + 62 * ranks[:, 0], 50 * (ranks[:, 2] - 0.5), 110 * (ranks[:, 1] - 0.5)], 1)
    rgb = cv2.cvtColor(lab[None].astype(np.float32), cv2.COLOR_Lab2RGB)[0]
    return (255 * rgb.clip(0, 1)).round().astype(np.uint8)


_LABEL = {"facecolor": INK, "edgecolor": MUTED, "linewidth": 0.3, "pad": 1.5, "alpha": 0.8}
