"""What the inspector shows, as a figure: for files, and where widgets do not run."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from thesis_lib.exploration.agreement import cell_counts
from thesis_lib.exploration.features import resize_image
from thesis_lib.views.data_figures import colorize
from thesis_lib.views.inspector.analysis import Analysis, cluster_table
from thesis_lib.views.inspector.paint import paint_heat, paint_overlay
from thesis_lib.views.inspector.palettes import colormap, palette
from thesis_lib.views.inspector.pictures import Picture
from thesis_lib.views.inspector.studio import Studio
from thesis_lib.views.inspector.view import View
from thesis_lib.views.style import INK, MUTED, SERIES, WIDTH, new_figure, show_image, thesis_figure

ROWS = 11
"""Of the table."""
NAMED = 48
"""Characters of a name in a title."""
DRAWN = 1024
"""Pixels of the width at which pictures stand in a figure."""


def view_colors(view: View, analysis: Analysis) -> np.ndarray:
    """(80, 3) uint8: the colours of a view's clusters."""
    if view.palette == "features":
        return analysis.feature_colors(view.k) if view.axis == "pixels" else palette("distinct")
    return palette(view.palette)


def paint_view(studio: Studio, view: View) -> np.ndarray:
    """The main picture of a view, at the image's own size: (H, W, 3) uint8."""
    picture, analysis = studio.show(view)
    colors, labels = view_colors(view, analysis), analysis.labels(view.k)
    if view.axis == "pixels":
        part = analysis.part(labels, view.place)
        options = {"opacity": view.opacity, "outlines": view.outlines, "selected": view.selected}
        return paint_overlay(picture.image, part, colors, **options)  # type: ignore[arg-type]
    means = mean_maps(analysis, labels, view.place)
    chosen = [means[cluster] for cluster in view.selected if cluster in means]
    if not chosen:
        return picture.image
    heat = paint_heat(np.mean(chosen, 0), colormap("cividis"), picture.image.shape[:2])
    return (picture.image * (1 - view.opacity) + heat * view.opacity).round().astype(np.uint8)


def mean_maps(analysis: Analysis, labels: np.ndarray, index: int) -> dict[int, np.ndarray]:
    """The mean feature map of every cluster of channels, each scaled to [0, 1]: cluster -> (h, w)."""
    found = {}
    for cluster in np.unique(labels):
        mean = analysis.channels[index][labels == cluster].mean(0)
        found[int(cluster)] = (mean - mean.min()) / max(float(np.ptp(mean)), 1e-30)
    return found


@thesis_figure
def inspector_figure(studio: Studio, view: View) -> Figure:
    """A view: the clusters over the image, classes or prediction, an eigenvector, embedding, spectrum and table."""
    picture, analysis = studio.show(view)
    labels, colors = analysis.labels(view.k), view_colors(view, analysis)
    height, width = picture.image.shape[:2]
    size = (round(DRAWN * height / width), DRAWN)
    top, bottom = (WIDTH / 2) * height / width + 0.2, 1.75
    figure = new_figure(top + bottom + 0.25)
    above, below = np.asarray(figure.subfigures(2, 1, height_ratios=[top, bottom])).ravel()
    main, side = above.subplots(1, 2)
    show_image(main, resize_image(paint_view(studio, view), size), f"{view.k} clusters of {view.axis}")
    _show_side(side, studio, view, picture, size)
    panels = below.subplots(1, 4, width_ratios=[1.2, 0.85, 0.9, 1.25])
    if view.axis == "pixels":
        _show_vector(panels[0], analysis, view)
    else:
        _show_tiles(panels[0], mean_maps(analysis, labels, view.place))
    _show_embedding(panels[1], analysis, view, labels, colors)
    _show_spectrum(panels[2], analysis, view.k)
    _show_table(
        panels[3], cluster_table(labels[analysis.rows(view.place)], class_counts(picture, analysis, view.place)), colors
    )
    figure.suptitle(title(studio, view), parse_math=False)
    return figure


def title(studio: Studio, view: View) -> str:
    """What a view is of, and how it is clustered, on two lines that fit."""
    solver = studio.analysis(view).clusters.solver
    return f"{_short(view.shown)}: {_short(view.network)}, layer {view.layer}\n{view.method}, {solver}"


def _short(name: str) -> str:
    """A name without what cannot be printed, and without its middle if it is long."""
    name = "".join(one if one.isprintable() else " " for one in name)
    return name if len(name) <= NAMED else f"{name[: NAMED - 20]} ... {name[-15:]}"


