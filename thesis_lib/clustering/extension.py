"""New points among clustered ones, without solving again: the Nystrom extension of the eigenvectors.

Bengio, Paiement, Vincent et al., "Out-of-Sample Extensions for LLE, Isomap, MDS, Eigenmaps, and Spectral Clustering",
NIPS 2003: an eigenvector's entry at x is 1 / lambda times the affinities of x, normalised, times the eigenvector.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from thesis_lib.clustering.affinity import NEIGHBOR, gaussian_, positive_scales, squared_distances
from thesis_lib.clustering.neighbors import smallest, tiles
from thesis_lib.clustering.reduction import Projection


@dataclass(frozen=True, repr=False)
class Extension:
    """What the affinity of a new point with the clustered ones needs; all with a batch dimension B."""

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
    """How many of these it is connected with; all unless the graph was sparse."""

    def __getitem__(self, index: int) -> "Extension":
        """One member of a batch, its batch dimension kept."""
        one = slice(index, index + 1) if index != -1 else slice(-1, None)
        basis = None if self.project.basis is None else self.project.basis[one]
        return replace(
            self,
            project=Projection(self.project.mean[one], basis),
            points=self.points[one],
            inverse_scale=self.inverse_scale[one],
            inverse_root=self.inverse_root[one],
            vectors=self.vectors[one],
        )

    def eigenvectors(self, new: Tensor, values: Tensor) -> Tensor:
        """Entries (B, m, k) of the first eigenvectors, with eigenvalues (B, k), at new points (B, m, d).

        A point that was clustered gets the entries it has: its affinity with itself is 0 there, and here.
        """
        reduced = self.project(new.to(self.project.mean.dtype)).to(self.points.dtype)
        inverse = torch.where(values > 0, values.reciprocal(), torch.zeros_like(values))
        weighted = self.inverse_root[..., None] * self.vectors[..., : values.shape[-1]] * inverse[:, None]
        parts = [self._entries(reduced[:, rows], weighted) for rows in tiles(new.shape[1], self.points.shape[1])]
        return torch.cat(parts, 1) if parts else weighted[:, :0]

    def _entries(self, new: Tensor, weighted: Tensor) -> Tensor:
        squared = squared_distances(new, self.points)
        least, twin = squared.min(-1, keepdim=True)
        squared.scatter_(-1, twin, torch.where(least > 0, least, torch.inf))
        inverse = self.inverse_scale[:, :1].expand(new.shape[:2])
        if self.local:
            near = smallest(squared, min(NEIGHBOR, squared.shape[-1]))[0]
            inverse = positive_scales(torch.where(near.isinf(), 0.0, near).amax(-1).sqrt()).reciprocal()
        if self.neighbors is not None:
            limit = smallest(squared, min(self.neighbors, squared.shape[-1]))[0][..., -1:]
            squared = torch.where(squared > limit, torch.inf, squared)
        weights = gaussian_(squared, inverse, self.inverse_scale)
        degree = weights.sum(-1, keepdim=True)
        return torch.where(degree > 0, degree.rsqrt(), 0.0) * (weights @ weighted)
