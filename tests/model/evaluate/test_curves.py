from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recall.errors import BadInput
from recall.model.evaluate import average_precision, choose_threshold, precision_recall

SCORES = [0.9, 0.8, 0.8, 0.4, 0.1]
TRUTH = [True, True, False, True, False]

rankings = st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.5, 0.7, 1.0]), st.booleans()), min_size=1, max_size=30)


@dataclass(frozen=True)
class Kept:
    """Keeping every page at or above a threshold. count: pages kept."""

    precision: float
    recall: float
    count: int


def keep(scores: Sequence[float], truth: Sequence[bool], threshold: float) -> Kept:
    """By definition; 0 where a share has nothing below the line."""
    kept = [true for score, true in zip(scores, truth, strict=True) if score >= threshold]
    precision = sum(kept) / len(kept) if kept else 0.0
    return Kept(precision, sum(kept) / sum(truth) if any(truth) else 0.0, len(kept))


def test_equal_scores_make_one_point() -> None:
    curve = precision_recall(SCORES, TRUTH)
    np.testing.assert_allclose(curve.thresholds, [0.9, 0.8, 0.4, 0.1])
    np.testing.assert_allclose(curve.precision, [1, 2 / 3, 3 / 4, 3 / 5])
    np.testing.assert_allclose(curve.recall, [1 / 3, 2 / 3, 1, 1])


def test_average_precision_is_the_sum_over_steps() -> None:
    assert average_precision(SCORES, TRUTH) == pytest.approx(1 / 3 + 2 / 9 + 3 / 12)
    assert average_precision([0.3, 0.2], [True, False]) == 1.0
    assert average_precision([0.3, 0.2], [False, False]) == 0.0
    assert average_precision([], []) == 0.0


def test_a_weight_counts_a_page_as_often() -> None:
    weighted = precision_recall([0.9, 0.5, 0.1], [True, False, True], [2, 3, 1])
    repeated = precision_recall([0.9] * 2 + [0.5] * 3 + [0.1], [True] * 2 + [False] * 3 + [True])
    np.testing.assert_allclose(weighted.precision, repeated.precision)
    np.testing.assert_allclose(weighted.recall, repeated.recall)


@given(rankings, st.sampled_from([0.3, 0.5, 0.9]))
def test_a_precision_target_is_met_with_the_most_found(pairs: list[tuple[float, bool]], target: float) -> None:
    scores, truth = zip(*pairs, strict=True)
    chosen = choose_threshold(scores, truth, "precision", target)
    at = keep(scores, truth, chosen.value)
    possible = [keep(scores, truth, value) for value in set(scores)]
    met = [point.recall for point in possible if point.precision >= target and point.recall > 0]
    assert chosen.reached == bool(met)
    if met:
        assert (at.precision, at.recall) == pytest.approx((chosen.precision, chosen.recall))
        assert at.recall == max(met)


@given(rankings, st.sampled_from([0.3, 0.5, 0.9]))
def test_a_recall_target_is_met_with_the_fewest_kept(pairs: list[tuple[float, bool]], target: float) -> None:
    scores, truth = zip(*pairs, strict=True)
    chosen = choose_threshold(scores, truth, "recall", target)
    if any(truth):
        at = keep(scores, truth, chosen.value)
        possible = [keep(scores, truth, value) for value in set(scores)]
        assert chosen.reached
        assert at.count == min(point.count for point in possible if point.recall >= target)


def test_a_precision_out_of_reach_falls_back_to_the_best_balance() -> None:
    chosen = choose_threshold([0.9, 0.8, 0.3, 0.1], [False, True, True, False], "precision", 0.99)
    assert not chosen.reached
    assert chosen.value == pytest.approx(0.2)
    assert (chosen.precision, chosen.recall) == (2 / 3, 1.0)


def test_without_positives_the_threshold_is_a_half_and_not_reached() -> None:
    assert not choose_threshold([0.9, 0.1], [False, False], "recall", 0.5).reached
    assert choose_threshold([], [], "precision", 0.9).value == 0.5


def test_the_threshold_lies_between_two_scores() -> None:
    assert choose_threshold([0.9, 0.7, 0.2], [True, True, False], "precision", 0.9).value == pytest.approx(0.45)
    assert choose_threshold([0.9, 0.7], [True, True], "precision", 0.9).value == pytest.approx(0.35)


def test_scores_and_labels_must_match() -> None:
    with pytest.raises(BadInput, match="scores but"):
        average_precision([0.1, 0.2], [True])
