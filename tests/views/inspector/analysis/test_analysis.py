"""The labels of every k from one decomposition, their numbers, and what is counted of them."""

from itertools import pairwise, permutations, product
from threading import Thread

import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score

from tests.views.inspector.samples import VIEW, planted
from thesis_lib.clustering.affinity import affinity
from thesis_lib.clustering.neighbor_graph import NeighborGraph
from thesis_lib.clustering.twins import find_twins
from thesis_lib.data.labels import CLASS_NAMES, NUM_CLASSES
from thesis_lib.exploration.features import as_points
from thesis_lib.views.inspector.analysis.analysis import (
    Analysis,
    cluster_table,
    joint_points,
)
from thesis_lib.views.inspector.analysis.handing_on import neighboring_start, renumbered
from thesis_lib.views.inspector.state.palettes import MOST

ANCHOR = 12


def analysis(anchor: int = ANCHOR, clusters: int = 6, **values: object) -> Analysis:
    return Analysis([planted(clusters)[0]], VIEW.model_copy(update={"anchor": anchor} | values))


@pytest.fixture(scope="module")
def whole() -> Analysis:
    """Every k of 128 points."""
    made = analysis()
    for k in range(2, made.most + 1):
        made.labels(k)
    return made


@pytest.fixture(scope="module")
def channels() -> Analysis:
    return analysis(anchor=4, axis="channels")


def test_there_are_eighty_eigenvectors_where_there_are_as_many_points(whole: Analysis) -> None:
    assert whole.most == MOST


def test_of_fewer_points_there_are_as_many_eigenvectors() -> None:
    assert Analysis([planted(grid=(4, 8))[0]], VIEW).most == 32


def test_every_k_has_k_clusters(whole: Analysis) -> None:
    assert [len(np.unique(whole.labels(k))) for k in range(2, MOST + 1)] == list(range(2, MOST + 1))


def test_numbers_are_those_of_the_colours(whole: Analysis) -> None:
    assert max(whole.labels(k).max() for k in range(2, MOST + 1)) < MOST


def test_the_clusters_at_the_anchor_are_those_of_a_cut(whole: Analysis) -> None:
    assert adjusted_rand_score(whole.clusters.cut(ANCHOR).labels, whole.labels(ANCHOR)) == 1


def test_the_numbers_at_the_anchor_go_by_size(whole: Analysis) -> None:
    sizes = np.bincount(whole.labels(ANCHOR))
    assert len(sizes) == ANCHOR
    assert (np.diff(sizes) <= 0).all()


def test_planted_clusters_are_found_from_any_anchor() -> None:
    found = [adjusted_rand_score(planted()[1], analysis(anchor).labels(6)) for anchor in (2, 6, 9, 40)]
    assert found == [1, 1, 1, 1]


def test_one_cluster_more_keeps_every_number(whole: Analysis) -> None:
    used = [set(whole.labels(k)) for k in range(2, MOST + 1)]
    assert all(few < many and len(many) == len(few) + 1 for few, many in pairwise(used))


def test_most_points_keep_their_number_where_clusters_are_clear() -> None:
    made = analysis(anchor=6)
    kept = [np.mean(made.labels(k) == made.labels(k + 1)) for k in range(2, 12)]
    assert min(kept) > 0.5


@pytest.mark.parametrize("order", [(80, 2), (2, 80), (13, 11, 40, 3, 80, 2), (5, 30)])
def test_labels_do_not_depend_on_the_order_in_which_they_are_asked_for(whole: Analysis, order: tuple[int, ...]) -> None:
    made = analysis()
    for k in order:
        made.labels(k)
    assert all(np.array_equal(made.labels(k), whole.labels(k)) for k in made.maps)


def test_only_what_lies_between_is_cut() -> None:
    made = analysis(anchor=10)
    made.labels(13)
    assert sorted(made.maps) == [10, 11, 12, 13]


def test_extending_goes_on_until_every_k_is_there() -> None:
    made, cut = analysis(anchor=10), []
    while not made.is_whole:
        cut.append(made.extend(14))
    assert cut[:5] == [10, 11, 12, 13, 14]
    assert sorted(cut) == list(range(2, MOST + 1))


def test_extending_what_is_whole_adds_nothing() -> None:
    """As when another pane has cut the last k while this one waited for the lock."""
    made = Analysis([planted(grid=(4, 4))[0]], VIEW)
    while not made.is_whole:
        made.extend(5)
    made.extend(5)
    assert sorted(made.maps) == list(range(2, made.most + 1))


