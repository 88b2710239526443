import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from thesis_lib.clustering import SpectralClusteringEstimator


@parametrize_with_checks([SpectralClusteringEstimator(), SpectralClusteringEstimator(3, solver="dense", reduce=None)])
def test_it_is_an_estimator_to_scikit_learn(estimator: SpectralClusteringEstimator, check: object) -> None:
    check(estimator)  # type: ignore[operator]


def blobs(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    truth = np.arange(n) % 4
    return generator.normal(size=(n, 3)) + 12 * np.eye(4, 3)[truth], truth


@pytest.mark.parametrize("options", [{"solver": "dense"}, {"solver": "krylov"}, {"graph": "full"}])
def test_it_finds_and_predicts_blobs(options: dict) -> None:
    (points, truth), (unseen, expected) = blobs(900, 0), blobs(100, 1)
    estimator = SpectralClusteringEstimator(4, **options)
    assert adjusted_rand_score(truth, estimator.fit_predict(points)) == 1
    assert adjusted_rand_score(expected, estimator.predict(unseen)) == 1
    assert estimator.embedding_.shape == (900, 4)


def test_a_random_state_is_taken_as_scikit_learn_does() -> None:
    points, _ = blobs(200, 0)
    draw = [SpectralClusteringEstimator(9, random_state=np.random.RandomState(3)).fit(points).labels_ for _ in range(2)]
    assert np.array_equal(*draw)
