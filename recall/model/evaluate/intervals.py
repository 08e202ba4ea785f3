"""How sure a figure is: bootstrap over families, and estimates from an audit sample."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from recall.errors import BadInput
from recall.model.evaluate.curves import Bools, Floats, paired

Figure = Callable[[Floats, Bools], float]


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its interval."""

    value: float
    low: float
    high: float


def bootstrap_interval(
    figure: Figure, scores: ArrayLike, truth: ArrayLike, groups: Sequence[str], draws: int = 1000, seed: int = 0
) -> Interval:
    """95 % percentile interval of `figure(scores, truth)` when whole groups are drawn with replacement."""
    score_array, truth_array = paired(scores, truth)
    _, members = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    rows_of = [np.flatnonzero(members == group) for group in range(int(members.max(initial=-1)) + 1)]
    random = np.random.default_rng(seed)
    values = []
    for _ in range(draws):
        rows = np.concatenate([rows_of[group] for group in random.integers(0, len(rows_of), len(rows_of))])
        if truth_array[rows].any():
            values.append(figure(score_array[rows], truth_array[rows]))
    low, high = np.percentile(values, [2.5, 97.5])
    return Interval(figure(score_array, truth_array), float(low), float(high))


@dataclass(frozen=True, slots=True)
class AuditEstimate:
    """What an audit sample says of the whole crawl, with 95 % intervals. positives: pages with the positive label."""

    precision: Interval
    recall: Interval
    positives: Interval


def estimate_audit(
    kept: ArrayLike, truth: ArrayLike, probabilities: ArrayLike, strata: Sequence[str], draws: int = 4000, seed: int = 0
) -> AuditEstimate:
    """Horvitz-Thompson estimates from pages drawn within strata with known probabilities.

    A page drawn with probability p stands for 1 / p pages. Intervals: within each stratum, kept and not kept apart,
    the pages that were not drawn are positive at a rate drawn `draws` times from Beta posteriors: x positives among n
    give Beta(x, n - x + 1/2) for the low and Beta(x + 1/5, n - x + 1/5) for the high end, a pair that held what it
    promises in simulated crawls, also where a large stratum shows no positive. A stratum of which every page was
    drawn adds no uncertainty. Raises BadInput for a probability outside (0, 1].
    """
    kept_array, truth_array = np.asarray(kept, dtype=np.bool_), np.asarray(truth, dtype=np.bool_)
    chance = np.asarray(probabilities, dtype=np.float64)
    if len(chance) and not (chance.min() > 0 and chance.max() <= 1):
        raise BadInput("audit sample: a page's probability of being drawn lies outside (0, 1]")
    weight = 1 / chance
    random = np.random.default_rng(seed)
    found, missed = np.zeros((2, draws)), np.zeros((2, draws))
    names = [f"{int(flag)} {name}" for flag, name in zip(kept_array, strata, strict=True)]
    for name in sorted(set(names)):
        rows = np.flatnonzero([other == name for other in names])
        counts = _posterior(int(truth_array[rows].sum()), len(rows), round(float(weight[rows].sum())), random, draws)
        if name.startswith("1"):
            found += counts
        else:
            missed += counts
    kept_pages = max(float(weight[kept_array].sum()), 1.0)
    found_sum = float(weight[kept_array & truth_array].sum())
    missed_sum = float(weight[~kept_array & truth_array].sum())
    return AuditEstimate(
        precision=_interval(found_sum / kept_pages, found[0] / kept_pages, found[1] / kept_pages),
        recall=_interval(_share(found_sum, missed_sum), _shares(found[0], missed[1]), _shares(found[1], missed[0])),
        positives=_interval(found_sum + missed_sum, found[0] + missed[0], found[1] + missed[1]),
    )


def _posterior(positive: int, drawn: int, pages: int, random: np.random.Generator, draws: int) -> Floats:
    """(2, draws): how many of a stratum's pages are positive, for the low and for the high end of an interval."""
    negative, unseen = drawn - positive, max(0, pages - drawn)
    low = random.beta(max(positive, 1e-9), negative + 1 / 2, draws)
    high = random.beta(positive + 1 / 5, negative + 1 / 5, draws)
    return positive + np.stack([random.binomial(unseen, low), random.binomial(unseen, high)]).astype(np.float64)


def _share(found: float, missed: float) -> float:
    return found / (found + missed) if found + missed else 0.0


def _shares(found: Floats, missed: Floats) -> Floats:
    return np.divide(found, found + missed, out=np.zeros_like(found), where=found + missed > 0)


def _interval(value: float, low: Floats, high: Floats) -> Interval:
    return Interval(value, min(value, float(np.percentile(low, 2.5))), max(value, float(np.percentile(high, 97.5))))
