"""k-means with greedy k-means++ and restarts, vectorised over a batch, its restarts and clusters.

Greedy k-means++ is Arthur and Vassilvitskii (2007), section 4 (several candidates a step, the best is kept); the
iteration is Lloyd's, with distances and sums as matrix products.
"""

from collections.abc import Callable
from math import log
from typing import NamedTuple

import torch
from torch import Tensor

from thesis_lib.clustering.checks import check_points
from thesis_lib.clustering.distances import FINE, squared_distances
from thesis_lib.clustering.reduction import center

SAME = 1e-10
"""Share of the squares of float32 points: what lies within clusters and is less, is their rounding."""


class KMeans:
    """`labels, centers = KMeans(n_clusters)(points)`: torchcluster's calling convention.

    Args:
        n_clusters: k.
        n_init: restarts; the one with the smallest inertia is kept.
        max_iter: Lloyd iterations at most; it stops earlier when no label changes.
        rounding: share of the points' squares below which differences mean nothing; FINE for a computed embedding.
        seed: of every random draw; all members of a batch see the same draws, so a set of points gets the same
            answer alone and in a batch.
    """

    def __init__(
        self, n_clusters: int, *, n_init: int = 4, max_iter: int = 100, rounding: float = SAME, seed: int = 0
    ) -> None:
        self.n_clusters = n_clusters
        self.rounding = rounding
        self.n_init = n_init
        self.max_iter = max_iter
        self.seed = seed

    @torch.no_grad()
    def __call__(self, points: Tensor, start: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Cluster points (n, d) or (B, n, d), in their own precision, and in float64 where groups are far and tight.

        Args:
            start: labels (..., n) to go on from, such as those of nearly the same points, instead of restarts.

        Returns:
            labels (..., n) int64, largest cluster first, and centers (..., k, d), the means of the members. With
            fewer than k distinct points the last clusters have no members and repeat a point.

        Raises:
            ValueError: NaN or infinite points, fewer points than clusters, or a start of another shape.
        """
        check_points(points, self.n_clusters)
        if start is not None and start.shape != points.shape[:-1]:
            raise ValueError(
                f"start must hold a label for each of {tuple(points.shape[:-1])} points, not {tuple(start.shape)}"
            )
        batch = points.reshape(-1, *points.shape[-2:])
        centring = center(batch)
        with torch.autocast(points.device.type, enabled=False):
            labels, centers = self._cluster(centring.centred(batch), start)
        labels, order = canonical_order(labels, self.n_clusters)
        centers = centers.gather(1, order[..., None].expand_as(centers)) / centring.scale + centring.mean
        return labels.reshape(points.shape[:-1]), centers.reshape(*points.shape[:-2], *centers.shape[-2:])

    def _cluster(self, points: Tensor, start: Tensor | None) -> tuple[Tensor, Tensor]:
        """Cluster centred points (B, n, d), from labels (..., n) if given: labels (B, n) and centers (B, k, d)."""
        if start is None:
            centers = self._seed_centers(points)
        else:
            centers = _means(points, start.reshape(len(points), 1, -1), self.n_clusters)[0]
        labels, centers = self._lloyd(points, centers)
        spread = (points - _take_rows(centers, labels)).square().sum((1, 2)) / points.square().sum((1, 2))
        if points.dtype == torch.float32 and ((spread > self.rounding) & (spread < FINE)).any():
            labels, centers = self._cluster(points.double(), start)
        return labels, centers.to(points.dtype)

    def _seed_centers(self, points: Tensor) -> Tensor:
        """Choose initial centers (B, R, k, d) among points (B, n, d) by greedy k-means++."""
        k, tries = self.n_clusters, 2 + int(log(self.n_clusters))
        generator = torch.Generator().manual_seed(self.seed)
        draws = torch.rand(k, self.n_init, tries, generator=generator, dtype=torch.float64)
        draws = draws.to(points.device, points.dtype)
        closest = points.new_ones(len(points), self.n_init, points.shape[1])
        centers = []
        for step, draw in enumerate(draws):
            rows = _sample(closest, draw)
            candidates = _take_rows(points, rows)
            distance = squared_distances(candidates.flatten(1, 2), points).unflatten(1, rows.shape[1:])
            if step:
                distance = torch.minimum(distance, closest[:, :, None])
            best = distance.sum(-1).argmin(-1)[..., None, None]
            closest = distance.gather(2, best.expand(-1, -1, -1, points.shape[1])).squeeze(2)
            centers.append(candidates.gather(2, best.expand(-1, -1, -1, points.shape[2])))
        return torch.cat(centers, 2)

    def _lloyd(self, points: Tensor, centers: Tensor) -> tuple[Tensor, Tensor]:
        """Run Lloyd's algorithm from centers (B, R, k, d): labels (B, n), centers (B, k, d) of the best restart."""
        final = state = _State(centers, *_assign(points, centers))
        rows, restarts = (torch.arange(size, device=points.device) for size in centers.shape[:2])
        live = points
        for step in range(1, self.max_iter + 1):
            centers = _update(live, state, self.n_clusters)
            previous, state = state, _State(centers, *_assign(live, centers))
            moving = (previous.labels != state.labels).any(-1)
            some, any_of = moving.any(1), moving.any(0)
            if some.all() and any_of.all() and step < self.max_iter:
                continue
            for whole, part in zip(final, state, strict=True):
                whole[rows[:, None], restarts] = part
            if not moving.any():
                break
            rows, restarts, live = rows[some], restarts[any_of], live[some]  # what has settled everywhere is left out
            state = _State(*(part[some][:, any_of] for part in state))
        best = final.distance.sum(-1).argmin(-1)
        every = torch.arange(len(points), device=points.device)
        return final.labels[every, best], final.centers[every, best]


class _State(NamedTuple):
    """State of Lloyd's iteration for B sets of points with R restarts each."""

    centers: Tensor
    """(B, R, k, d)."""
    labels: Tensor
    """(B, R, n)."""
    distance: Tensor
    """(B, R, n), squared, to the nearest centre."""


def _sample(weights: Tensor, draw: Tensor) -> Tensor:
    """Draw rows with probabilities proportional to weights (B, R, n), by uniform numbers (R, T): (B, R, T)."""
    cumulative = weights.cumsum(-1)
    wanted = draw * cumulative[..., -1:]
    return torch.searchsorted(cumulative, wanted, right=True).clamp_(max=weights.shape[-1] - 1)


def _take_rows(points: Tensor, rows: Tensor) -> Tensor:
    """Gather rows of points: points (B, n, d), rows (B, ...) -> (B, ..., d)."""
    return points[torch.arange(len(points), device=points.device).view(-1, *[1] * (rows.ndim - 1)), rows]


def _assign(points: Tensor, centers: Tensor) -> tuple[Tensor, Tensor]:
    """Assign points (B, n, d) to the nearest of centers (B, R, k, d): labels and squared distances, (B, R, n)."""
    squared = squared_distances(centers.flatten(1, 2), points).unflatten(1, centers.shape[1:3])
    distance, labels = squared.min(2)
    return labels, distance


def _update(points: Tensor, state: _State, k: int) -> Tensor:
    """Move centers to their members' means (B, R, k, d), and empty clusters to points far from their centre."""
    centers, counts = _means(points, state.labels, k)
    empty = counts == 0
    if empty.any():
        far = state.distance.topk(k, dim=-1).indices
        rank = (empty.cumsum(-1) - 1).clamp(min=0)
        centers = torch.where(empty[..., None], _take_rows(points, far.gather(-1, rank)), centers)
    return centers


def _means(points: Tensor, labels: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Means of points (B, n, d) by labels (B, R, n): (B, R, k, d), 0 for an empty label; and counts (B, R, k)."""
    members = points.new_zeros(*labels.shape[:2], k, labels.shape[2]).scatter_(2, labels[:, :, None], 1)  # (B, R, k, n)
    counts = members.sum(-1)
    sums = members.flatten(1, 2) @ points
    return sums.unflatten(1, counts.shape[1:]) / counts.clamp(min=1)[..., None], counts


def canonical_order(labels: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Number clusters by size, the largest 0, equal sizes by their first member.

    Args:
        labels: (B, n) int64 in [0, k).

    Returns:
        the renamed labels (B, n), and order (B, k): the old name of each new one.
    """
    n = labels.shape[-1]
    counts = torch.nn.functional.one_hot(labels, k).sum(-2)
    index = torch.arange(n, device=labels.device).expand_as(labels)
    first = torch.full_like(counts, n).scatter_reduce(-1, labels, index, "amin")
    order = (counts * (n + 1) - first).argsort(dim=-1, descending=True, stable=True)
    rank = order.argsort(-1)
    return rank.gather(-1, labels), order


def label_rows(
    embedding: Tensor,
    k: int,
    seed: int,
    kmeans: Callable[[Tensor], tuple[Tensor, Tensor]] | None = None,
    start: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Cluster the rows of an embedding (B, n, k): Ng, Jordan and Weiss (2001), step 5.

    Args:
        kmeans: another `labels, centers = kmeans(rows)` for one set of rows.
        start: labels (B, n) that our own k-means goes on from.

    Returns:
        labels (B, n), the largest cluster 0, and centers (B, k, k).
    """
    if kmeans is None:
        return KMeans(k, rounding=FINE, seed=seed)(embedding, start)
    pairs = [kmeans(rows) for rows in embedding]
    labels, order = canonical_order(torch.stack([labels for labels, _ in pairs]), k)
    centers = torch.stack([centers for _, centers in pairs])
    return labels, centers.gather(1, order[..., None].expand_as(centers))
