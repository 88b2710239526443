"""Figures 1 and 2 show the pixels and the counts that they are given, in Cityscapes' colours."""

import numpy as np
import pytest
from cityscapesscripts.helpers.labels import trainId2label
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from tests.views.samples import IMAGES, PIXELS, PRESENT, TRUTHS
from thesis_lib.data.labels import CLASS_NAMES, IGNORE
from thesis_lib.views.data_figures import class_distribution, colorize, contact_sheet, image_and_truth


def marks(figure: Figure, panel: int, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Where the marks of a split are in a panel."""
    return figure.axes[panel].lines[("train", "val").index(split)].get_data()


def test_every_class_has_its_colour_of_the_official_table() -> None:
    painted = colorize(np.arange(19, dtype=np.uint8))
    assert [tuple(color) for color in painted] == [trainId2label[train_id].color for train_id in range(19)]


def test_what_is_ignored_is_black() -> None:
    assert colorize(np.array([[IGNORE]], np.uint8)).tolist() == [[[0, 0, 0]]]


def test_image_and_truth_are_shown_side_by_side() -> None:
    image, truth = (axes.images[0].get_array() for axes in image_and_truth(IMAGES[0], TRUTHS[0]).axes)
    assert np.array_equal(image, IMAGES[0])
    assert np.array_equal(truth, colorize(TRUTHS[0]))


def test_the_key_names_the_classes_that_occur_in_their_colours() -> None:
    labels = np.array([[0, 13], [13, IGNORE]], np.uint8)
    key = image_and_truth(IMAGES[0], labels).legends[0]
    colors = {
        text.get_text(): patch.get_facecolor()[:3] for text, patch in zip(key.texts, key.get_patches(), strict=True)
    }
    assert colors == {
        "road": pytest.approx(np.array([128, 64, 128]) / 255),
        "car": pytest.approx(np.array([0, 0, 142]) / 255),
        "ignored": to_rgb("black"),
    }


def test_the_key_does_not_speak_of_ignored_pixels_where_there_are_none() -> None:
    key = image_and_truth(IMAGES[0], np.zeros((4, 8), np.uint8)).legends[0]
    assert [text.get_text() for text in key.texts] == ["road"]


def test_the_contact_sheet_shows_every_image_in_order() -> None:
    shown = [axes.images[0].get_array() for axes in contact_sheet(IMAGES).axes if axes.images]
    assert np.array_equal(shown, IMAGES)


def test_a_bar_is_as_long_as_the_share_of_the_classs_training_pixels() -> None:
    left = class_distribution(PIXELS, PRESENT).axes[0]
    names = [label.get_text() for label in left.get_yticklabels()]
    lengths = dict(zip(names, (bar.get_width() for bar in left.patches), strict=True))
    shares = 100 * PIXELS["train"] / PIXELS["train"].sum()
    assert lengths == pytest.approx(dict(zip(CLASS_NAMES, shares, strict=True)))


def test_a_bar_has_the_colour_of_its_class() -> None:
    left = class_distribution(PIXELS, PRESENT).axes[0]
    names = [label.get_text() for label in left.get_yticklabels()]
    for name, bar in zip(names, left.patches, strict=True):
        assert colorize(np.array(CLASS_NAMES.index(name))) == pytest.approx(255 * np.array(bar.get_facecolor()[:3]))


def test_the_bars_are_sorted() -> None:
    lengths = [bar.get_width() for bar in class_distribution(PIXELS, PRESENT).axes[0].patches]
    assert lengths == sorted(lengths)


@pytest.mark.parametrize("split", ["train", "val"])
def test_the_marks_are_the_shares_of_pixels_and_of_images(split: str) -> None:
    figure, order = class_distribution(PIXELS, PRESENT), np.argsort(PIXELS["train"])
    assert marks(figure, 0, split)[0] == pytest.approx(100 * PIXELS[split][order] / PIXELS[split].sum())
    assert marks(figure, 1, split)[0] == pytest.approx(100 * PRESENT[split][order])


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_class_without_pixels_has_no_mark_on_the_logarithmic_scale(split: str) -> None:
    pixels = {name: counts.copy() for name, counts in PIXELS.items()}
    pixels[split][7] = 0
    row = list(np.argsort(pixels["train"])).index(7)
    shares = marks(class_distribution(pixels, PRESENT), 0, split)[0]
    assert np.flatnonzero(np.isnan(shares)).tolist() == [row]


@pytest.mark.parametrize("panel", [0, 1])
def test_training_and_validation_are_both_seen_where_they_agree(panel: int) -> None:
    train, val = class_distribution(PIXELS, PRESENT).axes[panel].lines
    assert train.get_marker() != val.get_marker()
    assert train.get_markerfacecolor() != val.get_markerfacecolor()
    assert train.get_zorder() > val.get_zorder()
    assert train.get_markersize() < val.get_markersize()
