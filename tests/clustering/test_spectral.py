from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torchcluster
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from tests.clustering.njw import njw_embedding
from tests.conftest import planted
from thesis_lib.clustering import Clusters, SpectralClustering, krylov, original_clusters, solvers
from thesis_lib.clustering.graph import DenseGraph
from thesis_lib.clustering.neighbor_graph import NeighborGraph
from thesis_lib.exploration.toys import TOYS, tightest

K = 40
EVERY = [{"graph": graph, "solver": solver} for graph in ("neighbors", "full") for solver in ("dense", "krylov")]
every_method = pytest.mark.parametrize("method", EVERY, ids=lambda method: "-".join(method.values()))


def captured(clusters: Clusters, exact: Clusters) -> float:
    """E_k: the share of the exact leading eigenspace that a solver found, 1 for all of it."""
    return float((exact.eigenvectors.double().T @ clusters.eigenvectors.double()).square().sum(0).mean())


def rings(n: int = 200) -> torch.Tensor:
    points, _ = TOYS["nested circles"][0](np.random.default_rng(0))
    return torch.from_numpy(points[:n])


def test_the_dense_solver_is_the_algorithm_of_the_paper() -> None:
    points = torch.randn(70, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    clusters = SpectralClustering(5, graph="full", sigma=0.8, reduce=None, solver="dense")(points)
    values, embedding = njw_embedding(points.numpy(), 5, 0.8)
    np.testing.assert_allclose(clusters.eigenvalues, values, atol=1e-12)
    # eigenvectors are fixed up to sign: Y Y^T is not
    np.testing.assert_allclose(clusters.embedding @ clusters.embedding.T, embedding @ embedding.T, atol=1e-9)


@pytest.mark.parametrize("name", ["nested circles", "two moons", "blobs"])
@pytest.mark.parametrize("seed", range(3))
def test_the_toy_sets_of_the_paper_come_out_as_in_the_paper(name: str, seed: int) -> None:
    make, k = TOYS[name]
    points, truth = make(np.random.default_rng(seed))
    assert adjusted_rand_score(truth, tightest(torch.from_numpy(points), k, seed=0).labels) > 0.97


@pytest.mark.parametrize("graph", ["neighbors", "full"])
@pytest.mark.parametrize("n", [512, 2048])
def test_krylov_finds_the_exact_eigenspace_of_a_photograph(
    photo_points: dict[int, torch.Tensor], n: int, graph: Any
) -> None:
    exact = SpectralClustering(K, graph=graph, solver="dense")(photo_points[n])
    found = SpectralClustering(K, graph=graph, solver="krylov")(photo_points[n])
    assert captured(found, exact) > 0.99
    torch.testing.assert_close(found.eigenvalues.double(), exact.eigenvalues, atol=5e-4, rtol=0)


@pytest.mark.parametrize("graph", ["neighbors", "full"])
@pytest.mark.parametrize("n", [512, 2048])
def test_krylov_finds_the_exact_eigenspace_of_planted_clusters(n: int, graph: Any) -> None:
    points = planted(n)
    exact = SpectralClustering(K, graph=graph, solver="dense")(points)
    assert captured(SpectralClustering(K, graph=graph, solver="krylov")(points), exact) > 0.99


def test_solvers_agree_on_labels_as_well_as_two_seeds_do(photo_points: dict[int, torch.Tensor]) -> None:
    points = photo_points[2048]
    exact, krylov = (SpectralClustering(K, solver=solver)(points).labels for solver in ("dense", "krylov"))
    floor = normalized_mutual_info_score(exact, SpectralClustering(K, solver="dense", seed=1)(points).labels)
    assert normalized_mutual_info_score(exact, krylov) > floor - 0.03


@every_method
def test_what_it_returns(photo_points: dict[int, torch.Tensor], method: dict[str, Any]) -> None:
    clusters = SpectralClustering(K, **method)(photo_points[512])
    assert clusters.labels.shape == (512,)
    assert clusters.labels.dtype == torch.int64
    assert clusters.centers.shape == (K, K)
    assert (clusters.eigenvalues.diff() <= 0).all()
    gram = clusters.eigenvectors.T @ clusters.eigenvectors
    torch.testing.assert_close(gram, torch.eye(K, dtype=gram.dtype), atol=1e-6, rtol=0)
    torch.testing.assert_close(clusters.embedding.norm(dim=1), torch.ones(512, dtype=gram.dtype))
    counts = clusters.labels.bincount(minlength=K)
    assert (counts[:-1] >= counts[1:]).all()


@every_method
def test_equal_seeds_give_equal_bits(photo_points: dict[int, torch.Tensor], method: dict[str, Any]) -> None:
    first, again = (SpectralClustering(K, **method)(photo_points[512]) for _ in range(2))
    assert torch.equal(first.labels, again.labels)
    assert torch.equal(first.eigenvectors, again.eigenvectors)


def test_a_batch_is_its_members_one_by_one() -> None:
    batch = torch.randn(3, 90, 6, generator=torch.Generator().manual_seed(0))
    together = SpectralClustering(7)(batch)
    assert together.labels.shape == (3, 90)
    for index, points in enumerate(batch):
        alone = SpectralClustering(7)(points)
        assert adjusted_rand_score(together.labels[index], alone.labels) == 1
        torch.testing.assert_close(together.eigenvalues[index], alone.eigenvalues)


def test_the_partition_does_not_depend_on_the_order_of_the_points() -> None:
    points = rings()
    shuffle = torch.randperm(len(points), generator=torch.Generator().manual_seed(0))
    straight, shuffled = (SpectralClustering(3, sigma=0.1)(given).labels for given in (points, points[shuffle]))
    assert adjusted_rand_score(straight[shuffle], shuffled) == 1


def test_the_partition_does_not_depend_on_rotation_or_unit() -> None:
    points = torch.randn(300, 4, generator=torch.Generator().manual_seed(0)) + 6 * (torch.arange(300) % 3)[:, None]
    rotation = torch.linalg.qr(torch.randn(4, 4, generator=torch.Generator().manual_seed(1))).Q
    labels = SpectralClustering(3)(points).labels
    for other in (points @ rotation, 1e6 * points, 1e-6 * points, points + 100):
        assert adjusted_rand_score(labels, SpectralClustering(3)(other).labels) == 1


def test_single_and_double_precision_agree(photo_points: dict[int, torch.Tensor]) -> None:
    single = SpectralClustering(K, solver="dense")(photo_points[512])
    double = SpectralClustering(K, solver="dense")(photo_points[512].double())
    assert captured(single, double) > 0.9999


def test_the_eigenproblem_is_not_done_in_half_precision(photo_points: dict[int, torch.Tensor]) -> None:
    with torch.autocast("cpu", torch.bfloat16):
        inside = SpectralClustering(K, solver="krylov")(photo_points[512])
    assert torch.equal(inside.labels, SpectralClustering(K, solver="krylov")(photo_points[512]).labels)


@every_method
def test_disconnected_parts_are_the_clusters(method: dict[str, Any]) -> None:
    points = torch.randn(450, 3, generator=torch.Generator().manual_seed(0)) + 30 * (torch.arange(450) % 3)[:, None]
    clusters = SpectralClustering(3, sigma=1.0, **method)(points)
    assert adjusted_rand_score(torch.arange(450) % 3, clusters.labels) == 1
    torch.testing.assert_close(clusters.eigenvalues.double(), torch.ones(3, dtype=torch.float64), atol=1e-4, rtol=0)


@every_method
def test_an_isolated_point_joins_a_cluster_and_spoils_none(method: dict[str, Any]) -> None:
    points = torch.cat([rings().float(), torch.tensor([[1e4, 1e4]])])
    with pytest.warns(UserWarning, match="1 of 201 points are isolated"):
        clusters = SpectralClustering(3, sigma=0.1, **method)(points)
    nearest = (points[:-1] - points[-1]).norm(dim=1).argmin()
    if method["graph"] == "full":
        assert (clusters.embedding[-1] == 0).all()
    else:
        assert clusters.labels[-1] == clusters.labels[nearest] == clusters.predict(points[-1:] + 1)
    assert adjusted_rand_score(SpectralClustering(3, sigma=0.1, **method)(rings()).labels, clusters.labels[:-1]) == 1


@pytest.mark.parametrize("sigma", ["local", "median", 1.0])
@every_method
def test_constant_points_are_one_cluster(sigma: float | str, method: dict[str, Any]) -> None:
    clusters = SpectralClustering(4, sigma=sigma, **method)(torch.ones(300, 5))
    assert (clusters.labels == 0).all()


@pytest.mark.parametrize("sigma", ["local", "median", 1.0])
@every_method
def test_identical_points_share_a_cluster(sigma: float | str, method: dict[str, Any]) -> None:
    distinct = torch.randn(6, 5, generator=torch.Generator().manual_seed(0))
    labels = SpectralClustering(10, sigma=sigma, **method)(distinct.repeat(50, 1)).labels.view(50, 6)
    assert (labels == labels[0]).all()


def test_any_kmeans_with_torchclusters_convention_does_the_last_step() -> None:
    clusters = SpectralClustering(3, sigma=0.1, kmeans=torchcluster.zoo.KMeans(3))(rings())
    assert clusters.labels.shape == (len(rings()),)
    assert set(clusters.labels.tolist()) <= {0, 1, 2}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sigma": 0}, "sigma must be a number above 0"),
        ({"sigma": "mean"}, "'mean'"),
        ({"solver": "arpack"}, "auto, dense, krylov, nystrom, not 'arpack'"),
        ({"graph": "knn"}, "graph must be one of neighbors, full, not 'knn'"),
        ({"neighbors": 0}, "neighbors must be at least 1"),
        ({"sigma": float("inf")}, "sigma must be a number above 0"),
        ({"reduce": 0}, "at least 1 dimension"),
    ],
)
def test_bad_options_are_refused(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SpectralClustering(4, **options)


def test_a_warm_start_finds_the_exact_eigenspace_of_points_that_moved(photo_points: dict[int, torch.Tensor]) -> None:
    points = photo_points[2048]
    noise = torch.randn(points.shape, generator=torch.Generator().manual_seed(1))
    moved = points + 0.02 * points.std() * noise
    cluster = SpectralClustering(40, solver="krylov")
    warm = cluster(moved, warm_start=cluster(points))
    exact = SpectralClustering(40, solver="dense")(moved)
    assert captured(warm, exact) >= 0.99


def test_a_warm_start_of_other_points_does_no_harm(photo_points: dict[int, torch.Tensor]) -> None:
    points = photo_points[2048]
    cluster = SpectralClustering(40, solver="krylov")
    warm = cluster(points, warm_start=cluster(points[torch.randperm(2048, generator=torch.Generator().manual_seed(0))]))
    exact = SpectralClustering(40, solver="dense")(points)
    assert captured(warm, exact) >= 0.99


def test_a_warm_start_saves_products(photo_points: dict[int, torch.Tensor], monkeypatch: pytest.MonkeyPatch) -> None:
    products = []
    grow = krylov._Space.grow
    monkeypatch.setattr(krylov._Space, "grow", lambda space: (products.append(1), grow(space))[1])
    cluster = SpectralClustering(40, graph="full", solver="krylov")
    first = cluster(photo_points[2048])
    cold = len(products)
    cluster(photo_points[2048] * 1.001, warm_start=first)
    assert len(products) - cold < cold / 2


def test_a_batch_starts_warm_as_its_members_do(photo_points: dict[int, torch.Tensor]) -> None:
    batch = photo_points[2048].reshape(2, 1024, -1)
    cluster = SpectralClustering(12, solver="krylov")
    first = cluster(batch)
    together, alone = cluster(batch, warm_start=first), cluster(batch[1], warm_start=first[1])
    torch.testing.assert_close(together[1].eigenvalues, alone.eigenvalues, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("earlier", "n", "message"),
    [
        (original_clusters, 600, "keeps no basis"),
        (lambda points, k: SpectralClustering(k)(points), 700, r"\(700,\), not of \(600,\)"),
    ],
)
def test_a_warm_start_that_does_not_fit_is_refused(
    earlier: Callable[[torch.Tensor, int], Clusters], n: int, message: str
) -> None:
    points = torch.randn(700, 3, generator=torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match=message):
        SpectralClustering(4, solver="krylov")(points[:600], warm_start=earlier(points[:n], 4))


def test_an_affinity_that_is_not_held_gives_the_same(
    photo_points: dict[int, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = SpectralClustering(K, solver="krylov")
    held = cluster(photo_points[2048])
    monkeypatch.setattr(solvers, "HELD", 0)
    made_anew = cluster(photo_points[2048])
    torch.testing.assert_close(made_anew.eigenvalues, held.eigenvalues, atol=1e-4, rtol=0)
    assert captured(made_anew, SpectralClustering(K, solver="dense")(photo_points[2048])) > 0.99


@pytest.mark.parametrize(("n", "chosen"), [(200, "dense"), (300, "krylov")])
@pytest.mark.parametrize("graph", ["neighbors", "full"])
def test_auto_says_what_it_chose(n: int, chosen: str, graph: Any) -> None:
    clusters = SpectralClustering(4, graph=graph)(torch.randn(n, 3, generator=torch.Generator().manual_seed(0)))
    assert (clusters.solver, clusters.graph) == (chosen, graph)


@every_method
def test_residuals_are_those_of_the_eigenvectors(photo_points: dict[int, torch.Tensor], method: dict[str, Any]) -> None:
    points = photo_points[2048]
    clusters = SpectralClustering(K, **method)(points)
    reduced = clusters.extension.points
    graph = (NeighborGraph if method["graph"] == "neighbors" else DenseGraph)(reduced.double(), "local")
    root = graph.degree.rsqrt()[..., None]
    vectors = clusters.eigenvectors.double()[None]
    actual = (root * (graph @ (root * vectors)) - vectors * clusters.eigenvalues.double()).norm(dim=1)[0]
    torch.testing.assert_close(clusters.residuals, actual, atol=2e-4, rtol=0.1)


def test_presets_have_names() -> None:
    faithful = SpectralClustering.preset("faithful", 12)
    assert (faithful.sigma, faithful.reduce, faithful.n_clusters) == ("median", None, 12)
    recommended, default = SpectralClustering.preset("recommended", solver="dense"), SpectralClustering()
    assert (recommended.sigma, recommended.reduce) == (default.sigma, default.reduce)
    assert recommended.solver == "dense"
    with pytest.raises(ValueError, match="recommended, faithful"):
        SpectralClustering.preset("fast")


@pytest.mark.parametrize("groups", [3, 5])
def test_the_eigengap_tells_how_many_groups_there_are(groups: int) -> None:
    centres = 12 * torch.eye(5)[torch.arange(600) % groups]
    points = torch.randn(600, 5, generator=torch.Generator().manual_seed(0)) + centres
    clusters = SpectralClustering(12)(points)
    assert clusters.eigengap() == groups
    with pytest.raises(ValueError, match="no gap after 12 or more of 12"):
        clusters.eigengap(12)


@pytest.mark.parametrize("solver", ["dense", "krylov"])
@pytest.mark.parametrize("preset", ["recommended", "faithful"])
def test_clustered_points_get_back_their_own_place(
    photo_points: dict[int, torch.Tensor], solver: str, preset: str
) -> None:
    points = photo_points[512]
    clusters = SpectralClustering.preset(preset, 12, solver=solver)(points)
    torch.testing.assert_close(clusters.transform(points), clusters.embedding, atol=2e-2, rtol=0)
    assert (clusters.predict(points) == clusters.labels).float().mean() > 0.99


@every_method
def test_unseen_pixels_are_labelled_as_well_as_seen_ones(
    photo_points: dict[int, torch.Tensor], method: dict[str, Any]
) -> None:
    points = photo_points[2048]
    whole = SpectralClustering(10, **method)(points).labels
    half = SpectralClustering(10, **method)(points[::2])
    seen = normalized_mutual_info_score(whole[::2], half.labels)
    assert normalized_mutual_info_score(whole[1::2], half.predict(points[1::2])) > seen - 0.05


def test_each_image_of_a_batch_places_its_own_points(photo_points: dict[int, torch.Tensor]) -> None:
    batch = photo_points[2048].reshape(2, 1024, -1)
    clusters = SpectralClustering(6, solver="dense")(batch)
    assert torch.equal(clusters.predict(batch)[1], clusters[1].predict(batch[1]))


def test_points_that_cannot_be_placed_are_refused() -> None:
    points = torch.randn(90, 4, generator=torch.Generator().manual_seed(0))
    clusters = SpectralClustering(3)(points)
    with pytest.raises(ValueError, match=r"\(\*\(\), m, 4\)"):
        clusters.predict(points[:, :3])
    with pytest.raises(ValueError, match="4 of 360 values"):
        clusters.predict(torch.cat([points[:-1], torch.full((1, 4), torch.nan)]))
    with pytest.raises(ValueError, match="torchcluster"):
        original_clusters(points, 3, sigma=3.0).predict(points)


@every_method
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_a_crowd_of_identical_points_stays_together_wherever_it_is_asked(
    method: dict[str, Any], dtype: torch.dtype
) -> None:
    points = torch.randn(270, 3, generator=torch.Generator().manual_seed(0))
    points = torch.cat([points, torch.zeros(30, 3), points[:5]]).to(dtype)
    clusters = SpectralClustering(5, **method)(points)
    assert len(clusters.labels[270:300].unique()) == 1
    torch.testing.assert_close(clusters.transform(points), clusters.embedding, atol=5e-2, rtol=0)
    alone = torch.cat([clusters.predict(point[None]) for point in points])
    assert torch.equal(alone, clusters.predict(points))
    assert (alone == clusters.labels).float().mean() > 0.98
    assert (alone[270:300] == clusters.labels[270]).all()


@every_method
@pytest.mark.parametrize("n", [1, 2, 3])
def test_very_few_points_are_clustered(method: dict[str, Any], n: int) -> None:
    points = torch.randn(n, 4, generator=torch.Generator().manual_seed(0))
    assert SpectralClustering(n, **method)(points).labels.shape == (n,)


def test_landmarks_find_planted_clusters_and_place_others_as_they_placed_these(
    monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    monkeypatch.setattr(solvers, "LANDMARKS", 400)
    generator = torch.Generator().manual_seed(0)
    truth = torch.arange(2000) % 10
    points = 4 * torch.randn(10, 32, generator=generator)[truth] + torch.randn(2000, 32, generator=generator)
    clusters = SpectralClustering(10, solver="nystrom")(points)
    assert clusters.solver == "nystrom"
    assert not [warning for warning in recwarn.list if "landmarks" in str(warning.message)]
    assert adjusted_rand_score(truth, clusters.labels) > 0.99
    torch.testing.assert_close(clusters.transform(points), clusters.embedding, atol=1e-5, rtol=0)


def test_landmarks_that_miss_a_photographs_eigenspace_say_so(
    monkeypatch: pytest.MonkeyPatch, photo_points: dict[int, torch.Tensor]
) -> None:
    monkeypatch.setattr(solvers, "LANDMARKS", 512)
    with pytest.warns(UserWarning, match=r'share only 0\.\d\d; solver="krylov"') as caught:
        clusters = SpectralClustering(K, solver="nystrom")(photo_points[2048])
    assert caught[0].filename == __file__
    space = torch.linalg.qr(clusters.eigenvectors).Q
    exact = SpectralClustering(K, solver="krylov")(photo_points[2048]).eigenvectors
    assert float((space.T @ exact).square().sum()) / K < 0.95


def test_few_points_need_no_landmarks() -> None:
    points = torch.randn(600, 3, generator=torch.Generator().manual_seed(0))
    assert SpectralClustering(4, solver="nystrom")(points).solver == "krylov"


@pytest.mark.parametrize("graph", ["neighbors", "full"])
def test_threads_change_no_more_than_rounding_and_a_repetition_nothing(
    graph: Any, photo_points: dict[int, torch.Tensor]
) -> None:
    threads, found = torch.get_num_threads(), []
    try:
        for count in (1, 1, 2, 2):
            torch.set_num_threads(count)
            found.append(SpectralClustering(K, graph=graph)(photo_points[2048]))
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(found[0].embedding, found[1].embedding)
    assert torch.equal(found[2].embedding, found[3].embedding)
    assert captured(found[0], found[2]) > 0.999
    floor = normalized_mutual_info_score(
        found[0].labels, SpectralClustering(K, graph=graph, seed=1)(photo_points[2048]).labels
    )
    assert normalized_mutual_info_score(found[0].labels, found[2].labels) > floor - 0.03


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@every_method
def test_a_gpu_finds_what_the_processor_finds(method: dict[str, Any], photo_points: dict[int, torch.Tensor]) -> None:
    points = photo_points[2048]
    cluster = SpectralClustering(K, **method)
    here, there, again = cluster(points), cluster(points.cuda()), cluster(points.cuda())
    assert there.labels.is_cuda
    assert torch.equal(there.labels, again.labels)
    space = there.eigenvectors.cpu().double()
    assert float((here.eigenvectors.double().T @ space).square().sum()) / K > 0.99
    floor = normalized_mutual_info_score(here.labels, SpectralClustering(K, **method, seed=1)(points).labels)
    assert normalized_mutual_info_score(here.labels, there.labels.cpu()) > floor - 0.03


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpus_memory_stays_below_what_the_affinity_and_a_few_blocks_take() -> None:
    points = torch.randn(8192, 64, generator=torch.Generator().manual_seed(0)).cuda()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    SpectralClustering(K, solver="krylov")(points)
    assert torch.cuda.max_memory_allocated() - before < 2 * 4 * 8192**2