def class_counts(picture: Picture, analysis: Analysis, index: int) -> np.ndarray | None:
    """Pixels of each class in each point of a picture, (n, 20); None where that is unknown, or points are channels."""
    if picture.classes is None or analysis.axis == "channels":
        return None
    return cell_counts(picture.classes, analysis.grids[index])


def _show_side(axes: Axes, studio: Studio, view: View, picture: Picture, size: tuple[int, int]) -> None:
    if studio.predicts(view.network):
        show_image(axes, colorize(studio.prediction(view.network, picture.name)), "prediction")
    elif picture.classes is not None:
        show_image(axes, colorize(picture.classes), "labels")
    else:
        show_image(axes, resize_image(picture.image, size), "image")


def _show_vector(axes: Axes, analysis: Analysis, view: View) -> None:
    number = min(view.vector, analysis.most)
    column = analysis.clusters.eigenvectors[:, number - 1].cpu().numpy()[analysis.rows(view.place)]
    values = column.reshape(analysis.grids[view.place])
    limit = np.quantile(np.abs(values), 0.99)
    axes.imshow(values, cmap="cividis", vmin=-limit, vmax=limit)
    axes.set_axis_off()
    axes.set_title(f"eigenvector {number}, $\\lambda$ = {analysis.eigenvalues[number - 1]:.3f}")


def _show_tiles(axes: Axes, means: dict[int, np.ndarray]) -> None:
    """The mean maps side by side, by the number of their cluster."""
    maps = np.stack([means[cluster] for cluster in sorted(means)])
    columns = int(np.ceil(np.sqrt(len(maps))))
    maps = np.pad(maps, ((0, -len(maps) % columns), (1, 1), (1, 1)), constant_values=np.nan)
    grid = maps.reshape(-1, columns, *maps.shape[1:]).swapaxes(1, 2)
    axes.imshow(grid.reshape(grid.shape[0] * grid.shape[1], -1), cmap="cividis")
    axes.set_axis_off()
    axes.set_title("clustered feature maps")


def _show_embedding(axes: Axes, analysis: Analysis, view: View, labels: np.ndarray, colors: np.ndarray) -> None:
    """Two columns of Y, the rows of the first k eigenvectors scaled to length 1."""
    first = min(view.vector, analysis.most - 1)
    rows = analysis.clusters.eigenvectors[:, : view.k]
    norm = (rows * (analysis.clusters.eigenvalues[: view.k] > 0)).norm(dim=1).clamp(min=1e-30)
    pair = (analysis.clusters.eigenvectors[:, first - 1 : first + 1] / norm[:, None]).cpu().numpy()
    axes.scatter(pair[:, 0], pair[:, 1], s=1.2, c=colors[labels] / 255, linewidths=0, rasterized=True)
    axes.set(xlim=(-1.05, 1.05), ylim=(-1.05, 1.05), xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    axes.set_title(f"embedding, {first} and {first + 1}")


def _show_spectrum(axes: Axes, analysis: Analysis, k: int) -> None:
    numbers = np.arange(1, analysis.most + 1)
    axes.plot(numbers[:k], analysis.eigenvalues[:k], "o", ms=2, color=SERIES[0])
    axes.plot(numbers[k:], analysis.eigenvalues[k:], "o", ms=2, color=MUTED)
    axes.axvline(k + 0.5, color=SERIES[0], linewidth=1)
    axes.axvline(analysis.suggested + 0.5, color=MUTED, linewidth=1, linestyle="--")
    axes.set_title(f"eigenvalues, gap after {analysis.suggested}")


def _show_table(axes: Axes, rows: list[dict], colors: np.ndarray) -> None:
    """The largest clusters."""
    axes.set_axis_off()
    axes.set_title(f"{min(ROWS, len(rows))} largest of {len(rows)} clusters")
    axes.set(xlim=(0, 1), ylim=(ROWS + 1, 0))
    known = "class" in (rows[0] if rows else {})
    heads = [("no.", 0.1, "left"), ("share", 0.42, "right")]
    heads += [("mostly", 0.47, "left"), ("purity", 1.0, "right")] if known else []
    for text, x, side in heads:
        axes.text(x, 0.5, text, ha=side, va="center", color=MUTED, fontsize=6)
    for line, row in enumerate(rows[:ROWS], start=1):
        texts = [str(row["cluster"]), f"{100 * row['share']:.1f} %"]
        texts += [row["class"], f"{row['purity']:.2f}"] if known else []
        axes.plot(0.04, line + 0.5, "s", ms=4, color=colors[row["cluster"]] / 255, mec=INK, mew=0.3)
        for text, (_, x, side) in zip(texts, heads, strict=True):
            axes.text(x, line + 0.5, text, ha=side, va="center", fontsize=6)
