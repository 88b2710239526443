"""Figures 1 and 2: what the data looks like, and how its classes are distributed."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from thesis_lib.data.labels import CLASS_NAMES, CLASSES, COLORS, IGNORE
from thesis_lib.views.style import INK, MUTED, SERIES, WIDTH, new_figure, show_image, thesis_figure


@thesis_figure
def image_and_truth(image: np.ndarray, train_ids: np.ndarray) -> Figure:
    """Figure 1: an image (H, W, 3), and its labels (H, W) in Cityscapes' colours with a key of those that occur."""
    figure = new_figure(WIDTH * 0.37)
    for axes, picture, title in zip(
        figure.subplots(1, 2), (image, colorize(train_ids)), ("image", "ground truth"), strict=True
    ):
        show_image(axes, picture, title)
    present = [label for label in CLASSES if (train_ids == label.trainId).any()]
    keys = [
        Patch(facecolor=tuple(COLORS[label.trainId] / 255), edgecolor=MUTED, linewidth=0.3, label=label.name)
        for label in present
    ]
    if (train_ids == IGNORE).any():
        keys.append(Patch(facecolor="black", label="ignored"))
    figure.legend(handles=keys, loc="outside lower center", ncols=7, handlelength=1, handleheight=1, columnspacing=1.2)
    return figure


@thesis_figure
def contact_sheet(images: Sequence[np.ndarray], columns: int = 4) -> Figure:
    """Images (H, W, 3) in rows."""
    rows = -(-len(images) // columns)
    figure = new_figure(WIDTH / columns * rows * images[0].shape[0] / images[0].shape[1])
    for axes in figure.subplots(rows, columns, squeeze=False).ravel():
        axes.set_axis_off()
    for axes, image in zip(figure.axes, images, strict=False):
        show_image(axes, image)
    return figure


@thesis_figure
def class_distribution(pixels: Mapping[str, np.ndarray], images: Mapping[str, np.ndarray]) -> Figure:
    """Figure 2: the share of pixels of each class, on a logarithmic scale, and of images that show it.

    A class without pixels has no mark on the left: a logarithmic scale has no zero.

    Args:
        pixels, images: (19,) counts of pixels, and shares of images, by split.
    """
    figure = new_figure(3.4)
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    order = np.argsort(pixels["train"])
    rows = np.arange(len(order))
    for split, marker, hollow in (("train", "o", False), ("val", "D", True)):
        share = 100 * pixels[split][order] / pixels[split].sum()
        # the filled dot lies upon the larger hollow one, so that both are seen where they agree
        look = {"mfc": "white", "ms": 5, "zorder": 3} if hollow else {"mfc": SERIES[0], "ms": 3, "zorder": 4}
        right.plot(100 * images[split][order], rows, marker, mec=SERIES[0], label=split, **look)
        left.plot(np.where(share > 0, share, np.nan), rows, marker, mec=INK, **look)
    shares = 100 * pixels["train"][order] / pixels["train"].sum()
    left.barh(rows, shares, color=COLORS[: len(order)][order] / 255, edgecolor=MUTED, linewidth=0.4, height=0.75)
    left.set(xscale="log", xlabel="share of labelled pixels (%)", yticks=rows, yticklabels=np.array(CLASS_NAMES)[order])
    right.set(xlabel="images that show the class (%)", xlim=(-4, 104))
    figure.legend(loc="outside upper right", ncols=2)
    return figure


def colorize(train_ids: np.ndarray) -> np.ndarray:
    """trainIds (H, W) to Cityscapes' colours (H, W, 3) uint8; 255 is black."""
    return COLORS[train_ids]
