"""k-means with greedy k-means++ and restarts, vectorised over a batch, its restarts and clusters.

Greedy k-means++ is Arthur and Vassilvitskii (2007), section 4 (several candidates a step, the best is kept); the
iteration is Lloyd's, with distances and sums as matrix products.
"""

from collections.abc import Callable
from math import log

import torch
from torch import Tensor

from thesis_lib.clustering.checks import check_points
from thesis_lib.clustering.distances import FINE, ROUNDING, squared_distances
from thesis_lib.clustering.reduction import Projection, center

SAME = 1e-10
"""Share of the squares of float32 points: what lies within clusters and is less, is their rounding."""
FIRST_LOOK, LOOK = 3, 8
"""Iterations of Lloyd's between looks at what still moves; the first comes earlier: a warm start may have settled."""
NOTHING = 1e-30
"""Weight of the old centre beside the members'."""


class KMeans:
    """`labels, centers = KMeans(n_clusters)(points)`: torchcluster's calling convention.

    Args:
        n_clusters: k.
        n_init: restarts; the one with the smallest inertia is kept.
        max_iter: Lloyd iterations at most; it stops earlier when no label changes.
        rounding: share of the points' squares below which differences mean nothing; FINE for a computed embedding.
        seed: of every random draw; all members of a batch see the same draws, so a set of points gets the same
            answer alone and in a batch.

    Raises:
        ValueError: fewer than one restart or iteration.
    """

    def __init__(
        self, n_clusters: int, *, n_init: int = 4, max_iter: int = 100, rounding: float = SAME, seed: int = 0
    ) -> None:
        if n_init < 1 or max_iter < 1:
            raise ValueError(f"n_init and max_iter must be at least 1, not {n_init} and {max_iter}")
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
        with torch.autocast(points.device.type, enabled=False):
            labels, centers = self.clustered(batch, center(batch), start)
        return labels.reshape(points.shape[:-1]), centers.reshape(*points.shape[:-2], *centers.shape[-2:])

    def clustered(self, points: Tensor, centring: Projection, start: Tensor | None) -> tuple[Tensor, Tensor]:
        """Cluster points (B, n, d) that were checked, centred as given: labels (B, n) and centers (B, k, d)."""
        labels, centers = self._cluster(centring.centred(points), start)
        labels, order = canonical_order(labels, self.n_clusters)
        return labels, _take_rows(centers, order) / centring.scale + centring.mean

    def _cluster(self, points: Tensor, start: Tensor | None) -> tuple[Tensor, Tensor]:
        """Cluster centred points (B, n, d), from labels (..., n) if given: labels (B, n) and centers (B, k, d)."""
        if start is None:
            centers = self._seed_centers(points)
        else:
            means, counts = _means(points, start.reshape(len(points), -1), self.n_clusters)
            centers = _refilled(points, means[:, None], counts[:, None] == 0)[0]
        labels = squared_distances(self._lloyd(points, centers), points).argmin(1)
        centers, _ = _means(points, labels, self.n_clusters)
        if points.dtype == torch.float32 and self.rounding < FINE:
            within = (points - _take_rows(centers, labels)).square().sum((1, 2)) / points.square().sum((1, 2))
            if ((within > self.rounding) & (within < FINE)).any():
                labels, centers = self._cluster(points.double(), start)
        return labels, centers.to(points.dtype)

    def _seed_centers(self, points: Tensor) -> Tensor:
        """Choose initial centers (B, R, k, d) among points (B, n, d) by greedy k-means++."""
        k, tries = self.n_clusters, 2 + int(log(self.n_clusters))
        generator = torch.Generator().manual_seed(self.seed)
        draws = torch.rand(k, self.n_init, tries, generator=generator, dtype=torch.float64)
        batch = torch.arange(len(points), device=points.device)[:, None]
        restarts = torch.arange(self.n_init, device=points.device)
        squares = (1 - ROUNDING * torch.finfo(points.dtype).eps) * points.square().sum(2, keepdim=True)
        ones = torch.ones_like(squares)
        left = torch.cat([points, ones, squares], 2)  # (B, n, d + 2), see `squared_distances`
        right = torch.cat([-2 * points, squares, ones], 2).mT  # (B, d + 2, n)
        closest = points.new_ones(len(points), self.n_init, points.shape[1])  # (B, R, n)
        chosen = []
        for step, draw in enumerate(draws.to(points.device, points.dtype)):  # (R, T)
            cumulative = closest.cumsum(-1)
            rows = torch.searchsorted(cumulative, draw * cumulative[..., -1:])  # (B, R, T)
            distance = torch.bmm(left[batch, rows.flatten(1)], right).clamp_(min=0).view(*rows.shape, -1)
            if step:
                distance = torch.minimum(distance, closest[:, :, None])
            best = distance.sum(-1).argmin(-1)  # (B, R)
            closest = distance[batch, restarts, best]
            chosen.append(rows[batch, restarts, best])
        return _take_rows(points, torch.stack(chosen, -1))

    def _lloyd(self, points: Tensor, centers: Tensor) -> Tensor:
        """Run Lloyd's algorithm from centers (B, R, k, d): centers (B, k, d) of the best restart.

        Only every few iterations is it looked at what still moves, so that a GPU waits for nothing in between; what
        has settled stays as it is meanwhile.
        """
        final, live = centers.clone(), points
        rows, restarts = (torch.arange(size, device=points.device) for size in centers.shape[:2])
        for done in [0, *range(FIRST_LOOK, self.max_iter, LOOK)]:
            centers, moving, empty = _iterate(live, centers, min(LOOK if done else FIRST_LOOK, self.max_iter - done))
            moving |= empty.any(-1)
            flags = torch.cat([moving.any(1), moving.any(0), empty.any()[None]]).tolist()
            if flags.pop():
                centers, filled = _refilled(live, centers, empty)
                moving = (moving & ~empty.any(-1)) | filled
                flags = torch.cat([moving.any(1), moving.any(0)]).tolist()
            final[rows[:, None], restarts] = centers
            if not any(flags):
                break
            # what has settled everywhere is left out
            some, any_of = (
                torch.tensor([place for place, moves in enumerate(part) if moves], device=points.device)
                for part in (flags[: len(rows)], flags[len(rows) :])
            )
            rows, restarts, live = rows[some], restarts[any_of], live[some]
            centers = centers[some[:, None], any_of]
        squared = squared_distances(final.flatten(1, 2), points).unflatten(1, final.shape[1:3])
        best = squared.amin(2).sum(-1).argmin(-1)
        return final[torch.arange(len(points), device=points.device), best]


