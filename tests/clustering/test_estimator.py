import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from thesis_lib.clustering import SpectralClustering, SpectralClusteringEstimator


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


@pytest.mark.parametrize(
    "options",
    [
        {"graph": "full"},
        {"neighbors": 5},
        {"graph": "full", "sigma": 3.0},
        {"reduce": 2},
        {"solver": "dense"},
        {"random_state": 5, "reduce": 2},
        {"n_clusters": 3},
    ],
    ids=str,
)
def test_every_parameter_and_result_is_that_of_the_clustering(options: dict) -> None:
    points, _ = blobs(300, 0)
    points = np.hstack([points, np.random.default_rng(2).normal(size=(300, 60))]).astype(np.float32)
    fitted = SpectralClusteringEstimator(**{"n_clusters": 6, "random_state": 0} | options).fit(points)
    seed = options.get("random_state", 0)
    others = {key: value for key, value in options.items() if key not in ("random_state", "n_clusters")}
    expected = SpectralClustering(options.get("n_clusters", 6), seed=seed, **others)(torch.from_numpy(points))
    assert np.array_equal(fitted.labels_, expected.labels)
    assert np.array_equal(fitted.eigenvalues_, expected.eigenvalues)
    assert np.array_equal(fitted.embedding_, expected.embedding)
    assert np.array_equal(fitted.predict(points[:50].astype(np.float64)), expected.predict(torch.tensor(points[:50])))


def test_integers_are_samples_too() -> None:
    points = (10 * blobs(100, 0)[0]).astype(int)
    fitted = SpectralClusteringEstimator(4).fit(points)
    assert np.array_equal(fitted.predict(points), fitted.labels_)


def test_one_sample_is_refused_in_scikit_learns_words() -> None:
    with pytest.raises(ValueError, match="minimum of 2"):
        SpectralClusteringEstimator(1).fit(np.zeros((1, 3)))