def test_panes_that_ask_at_the_same_time_get_the_same(whole: Analysis) -> None:
    made = analysis()

    def fill() -> None:
        for k in (80, 2, 40):
            made.labels(k)

    threads = [Thread(target=fill) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made.maps) == list(range(2, MOST + 1))
    assert all(np.array_equal(made.labels(k), whole.labels(k)) for k in made.maps)


@pytest.mark.parametrize("k", [-1, 0, 1, 33, 81])
def test_a_k_that_cannot_be_is_refused_with_the_way_out(k: int) -> None:
    with pytest.raises(ValueError, match=f"{k} clusters cannot be made of 32 points here: choose 2 to 32, a finer"):
        Analysis([planted(grid=(4, 8))[0]], VIEW).labels(k)


@pytest.mark.parametrize("points", [3, 4, 5])
def test_a_handful_of_points_has_at_most_k_clusters(points: int) -> None:
    """Fewer where eigenvalues are not positive: those of 3 points are 1 and two of about -1/2."""
    made = Analysis([planted(3, (1, points))[0]], VIEW)
    assert all(len(np.unique(made.labels(k))) <= k for k in range(2, points + 1))


def test_a_picture_of_one_colour_is_one_cluster_at_every_k() -> None:
    made = Analysis([torch.ones(16, 4, 8)], VIEW)
    assert all(np.ptp(made.labels(k)) == 0 for k in range(2, made.most + 1))


def test_a_picture_of_three_colours_is_three_clusters_at_every_larger_k() -> None:
    flat = torch.eye(3)[torch.arange(128) % 3].T.reshape(3, 8, 16)
    made = Analysis([flat], VIEW)
    truth = np.arange(128) % 3
    assert [adjusted_rand_score(truth, made.labels(k)) for k in (3, 4, 6, 9, 20)] == [1] * 5


@pytest.mark.parametrize("k", [2, 3, 6, 12, 25, MOST])
@pytest.mark.parametrize("position", [0.0, 0.5])
def test_a_picture_beside_itself_has_the_same_labels_twice(k: int, position: float) -> None:
    features = planted(spread=2.0)[0]
    made = Analysis([features, features.clone()], VIEW.model_copy(update={"position": position}))
    labels = made.labels(k)
    assert np.array_equal(made.part(labels, 0), made.part(labels, 1))


def test_pictures_of_different_sizes_get_the_parts_of_their_size() -> None:
    features, truth = planted(grid=(8, 16))
    other = features[:, :6, :10].contiguous()
    made = Analysis([features, other], VIEW)
    labels = made.labels(6)
    first, second = made.part(labels, 0), made.part(labels, 1)
    assert (first.shape, second.shape) == ((8, 16), (6, 10))
    assert adjusted_rand_score(truth, first.ravel()) == 1
    assert np.array_equal(second, first[:6, :10])


def test_channels_are_clustered_by_their_maps() -> None:
    truth = np.arange(30) % 3
    maps = torch.randn(3, 8, 16, generator=torch.Generator().manual_seed(0))
    noise = torch.randn(30, 8, 16, generator=torch.Generator().manual_seed(1))
    made = Analysis([maps[truth] + 0.05 * noise], VIEW.model_copy(update={"axis": "channels"}))
    assert adjusted_rand_score(truth, made.labels(3)) == 1


def test_channels_have_a_label_each(channels: Analysis) -> None:
    labels = channels.labels(4)
    assert labels.shape == (16,)
    assert len(labels[channels.rows(0)]) == 16


@pytest.mark.parametrize("axis", ["pixels", "channels"])
def test_affinities_are_those_of_all_pairs_in_the_full_graph(axis: str) -> None:
    made = analysis(axis=axis, graph="full")
    assert made.clusters.extension is not None
    expected = affinity(made.clusters.extension.points[0], "local").numpy()
    found = np.stack([made.affinity(row) for row in range(len(expected))])
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    assert made.graph == "the graph of all pairs"


def rows_of_the_graph(made: Analysis, sigma: float | str) -> np.ndarray:
    """The graph as it is decomposed, as a matrix of all points."""
    assert made.clusters.extension is not None
    points = made.clusters.extension.points
    graph = NeighborGraph(points, sigma, made.clusters.extension.neighbors, twins=find_twins(points), k=made.most)
    return (graph @ torch.eye(points.shape[1]).to(points)[None])[0].numpy()


