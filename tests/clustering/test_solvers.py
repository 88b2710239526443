import warnings

import pytest
import torch

from thesis_lib.clustering import SpectralClustering, solvers
from thesis_lib.clustering.neighbor_graph import NeighborGraph

BATCH = torch.randn(5, 300, 6, generator=torch.Generator().manual_seed(0)) + 7 * (torch.arange(300) % 5)[:, None]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"graph": "full", "sigma": 3.0},
        {"solver": "dense"},
        {"graph": "full", "sigma": "median", "solver": "krylov"},
    ],
    ids=str,
)
def test_a_batch_in_parts_is_the_batch(options: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part has its own scale and its own share of the bandwidths and twins."""
    batch = torch.cat([BATCH, BATCH[:1] * 1e30, BATCH[:1].repeat_interleave(2, 1)[:, :300]])
    whole = SpectralClustering(5, **options)(batch)
    monkeypatch.setattr(solvers, "CHUNK", 2 * 300 * (300 if "graph" in options or "solver" in options else 20))
    parts = SpectralClustering(5, **options)(batch)
    torch.testing.assert_close(parts.eigenvalues, whole.eigenvalues, atol=1e-5, rtol=0)
    assert torch.equal(parts.labels, whole.labels)
    assert torch.equal(parts.predict(batch + 0.01), whole.predict(batch + 0.01))


def test_a_warm_start_is_handed_to_each_part(monkeypatch: pytest.MonkeyPatch) -> None:
    points = torch.randn(3, 1200, 8, generator=torch.Generator().manual_seed(0))
    first = SpectralClustering(20)(points)
    products, mapped = [], NeighborGraph.mapped

    def counted(graph: NeighborGraph, low: torch.Tensor, high: torch.Tensor) -> object:
        step = mapped(graph, low, high)
        return lambda now, before: (products.append(1), step(now, before))[1]

    monkeypatch.setattr(NeighborGraph, "mapped", counted)
    monkeypatch.setattr(solvers, "CHUNK", 1200 * 20)
    SpectralClustering(20)(points)
    cold = len(products)
    again = SpectralClustering(20)(points, warm_start=first)
    assert len(products) - cold < cold / 2
    torch.testing.assert_close(again.eigenvalues, first.eigenvalues, atol=1e-4, rtol=0)


def test_nothing_is_said_of_a_connected_graph() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for graph in ("neighbors", "full"):
            SpectralClustering(5, graph=graph)(torch.randn(2, 300, 3, generator=torch.Generator().manual_seed(0)))


@pytest.mark.parametrize("options", [{"neighbors": 1}, {"reduce": 1}], ids=str)
def test_the_least_that_is_allowed_works(options: dict) -> None:
    clusters = SpectralClustering(2, **options)(BATCH)
    assert clusters.labels.shape == (5, 300)
    assert set(clusters.labels.unique().tolist()) == {0, 1}


@pytest.mark.parametrize("options", [{"neighbors": 0}, {"reduce": 0}, {"neighbors": -3}], ids=str)
def test_less_is_refused(options: dict) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(options))} must be .*at least 1"):
        SpectralClustering(2, **options)


@pytest.mark.parametrize("k", [3, 8])
def test_a_warm_start_of_another_number_of_clusters_gives_its_basis_alone(k: int) -> None:
    points = torch.randn(2, 400, 5, generator=torch.Generator().manual_seed(0)) + 9 * (torch.arange(400) % 8)[:, None]
    cold = SpectralClustering(k)(points)
    warm = SpectralClustering(k)(points, warm_start=SpectralClustering(5)(points))
    torch.testing.assert_close(warm.eigenvalues, cold.eigenvalues, atol=1e-4, rtol=0)
    assert torch.equal(warm.labels.amax(-1), torch.tensor([k - 1, k - 1]))
    assert torch.equal(warm.labels, cold.labels)
