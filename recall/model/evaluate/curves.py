"""Scores and truth to curves, figures at a threshold, and the choice of a threshold.

Truth is True where a page has the positive label. Weights say how many pages of the crawl each page represents.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recall.errors import BadInput

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Curve:
    """Precision and recall when every page with at least `thresholds[i]` is kept; thresholds fall."""

    thresholds: Floats
    precision: Floats
    recall: Floats


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold and what it gives on the scores it was chosen on. reached: whether the target was met."""

    value: float
    precision: float
    recall: float
    reached: bool


def weights_of(weights: ArrayLike | None, count: int) -> Floats:
    """One for each page where no weights are given."""
    return np.ones(count) if weights is None else np.asarray(weights, dtype=np.float64)


def paired(scores: ArrayLike, truth: ArrayLike) -> tuple[Floats, Bools]:
    """Both as arrays of one length; BadInput where they are not."""
    score_array, truth_array = np.asarray(scores, dtype=np.float64), np.asarray(truth, dtype=np.bool_)
    if score_array.shape != truth_array.shape or score_array.ndim != 1:
        raise BadInput(f"evaluation: {score_array.shape} scores but {truth_array.shape} labels")
    return score_array, truth_array


def precision_recall(scores: ArrayLike, truth: ArrayLike, weights: ArrayLike | None = None) -> Curve:
    """One point per distinct score, from the highest; equal scores are kept or left together.

    weights: how many pages of the crawl each page represents. Recall is 0 where nothing is positive.
    """
    score_array, truth_array = paired(scores, truth)
    weight_array = weights_of(weights, len(score_array))
    order = np.argsort(-score_array, kind="stable")
    ranked = score_array[order]
    kept = np.cumsum(weight_array[order])
    hits = np.cumsum((weight_array * truth_array)[order])
    last = np.flatnonzero(np.append(np.diff(ranked) != 0, np.ones(min(1, len(ranked)), dtype=bool)))
    total = hits[-1] if len(hits) else 0.0
    recall = hits[last] / total if total > 0 else np.zeros(len(last))
    precision = np.divide(hits[last], kept[last], out=np.zeros(len(last)), where=kept[last] > 0)
    return Curve(ranked[last], precision, recall)


def average_precision(scores: ArrayLike, truth: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Area under the curve as a sum of precision times rise of recall, without interpolation."""
    curve = precision_recall(scores, truth, weights)
    return float(np.sum(np.diff(curve.recall, prepend=0.0) * curve.precision))


def choose_threshold(
    scores: ArrayLike,
    truth: ArrayLike,
    target: Literal["precision", "recall"],
    value: float,
    weights: ArrayLike | None = None,
) -> Threshold:
    """The threshold that meets the target and gives most of the other figure, on out-of-fold scores.

    precision: of the thresholds with at least that precision the highest that finds most. recall: the highest with at
    least that recall.
    Where no threshold reaches the target precision the one with the best F1 is taken and `reached` is False.
    The value lies midway to the next lower score, so that rounding on another machine moves no page across.
    """
    curve = precision_recall(scores, truth, weights)
    if not len(curve.thresholds) or curve.recall[-1] == 0.0:
        return Threshold(0.5, 0.0, 0.0, False)
    met = np.flatnonzero((curve.precision >= value) if target == "precision" else (curve.recall >= value))
    if len(met):
        most = float(curve.recall[met].max()) if target == "precision" else value
        index = int(met[curve.recall[met] >= most][0])
    else:
        sums = curve.precision + curve.recall
        index = int(
            np.argmax(np.divide(2 * curve.precision * curve.recall, sums, out=np.zeros_like(sums), where=sums > 0))
        )
    lower = curve.thresholds[index + 1] if index + 1 < len(curve.thresholds) else 0.0
    midway = float((curve.thresholds[index] + lower) / 2)
    return Threshold(midway, float(curve.precision[index]), float(curve.recall[index]), bool(len(met)))
