import pytest
import torch

from thesis_lib.exploration.redundancy import diagnose, effective_rank
from thesis_lib.models import ClusterLayer


@pytest.mark.parametrize("axis", ["pixels", "channels"])
def test_a_layer_tells_what_it_does_to_features(axis: str) -> None:
    torch.manual_seed(0)
    layer, features = ClusterLayer(4, axis=axis), torch.randn(2, 12, 9, 11)  # type: ignore[arg-type]
    found = diagnose(layer, features)
    clustered = layer(features)
    assert found.rank_before == pytest.approx(effective_rank(features.transpose(0, 1)))
    assert found.rank_after == pytest.approx(effective_rank(clustered.transpose(0, 1)), rel=1e-4)
    assert found.rank_after < found.rank_before
    assert 0 < found.variance_kept < 1
    assert found.seconds > 0


def test_a_layer_keeps_all_of_features_that_are_clusters() -> None:
    centres = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    features = centres[torch.arange(60) % 3].T.reshape(1, 2, 6, 10)
    assert diagnose(ClusterLayer(3), features).variance_kept == pytest.approx(1)
