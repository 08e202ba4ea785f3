"""Figures at a share of positive pages that labelled pages do not have."""

import numpy as np
import pytest

from recall.model.evaluate import (
    average_precision,
    average_precision_at,
    precision_at,
    recall_where_kept,
    recall_where_precise,
    weights_at,
)

TRUTH = np.array([True] * 5 + [False] * 5)
SCORES = np.array([0.9, 0.8, 0.7, 0.4, 0.1, 0.6, 0.3, 0.2, 0.15, 0.05])


@pytest.mark.parametrize("share", [0.01, 0.03, 0.5, 0.9])
def test_weights_make_positive_pages_the_share(share: float) -> None:
    weights = weights_at(TRUTH, share)
    assert weights[TRUTH].sum() == pytest.approx(share)
    assert weights.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_precision_follows_from_recall_and_false_positive_rate(share: float) -> None:
    kept = SCORES >= 0.5
    recall, wrong = 3 / 5, 1 / 5
    assert precision_at(share, kept, TRUTH) == pytest.approx(share * recall / (share * recall + (1 - share) * wrong))
    assert precision_at(share, np.zeros(10, dtype=bool), TRUTH) == 0.0


def test_at_their_own_share_labelled_pages_have_their_own_figures() -> None:
    assert average_precision_at(0.5, SCORES, TRUTH) == pytest.approx(average_precision(SCORES, TRUTH))
    assert average_precision_at(0.03, SCORES, TRUTH) < average_precision(SCORES, TRUTH)


@pytest.mark.parametrize(("kept", "recall"), [(0.0, 0.0), (0.3, 0.6), (0.4, 0.6), (0.5, 0.8), (1.0, 1.0)])
def test_recall_where_a_share_is_kept_is_that_of_the_best_pages(kept: float, recall: float) -> None:
    assert recall_where_kept(kept, 0.5, SCORES, TRUTH) == pytest.approx(recall)


def test_recall_where_precise_falls_with_the_share() -> None:
    often, rare = (recall_where_precise(0.7, share, SCORES, TRUTH) for share in (0.5, 0.05))
    assert 1.0 >= often > rare > 0.0
    assert recall_where_precise(0.999, 0.05, -SCORES, TRUTH) == 0.0