@pytest.mark.parametrize("solver", ["dense", "krylov"])
@pytest.mark.parametrize("neighbors", [3, 8, 500])
@pytest.mark.parametrize("sigma", ["local", 2.0])
def test_affinities_are_those_of_neighbours_in_their_graph(sigma: float | str, neighbors: int, solver: str) -> None:
    features = planted(spread=2.0)[0]
    made = Analysis([features], VIEW.model_copy(update={"bandwidth": sigma, "neighbors": neighbors, "solver": solver}))
    expected = rows_of_the_graph(made, sigma)
    found = np.stack([made.affinity(row) for row in range(len(expected))])
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-6)
    assert ((found > 0).mean() < 0.2) == (neighbors < 500)
    assert made.graph == f"the graph of {min(neighbors, 127)} neighbours"


def test_affinities_of_identical_points_are_those_of_their_node() -> None:
    features = planted(spread=2.0, grid=(4, 16))[0].repeat(1, 2, 1)
    made = Analysis([features], VIEW.model_copy(update={"neighbors": 5}))
    found = np.stack([made.affinity(row) for row in range(128)])
    np.testing.assert_allclose(found, rows_of_the_graph(made, "local"), rtol=1e-3, atol=1e-6)
    assert (np.diag(found[:64, 64:]) == 1).all()


def test_affinities_have_the_bandwidth_that_was_chosen() -> None:
    made = analysis(bandwidth=0.7, graph="full")
    expected = affinity(as_points(planted()[0]).double(), 0.7).numpy()
    np.testing.assert_allclose(made.affinity(5), expected[5], rtol=1e-3, atol=1e-6)


def test_a_graph_that_falls_apart_is_told() -> None:
    assert analysis(neighbors=3).fault.startswith("the graph of 3 nearest neighbours falls into ")
    assert Analysis([planted(spread=2.0)[0]], VIEW).fault == ""


# --- positions -------------------------------------------------------------------------------------------------------


def test_without_a_weight_points_are_the_features() -> None:
    features = planted()[0]
    other = features[:, :6, :10]
    expected = torch.cat([as_points(features), as_points(other)])
    assert torch.equal(joint_points([features, other]), expected)


def test_of_one_picture_points_are_those_of_the_layer() -> None:
    features = planted()[0]
    assert torch.allclose(joint_points([features], 0.7), as_points(features, position=0.7), atol=1e-6)


def test_of_two_pictures_the_middles_and_the_sides_are_in_the_same_place() -> None:
    features = planted(grid=(9, 17))[0]
    points = joint_points([features, features[:, :5, :9]], 0.5)
    first, second = points[: 9 * 17, -2:].view(9, 17, 2), points[9 * 17 :, -2:].view(5, 9, 2)
    assert torch.allclose(first[4, 8], second[2, 4], atol=1e-6)
    assert torch.allclose(first[0, 0], second[0, 0], rtol=0.1)  # the middles of their cells
    assert torch.allclose(points[:, -2:].square().sum(1).mean().sqrt(), torch.tensor(0.5))


def test_of_two_pictures_like_pixels_stay_alike() -> None:
    """Standardised apart, the features of a picture and of a part of it would differ."""
    features = planted(grid=(8, 16))[0]
    points = joint_points([features, features[:, :3, :5]], 0.5)
    assert torch.equal(points[:128, :16].view(8, 16, 16)[:3, :5], points[128:, :16].view(3, 5, 16))


def test_a_position_parts_what_looks_alike() -> None:
    """Two colours, each at both ends of the picture."""
    features = torch.zeros(1, 4, 24)
    features[:, 2:] = 1
    features += 0.01 * torch.rand(1, 4, 24, generator=torch.Generator().manual_seed(0))
    ends = np.arange(24) // 12 * np.ones((4, 1), int)

    def agreement(position: float) -> float:
        labels = Analysis([features], VIEW.model_copy(update={"position": position, "neighbors": 10})).labels(2)
        return float(adjusted_rand_score(ends.ravel(), labels))

    assert agreement(0.0) < 0.1
    assert agreement(5.0) > 0.9


def test_the_suggested_k_is_that_of_the_planted_clusters(whole: Analysis) -> None:
    assert whole.suggested == 6


def test_eigenvalues_descend_from_one(whole: Analysis) -> None:
    assert whole.eigenvalues[0] == pytest.approx(1)
    assert (np.diff(whole.eigenvalues) <= 1e-9).all()


def test_clusters_have_colours_by_their_mean_feature(whole: Analysis) -> None:
    colors = whole.feature_colors(9)
    assert colors.shape == (MOST, 3)
    assert len(np.unique(colors[np.unique(whole.labels(9))], axis=0)) == 9


