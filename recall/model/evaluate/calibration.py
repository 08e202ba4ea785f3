"""Scores to probabilities: beta calibration, strictly monotone, and its error."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from recall.model.evaluate.curves import Bools, Floats, paired, weights_of


@dataclass(frozen=True, slots=True)
class Calibration:
    """Beta calibration: logit p = rise * log s - fall * log(1 - s) + offset, strictly monotone as both are above 0.

    Kull, Silva Filho and Flach 2017. rise = fall is Platt scaling of the logit; (1, 1, 0) leaves scores as they are.
    """

    rise: float = 1.0
    fall: float = 1.0
    offset: float = 0.0

    def apply(self, scores: ArrayLike) -> Floats:
        """Calibrated probabilities of scores in [0, 1]."""
        with np.errstate(divide="ignore"):
            clipped = np.clip(np.asarray(scores, dtype=np.float64), 0.0, 1.0)
            logit = self.rise * np.log(clipped) - self.fall * np.log1p(-clipped) + self.offset
        return _sigmoid(logit)


def _sigmoid(values: Floats) -> Floats:
    with np.errstate(over="ignore"):
        result: Floats = 1.0 / (1.0 + np.exp(-values))
    return result


def fit_calibration(scores: ArrayLike, truth: ArrayLike, weights: ArrayLike | None = None) -> Calibration:
    """Beta calibration by Newton's method with a weak pull to (1, 1, 0), so that separable scores stay finite.

    Where a slope comes out at or below zero, Platt scaling of the logit is fitted instead; where that slope is no
    better the scores are left as they are but for the offset: the result is strictly monotone always.
    """
    score_array, truth_array = paired(scores, truth)
    weight_array = weights_of(weights, len(score_array))
    inner = np.clip(score_array, 1e-9, 1 - 1e-9)
    rise, fall = np.log(inner), -np.log1p(-inner)
    ones = np.ones_like(inner)
    three = _logistic(np.stack([rise, fall, ones], axis=1), truth_array, weight_array, np.array([1.0, 1.0, 0.0]))
    if min(three[:2]) > 0.01:
        return Calibration(float(three[0]), float(three[1]), float(three[2]))
    two = _logistic(np.stack([rise + fall, ones], axis=1), truth_array, weight_array, np.array([1.0, 0.0]))
    if two[0] > 0.01:
        return Calibration(float(two[0]), float(two[0]), float(two[1]))
    return Calibration(1.0, 1.0, float(two[1]))


def _logistic(features: Floats, truth: Bools, weights: Floats, prior: Floats) -> Floats:
    """Weighted logistic regression with a Gaussian prior of variance 10 around `prior`, by damped Newton steps."""

    def loss(point: Floats) -> float:
        margin = features @ point
        return float(np.sum(weights * np.logaddexp(0.0, np.where(truth, -margin, margin))) + stiffness(point))

    def stiffness(point: Floats) -> float:
        return float(0.05 * np.sum((point - prior) ** 2))

    point = prior.copy()
    for _ in range(50):
        share = _sigmoid(features @ point)
        gradient = features.T @ (weights * (share - truth)) + 0.1 * (point - prior)
        curvature = (features * (weights * share * (1 - share))[:, None]).T @ features + 0.1 * np.eye(len(point))
        step = np.linalg.solve(curvature, gradient)
        size, before = 1.0, loss(point)
        while loss(point - size * step) > before and size > 1e-6:
            size /= 2
        point = point - size * step
        if float(np.abs(size * step).max()) < 1e-9:
            break
    return point


def expected_calibration_error(
    probabilities: ArrayLike, truth: ArrayLike, bins: int = 15, weights: ArrayLike | None = None
) -> float:
    """Expected calibration error over bins that hold equally many pages.

    weights: pages of the crawl that each represents; bins are then means and shares of those.
    """
    share, positive = paired(probabilities, truth)
    weight = np.ones(len(share)) if weights is None else np.asarray(weights, dtype=np.float64)
    parts = np.array_split(np.argsort(share, kind="stable"), min(bins, max(1, len(share))))
    off = sum(abs(float(np.sum(weight[part] * (share[part] - positive[part])))) for part in parts)
    total = float(weight.sum())
    return off / total if total else 0.0
