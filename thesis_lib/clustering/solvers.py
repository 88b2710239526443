"""Choice of the eigensolver, of how many sets of points are solved at a time, and of landmarks (Nystrom)."""

import os
from collections.abc import Callable
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from thesis_lib.clustering.affinity import Sigma
from thesis_lib.clustering.chebyshev import filtered_eigenvectors
from thesis_lib.clustering.checks import warn_caller
from thesis_lib.clustering.eigen import Eigen, dense_eigenvectors
from thesis_lib.clustering.extension import Extension
from thesis_lib.clustering.graph import DenseGraph, Graph, TiledGraph
from thesis_lib.clustering.krylov import krylov_eigenvectors
from thesis_lib.clustering.neighbor_graph import NeighborGraph
from thesis_lib.clustering.orthonormal import orthonormal

Solver = Literal["auto", "dense", "krylov", "nystrom"]
DENSE_UP_TO = 256
"""Points up to which the whole decomposition is about as fast as the Krylov space (2 cores)."""
CHUNK = 2**27
"""Affinities held at a time: images of a batch are solved together while they have no more (1 GB in float64)."""
HELD = 1 / 8
"""Share of the device's memory for the affinity of one image; a larger one is made again for every product."""
LANDMARKS = 2048
"""Points from which "nystrom" extends."""
TRUSTED = 0.95
"""Share of each other that two sets of landmarks must find. Of photographs they share up to 0.15 more than is true."""


class Solved(NamedTuple):
    """Eigenvectors of the graphs of B sets of n points, with each point's scale, degree and radius."""

    eigen: Eigen
    inverse_scale: Tensor
    """(B, n), see `affinity_and_scales`."""
    inverse_root: Tensor
    """(B, n), D^-1/2."""
    radius: Tensor | None
    """(B, n) of a graph of neighbours."""
    fault: str
    """What is wrong with the first graph that has a fault, in words."""


def choose_solver(solver: Solver, n: int) -> str:
    """Choose the solver for n points, where none was asked for."""
    if solver == "auto":
        return "dense" if n <= DENSE_UP_TO else "krylov"
    return "krylov" if solver == "nystrom" and n <= 2 * LANDMARKS else solver


def full_graph(points: Tensor, sigma: Sigma, solver: str) -> Graph:
    """Make the full graph of points (B, n, d), held in memory if there is room or LAPACK needs it."""
    held = solver == "dense" or is_held(points.shape[1], points.device)
    return (DenseGraph if held else TiledGraph)(points, sigma)


def is_held(n: int, device: torch.device) -> bool:
    """Whether a float32 affinity of n points fits on a device, judged by its total memory, not by what is free now."""
    if device.type == "cuda":
        memory = torch.cuda.get_device_properties(device).total_memory
    else:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return 4 * n**2 <= HELD * memory


def solve(
    graph_of: Callable[[slice], Graph],
    shape: torch.Size,
    k: int,
    *,
    solver: str,
    per_point: int,
    seed: int,
    start: Tensor | None = None,
) -> Solved:
    """Compute the k leading eigenvectors of the graphs of B sets of n points, as many sets at a time as fit in memory.

    Args:
        graph_of: makes the graph of some of the sets.
        shape: (B, n).
        solver: "dense" or "krylov".
        per_point: affinities that a graph holds of each point.
        start: (B, n, b), see `krylov_eigenvectors`.
    """
    batch, n = shape
    size = max(1, CHUNK // (n * per_point))
    parts = []
    for first in range(0, batch, size):
        some = slice(first, first + size)
        graph = graph_of(some)
        if solver == "dense":
            eigen = dense_eigenvectors(graph, k)
        else:
            given = None if start is None else start[some]
            if isinstance(graph, NeighborGraph):
                eigen = filtered_eigenvectors(graph, k, seed=seed, start=given)
            else:
                eigen = krylov_eigenvectors(graph, k, seed=seed, start=given)
        parts.append(Solved(eigen, graph.inverse_scale, graph.root, graph.radius, graph.fault(k)))
    eigens, scales, roots, radii, faults = zip(*parts, strict=True)
    fault = next((fault for fault in faults if fault), "")
    eigen = Eigen(*(_joined(field) for field in zip(*eigens, strict=True)))  # type: ignore[arg-type]
    return Solved(eigen, torch.cat(scales), torch.cat(roots), _joined(radii), fault)


def extend_landmarks(
    points: Tensor, solved: Callable[[Tensor], tuple[Eigen, Extension, str]], seed: int
) -> tuple[Eigen, Extension, str]:
    """Extend the eigenvectors of LANDMARKS of the points (B, n, d) to all; other landmarks tell how far to trust them.

    Args:
        solved: eigenvectors of fewer points, what extends them to others, and what is wrong with their graph.
    """
    rows = torch.randperm(points.shape[1], generator=torch.Generator().manual_seed(seed))[: 2 * LANDMARKS]
    found = []
    for landmarks in rows.view(2, -1).sort().values.to(points.device):
        eigen, extension, fault = solved(points[:, landmarks])
        found.append((Eigen(eigen.values, extension.eigenvectors(points, eigen.values)), extension, fault))
    spaces = [orthonormal(eigen.vectors.mT) for eigen, _, _ in found]  # (B, k, n)
    shared = float((spaces[0] @ spaces[1].mT).square().sum((1, 2)).min() / spaces[0].shape[1])
    if shared < TRUSTED:
        warn_caller(
            f'"nystrom": two sets of {LANDMARKS} landmarks give eigenspaces that share only {shared:.2f}; '
            'solver="krylov" on graph="neighbors" takes as little memory and needs no landmarks'
        )
    return found[0]


def _joined(parts: tuple[Tensor | None, ...]) -> Tensor | None:
    """Concatenate the parts of a batch, or return None if there are none."""
    whole = [part for part in parts if part is not None]
    return torch.cat(whole) if whole else None
