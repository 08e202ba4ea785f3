import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from recall.model.evaluate import Calibration, expected_calibration_error, fit_calibration

Floats = NDArray[np.float64]


def drawn(count: int, seed: int = 0) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """Scores that are too sure of themselves, truth, and the true probabilities."""
    random = np.random.default_rng(seed)
    logit = random.normal(-1, 2, count)
    true = 1 / (1 + np.exp(-logit))
    return 1 / (1 + np.exp(-3 * logit - 1)), random.random(count) < true, true


def test_calibration_undoes_overconfidence() -> None:
    scores, truth, true = drawn(5000)
    calibrated = fit_calibration(scores, truth).apply(scores)
    assert np.abs(calibrated - true).max() < 0.06
    fresh_scores, fresh_truth, _ = drawn(5000, seed=1)
    before = expected_calibration_error(fresh_scores, fresh_truth)
    after = expected_calibration_error(fit_calibration(scores, truth).apply(fresh_scores), fresh_truth)
    assert after < 0.03 < before


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=40))
def test_calibration_is_strictly_monotone_whatever_it_is_fitted_on(pairs: list[tuple[float, bool]]) -> None:
    scores, truth = zip(*pairs, strict=True) if pairs else ((), ())
    calibration = fit_calibration(scores, truth)
    grid = np.linspace(0.001, 0.999, 500)
    assert (np.diff(calibration.apply(grid)) > 0).all()
    assert np.isfinite([calibration.rise, calibration.fall, calibration.offset]).all()


def test_separable_scores_do_not_run_away() -> None:
    calibration = fit_calibration([0.1, 0.2, 0.8, 0.9], [False, False, True, True])
    assert max(calibration.rise, calibration.fall) < 20


def test_ends_map_to_ends() -> None:
    assert Calibration(2.0, 0.5, 1.0).apply([0.0, 1.0]).tolist() == [0.0, 1.0]
    np.testing.assert_allclose(Calibration().apply([0.25, 0.5]), [0.25, 0.5])


def test_weights_restate_the_share_of_positives() -> None:
    scores, truth, _ = drawn(4000)
    even = fit_calibration(scores, truth).apply(scores)
    rare = fit_calibration(scores, truth, np.where(truth, 0.1, 1.0)).apply(scores)
    assert (rare < even).mean() > 0.99


def test_calibration_error_is_the_gap_between_said_and_seen() -> None:
    assert expected_calibration_error([0.5] * 4, [True, False, True, False], bins=1) == 0.0
    assert expected_calibration_error([0.9] * 10, [True] * 5 + [False] * 5, bins=1) == pytest.approx(0.4)
    assert expected_calibration_error([], []) == 0.0
