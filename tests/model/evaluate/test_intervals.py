from itertools import pairwise

import numpy as np
import pytest

from recall.errors import BadInput
from recall.model.evaluate import average_precision, bootstrap_interval, estimate_audit, wilson_interval


@pytest.mark.parametrize(
    ("right", "asked", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_intervals_are_those_of_newcombe(right: int, asked: int, low: float, high: float) -> None:
    """Table I of Newcombe, Two-sided confidence intervals for the single proportion (1998), method 3."""
    interval = wilson_interval(right / asked, asked)
    assert [interval.low, interval.high] == pytest.approx([low, high], abs=6e-5)


def test_without_a_question_anything_may_be() -> None:
    interval = wilson_interval(0, 0)
    assert (interval.low, interval.value, interval.high) == (0.0, 0.5, 1.0)


@pytest.mark.parametrize(("share", "count"), [(0.0, 3.5), (1.0, 2.0), (0.25, 8.0), (1 / 3, 1e6)])
def test_an_interval_holds_its_share_and_grows_with_the_confidence(share: float, count: float) -> None:
    intervals = [wilson_interval(share, count, confidence) for confidence in (0.5, 0.8, 0.975)]
    assert intervals[0].low == pytest.approx(share) == intervals[0].high
    for inner, outer in pairwise(intervals):
        assert 0 <= outer.low <= inner.low <= share <= inner.high <= outer.high <= 1


def test_an_interval_over_families_is_wider_than_over_pages() -> None:
    random = np.random.default_rng(0)
    site = np.repeat(np.arange(20), 20)
    truth = np.repeat(random.random(20) < 0.5, 20)
    scores = truth * 0.3 + np.repeat(random.normal(0, 0.3, 20), 20) + random.normal(0, 0.01, 400)
    by_site = bootstrap_interval(average_precision, scores, truth, [str(name) for name in site], draws=200)
    by_page = bootstrap_interval(average_precision, scores, truth, [str(name) for name in range(400)], draws=200)
    assert by_site.high - by_site.low > 1.5 * (by_page.high - by_page.low)
    assert by_site.low <= by_site.value <= by_site.high


def test_a_full_count_has_no_uncertainty() -> None:
    kept, truth = [True, True, False, False], [True, False, True, False]
    estimate = estimate_audit(kept, truth, [1.0] * 4, ["a", "a", "b", "b"])
    for interval, value in ((estimate.precision, 0.5), (estimate.recall, 0.5), (estimate.positives, 2.0)):
        assert (interval.low, interval.value, interval.high) == (value, value, value)


def test_a_page_stands_for_as_many_as_its_probability_says() -> None:
    kept = [True] * 10 + [False] * 10
    truth = [True] * 9 + [False] + [True] + [False] * 9
    estimate = estimate_audit(kept, truth, [0.5] * 10 + [0.01] * 10, ["high"] * 10 + ["low"] * 10)
    assert estimate.precision.value == pytest.approx(0.9)
    assert estimate.recall.value == pytest.approx(18 / 118)
    assert estimate.positives.value == pytest.approx(118)


def test_a_stratum_without_positives_still_makes_the_share_found_uncertain() -> None:
    kept = [True] * 20 + [False] * 50
    estimate = estimate_audit(kept, [True] * 20 + [False] * 50, [1.0] * 20 + [0.001] * 50, ["high"] * 20 + ["low"] * 50)
    assert estimate.recall.value == 1.0
    assert estimate.recall.low < 0.2


def test_an_empty_sample_says_nothing() -> None:
    estimate = estimate_audit([], [], [], [])
    assert estimate.positives.value == estimate.recall.value == 0.0


def test_an_impossible_probability_is_refused() -> None:
    with pytest.raises(BadInput, match="probability"):
        estimate_audit([True], [True], [0.0], ["a"])


@pytest.mark.slow
def test_intervals_cover_the_truth_of_simulated_crawls() -> None:
    """150 crawls of 30,000 pages, 3 % code; strata by score, 320 labels each."""
    random = np.random.default_rng(1)
    edges, labels = [0, 0.005, 0.02, 0.1, 0.5, 0.9, 1.01], [60, 60, 60, 60, 40, 40]
    covered = np.zeros(3)
    for crawl in range(150):
        truth = random.random(30_000) < 0.03
        scores = 1 / (1 + np.exp(-np.where(truth, random.normal(1, 1.6, 30_000), random.normal(-5, 1.6, 30_000))))
        kept = scores >= 0.5
        drawn, chance, strata = [], [], []
        for stratum in range(6):
            rows = np.flatnonzero((scores >= edges[stratum]) & (scores < edges[stratum + 1]))
            count = min(labels[stratum], len(rows))
            drawn.append(random.choice(rows, count, replace=False))
            chance += [count / len(rows)] * count
            strata += [str(stratum)] * count
        pages = np.concatenate(drawn)
        estimate = estimate_audit(kept[pages], truth[pages], chance, strata, draws=1000, seed=crawl)
        found = (kept & truth).sum()
        true = (found / kept.sum(), found / truth.sum(), truth.sum())
        said = (estimate.precision, estimate.recall, estimate.positives)
        covered += [interval.low <= value <= interval.high for interval, value in zip(said, true, strict=True)]
    assert (covered / 150 >= 0.93).all()
