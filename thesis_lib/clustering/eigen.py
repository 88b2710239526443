"""What the leading eigenvectors of a normalised affinity are, and all of them at once by LAPACK."""

from typing import NamedTuple

import torch
from torch import Tensor

from thesis_lib.clustering.affinity import normalized_affinity
from thesis_lib.clustering.embedding import fix_signs
from thesis_lib.clustering.graph import Graph


class Eigen(NamedTuple):
    """Leading eigenpairs of a batch."""

    values: Tensor
    """(B, k), descending."""
    vectors: Tensor
    """(B, n, k), orthonormal columns."""
    residuals: Tensor | None = None
    """(B, k), the norms |L u - lambda u|, float64."""
    basis: Tensor | None = None
    """(B, n, b), the eigenvectors and the next best directions, to start from another time."""


def dense_eigenvectors(graph: Graph, k: int) -> Eigen:
    """The k largest eigenvalues of D^-1/2 A D^-1/2, and their eigenvectors, from all of them by LAPACK in float64.

    Args:
        graph: A, (B, n, n), symmetric, non-negative.

    Returns:
        in the dtype of A.
    """
    weights = graph.whole()
    matrix = normalized_affinity(weights.double())
    values, vectors = torch.linalg.eigh(matrix)
    values, vectors = values[..., -k:].flip(-1), fix_signs(vectors[..., -k:].flip(-1))
    residuals = (matrix @ vectors - vectors * values[..., None, :]).norm(dim=-2)
    return Eigen(values.to(weights), vectors.to(weights), residuals)
