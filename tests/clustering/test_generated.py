"""What holds of every clustering, on inputs made to break it: bandwidths that reach nobody, crowds, stars, lines."""

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor

from thesis_lib.clustering import Clusters, SpectralClustering
from thesis_lib.clustering.graph import DenseGraph, Graph
from thesis_lib.clustering.neighbor_graph import NEIGHBORS, NeighborGraph
from thesis_lib.clustering.twins import find_twins

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*isolated"),
    pytest.mark.filterwarnings("ignore:the graph of"),
    pytest.mark.filterwarnings("ignore:the leading eigenvectors were not all found"),
]


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def grid(partners: int, n: int = 600) -> Tensor:
    """Places 14 apart, some with a partner at distance 1."""
    places = 14.0 * torch.cartesian_prod(torch.arange(25.0), torch.arange(24.0))[: n - partners]
    return torch.cat([places, places[:partners] + torch.tensor([1.0, 0.0])])


def star(n: int) -> Tensor:
    """Rays from one point, each place farther than the one before."""
    ray = torch.nn.functional.normalize(noise(12, 3), dim=1)
    return torch.cat([ray * 1.3**step for step in range(n // 12)])


INPUTS: dict[str, Callable[[], Tensor]] = {
    "grid, 7 partners": lambda: grid(7),
    "grid, 1 partner": lambda: grid(1),
    "grid, 200 partners": lambda: grid(200),
    "grid, none": lambda: grid(0),
    "pairs": lambda: torch.cat([50 * noise(150, 3), 50 * noise(150, 3) + 0.5]),
    "star": lambda: star(300),
    "line": lambda: noise(400, 1),
    "line of places": lambda: torch.arange(400.0)[:, None],
    "duplicates": lambda: noise(40, 4).repeat(10, 1),
    "three places": lambda: noise(3, 2).repeat(100, 1),
    "one crowd": lambda: torch.cat([torch.zeros(300, 3), noise(100, 3)]),
    "far groups": lambda: noise(400, 3) + 1e4 * (torch.arange(400) % 5)[:, None],
    "few": lambda: noise(50, 3),
}
OPTIONS = [
    {"graph": graph, "solver": solver, "sigma": sigma}
    for graph, solver, sigma in product(("neighbors", "full"), ("dense", "krylov"), ("local", 1.0, 0.05))
]


def graph_of(points: Tensor, options: dict[str, Any], clusters: Clusters, k: int) -> Graph:
    """The graph that was solved, from the points it was made of."""
    assert clusters.extension is not None
    reduced = clusters.extension.points
    if options["graph"] == "full":
        return DenseGraph(reduced, options["sigma"])
    return NeighborGraph(reduced, options["sigma"], NEIGHBORS, twins=find_twins(points[None]), k=k)


@pytest.mark.parametrize("k", [2, 13, 40])
@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(map(str, options.values())))
def test_eigenpairs_are_what_they_are_said_to_be(options: dict[str, Any], k: int) -> None:
    faults = []
    for name, make in INPUTS.items():
        points = make()
        clusters = SpectralClustering(k, **options)(points)
        graph = graph_of(points, options, clusters, k)
        root = torch.where(graph.degree > 0, graph.degree.double().rsqrt(), 0.0)[0]
        matrix = root[:, None] * graph.whole()[0].double() * root
        values, vectors = clusters.eigenvalues.double(), clusters.eigenvectors.double()
        actual = (matrix @ vectors - vectors * values).norm(dim=0)
        assert clusters.residuals is not None
        checks = {
            "above 1": float(values.max() - 1) <= 1e-4,
            "orthonormal": float((vectors.T @ vectors - torch.eye(k)).abs().max()) <= 1e-4,
            "residuals": float((actual - clusters.residuals).abs().max()) <= 1e-3,
            "labels": int(clusters.labels.min()) >= 0 and int(clusters.labels.max()) < k,
            "finite": bool(clusters.embedding.isfinite().all() and clusters.centers.isfinite().all()),
        }
        numbers = f"{float(values.max() - 1):.1e} {float((actual - clusters.residuals).abs().max()):.1e}"
        faults += [f"{name}: {check} ({numbers})" for check, holds in checks.items() if not holds]
    assert not faults
