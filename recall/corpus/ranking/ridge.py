"""Ridge regression whose coefficients are the same on every machine.

In: rows of numbers, nan where one is not known, and a target for each. Out: a LinearModel. Each column is standardised
by what is known of it; what is not known counts as its mean. No matrix product and no solver of a library is used, as
these add up in an order of their own: every sum here is exact (`math.fsum`) or made of single steps in a fixed order.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CLIP = 4.0
"""Standard deviations from the mean that a value counts as, at most: pages of a megabyte must not decide."""


@dataclass(frozen=True, slots=True)
class LinearModel:
    """A weighted sum of standardised columns. means, scales, weights: shape (columns,); a scale of 0: all equal."""

    means: Floats
    scales: Floats
    weights: Floats
    intercept: float

    def predict(self, rows: Floats) -> Floats:
        """The prediction for each row, shape (rows,), summed in the order of the columns."""
        total = np.full(len(rows), self.intercept)
        for column in range(len(self.weights)):
            total += self.weights[column] * _standard(rows[:, column], self.means[column], self.scales[column])
        return total


def _standard(values: Floats, mean: float, scale: float) -> Floats:
    if not scale:
        return np.zeros(len(values))
    standard = np.clip((values - mean) / scale, -CLIP, CLIP)
    return np.where(np.isnan(standard), 0.0, standard)


def fit_ridge(rows: Floats, targets: Floats, penalty: float) -> LinearModel:
    """The weights that minimise squared error plus `penalty` times their sum of squares (Hoerl and Kennard 1970)."""
    columns = rows.shape[1]
    known = [rows[~np.isnan(rows[:, column]), column].tolist() for column in range(columns)]
    means = np.array([_mean(values) for values in known])
    spreads = [math.sqrt(_mean([(v - mean) ** 2 for v in values])) for values, mean in zip(known, means, strict=True)]
    scales = np.array([spread if spread > 1e-9 else 0.0 for spread in spreads])
    standard = np.stack([_standard(rows[:, at], means[at], scales[at]) for at in range(columns)], axis=1)
    intercept = _mean(targets.tolist())
    gram, right = np.diag(np.full(columns, float(penalty))), np.zeros(columns)
    for row, target in zip(standard, targets, strict=True):
        gram += row[:, None] * row[None, :]
        right += row * (target - intercept)
    return LinearModel(means, scales, solve(gram, right), intercept)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0


def solve(matrix: Floats, right: Floats) -> Floats:
    """The x of matrix x = right, for a positive definite matrix, by elimination without pivots in a fixed order."""
    left, values, size = matrix.copy(), right.copy(), len(right)
    for step in range(size):
        factor = left[step + 1 :, step] / left[step, step]
        left[step + 1 :] -= factor[:, None] * left[step][None, :]
        values[step + 1 :] -= factor * values[step]
    for step in range(size - 1, -1, -1):
        values[step] /= left[step, step]
        values[:step] -= left[:step, step] * values[step]
    return values
