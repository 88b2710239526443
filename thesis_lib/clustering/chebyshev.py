"""Chebyshev polynomials of a matrix, which set its leading eigenvalues further apart."""

from collections.abc import Callable
from math import log

import torch
from torch import Tensor

MOST_DEGREES, MOST_AMPLIFIED = 16, 500.0
"""Of a Chebyshev polynomial: products for one block, and by how much the eigenvalue 1 may outgrow the unwanted ones."""


class Chebyshev:
    """T_m of the affine map that takes [-1, cut] to [-1, 1]: the eigenvectors of L, their eigenvalues further apart.

    Where products are cheaper than orthogonalising (a sparse graph), most of the way is gone within one block. After
    Zhou, Saad, Tiago, Chelikowsky (2006), algorithm 3.1.
    """

    def __init__(self, cut: Tensor) -> None:
        self.cut = cut.clamp(-0.9, 0.999)[:, None]
        highest = float(torch.acosh(self.mapped(torch.ones_like(self.cut))).max())
        self.order = max(1, min(MOST_DEGREES, int(log(MOST_AMPLIFIED) / highest)))

    def mapped(self, values: Tensor) -> Tensor:
        """[-1, cut] to [-1, 1], for (B, m)."""
        return (2 * values + 1 - self.cut) / (1 + self.cut)

    def original(self, values: Tensor) -> Tensor:
        """Eigenvalues (B, m) of L, for those of T_m above 1; the cut for others."""
        above = torch.cosh(torch.acosh(values.clamp(min=1)) / self.order)
        return (above * (1 + self.cut) - 1 + self.cut) / 2

    def __call__(self, times: Callable[[Tensor], Tensor], block: Tensor) -> Tensor:
        """T_m(L) times block (B, n, b)."""
        cut = self.cut[..., None].to(block)
        before, now = block, (2 * times(block) + (1 - cut) * block) / (1 + cut)
        for _ in range(self.order - 1):
            before, now = now, (4 * times(now) + 2 * (1 - cut) * now) / (1 + cut) - before
        return now
