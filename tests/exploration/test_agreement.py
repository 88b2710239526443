import numpy as np
import pytest
import torch
from sklearn.metrics import normalized_mutual_info_score

from thesis_lib.data.labels import IGNORE, NUM_CLASSES
from thesis_lib.exploration.agreement import agreement, cell_counts, cluster_counts, clustering_choices


def test_clusters_that_are_the_classes_agree_wholly() -> None:
    classes = np.repeat(np.repeat(np.array([[0, 1], [2, 8]], np.uint8), 16, 0), 16, 1)
    labels = np.array([[3, 1], [0, 2]]).repeat(2, 0).repeat(2, 1)
    assert agreement(labels, classes) == pytest.approx((1, 1, 1))


def test_it_is_the_agreement_of_pixels_and_leaves_out_those_that_do_not_count(random: np.random.Generator) -> None:
    classes, labels = random.integers(0, 4, (48, 64)).astype(np.uint8), random.integers(0, 6, (6, 8))
    classes[labels.repeat(8, 0).repeat(8, 1) == 5] = 2
    ignored = random.random((48, 64)) < 0.3
    given = np.where(ignored, IGNORE, classes).astype(np.uint8)
    clusters, known = labels.repeat(8, 0).repeat(8, 1)[~ignored], classes[~ignored]
    majority = np.array([np.bincount(known[clusters == one], minlength=NUM_CLASSES).argmax() for one in range(6)])
    predicted = majority[clusters]
    ious = [
        ((predicted == one) & (known == one)).sum() / ((predicted == one) | (known == one)).sum() for one in range(4)
    ]
    found = agreement(labels, given)
    assert found.nmi == pytest.approx(normalized_mutual_info_score(known, clusters))
    assert found.miou == pytest.approx(np.mean(ious))
    assert found.purity == pytest.approx((predicted == known).mean())


def test_one_cluster_says_nothing() -> None:
    classes = np.array([[0, 1], [0, 1]], np.uint8).repeat(8, 0).repeat(8, 1)
    assert agreement(np.zeros((2, 2), int), classes) == pytest.approx((0, 0.25, 0.5))


def test_counts_of_clusters_are_sums_of_counts_of_cells(random: np.random.Generator) -> None:
    classes, labels = random.integers(0, 19, (37, 53)).astype(np.uint8), random.integers(0, 4, (5, 9))
    cells, clusters = cell_counts(classes, (5, 9)), cluster_counts(labels, classes)
    for one in range(4):
        assert np.array_equal(clusters[one], cells[labels.ravel() == one].sum(0))


def test_every_choice_labels_every_cell() -> None:
    features = torch.randn(6, 12, 24, generator=torch.Generator().manual_seed(0))
    for name, label in clustering_choices([4]).items():
        for k, labels in zip((3, 8), label(features, (3, 8)), strict=True):
            assert labels.shape == (12, 24), name
            assert 2 <= len(np.unique(labels)) <= k, name


def test_rectangles_are_about_as_many_as_asked() -> None:
    features = torch.zeros(1, 64, 128)
    counts = [len(np.unique(one)) for one in clustering_choices([])["rectangles"](features, (8, 20, 40))]
    assert counts == [8, 21, 40]


@pytest.mark.parametrize(("shape", "grid"), [((16, 32), (4, 8)), ((13, 29), (4, 8)), ((48, 96), (7, 5))])
def test_counts_are_those_of_every_pixel_of_a_cell(
    shape: tuple[int, int], grid: tuple[int, int], random: np.random.Generator
) -> None:
    classes = random.choice([*range(NUM_CLASSES), IGNORE], shape).astype(np.uint8)
    expected = np.zeros((*grid, NUM_CLASSES + 1), int)
    for y, x in np.ndindex(shape):
        kind = NUM_CLASSES if classes[y, x] == IGNORE else classes[y, x]
        expected[y * grid[0] // shape[0], x * grid[1] // shape[1], kind] += 1
    assert np.array_equal(cell_counts(classes, grid), expected.reshape(-1, NUM_CLASSES + 1))


def test_counts_sum_to_the_pixels(random: np.random.Generator) -> None:
    assert cell_counts(random.integers(0, 19, (37, 53)).astype(np.uint8), (5, 9)).sum() == 37 * 53
