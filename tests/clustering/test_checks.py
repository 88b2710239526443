from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score

from thesis_lib.clustering import KMeans, SpectralClustering

every_clustering = pytest.mark.parametrize(
    "clustering", [SpectralClustering, lambda k: SpectralClustering(k, graph="full"), KMeans], ids=["njw", "full", "km"]
)
Make = Callable[[int], Any]


@every_clustering
@pytest.mark.parametrize(
    ("points", "message"),
    [
        (torch.zeros(3, 2), "4 clusters were asked of 3 points"),
        (torch.full((9, 2), float("nan")), "18 of 18 values"),
        (torch.full((9, 2), torch.inf), "18 of 18 values"),
        (torch.zeros(2, 3, 9, 9), r"not \(2, 3, 9, 9\)"),
        (torch.zeros(9), r"not \(9,\)"),
        (torch.zeros(0, 9, 2), r"shape \(0, 9, 2\) hold no numbers"),
        (torch.zeros(0, 2), r"shape \(0, 2\) hold no numbers"),
        (torch.zeros(2, 0, 2), r"shape \(2, 0, 2\) hold no numbers"),
        (torch.zeros(9, 0), r"shape \(9, 0\) hold no numbers"),
        (torch.zeros(9, 2, dtype=torch.bool), "not torch.bool"),
        (torch.zeros(9, 2, dtype=torch.complex64), "not torch.complex64"),
    ],
)
def test_points_that_cannot_be_clustered_are_refused(clustering: Make, points: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        clustering(4)(points)


@every_clustering
def test_what_is_no_tensor_or_no_number_is_refused(clustering: Make) -> None:
    with pytest.raises(TypeError, match="must be a tensor, not ndarray"):
        clustering(4)(np.zeros((9, 2)))
    with pytest.raises(TypeError, match=r"whole number, not 2\.5"):
        clustering(2.5)(torch.zeros(9, 2))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least 1, not 0"):
        clustering(0)(torch.zeros(9, 2))


@every_clustering
@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.int16, torch.uint8])
def test_integers_are_clustered_to_their_last_digit(clustering: Make, dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    truth = torch.arange(400) % 4
    points = 60 * truth[:, None] + torch.randint(0, 20, (400, 2), generator=generator)
    far = {torch.int64: 2**40, torch.int32: 2**30, torch.int16: 2**14, torch.uint8: 50}[dtype]
    found = clustering(4)((points + far).to(dtype))
    assert adjusted_rand_score(truth, found[0] if isinstance(found, tuple) else found.labels) == 1


def test_twins_among_large_integers_are_found() -> None:
    points = 2**40 + torch.tensor([0, 1, 0, 1, 2, 1])[:, None]
    clusters = SpectralClustering(3)(points)
    assert clusters.extension.count.tolist() == [[2, 3, 0, 0, 1, 0]]
