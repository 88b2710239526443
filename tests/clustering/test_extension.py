import pytest
import torch

from thesis_lib.clustering import SpectralClustering

POINTS = torch.randn(3, 200, 4, generator=torch.Generator().manual_seed(0)) + 9 * (torch.arange(200) % 4)[:, None]


@pytest.mark.parametrize("options", [{}, {"graph": "full"}, {"graph": "full", "sigma": 2.0}], ids=str)
def test_a_member_of_a_batch_extends_as_it_does_in_it(options: dict) -> None:
    clusters = SpectralClustering(4, **options)(POINTS)
    new = POINTS + 0.1
    whole = clusters.predict(new)
    for index in (0, 1, -1):
        assert torch.equal(clusters[index].predict(new[index]), whole[index])


@pytest.mark.parametrize("options", [{}, {"graph": "full"}, {"graph": "full", "sigma": 0.5}], ids=str)
def test_a_point_that_no_affinity_reaches_is_as_its_nearest(options: dict) -> None:
    """Beyond every bandwidth, in a batch beside points that are reached."""
    clusters = SpectralClustering(4, **options)(POINTS)
    far = POINTS.mean(1, keepdim=True) + torch.tensor([1.0, 1.0, 1.0, 1.0]) * 1e4
    new = torch.cat([far, POINTS[:, :5]], 1)
    nearest = torch.cdist(far, POINTS).argmin(-1)  # (3, 1)
    labels = clusters.predict(new)
    assert torch.equal(labels[:, :1], clusters.labels.gather(1, nearest))
    assert torch.equal(labels[:, 1:], clusters.labels[:, :5])


def test_no_points_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(3, 0, 4\)"):
        SpectralClustering(4)(POINTS).predict(POINTS[:, :0])
