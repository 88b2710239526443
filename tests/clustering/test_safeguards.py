"""Each of these fails when one safeguard of the code is taken out by hand."""

from typing import Any

import pytest
import torch

from thesis_lib.clustering import KMeans, SpectralClustering, solvers
from thesis_lib.clustering.graph import DenseGraph, TiledGraph
from thesis_lib.clustering.kmeans import _iterate, _refilled
from thesis_lib.clustering.krylov import _Space, _start_block

METHODS = [{"graph": graph, "solver": solver} for graph in ("neighbors", "full") for solver in ("dense", "krylov")]
every_method = pytest.mark.parametrize("method", METHODS, ids=lambda method: "-".join(method.values()))
CPU = torch.device("cpu")


def blurred(n: int = 600, d: int = 6) -> torch.Tensor:
    """Points without clusters: k-means has many answers."""
    return torch.randn(n, d, generator=torch.Generator().manual_seed(0))


def test_empty_clusters_move_to_the_farthest_points() -> None:
    points = torch.tensor([0.0, 1.0, 2.0, 30.0, 40.0])[None, :, None]
    centers, moving, empty = _iterate(points, torch.tensor([0.0, 300.0, 400.0]).view(1, 1, 3, 1), 3)
    torch.testing.assert_close(centers.flatten(), torch.tensor([14.6, 300.0, 400.0]))  # those without members stay
    assert not moving.any()
    assert empty.flatten().tolist() == [False, True, True]
    centers, filled = _refilled(points, centers, empty)
    torch.testing.assert_close(centers.flatten(), torch.tensor([14.6, 40.0, 30.0]))
    assert filled.all()
    found, _ = KMeans(3)(points[0], start=torch.zeros(5, dtype=torch.int64))
    assert len(found.unique()) == 3


def test_an_empty_cluster_without_a_point_apart_from_the_centers_stays() -> None:
    points = torch.tensor([0.0, 0.0, 5.0])[None, :, None]
    centers, _, empty = _iterate(points, torch.tensor([0.0, 5.0, 9.0]).view(1, 1, 3, 1), 3)
    centers, filled = _refilled(points, centers, empty)
    assert centers.flatten().tolist() == [0.0, 5.0, 9.0]
    assert not filled.any()


@pytest.mark.parametrize("seed", range(3))
def test_the_best_restart_is_kept(seed: int) -> None:
    """All restarts together end where each ends alone, whenever the others settle."""
    points = blurred()
    points -= points.mean(0)
    kmeans = KMeans(12, n_init=8, seed=seed)
    each = []
    for start in kmeans._seed_centers(points[None])[0]:
        centers = _iterate(points[None], start[None, None], 100)[0][0, 0]
        each.append(float(torch.cdist(points, centers).square().amin(1).sum()))
    labels, centers = kmeans(points)
    assert float((points - centers[labels]).square().sum()) == pytest.approx(min(each), rel=1e-5)
    assert min(each) < 0.99 * max(each)


@pytest.mark.parametrize("solver", ["dense", "krylov"])
def test_a_warm_start_goes_on_from_its_labels(solver: Any) -> None:
    points = blurred()
    first, other = (SpectralClustering(12, solver=solver, seed=seed) for seed in (1, 2))
    earlier = first(points)
    warm, cold = other(points, warm_start=earlier), other(points)
    assert (warm.labels == earlier.labels).float().mean() > 0.98
    assert (cold.labels == earlier.labels).float().mean() < 0.9


@every_method
def test_the_largest_entry_of_an_eigenvector_is_positive(method: dict[str, Any]) -> None:
    vectors = SpectralClustering(12, **method)(blurred()).eigenvectors
    assert (vectors.gather(0, vectors.abs().argmax(0, keepdim=True)) > 0).all()
    assert (vectors < 0).any()


@pytest.mark.parametrize("graph", ["neighbors", "full"])
@pytest.mark.parametrize("sigma", ["local", 1.5])
def test_a_clustered_point_is_not_its_own_neighbour_when_it_is_placed(graph: Any, sigma: Any) -> None:
    points = blurred(300).double()
    clusters = SpectralClustering(8, graph=graph, sigma=sigma, solver="dense")(points)
    torch.testing.assert_close(clusters.transform(points), clusters.embedding, atol=1e-6, rtol=0)


def test_what_does_not_fit_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    assert solvers.is_held(1000, CPU)
    assert not solvers.is_held(10**8, CPU)
    cluster = SpectralClustering(8, graph="full", solver="krylov")
    points = blurred()
    assert isinstance(solvers.full_graph(points[None], "local", "krylov"), DenseGraph)
    held = cluster(points)
    monkeypatch.setattr(solvers, "HELD", 0)
    assert isinstance(solvers.full_graph(points[None], "local", "krylov"), TiledGraph)
    torch.testing.assert_close(cluster(points).eigenvalues, held.eigenvalues, atol=1e-5, rtol=0)


def test_blocks_stay_orthogonal_where_the_affinity_has_nothing_to_add() -> None:
    points = 14.0 * torch.cartesian_prod(torch.arange(25.0), torch.arange(24.0))
    points[:7] = points[7:14] + torch.tensor([1.0, 0.0])  # 7 pairs, all others are isolated
    graph = DenseGraph(points[None], 1.0)
    space = _Space(graph, _start_block(graph.root, 64, 0, None))
    for _ in range(4):
        space.grow()
        assert (space.last @ space.basis.mT).abs().max() < 1e-4
