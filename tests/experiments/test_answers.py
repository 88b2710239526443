"""What the study answers is what its numbers say."""

from collections.abc import Callable
from dataclasses import asdict

import numpy as np
import pytest
from scipy.stats import ttest_rel

from thesis_lib.experiments import Profile
from thesis_lib.experiments.answers import QUESTIONS, answers, paired_interval
from thesis_lib.experiments.study import Result
from thesis_lib.experiments.variants import Variant, compared, variants

Make = Callable[..., Profile]


def results_of(variant: Variant, mious: list[float], step_seconds: float = 1.0) -> list[Result]:
    return [
        Result(variant.name, **asdict(variant), seed=seed, miou=miou, parameters=1, step_seconds=step_seconds)
        for seed, miou in enumerate(mious)
    ]


def answer_of(profile: Profile, pspnet: list[float], clusternet: list[float]) -> str:
    base, ours = compared(profile).values()
    (answer,) = answers(results_of(base, pspnet) + results_of(ours, clusternet, 1.5), profile)
    return answer.sentence


def test_the_interval_is_that_of_the_paired_t_test() -> None:
    first, second = np.random.default_rng(0).normal(0.5, 0.1, (2, 5))
    expected = ttest_rel(first, second).confidence_interval(0.95)
    assert paired_interval(first - second) == pytest.approx((expected.low, expected.high))


def test_every_seed_is_compared_with_itself(small_profile: Make) -> None:
    """Seeds are far apart, the two variants always by the same."""
    sentence = answer_of(small_profile(), [0.2, 0.5, 0.8], [0.21, 0.51, 0.81])
    assert "is better than pspnet (0.500): +0.010, 95% interval +0.010 to +0.010 over 3 seeds" in sentence
    assert "1.50 times as long" in sentence


@pytest.mark.parametrize(
    ("clusternet", "verdict"),
    [
        ([0.61, 0.62, 0.63], "is better than"),
        ([0.41, 0.42, 0.43], "is worse than"),
        ([0.41, 0.52, 0.63], "cannot be told from"),
        ([0.51], "scores above"),
        ([0.49], "scores below"),
        ([0.5001], "scores as"),
    ],
)
def test_the_verdict_is_what_the_interval_allows(small_profile: Make, clusternet: list[float], verdict: str) -> None:
    assert verdict in answer_of(small_profile(), [0.5, 0.5, 0.5], clusternet)


def test_each_choice_of_the_study_is_asked_about_alone(small_profile: Make) -> None:
    profile = small_profile(
        "study.n_clusters=[4]", 'study.axes=["pixels","channels"]', 'study.methods=["spectral","kmeans"]'
    )
    found = [result for variant in variants(profile) for result in results_of(variant, [0.5])]
    asked = answers(found, profile)
    assert sorted(answer.question for answer in asked) == sorted(["Does the layer help?", *QUESTIONS])
    ours = compared(profile)["ClusterNet"].name
    assert all(ours in (answer.first[0].variant, answer.second[0].variant) for answer in asked)
