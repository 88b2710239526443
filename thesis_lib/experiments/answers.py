"""Answers of the study: paired comparisons over seeds of each layer choice with the profile's ClusterNet."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from statistics import fmean, median

import numpy as np
from scipy.stats import t

from thesis_lib.experiments.profiles import Profile
from thesis_lib.experiments.study import Result
from thesis_lib.experiments.variants import Variant, compared, variants

QUESTIONS = (
    "How many clusters?",
    "Pixels, or channels?",
    "Beside the features, or in their place?",
    "Does the method of clustering matter?",
)
"""One question per field of a `Variant`, in the fields' order."""
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Answer:
    """Paired comparison of two variants over the seeds that both were trained with."""

    question: str
    first: list[Result]
    second: list[Result]

    @property
    def differences(self) -> np.ndarray:
        """mIoU of the first minus mIoU of the second, (number of seeds,)."""
        return np.array([a.miou - b.miou for a, b in zip(self.first, self.second, strict=True)])

    @property
    def sentence(self) -> str:
        """Sentence on which variant is better, with the confidence interval and the relative time of a step."""
        mean, (low, high) = self.differences.mean(), paired_interval(self.differences)
        if np.isnan(low):
            verdict = f"scores {'above' if mean > 0 else 'below'}" if abs(mean) >= 0.0005 else "scores as"
            evidence = "with one seed, so it may be chance"
        else:
            verdict = "cannot be told from" if low <= 0 <= high else f"is {'better' if low > 0 else 'worse'} than"
            evidence = f"{CONFIDENCE:.0%} interval {low:+.3f} to {high:+.3f} over {len(self.first)} seeds"
        both = (self.first, self.second)
        first, second = (f"{found[0].variant} ({fmean(result.miou for result in found):.3f})" for found in both)
        seconds, other = (median(result.step_seconds for result in found) for found in both)
        cost = f"its step takes {seconds / other:.2f} times as long."
        return f"{first} {verdict} {second}: {mean:+.3f}, {evidence}; {cost}"


def answers(results: Iterable[Result], profile: Profile) -> list[Answer]:
    """Compare the profile's ClusterNet with PSPNet, and with every variant that differs from it in one choice.

    Pairs of variants without a common seed are left out.
    """
    pspnet, ours = compared(profile).values()
    wanted = [("Does the layer help?", ours, pspnet)]
    for variant in variants(profile):
        changed = [mine != other for mine, other in zip(astuple(variant), astuple(ours), strict=True)]
        if variant.n_clusters and sum(changed) == 1:
            wanted.append((QUESTIONS[changed.index(True)], variant, ours))
    trained = {(result.variant, result.seed): result for result in results}
    found = [(question, *_shared(trained, first, second)) for question, first, second in wanted]
    return [Answer(question, first, second) for question, first, second in found if first]


def paired_interval(differences: np.ndarray) -> tuple[float, float]:
    """Student's 95 % confidence interval (low, high) of the mean of paired differences (n,); NaN for fewer than two."""
    n = len(differences)
    if n < 2:
        return float("nan"), float("nan")
    half = float(t.ppf((1 + CONFIDENCE) / 2, n - 1) * differences.std(ddof=1) / np.sqrt(n))
    return float(differences.mean()) - half, float(differences.mean()) + half


def _shared(
    trained: dict[tuple[str, int], Result], first: Variant, second: Variant
) -> tuple[list[Result], list[Result]]:
    """Results of two variants for the seeds that both were trained with, by ascending seed."""
    seeds = sorted(seed for name, seed in trained if name == first.name and (second.name, seed) in trained)
    return [trained[first.name, seed] for seed in seeds], [trained[second.name, seed] for seed in seeds]
