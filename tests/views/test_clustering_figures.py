"""Figures 3, 5, 6, 7 and 13 show the clusters, eigenvectors, correlations and times that they are given."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from tests.views.grey import luminance
from tests.views.samples import (
    COMPONENTS,
    IMAGES,
    LABELS,
    POINTS,
    REDUNDANCY,
    TIMES,
    TOYS,
    VALUES,
    VECTORS,
)
from thesis_lib.views.clustering_figures import (
    cluster_maps,
    clustering_times,
    clusters_and_labels,
    eigenvector_maps,
    feature_colors,
    paint_clusters,
    toy_sets,
)
from thesis_lib.views.data_figures import colorize
from thesis_lib.views.redundancy_figures import channel_redundancy


@pytest.mark.parametrize(("row", "method"), [(0, "spectral"), (1, "kmeans")])
def test_each_toy_cluster_is_drawn_with_its_own_points(row: int, method: str) -> None:
    labels = TOYS["two moons"][method]
    drawn = toy_sets(TOYS).axes[2 * row + 1].lines
    for cluster, line in enumerate(drawn):
        assert np.array_equal(np.transpose(line.get_data()), POINTS[labels == cluster])


def test_toy_clusters_differ_in_their_marks_too() -> None:
    marks = [line.get_marker() for line in toy_sets(TOYS).axes[0].lines]
    assert len(set(marks)) == len(marks) == 3


def test_each_method_has_its_rand_index_below() -> None:
    assert [axes.get_xlabel() for axes in toy_sets(TOYS).axes] == ["ARI 0.50"] * 2 + ["ARI -0.25"] * 2


def test_each_eigenvector_is_a_map_with_its_value() -> None:
    panels = eigenvector_maps(IMAGES[0], VECTORS, VALUES).axes
    for index, axes in enumerate(panels[1:]):
        assert np.array_equal(axes.images[0].get_array(), VECTORS[index])
        assert axes.get_title() == rf"$x_{{{index + 1}}}$,  $\lambda$ = {VALUES[index]:.3f}"


def test_zero_has_the_middle_colour_of_an_eigenvector() -> None:
    """The sign is a property of the picture: both sides need the same room."""
    for axes in eigenvector_maps(IMAGES[0], VECTORS + 0.5, VALUES).axes[1:]:
        low, high = axes.images[0].get_clim()
        assert low == -high


@pytest.mark.parametrize("sign", [1, -1])
def test_at_most_one_in_a_hundred_entries_is_beyond_the_colours(sign: int) -> None:
    vectors = sign * np.arange(-900, 100.0).reshape(1, 20, 50)
    shown = eigenvector_maps(IMAGES[0], vectors, VALUES).axes[1].images[0]
    assert (np.abs(vectors) > shown.get_clim()[1]).mean() <= 0.01


@pytest.mark.parametrize("count", [1, 3, 4, 6])
def test_any_number_of_eigenvectors_is_shown(count: int) -> None:
    panels = eigenvector_maps(IMAGES[0], VECTORS[:count], VALUES[:count]).axes
    assert sum(len(axes.images) for axes in panels) == 1 + count


def test_cluster_maps_have_a_row_for_each_layer_and_a_column_for_each_k() -> None:
    axes = np.array(cluster_maps(IMAGES[0], LABELS, COMPONENTS).axes).reshape(2, 3)
    assert [one.get_title() for one in axes[0]] == ["image", "k = 3", "k = 8"]
    assert [row[0].texts[0].get_text() for row in axes] == ["layer 1", "layer 4"]
    for row, layer in enumerate((1, 4)):
        for column, k in enumerate((3, 8), start=1):
            colors = feature_colors(LABELS[layer][k], COMPONENTS[layer])
            expected = paint_clusters(LABELS[layer][k], colors, IMAGES[0].shape[:2])
            assert np.array_equal(axes[row, column].images[0].get_array(), expected)


@pytest.mark.parametrize("size", [(20, 30), (17, 31), (2, 3)])
def test_every_pixel_is_painted_in_its_cells_colour(size: tuple[int, int]) -> None:
    """Also between clusters, where single cells would vanish under lines; a cell covers its share of the picture."""
    labels = np.array([[0, 1, 0], [2, 2, 1]])
    colors = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255]], np.uint8)
    rows, columns = (np.arange(have) * cells // have for have, cells in zip(size, labels.shape, strict=True))
    assert np.array_equal(paint_clusters(labels, colors, size), colors[labels[rows][:, columns]])


def test_a_clusters_colour_does_not_depend_on_its_number() -> None:
    labels, components = LABELS[1][8], COMPONENTS[1]
    renamed = np.random.default_rng(0).permutation(8)
    colors, other = feature_colors(labels, components), feature_colors(renamed[labels], components)
    assert np.array_equal(colors[labels], other[renamed[labels]])


def test_clusters_grow_lighter_along_the_first_component() -> None:
    """So that a print in grey keeps their order; the other components stay the same here."""
    labels = np.arange(12).reshape(3, 4)
    components = np.stack([labels.astype(float), np.zeros((3, 4)), np.zeros((3, 4))])
    assert (np.diff(luminance(feature_colors(labels, components) / 255)) > 0).all()


def test_a_single_cluster_has_a_colour() -> None:
    assert feature_colors(np.zeros((3, 4), int), np.zeros((3, 3, 4))).shape == (1, 3)


def test_times_are_drawn_as_measured_with_their_quartiles() -> None:
    axes = clustering_times(TIMES).axes[0]
    for line, band, (name, series) in zip(axes.lines, axes.collections, TIMES.items(), strict=True):
        assert line.get_label() == name
        assert line.get_xdata().tolist() == series["points"]
        assert line.get_ydata().tolist() == series["seconds"]
        corners = {tuple(corner) for corner in band.get_paths()[0].vertices.tolist()}
        assert corners >= {
            (x, y) for side in ("low", "high") for x, y in zip(series["points"], series[side], strict=True)
        }


def test_methods_differ_in_grey_by_their_marks() -> None:
    marks = [line.get_marker() for line in clustering_times(TIMES).axes[0].lines]
    assert len(set(marks)) == len(marks)


@pytest.mark.parametrize(("panel", "key"), [(0, "before"), (1, "after")])
def test_the_sign_of_a_correlation_does_not_matter(panel: int, key: str) -> None:
    shown = channel_redundancy(REDUNDANCY).axes[panel].images[0]
    assert np.array_equal(shown.get_array(), np.abs(REDUNDANCY[key]))
    assert shown.get_clim() == (0, 1)


def test_the_mean_correlation_leaves_out_the_diagonal() -> None:
    results = REDUNDANCY | {"before": np.array([[1, -0.5], [-0.5, 1]])}
    assert channel_redundancy(results).axes[0].get_xlabel() == "mean |correlation| 0.50"


def test_both_spectra_are_drawn_and_told_apart_in_grey() -> None:
    before, after = channel_redundancy(REDUNDANCY).axes[2].lines
    assert before.get_ydata().tolist() == REDUNDANCY["spectrum_before"].tolist()
    assert after.get_ydata()[:3].tolist() == [0.7, 0.2, 0.1]
    assert before.get_linestyle() != after.get_linestyle()
    assert to_rgb(before.get_color()) != to_rgb(after.get_color())


def test_the_effective_ranks_are_named() -> None:
    labels = [line.get_label() for line in channel_redundancy(REDUNDANCY).axes[2].lines]
    assert labels == ["30 channels,\neffective rank 30.0", "4 cluster means,\neffective rank 2.2"]


def test_methods_stand_beside_the_labels_with_their_agreement() -> None:
    labels = {"one": LABELS[1][8], "other": LABELS[1][8] % 3}
    agreements = {"one": (0.512, 0.25, 0.9), "other": np.array([0.1, 0.05, 0.2])}
    classes = np.zeros(IMAGES[0].shape[:2], np.uint8)
    classes[:, 5:] = 8
    figure = clusters_and_labels(IMAGES[0], classes, labels, agreements, COMPONENTS[1])
    titles = [axes.get_title() for axes in figure.axes]
    assert titles[:4] == ["image", "labels", "one\nNMI 0.51, mIoU 0.25", "other\nNMI 0.10, mIoU 0.05"]
    shown = figure.axes[1].images[0].get_array()
    assert np.array_equal(shown, colorize(classes))