def _take_rows(points: Tensor, rows: Tensor) -> Tensor:
    """Gather rows of points: points (B, n, d), rows (B, ...) -> (B, ..., d)."""
    return points[torch.arange(len(points), device=points.device).view(-1, *[1] * (rows.ndim - 1)), rows]


def _iterate(points: Tensor, centers: Tensor, steps: int) -> tuple[Tensor, Tensor, Tensor]:
    """Do some of Lloyd's iterations, without a branch.

    Members are marked where a centre's distance is the least, so that no index of it is looked for. A cluster without
    members keeps its centre.

    Args:
        points: (B, n, d).
        centers: (B, R, k, d).

    Returns:
        the centers, whether the last iteration changed a restart's members (B, R), and which clusters are empty
        (B, R, k).
    """
    (batch, n, d), shape = points.shape, centers.shape[:3]
    left = torch.cat([points, points.new_zeros(batch, n, 1)], 2).mT.contiguous()  # (B, d + 1, n)
    right = torch.cat([points, points.new_ones(batch, n, 1)], 2)  # (B, n, d + 1), for sums and counts
    now = torch.cat([centers, centers.new_ones(*shape, 1)], 3).flatten(1, 2)  # (B, R k, d + 1)
    score, members = now.new_empty(*now.shape[:2], n), now.new_empty(*shape, n)
    earlier = torch.zeros_like(members)
    for _ in range(steps):
        members, earlier = earlier, members
        squares = now[..., :d].square().sum(2, keepdim=True)
        torch.baddbmm(squares, now, left, beta=0.5, alpha=-1, out=score)  # |c|^2 / 2 - c x
        each = score.view(members.shape)
        torch.eq(each, each.amin(2, keepdim=True), out=members)
        sums = torch.baddbmm(now, members.flatten(1, 2), right, beta=NOTHING)
        now = sums / sums[..., d:]
    moving = torch.ne(members, earlier).flatten(2).any(2) if steps > 1 else now.new_ones(shape[:2], dtype=torch.bool)
    return now[..., :d].unflatten(1, shape[1:]), moving, members.amax(3) == 0


def _refilled(points: Tensor, centers: Tensor, empty: Tensor) -> tuple[Tensor, Tensor]:
    """Move centers (B, R, k, d) of empty clusters (B, R, k) to points far from theirs, if there are points apart.

    Returns:
        the centers, and which restarts (B, R) have one that moved.
    """
    distance = squared_distances(centers.flatten(1, 2), points).unflatten(1, centers.shape[1:3]).amin(2)  # (B, R, n)
    apart, far = distance.topk(centers.shape[2], dim=-1)  # (B, R, k)
    rank = (empty.cumsum(-1) - 1).clamp(min=0)
    filled = empty & (apart.gather(-1, rank) > 0)
    centers = torch.where(filled[..., None], _take_rows(points, far.gather(-1, rank)), centers)
    return centers, filled.any(-1)


def _means(points: Tensor, labels: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Means (B, k, d) of points (B, n, d) by labels (B, n), of an empty label the first point; and counts (B, k)."""
    members = points.new_zeros(len(labels), k, labels.shape[1]).scatter_(1, labels[:, None], 1)  # (B, k, n)
    counts = members.sum(2, keepdim=True)
    return torch.where(counts > 0, members @ points / counts.clamp(min=1), points[:, :1]), counts[..., 0]


def canonical_order(labels: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Number clusters by size, the largest 0, equal sizes by their first member.

    Args:
        labels: (B, n) int64 in [0, k).

    Returns:
        the renamed labels (B, n), and order (B, k): the old name of each new one.
    """
    n = labels.shape[-1]
    counts = labels.new_zeros(*labels.shape[:-1], k).scatter_add_(-1, labels, torch.ones_like(labels))
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
        unscaled = embedding.new_ones(len(embedding), 1, 1)
        centring = Projection(embedding.mean(1, keepdim=True), unscaled, None)
        return KMeans(k, rounding=FINE, seed=seed).clustered(embedding, centring, start)
    pairs = [kmeans(rows) for rows in embedding]
    labels, order = canonical_order(torch.stack([labels for labels, _ in pairs]), k)
    centers = torch.stack([centers for _, centers in pairs])
    return labels, centers.gather(1, order[..., None].expand_as(centers))
