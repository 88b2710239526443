"""Nystrom extension: eigenvectors at new points, without solving again.

Bengio, Paiement, Vincent et al., "Out-of-Sample Extensions for LLE, Isomap, MDS, Eigenmaps, and Spectral Clustering",
NIPS 2003: an eigenvector's entry at x is 1 / lambda times the affinities of x, normalised, times the eigenvector.
"""

from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor

from thesis_lib.clustering.affinity import NEIGHBOR, gaussian_, is_fine
from thesis_lib.clustering.distances import exact_squared_distances, smallest, squared_distances, tiles
from thesis_lib.clustering.reduction import Projection


@dataclass(frozen=True, repr=False)
class Extension:
    """Clustered points with all that affinities to new points depend on; every tensor has a batch dimension B."""

    project: Projection
    """From the points as they were given to the reduced ones."""
    points: Tensor
    """(B, n, r), reduced."""
    inverse_scale: Tensor
    """(B, n), see `affinity_and_scales`."""
    inverse_root: Tensor
    """(B, n), D^-1/2."""
    vectors: Tensor
    """(B, n, k), their eigenvectors."""
    local: bool
    """Whether a new point has a scale of its own, from its neighbours among the clustered points."""
    neighbors: int | None = None
    """How many of these it is connected with; None for all of them, in a full graph."""
    radius: Tensor | None = None
    """(B, n), squared distance within which a point of a graph of neighbours connects others with itself."""
    count: Tensor | None = None
    """(B, n), identical points that a point stands for in a graph of neighbours, 0 where another stands for it."""

    def __getitem__(self, index: int) -> "Extension":
        """Extension of one member of the batch, with its batch dimension kept."""
        one = slice(index, index + 1) if index != -1 else slice(-1, None)
        parts: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        parts = {name: part[one] for name, part in parts.items() if isinstance(part, Tensor | Projection)}
        return replace(self, **parts)

    def eigenvectors(self, new: Tensor, values: Tensor) -> Tensor:
        """Extend the leading eigenvectors, with eigenvalues (B, k), to new points (B, m, d): entries (B, m, k).

        A point that was clustered gets the entries it has. One that no affinity reaches gets those of its nearest.
        """
        reduced = self.project(new, self.points.dtype)
        inverse = torch.where(values > 0, values.reciprocal(), torch.zeros_like(values))
        weighted = self.inverse_root[..., None] * self.vectors[..., : values.shape[-1]] * inverse[:, None]
        parts = [self._entries(reduced[:, rows], weighted) for rows in tiles(new.shape[1], self.points.shape[1])]
        return torch.cat(parts, 1)

    def _entries(self, new: Tensor, weighted: Tensor) -> Tensor:
        weights = self._affinities(new)
        degree = weights.sum(-1, keepdim=True)
        entries = torch.where(degree > 0, degree.rsqrt(), 0.0) * (weights @ weighted)
        if (degree > 0).all():
            return entries
        nearest = self._squared(new).argmin(-1)[..., None].expand_as(entries)
        return torch.where(degree > 0, entries, self.vectors[..., : entries.shape[-1]].gather(1, nearest))

    def _squared(self, new: Tensor) -> Tensor:
        """Squared distances (B, m, n) of reduced points (B, m, r) to the nodes; inf to points that are not a node."""
        fine = is_fine(self.points, "local", [self.inverse_scale.reciprocal()])
        squared = (exact_squared_distances if fine else squared_distances)(new, self.points)
        return squared if self.count is None else squared.masked_fill_(self.count[:, None] == 0, torch.inf)

    def _affinities(self, new: Tensor) -> Tensor:
        """Affinities (B, m, n) of reduced points (B, m, r) with the clustered ones; 0 of one of these with itself."""
        squared = self._squared(new)
        least, twin = squared.min(-1, keepdim=True)
        squared.scatter_(-1, twin, torch.where(least > 0, least, torch.inf))  # a point is no neighbour of itself
        inverse = self.inverse_scale[:, :1].expand(new.shape[:2])
        if self.local:
            near = smallest(squared, min(NEIGHBOR, squared.shape[-1]))[0]
            scale = torch.where(near.isinf(), 0.0, near).amax(-1).sqrt()
            inverse = torch.minimum(scale.reciprocal(), self.inverse_scale.amax(1, keepdim=True))
        if self.neighbors is not None:
            assert self.radius is not None
            limit = smallest(squared, min(self.neighbors, squared.shape[-1]))[0][..., -1:]
            squared.masked_fill_((squared > limit) & (squared > self.radius[:, None]), torch.inf)
        weights = gaussian_(squared, inverse, self.inverse_scale)
        if self.count is None:
            return weights
        weights *= self.count[:, None]
        others = (self.count[:, None] - 1).to(weights).expand_as(weights).gather(-1, twin)  # its twins but one
        return weights.scatter_(-1, twin, torch.where(least > 0, weights.gather(-1, twin), others))
