"""Squared distances between points and their exact nearest neighbours, tile by tile: no n x m matrix need be held."""

from itertools import product

import torch
from torch import Tensor

ROUNDING = 8
"""Units in the last place of |x|^2 below which two points are the same."""
GROUP = 16
"""Columns of which first only the smallest is looked at: a pass of minima costs a tenth of a selection."""
TILE = 2**21
"""Numbers worked on at a time (8 MB in float32): all steps of a tile find it in the cache."""
SEARCHED = {"cpu": 2**20, "cuda": 2**27}
"""Scores of a search worked on at a time: a processor's in its cache; a GPU's take longer than their launch."""
FINE = 1e-4
"""Squared distance over |x|^2 below which float32's |x|^2 + |y|^2 - 2 x y no longer tells neighbours apart."""


def squared_distances(points: Tensor, others: Tensor, out: Tensor | None = None) -> Tensor:
    """|x_i - y_j|^2 for points (..., n, d) and others (..., m, d), as (..., n, m), in `out` if that is given.

    By |x|^2 + |y|^2 - 2 x y; what rounding leaves between identical points is taken off, so that theirs is exactly 0.
    In place after the product: at these sizes making another array takes longer than filling it.
    """
    share = 1 - ROUNDING * torch.finfo(points.dtype).eps
    squares = [share * side.square().sum(-1) for side in (points, others)]
    products = torch.matmul(points, -2 * others.mT, out=out)
    return products.add_(squares[0][..., :, None]).add_(squares[1][..., None, :]).clamp_(min=0)


def exact_squared_distances(points: Tensor, others: Tensor, out: Tensor | None = None) -> Tensor:
    """|x_i - y_j|^2 as `squared_distances` gives it, by products in float64: to 1e-8 |x| in the distances."""
    squared = squared_distances(points.double(), others.double()).to(points.dtype)
    return squared if out is None else out.copy_(squared)


def tiles(rows: int, columns: int, numbers: int = TILE) -> list[slice]:
    """Divide the rows of a (rows, columns) matrix into slices of about so many `numbers` each."""
    size = max(1, numbers // max(1, columns))
    return [slice(start, min(start + size, rows)) for start in range(0, rows, size)]


def smallest(values: Tensor, count: int, *, ascending: bool = True) -> tuple[Tensor, Tensor]:
    """Find the `count` smallest numbers of every row (..., m), and their columns, exactly.

    The c smallest lie in the c groups of columns with the smallest minima, so that only those are sorted.
    """
    groups = values.shape[-1] // GROUP
    if groups < 4 * count:
        return values.topk(count, dim=-1, largest=False, sorted=ascending)
    whole = groups * GROUP
    minima = values[..., :whole].unflatten(-1, (GROUP, groups)).amin(-2)
    best = minima.topk(count, dim=-1, largest=False, sorted=False).indices
    members = groups * torch.arange(GROUP, device=values.device)
    columns = (best[..., None] + members).flatten(-2)
    if whole < values.shape[-1]:
        rest = torch.arange(whole, values.shape[-1], device=values.device).expand(*columns.shape[:-1], -1)
        columns = torch.cat([columns, rest], -1)
    found, place = values.gather(-1, columns).topk(count, dim=-1, largest=False, sorted=ascending)
    return found, columns.gather(-1, place)


def nearest_neighbors(points: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Find the exact nearest neighbours of every point among the others of its set.

    Found by |y|^2 / 2 - x y, one product of (-x, 1) and (y, |y|^2 / 2) a tile; their distances are then taken from
    differences, without rounding.
    Points much nearer to each other than to the origin are searched again in float64.

    Args:
        points: (B, n, d), best centred.
        count: at most n - 1.

    Returns:
        squared distances (B, n, count), ascending, and indices (B, n, count) within each set.
    """
    batch, n = points.shape[:2]
    half = points.square().sum(2) / 2  # (B, n)
    squared = points.new_empty(batch, n, count)
    indices = torch.empty(batch, n, count, dtype=torch.int64, device=points.device)
    left = torch.cat([-points, torch.ones_like(half)[..., None]], 2)  # (B, n, d + 1)
    right = torch.cat([points, half[..., None]], 2).mT.contiguous()  # (B, d + 1, n)
    at_once = SEARCHED.get(points.device.type, SEARCHED["cpu"])
    memory = points.new_empty(min(max(at_once, n), batch * n * n))
    members = tiles(batch, n * n, at_once)
    for some, rows in product(members, tiles(n, n * members[0].stop, at_once)):
        ours = left[some, rows]  # (b, m, d + 1)
        score = torch.bmm(ours, right[some], out=memory[: ours.shape[:2].numel() * n].view(*ours.shape[:2], n))
        score.diagonal(rows.start, 1, 2).fill_(torch.inf)
        near = smallest(score, count, ascending=False)[1]
        squared[some, rows], indices[some, rows] = _measured(points[some], points[some, rows], near)
    if count and points.dtype == torch.float32:
        member, row = (squared[..., -1] < 2 * FINE * half).nonzero(as_tuple=True)
        for one in member.unique().tolist() if len(row) else ():
            fine = row[member == one]
            squared[one, fine], indices[one, fine] = _search_exactly(points[one], fine, count)
    return squared, indices


def _search_exactly(points: Tensor, rows: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Find the neighbours of some rows (m,) of points (n, d) by products in float64: squares and indices."""
    exact = points.double()
    half = exact.square().sum(1) / 2
    parts = []
    for part in tiles(len(rows), 2 * len(points)):
        score = torch.addmm(half, exact[rows[part]], exact.T, alpha=-1)
        score.scatter_(1, rows[part, None], torch.inf)
        near = smallest(score, count)[1]
        parts.append(_measured(points[None], points[None, rows[part]], near[None]))
    squared, indices = zip(*parts, strict=True)
    return torch.cat(squared, 1)[0], torch.cat(indices, 1)[0]


def _measured(points: Tensor, some: Tensor, near: Tensor) -> tuple[Tensor, Tensor]:
    """Sort candidate neighbours (b, m, c) of points (b, m, d) among (b, n, d) by exact squared distance."""
    batch, n, d = points.shape
    first = n * torch.arange(batch, device=points.device)[:, None, None]
    others = points.reshape(-1, d).index_select(0, (near + first).flatten()).view(*near.shape, d)  # (b, m, c, d)
    distance, order = others.sub_(some[:, :, None]).square_().sum(-1).sort(dim=2, stable=True)
    return distance, near.gather(2, order)
