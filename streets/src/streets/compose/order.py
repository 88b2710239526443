"""Who hides whom: the painting order of things by the ground they stand on.

Sorting by depth alone is wrong for long things: a bollard beside a parked car may be nearer than the car's
middle and yet behind its corner. So rays are sent over the ground, and whatever a ray meets later is
painted earlier.
"""

from __future__ import annotations

import heapq

import numpy as np

from streets.optics.camera import Points

RAYS = np.linspace(-0.56, 0.56, 225)
"""Slopes x / z of the rays; a little wider than the frame."""


def hidden_behind(footprints: list[Points], heights: list[float]) -> list[bool]:
    """Tell for each thing of known height whether nearer ones, no lower than it, hide it wholly.

    The eye must be below all their tops: then what is nearer and as high covers all of what is behind it.
    """
    depth = _depths(footprints)
    tall = np.asarray(heights)
    hidden = []
    for k in range(len(footprints)):
        rays = depth[k] > 0
        before = (depth[:, rays] > 0) & (depth[:, rays] < depth[k, rays]) & (tall[:, None] >= tall[k] - 0.02)
        hidden.append(bool(rays.any() and before.any(0).all()))
    return hidden


def paint_order(footprints: list[Points]) -> list[int]:
    """Sort (n_i, 2) footprints (x, z) for painting, and give their indices: what is hidden comes first.

    Where the rays contradict each other (things that embrace each other), the farthest comes first.
    """
    far = [float(footprint[:, 1].max()) for footprint in footprints]
    behind = _pairs(footprints)
    followers: list[list[int]] = [[] for _ in far]
    waiting = [0] * len(far)
    for hidden, hiding in behind:
        followers[hidden].append(hiding)
        waiting[hiding] += 1
    ready = [(-far[k], k) for k in range(len(far)) if not waiting[k]]
    blocked = sorted(((-far[k], k) for k in range(len(far)) if waiting[k]), reverse=True)
    heapq.heapify(ready)
    order: list[int] = []
    done = [False] * len(far)
    while len(order) < len(far):
        while not ready:
            candidate = blocked.pop()
            if not done[candidate[1]]:
                ready.append(candidate)
        k = heapq.heappop(ready)[1]
        if done[k]:
            continue
        done[k] = True
        order.append(k)
        for follower in followers[k]:
            waiting[follower] -= 1
            if not waiting[follower] and not done[follower]:
                heapq.heappush(ready, (-far[follower], follower))
    return order


def _pairs(footprints: list[Points]) -> set[tuple[int, int]]:
    """(hidden, hiding) neighbours along every ray."""
    depth = _depths(footprints)
    order = np.argsort(-depth, axis=0, kind="stable")
    sorted_ = np.take_along_axis(depth, order, axis=0)
    met = sorted_ > 0
    hidden, hiding = order[:-1][met[1:]], order[1:][met[1:]]
    return set(zip(hidden.tolist(), hiding.tolist(), strict=True))


def _depths(footprints: list[Points]) -> Points:
    """(things, rays) depth at which a ray first meets a footprint, 0 where it does not."""
    sizes = [len(footprint) for footprint in footprints]
    start = np.concatenate(footprints)
    first = np.cumsum([0, *sizes[:-1]])
    after = np.arange(1, len(start) + 1)
    after[first + sizes - 1] = first
    step = start[after] - start
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (RAYS * start[:, 1:] - start[:, :1]) / (step[:, :1] - RAYS * step[:, 1:])
        depth = start[:, 1:] + share * step[:, 1:]
    depth[~((share >= 0) & (share <= 1) & (depth > 0))] = np.inf
    nearest = np.minimum.reduceat(depth, first, axis=0)
    middle = np.array([footprint.mean(0) for footprint in footprints])
    before = np.flatnonzero(middle[:, 1] > 1)
    x, z = middle[before].T
    rays = np.abs(RAYS - (x / z)[:, None]).argmin(1)
    nearest[before, rays] = np.minimum(nearest[before, rays], z)
    return np.where(np.isfinite(nearest), nearest, 0.0)
