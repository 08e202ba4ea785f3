from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recall.model.evaluate import average_precision, bootstrap_interval, wilson_interval
from tests.benchmarks.paired_bootstrap import bootstrap_difference


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


def test_a_paired_difference_is_narrower_than_its_parts() -> None:
    random = np.random.default_rng(0)
    truth = random.random(400) < 0.4
    first = truth + random.normal(0, 1, 400)
    second = first + 0.1 * truth
    groups = [str(number // 4) for number in range(400)]

    def figure(scores: NDArray[Any], true: NDArray[Any]) -> float:
        return float(scores[true].mean() - scores[~true].mean())

    interval = bootstrap_difference(figure, first, second, truth, groups, draws=200)
    assert interval.value == pytest.approx(0.1)
    assert interval.high - interval.low < 0.01
