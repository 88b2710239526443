import numpy as np
import pytest
import torch
import torchcluster
from sklearn.cluster import KMeans as SklearnKMeans
from sklearn.metrics import adjusted_rand_score

from thesis_lib.clustering import KMeans, OriginalSpectralClustering
from thesis_lib.clustering.kmeans import canonical_order


def blobs(k: int, each: int, spread: float, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    truth = torch.arange(k).repeat_interleave(each)
    centres = 10 * torch.randn(k, 8, generator=generator)
    return centres[truth] + spread * torch.randn(k * each, 8, generator=generator), truth


def inertia(points: torch.Tensor, labels: torch.Tensor, centers: torch.Tensor) -> float:
    return float((points - centers[labels]).square().sum())


def test_separate_blobs_are_found() -> None:
    points, truth = blobs(12, 30, 0.1)
    labels, _ = KMeans(12)(points)
    assert adjusted_rand_score(truth, labels) == 1


def test_centers_are_the_means_of_their_members() -> None:
    points, _ = blobs(5, 40, 3.0)
    labels, centers = KMeans(5)(points)
    for cluster in range(5):
        torch.testing.assert_close(centers[cluster], points[labels == cluster].mean(0))


def test_every_point_is_with_its_nearest_center() -> None:
    points, _ = blobs(5, 40, 5.0)
    labels, centers = KMeans(5)(points)
    torch.testing.assert_close(torch.cdist(points, centers).argmin(1), labels)


def test_inertia_is_as_low_as_scikit_learns() -> None:
    points, _ = blobs(20, 40, 6.0)
    ours = np.median([inertia(points, *KMeans(20, seed=seed)(points)) for seed in range(5)])
    theirs = np.median(
        [SklearnKMeans(20, n_init=4, random_state=seed).fit(points.numpy()).inertia_ for seed in range(5)]
    )
    assert ours <= 1.01 * theirs


def test_equal_seeds_give_equal_bits_and_others_do_not() -> None:
    points, _ = blobs(10, 50, 8.0)
    first, again, other = KMeans(10, seed=1)(points), KMeans(10, seed=1)(points), KMeans(10, n_init=1, seed=2)(points)
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[1], other[1])


def test_a_batch_is_its_members_one_by_one() -> None:
    batch = torch.stack([blobs(6, 30, 4.0, seed)[0] for seed in range(4)])
    labels, centers = KMeans(6)(batch)
    for index, points in enumerate(batch):
        alone_labels, alone_centers = KMeans(6)(points)
        assert torch.equal(labels[index], alone_labels)
        torch.testing.assert_close(centers[index], alone_centers)


def test_the_largest_cluster_comes_first() -> None:
    points, _ = blobs(7, 20, 9.0)
    counts = KMeans(7)(points)[0].bincount(minlength=7)
    assert (counts[:-1] >= counts[1:]).all()


def test_the_order_of_equal_clusters_is_that_of_their_first_members() -> None:
    labels, order = canonical_order(torch.tensor([[3, 3, 0, 2, 2, 0, 1]]), 5)
    assert labels.tolist() == [[0, 0, 1, 2, 2, 1, 3]]
    assert order.tolist() == [[3, 0, 2, 1, 4]]


def test_no_cluster_is_empty_when_there_are_enough_distinct_points() -> None:
    points = torch.cat([torch.zeros(200, 2), torch.randn(9, 2, generator=torch.Generator().manual_seed(0))])
    assert (KMeans(10)(points)[0].bincount(minlength=10) > 0).all()


def test_fewer_distinct_points_than_clusters_are_told_apart() -> None:
    points = torch.tensor([[0.0], [1.0], [5.0]]).repeat(10, 1)
    labels, centers = KMeans(6)(points)
    assert len(labels.unique()) == 3
    assert torch.isfinite(centers).all()
    assert (labels.view(10, 3) == labels[:3]).all()


def test_constant_points_are_one_cluster() -> None:
    labels, centers = KMeans(4)(torch.ones(50, 3))
    assert (labels == 0).all()
    assert (centers == 1).all()


def test_as_many_clusters_as_points_are_the_points() -> None:
    points = torch.arange(8.0)[:, None] ** 2
    labels, centers = KMeans(8)(points)
    assert inertia(points, labels, centers) == 0


def test_half_precision_is_clustered_in_single() -> None:
    points, truth = blobs(4, 30, 0.1)
    labels, centers = KMeans(4)(points.half())
    assert adjusted_rand_score(truth, labels) == 1
    assert centers.dtype == torch.float32


def test_it_plugs_into_torchcluster() -> None:
    points = blobs(3, 20, 0.05)[0] / 5
    original = OriginalSpectralClustering(cluster=KMeans(3), k=3)
    assert isinstance(original, torchcluster.zoo.SpectrumClustering)
    assert adjusted_rand_score(blobs(3, 20, 0.05)[1], original(points)[0]) == 1


@pytest.mark.parametrize("start", [torch.zeros(59, dtype=torch.int64), torch.zeros(1, 60, dtype=torch.int64)], ids=str)
def test_a_start_of_another_shape_is_refused(start: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"a label for each of \(60,\) points, not"):
        KMeans(4)(blobs(4, 15, 0.1)[0], start=start)


def test_centers_are_in_the_unit_of_the_points_however_large() -> None:
    points, truth = blobs(4, 30, 0.1)
    labels, centers = KMeans(4)(1e30 * points)
    assert adjusted_rand_score(truth, labels) == 1
    torch.testing.assert_close(1e-30 * centers[labels], KMeans(4)(points)[1][KMeans(4)(points)[0]])


@pytest.mark.parametrize("options", [{"n_init": 0}, {"max_iter": 0}], ids=str)
def test_no_restart_or_iteration_is_refused(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="n_init and max_iter must be at least 1, not"):
        KMeans(4, **options)


@pytest.mark.parametrize("most", [1, 2, 3, 4, 11, 12])
def test_any_number_of_iterations_leaves_the_means_of_the_members(most: int) -> None:
    points, _ = blobs(5, 40, 6.0)
    labels, centers = KMeans(5, max_iter=most)(points)
    for label, center in enumerate(centers):
        torch.testing.assert_close(points[labels == label].mean(0), center)
