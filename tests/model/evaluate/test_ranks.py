import numpy as np
import pytest

from recall.model.evaluate import border_of, interval_over_groups, mean_ranks, rank_correlation


def test_equal_values_share_the_mean_of_their_ranks() -> None:
    assert mean_ranks([3.0, 1.0, 3.0, 2.0]).tolist() == [2.5, 0.0, 2.5, 1.0]


@pytest.mark.parametrize(
    ("scores", "labels", "expected"),
    [
        ([1, 2, 3, 4], [10, 20, 30, 99], 1.0),
        ([1, 2, 3, 4], [9, 3, 2, 1], -1.0),
        ([1, 2, 3, 4, 5], [2, 1, 4, 3, 5], 0.8),  # 1 - 6 * 4 / (5 * 24)
        ([1, 1, 1], [1, 2, 3], 0.0),
    ],
)
def test_spearmans_rank_correlation(scores: list[float], labels: list[float], expected: float) -> None:
    assert rank_correlation(scores, labels) == pytest.approx(expected)


def test_ties_are_correlated_by_their_mean_ranks() -> None:
    scipy = pytest.importorskip("scipy.stats")
    random = np.random.default_rng(1)
    scores, labels = random.integers(0, 6, 80), random.integers(0, 6, 80)
    assert rank_correlation(scores, labels) == pytest.approx(float(scipy.spearmanr(scores, labels).statistic))


def test_the_border_is_the_label_that_fills_the_share() -> None:
    labels = [0, 1, 2, 3, 3, 3, 4, 4, 5, 5]
    assert border_of(labels, 0.2, best=True) == 5
    assert border_of(labels, 0.3, best=True) == 4
    assert border_of(labels, 0.2, best=False) == 1


def test_an_interval_over_groups_is_as_wide_as_groups_differ() -> None:
    values = np.repeat([0.0, 1.0] * 10, 5)
    by_site = interval_over_groups(lambda rows: float(values[rows].mean()), [str(n // 5) for n in range(100)])
    by_page = interval_over_groups(lambda rows: float(values[rows].mean()), [str(n) for n in range(100)])
    assert by_site.value == by_page.value == 0.5
    assert by_site.high - by_site.low > 1.8 * (by_page.high - by_page.low)