def agreement(labels: np.ndarray, reference: np.ndarray) -> int:
    return int((labels == reference).sum())


@pytest.mark.parametrize("seed", range(12))
def test_renumbering_is_one_to_one(seed: int) -> None:
    random = np.random.default_rng(seed)
    labels, reference = random.integers(0, random.integers(2, 30), 200), random.integers(0, random.integers(2, 30), 200)
    found = renumbered(labels, reference)
    assert len(set(zip(labels, found, strict=True))) == len(set(labels)) == len(set(found))


@pytest.mark.parametrize(("seed", "clusters", "others"), list(product(range(4), (2, 3, 4), (2, 3, 4))))
def test_renumbering_keeps_as_many_points_as_any_numbering(seed: int, clusters: int, others: int) -> None:
    random = np.random.default_rng(seed)
    labels, reference = random.integers(0, clusters, 25), random.integers(0, others, 25)
    numberings = permutations(range(max(clusters, others)), clusters)
    best = max(agreement(np.array(numbers)[labels], reference) for numbers in numberings)
    assert agreement(renumbered(labels, reference), reference) == best


def test_a_new_cluster_gets_the_lowest_number_that_is_free() -> None:
    assert renumbered(np.array([0, 0, 1, 1, 2]), np.array([3, 3, 0, 0, 0])).tolist() == [3, 3, 0, 0, 1]


@pytest.mark.parametrize("change", [-1, 1])
@pytest.mark.parametrize("given", [2, 3, 7, 20])
def test_a_start_has_k_clusters_none_of_them_empty(given: int, change: int) -> None:
    k = given + change
    points = torch.randn(60, 4, generator=torch.Generator().manual_seed(given))
    labels = torch.arange(60) % given
    assert (torch.bincount(neighboring_start(points, labels, k), minlength=k) > 0).all()
    assert int(neighboring_start(points, labels, k).max()) == k - 1


def test_the_widest_cluster_is_split() -> None:
    points = torch.tensor([[0.0], [0.1], [5.0], [5.1], [10.0], [14.0]])
    start = neighboring_start(points, torch.tensor([0, 0, 1, 1, 2, 2]), 4)
    assert adjusted_rand_score(start, [0, 0, 1, 1, 2, 3]) == 1


def test_the_nearest_clusters_are_merged() -> None:
    points = torch.tensor([[0.0], [0.1], [9.0], [9.1], [0.9], [1.0]])
    start = neighboring_start(points, torch.tensor([0, 0, 1, 1, 2, 2]), 2)
    assert adjusted_rand_score(start, [0, 0, 1, 1, 0, 0]) == 1


def test_a_table_tells_size_class_and_purity_of_every_cluster(random: np.random.Generator) -> None:
    labels, counts = random.choice([0, 3, 7, 79], 50).astype(np.uint8), random.integers(0, 9, (50, NUM_CLASSES + 1))
    rows = {row["cluster"]: row for row in cluster_table(labels, counts)}
    assert set(rows) == set(labels)
    for cluster, row in rows.items():
        members = [index for index in range(50) if labels[index] == cluster]
        pixels = [sum(int(counts[index, kind]) for index in members) for kind in range(NUM_CLASSES)]
        assert row["points"] == len(members)
        assert row["share"] == pytest.approx(len(members) / 50)
        assert row["class"] == CLASS_NAMES[pixels.index(max(pixels))]
        assert row["purity"] == pytest.approx(max(pixels) / sum(pixels))


def test_the_largest_cluster_leads_the_table_and_of_equal_ones_the_lower_number() -> None:
    rows = cluster_table(np.array([4, 4, 9, 9, 9, 1, 1], np.uint8), None)
    assert [row["cluster"] for row in rows] == [9, 1, 4]


def test_without_classes_a_table_names_none() -> None:
    assert set(cluster_table(np.array([0, 1, 1], np.uint8), None)[0]) == {"cluster", "points", "share"}


def test_a_cluster_without_labelled_pixels_has_no_class() -> None:
    counts = np.zeros((2, NUM_CLASSES + 1), int)
    counts[0, 5], counts[1, NUM_CLASSES] = 4, 4
    rows = {row["cluster"]: row for row in cluster_table(np.array([0, 1], np.uint8), counts)}
    assert (rows[1]["class"], rows[1]["purity"]) == ("", 0)
    assert (rows[0]["class"], rows[0]["purity"]) == (CLASS_NAMES[5], 1)
