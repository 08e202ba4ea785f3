"""Scores and truth to figures: precision, share found, thresholds, calibration, intervals.

In: score arrays, boolean truth arrays (True = the positive label), groups (families) and, for audit samples, the
probability with which each page was drawn. Out: small frozen records. NumPy only; nothing here reads or writes.
Pages are split and resampled by family, never one by one: pages of one site are no independent evidence.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recall.errors import BadInput

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Figure = Callable[[Floats, Bools], float]


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


@dataclass(frozen=True, slots=True)
class Metrics:
    """A model on held-out pages at a threshold. kept, pages, positives: numbers of pages."""

    threshold: float
    precision: float
    recall: float
    average_precision: float
    kept: int
    pages: int
    positives: int


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its interval."""

    value: float
    low: float
    high: float


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


def _weights(weights: ArrayLike | None, count: int) -> Floats:
    return np.ones(count) if weights is None else np.asarray(weights, dtype=np.float64)


def _pair(scores: ArrayLike, truth: ArrayLike) -> tuple[Floats, Bools]:
    score_array, truth_array = np.asarray(scores, dtype=np.float64), np.asarray(truth, dtype=np.bool_)
    if score_array.shape != truth_array.shape or score_array.ndim != 1:
        raise BadInput(f"evaluation: {score_array.shape} scores but {truth_array.shape} labels")
    return score_array, truth_array


def precision_recall(scores: ArrayLike, truth: ArrayLike, weights: ArrayLike | None = None) -> Curve:
    """One point per distinct score, from the highest; equal scores are kept or left together.

    weights: how many pages of the crawl each page stands for. Recall is 0 where nothing is positive.
    """
    score_array, truth_array = _pair(scores, truth)
    weight_array = _weights(weights, len(score_array))
    order = np.argsort(-score_array, kind="stable")
    ranked = score_array[order]
    kept = np.cumsum(weight_array[order])
    found = np.cumsum((weight_array * truth_array)[order])
    last = np.flatnonzero(np.append(np.diff(ranked) != 0, np.ones(min(1, len(ranked)), dtype=bool)))
    total = found[-1] if len(found) else 0.0
    recall = found[last] / total if total > 0 else np.zeros(len(last))
    precision = np.divide(found[last], kept[last], out=np.zeros(len(last)), where=kept[last] > 0)
    return Curve(ranked[last], precision, recall)


def average_precision(scores: ArrayLike, truth: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Area under the curve as a sum of precision times rise of recall, without interpolation."""
    curve = precision_recall(scores, truth, weights)
    return float(np.sum(np.diff(curve.recall, prepend=0.0) * curve.precision))


def measure(scores: ArrayLike, truth: ArrayLike, threshold: float) -> Metrics:
    """Figures of keeping every page at or above the threshold; 0 where a share has nothing below the line."""
    score_array, truth_array = _pair(scores, truth)
    kept = score_array >= threshold
    found, kept_count, positives = int((kept & truth_array).sum()), int(kept.sum()), int(truth_array.sum())
    return Metrics(
        threshold=float(threshold),
        precision=found / kept_count if kept_count else 0.0,
        recall=found / positives if positives else 0.0,
        average_precision=average_precision(score_array, truth_array),
        kept=kept_count,
        pages=len(score_array),
        positives=positives,
    )


def choose_threshold(
    scores: ArrayLike,
    truth: ArrayLike,
    target: Literal["precision", "recall"],
    value: float,
    weights: ArrayLike | None = None,
) -> Threshold:
    """The threshold that meets the target and gives most of the other figure, on out-of-fold scores.

    precision: the lowest threshold with at least that precision. recall: the highest with at least that recall.
    Where no threshold reaches the target precision the one with the best F1 is taken and `reached` is False.
    The value lies midway to the next lower score, so that rounding on another machine moves no page across.
    """
    curve = precision_recall(scores, truth, weights)
    if not len(curve.thresholds) or curve.recall[-1] == 0.0:
        return Threshold(0.5, 0.0, 0.0, False)
    met = np.flatnonzero((curve.precision >= value) if target == "precision" else (curve.recall >= value))
    if len(met):
        place = int(met[-1] if target == "precision" else met[0])
    else:
        sums = curve.precision + curve.recall
        place = int(
            np.argmax(np.divide(2 * curve.precision * curve.recall, sums, out=np.zeros_like(sums), where=sums > 0))
        )
    below = curve.thresholds[place + 1] if place + 1 < len(curve.thresholds) else 0.0
    midway = float((curve.thresholds[place] + below) / 2)
    return Threshold(midway, float(curve.precision[place]), float(curve.recall[place]), bool(len(met)))


def group_folds(groups: Sequence[str], labels: Sequence[str], k: int, seed: int) -> NDArray[np.int64]:
    """A fold (0 .. k-1) for each page: pages of one group share it, labels are spread evenly.

    Groups are placed from the largest down, in seeded order among equals, each into the fold that it leaves most
    even over all labels. Raises BadInput where there are fewer groups than folds.
    """
    names, members = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    kinds, label_of = np.unique(np.asarray(labels, dtype=object).astype(str), return_inverse=True)
    if len(names) < k:
        raise BadInput(f"cross-validation: {k} folds need at least {k} families, the examples have {len(names)}")
    table = np.zeros((len(names), len(kinds)))
    np.add.at(table, (members, label_of), 1.0)
    share = table / table.sum(axis=0)
    shuffled = np.random.default_rng(seed).permutation(len(names))
    order = shuffled[np.argsort(-share[shuffled].max(axis=1), kind="stable")]
    filled = np.zeros((k, len(kinds)))
    pages = np.zeros(k)
    fold_of = np.zeros(len(names), dtype=np.int64)
    for group in order:
        spread = [((filled + share[group] * (np.arange(k) == fold)[:, None]) ** 2).sum() for fold in range(k)]
        fold = int(np.lexsort((pages, np.round(spread, 12)))[0])
        fold_of[group] = fold
        filled[fold] += share[group]
        pages[fold] += table[group].sum()
    folds: NDArray[np.int64] = fold_of[members]
    return folds


def fit_calibration(scores: ArrayLike, truth: ArrayLike, weights: ArrayLike | None = None) -> Calibration:
    """Beta calibration by Newton's method with a weak pull to (1, 1, 0), so that separable scores stay finite.

    Where a slope comes out at or below zero, Platt scaling of the logit is fitted instead; where that slope is no
    better the scores are left as they are but for the offset: the result is strictly monotone always.
    """
    score_array, truth_array = _pair(scores, truth)
    weight_array = _weights(weights, len(score_array))
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


def calibration_error(probabilities: ArrayLike, truth: ArrayLike, bins: int = 15) -> float:
    """Expected calibration error over bins that hold equally many pages."""
    share, positive = _pair(probabilities, truth)
    parts = np.array_split(np.argsort(share, kind="stable"), min(bins, max(1, len(share))))
    return float(
        sum(len(part) * abs(share[part].mean() - positive[part].mean()) for part in parts if len(part))
        / max(1, len(share))
    )


def bootstrap_interval(
    figure: Figure, scores: ArrayLike, truth: ArrayLike, groups: Sequence[str], draws: int = 1000, seed: int = 0
) -> Interval:
    """95 % percentile interval of `figure(scores, truth)` when whole groups are drawn with replacement."""
    score_array, truth_array = _pair(scores, truth)
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
