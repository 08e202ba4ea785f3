"""The share of positives in another crawl, and the threshold that follows."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from recall.model.evaluate import (
    Calibration,
    Reference,
    corrected,
    estimate_share,
    expected_at,
    expected_interval,
    expected_positives,
    expected_threshold,
    fit_reference,
    parse_reference,
    score_bins,
    score_histogram,
    shifted,
)

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def crawl_of(pages: int, share: float, seed: int, gap: float = 4.0) -> tuple[Floats, Bools]:
    """Scores and truth: logits of positive and other pages are normal, `gap` apart."""
    random = np.random.default_rng(seed)
    truth = random.random(pages) < share
    logits = random.normal(np.where(truth, gap / 2, -gap / 2), 1.6)
    return 1 / (1 + np.exp(-logits)), truth


def reference_at(share: float, pages: int = 3000, seed: int = 1) -> Reference:
    scores, truth = crawl_of(pages, share, seed)
    families = [f"site{row // 5}" for row in range(pages)]
    found = fit_reference(scores, truth, np.ones(pages), families)
    assert found is not None
    return found


REFERENCE = reference_at(0.2)


@pytest.mark.parametrize("share", [0.02, 0.05, 0.2, 0.6])
def test_the_share_of_another_crawl_is_told_by_its_scores(share: float) -> None:
    scores, truth = crawl_of(40_000, share, seed=7)
    estimate = estimate_share(score_histogram(scores), REFERENCE)
    assert estimate.identified
    assert estimate.share.low <= truth.mean() <= estimate.share.high
    assert estimate.share.value == pytest.approx(truth.mean(), rel=0.3)


@pytest.mark.parametrize("share", [0.04, 0.1, 0.5])
@pytest.mark.parametrize("target", [0.5, 0.8, 0.9])
def test_the_threshold_meets_the_precision_where_code_is_rarer_or_more_frequent(share: float, target: float) -> None:
    scores, truth = crawl_of(60_000, share, seed=3)
    counts = score_histogram(scores)
    estimate = estimate_share(counts, REFERENCE)
    calibration = shifted(REFERENCE.calibration, REFERENCE.share, estimate.share.value)
    chosen = expected_threshold(counts, expected_positives(counts, calibration), "precision", target)
    kept = scores >= chosen.value
    precision, recall = expected_interval(counts, REFERENCE, estimate, chosen.value)
    assert chosen.reached
    assert truth[kept].mean() == pytest.approx(max(target, truth.mean()), abs=0.06)
    assert precision.low <= truth[kept].mean() <= precision.high
    assert recall.low - 1e-6 <= kept[truth].mean() <= recall.high + 1e-6


def test_a_target_of_recall_is_met_by_the_highest_threshold_that_does() -> None:
    scores, truth = crawl_of(60_000, 0.05, seed=4)
    counts = score_histogram(scores)
    calibration = shifted(REFERENCE.calibration, REFERENCE.share, 0.05)
    positives = expected_positives(counts, calibration)
    chosen = expected_threshold(counts, positives, "recall", 0.8)
    assert (scores >= chosen.value)[truth].mean() == pytest.approx(0.8, abs=0.05)
    assert expected_at(counts, positives, chosen.value).recall == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize(("calibration", "why"), [(Calibration(1, 1, 9.0), "all"), (Calibration(1, 1, -9.0), "none")])
def test_a_calibration_that_does_not_fit_ends_at_a_bound_and_is_said_to_tell_nothing(
    calibration: Calibration, why: str
) -> None:
    scores, _ = crawl_of(5_000, 0.1, seed=2)
    bad = replace(REFERENCE, calibration=calibration, resampled=((0.2, 1.0, 1.0, calibration.offset),) * 5)
    estimate = estimate_share(score_histogram(scores), bad)
    assert not estimate.identified, why
    assert 0 < estimate.share.low <= estimate.share.value <= estimate.share.high < 1


def test_scores_that_tell_nothing_do_not_tell_the_share() -> None:
    random = np.random.default_rng(0)
    scores, truth = random.random(400), random.random(400) < 0.3
    noise = fit_reference(scores, truth, np.ones(400), [str(row) for row in range(400)])
    assert noise is not None
    assert not estimate_share(score_histogram(random.random(3_000)), noise).identified


def test_no_page_and_one_kind_of_page_are_no_evidence() -> None:
    assert not estimate_share(score_histogram([]), REFERENCE).identified
    assert fit_reference(np.array([0.5, 0.6]), np.array([True, True]), np.ones(2), ["a", "b"]) is None


@pytest.mark.parametrize("off", [-2.0, -0.7, 0.0, 0.7, 2.0])
def test_an_audit_moves_the_calibration_to_what_people_said(off: float) -> None:
    scores, truth = crawl_of(20_000, 0.2, seed=9)
    wrong = replace(REFERENCE.calibration, offset=REFERENCE.calibration.offset + off)
    drawn = np.random.default_rng(1).choice(len(scores), 3_000, replace=False)
    moved = corrected(wrong, scores[drawn], truth[drawn], spread=2.0)
    assert moved.offset == pytest.approx(REFERENCE.calibration.offset, abs=0.35)
    few = corrected(wrong, scores[:3], truth[:3], spread=0.35)
    assert abs(few.offset - wrong.offset) < 0.35, "three pages hardly move it"


def test_pages_that_were_judged_count_as_what_they_are() -> None:
    scores = np.array([0.9, 0.8, 0.7, 0.2])
    counts, surely_not = score_histogram(scores), Calibration(1.0, 1.0, -30.0)
    positives = expected_positives(counts, surely_not, scores[:3], [True, True, False])
    assert positives.sum() == pytest.approx(2.0, abs=1e-6)
    chosen = expected_threshold(counts, positives, "precision", 0.9)
    assert 0.7 < chosen.value < 0.8
    assert chosen.precision == pytest.approx(1.0)


def test_an_audit_whose_labels_are_all_one_kind_moves_it_by_a_bounded_step() -> None:
    for said in (True, False):
        moved = corrected(Calibration(), np.array([0.0, 0.5, 1.0]), np.full(3, said), spread=0.5)
        assert abs(moved.offset) < 2


def test_a_reference_is_read_back_as_it_was_written() -> None:
    assert parse_reference(json.loads(json.dumps(asdict(REFERENCE)))) == REFERENCE


def test_bins_hold_every_score_and_keep_their_order() -> None:
    scores = np.array([0.0, 1e-300, 1e-9, 0.25, 0.5, 0.75, 1 - 1e-9, 1.0])
    bins = score_bins(scores)
    assert (np.diff(bins) >= 0).all()
    assert score_histogram(scores).sum() == len(scores)


def test_the_same_histogram_gives_the_same_estimate() -> None:
    counts = score_histogram(crawl_of(3_000, 0.1, seed=5)[0])
    assert estimate_share(counts, REFERENCE) == estimate_share(counts, REFERENCE)
    assert reference_at(0.2) == REFERENCE
