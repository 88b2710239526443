"""Clusters over an image, drawn by the kernel."""

import numpy as np
import pytest

from tests.views.inspector.samples import blocks
from thesis_lib.exploration.agreement import cell_counts
from thesis_lib.views.inspector.headless.paint import DIM, LINE, enlarged, paint_heat, paint_overlay
from thesis_lib.views.inspector.state.palettes import colormap, palette

COLORS = palette("distinct")
CELL = 8
LABELS = np.array([[0, 0, 0, 0, 5, 5, 5, 5, 5, 2, 2, 2, 2, 2, 2, 2]] * 8, np.uint8)
IMAGE = blocks()
LARGE = np.kron(LABELS, np.ones((CELL, CELL), np.uint8))
NEAR = 4
"""Pixels from a border that a line of an image this small does not reach."""


def borders() -> np.ndarray:
    """(H, W) True near the borders between clusters."""
    change = np.flatnonzero(np.diff(LARGE[0])) + 1
    near = np.abs(np.arange(LARGE.shape[1])[:, None] - change).min(1) < NEAR
    return np.broadcast_to(near, LARGE.shape)


def test_without_opacity_the_image_stays() -> None:
    assert np.array_equal(paint_overlay(IMAGE, LABELS, COLORS, opacity=0), IMAGE)


def test_opaque_clusters_show_their_colours_alone() -> None:
    assert np.array_equal(paint_overlay(IMAGE, LABELS, COLORS, opacity=1), COLORS[LARGE])


@pytest.mark.parametrize("stride", [4, 8])
@pytest.mark.parametrize("size", [(64, 128), (72, 104), (128, 64)])
def test_a_cell_is_a_square_of_as_many_pixels_as_the_stride(size: tuple[int, int], stride: int) -> None:
    cells = np.random.default_rng(0).integers(0, 80, (size[0] // stride, size[1] // stride), np.uint8)
    painted = paint_overlay(np.zeros((*size, 3), np.uint8), cells, COLORS, opacity=1)
    y, x = np.indices(size)
    assert np.array_equal(painted, COLORS[cells[y // stride, x // stride]])


@pytest.mark.parametrize("opacity", [0.25, 0.6])
def test_opacity_is_the_share_of_the_colour(opacity: float) -> None:
    painted = paint_overlay(IMAGE, LABELS, COLORS, opacity=opacity)
    expected = (1 - opacity) * IMAGE + opacity * COLORS[LARGE]
    assert np.abs(painted - expected).max() <= 0.5 + 1e-9


def test_a_line_runs_between_clusters_and_nowhere_else() -> None:
    painted = paint_overlay(IMAGE, LABELS, COLORS, opacity=1, outlines=True)
    lines = (painted == LINE).all(-1)
    assert lines.any()
    assert not lines[~borders()].any()
    assert (lines.sum(0) % len(lines) == 0).all()


@pytest.mark.parametrize("opacity", [0.0, 0.6])
def test_a_selected_cluster_stays_as_it_was(opacity: float) -> None:
    inner = LARGE == 5
    plain = paint_overlay(IMAGE, LABELS, COLORS, opacity=opacity)
    assert np.array_equal(paint_overlay(IMAGE, LABELS, COLORS, opacity=opacity, selected=(5,))[inner], plain[inner])


def test_what_is_not_selected_is_dimmed() -> None:
    others = LARGE != 5
    painted = paint_overlay(IMAGE, LABELS, COLORS, opacity=0.6, selected=(5,))
    assert np.abs(painted - (1 - DIM) * IMAGE)[others].max() <= 0.5 + 1e-9


def test_all_selected_is_none_selected() -> None:
    every = paint_overlay(IMAGE, LABELS, COLORS, opacity=0.6, selected=(0, 2, 5))
    assert np.array_equal(every, paint_overlay(IMAGE, LABELS, COLORS, opacity=0.6))


@pytest.mark.parametrize("opacity", [0.0, 1.0])
def test_outlines_leave_what_lies_inside(opacity: float) -> None:
    painted = paint_overlay(IMAGE, LABELS, COLORS, opacity=opacity, outlines=True)
    assert np.array_equal(painted[~borders()], IMAGE[~borders()])


def test_outlines_are_drawn_dark_on_white() -> None:
    painted = paint_overlay(IMAGE, LABELS, COLORS, opacity=0, outlines=True)
    changed = {tuple(color) for color in painted[(painted != IMAGE).any(-1)].tolist()}
    assert changed == {LINE, (255, 255, 255)}


def test_labels_are_enlarged_by_the_cells_they_stand_for() -> None:
    """Sides that are no multiple of the map's: pixel x belongs to cell floor(x w / W)."""
    labels = np.arange(15, dtype=np.uint8).reshape(3, 5)
    painted = paint_overlay(np.zeros((37, 61, 3), np.uint8), labels, COLORS, opacity=1)
    cells = labels[np.arange(37)[:, None] * 3 // 37, np.arange(61) * 5 // 61]
    assert np.array_equal(painted, COLORS[cells])


@pytest.mark.parametrize("size", [(614, 4096), (1000, 999), (769, 1537), (64, 64)])
def test_a_pixel_counts_for_the_cell_that_is_painted_over_it(size: tuple[int, int]) -> None:
    grid, classes = (size[0] // 8, size[1] // 8), np.zeros(size, np.uint8)
    numbers = enlarged(np.arange(grid[0] * grid[1]).reshape(grid), size)
    counts = cell_counts(classes, grid)[:, 0]
    assert np.array_equal(counts, np.bincount(numbers.ravel()))


def test_the_image_given_is_not_painted_on() -> None:
    image = blocks()
    paint_overlay(image, LABELS, COLORS, opacity=1, outlines=True, selected=(2,))
    assert np.array_equal(image, blocks())


def test_heat_has_the_ends_of_the_colormap() -> None:
    heat = colormap("cividis")
    painted = paint_heat(np.array([[-1.0, 0.0, 0.5, 1.0, 7.0]]), heat, (2, 10))
    assert painted.shape == (2, 10, 3)
    assert np.array_equal(painted[0, ::2], heat[[0, 0, 128, 255, 255]])
