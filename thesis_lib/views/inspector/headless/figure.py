"""Figure of what the inspector shows, for files and where widgets do not run."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from thesis_lib.exploration.features import resize_image
from thesis_lib.views.data_figures import colorize
from thesis_lib.views.inspector.analysis.analysis import Analysis
from thesis_lib.views.inspector.analysis.shown import Shown
from thesis_lib.views.inspector.headless.paint import paint_heat, paint_overlay
from thesis_lib.views.inspector.state.palettes import colormap
from thesis_lib.views.style import INK, MUTED, SERIES, WIDTH, new_figure, show_image, thesis_figure

ROWS = 11
"""Of the table."""
NAMED = 48
"""Characters of a name in a title."""
DRAWN = 1024
"""Pixels of the width at which pictures stand in a figure."""


def paint_view(shown: Shown) -> np.ndarray:
    """Paint the main picture of a view at the image's own size: (H, W, 3) uint8."""
    view, image = shown.view, shown.picture.image
    if view.axis == "pixels":
        options = {"opacity": view.opacity, "outlines": view.outlines, "selected": view.selected}
        return paint_overlay(image, shown.part, shown.colors, **options)  # type: ignore[arg-type]
    means = mean_maps(shown)
    chosen = [means[cluster] for cluster in view.selected if cluster in means]
    if not chosen:
        return image
    heat = paint_heat(np.mean(chosen, 0), colormap("cividis"), image.shape[:2])
    return (image * (1 - view.opacity) + heat * view.opacity).round().astype(np.uint8)


def mean_maps(shown: Shown) -> dict[int, np.ndarray]:
    """Average the feature maps of every cluster of channels, each scaled to [0, 1]: cluster -> (h, w)."""
    channels, found = shown.analysis.channels[shown.view.place], {}  # (C, h, w)
    for cluster in np.unique(shown.labels):
        mean = channels[shown.labels == cluster].mean(0)
        found[int(cluster)] = (mean - mean.min()) / max(float(np.ptp(mean)), 1e-30)
    return found


@thesis_figure
def inspector_figure(shown: Shown) -> Figure:
    """Draw a view: clusters over the image, classes or prediction, an eigenvector, embedding, spectrum and table."""
    view, picture = shown.view, shown.picture
    height, width = picture.image.shape[:2]
    size = (round(DRAWN * height / width), DRAWN)
    top, bottom = (WIDTH / 2) * height / width + 0.2, 1.75
    figure = new_figure(top + bottom + 0.25)
    above, below = np.asarray(figure.subfigures(2, 1, height_ratios=[top, bottom])).ravel()
    main, side = above.subplots(1, 2)
    show_image(main, resize_image(paint_view(shown), size), f"{view.k} clusters of {view.axis}")
    _show_side(side, shown, size)
    panels = below.subplots(1, 4, width_ratios=[1.2, 0.85, 0.9, 1.25])
    if view.axis == "pixels":
        _show_vector(panels[0], shown)
    else:
        _show_tiles(panels[0], mean_maps(shown))
    _show_embedding(panels[1], shown)
    _show_spectrum(panels[2], shown.analysis, view.k)
    _show_table(panels[3], shown.table, shown.colors)
    figure.suptitle(title(shown), parse_math=False)
    return figure


def title(shown: Shown) -> str:
    """Title of a view, on two lines: what it is of, and how it is clustered."""
    view, solver = shown.view, shown.analysis.clusters.solver
    return f"{_short(view.shown)}: {_short(view.network)}, layer {view.layer}\n{view.method}, {solver}"


def _short(name: str) -> str:
    """Shorten a name by its middle, and remove what cannot be printed."""
    name = "".join(one if one.isprintable() else " " for one in name)
    return name if len(name) <= NAMED else f"{name[: NAMED - 20]} ... {name[-15:]}"


def _show_side(axes: Axes, shown: Shown, size: tuple[int, int]) -> None:
    if shown.prediction is not None:
        show_image(axes, colorize(shown.prediction), "prediction")
    elif shown.picture.classes is not None:
        show_image(axes, colorize(shown.picture.classes), "labels")
    else:
        show_image(axes, resize_image(shown.picture.image, size), "image")


def _show_vector(axes: Axes, shown: Shown) -> None:
    analysis = shown.analysis
    number = min(shown.view.vector, analysis.most)
    column = analysis.clusters.eigenvectors[:, number - 1].cpu().numpy()[shown.points]
    values = column.reshape(analysis.grids[shown.view.place])
    limit = np.quantile(np.abs(values), 0.99)
    axes.imshow(values, cmap="cividis", vmin=-limit, vmax=limit)
    axes.set_axis_off()
    axes.set_title(f"eigenvector {number}, $\\lambda$ = {analysis.eigenvalues[number - 1]:.3f}")


def _show_tiles(axes: Axes, means: dict[int, np.ndarray]) -> None:
    """Show mean maps side by side, in the order of their clusters."""
    maps = np.stack([means[cluster] for cluster in sorted(means)])
    columns = int(np.ceil(np.sqrt(len(maps))))
    maps = np.pad(maps, ((0, -len(maps) % columns), (1, 1), (1, 1)), constant_values=np.nan)
    grid = maps.reshape(-1, columns, *maps.shape[1:]).swapaxes(1, 2)
    axes.imshow(grid.reshape(grid.shape[0] * grid.shape[1], -1), cmap="cividis")
    axes.set_axis_off()
    axes.set_title("clustered feature maps")


def _show_embedding(axes: Axes, shown: Shown) -> None:
    """Show two columns of Y, the rows of the first k eigenvectors scaled to length 1."""
    clusters, k = shown.analysis.clusters, shown.view.k
    first = min(shown.view.vector, shown.analysis.most - 1)
    norm = (clusters.eigenvectors[:, :k] * (clusters.eigenvalues[:k] > 0)).norm(dim=1).clamp(min=1e-30)  # (n,)
    pair = (clusters.eigenvectors[:, first - 1 : first + 1] / norm[:, None]).cpu().numpy()  # (n, 2)
    axes.scatter(pair[:, 0], pair[:, 1], s=1.2, c=shown.colors[shown.labels] / 255, linewidths=0, rasterized=True)
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
    """Show the largest clusters as a table."""
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
