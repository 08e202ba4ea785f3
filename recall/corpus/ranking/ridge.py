"""Ridge regression over signals and words whose coefficients are the same on every machine.

In: for each page a row of numbers, nan where one is not known, and the hashes of its words; a target. Out: a
LinearModel. Columns are standardised by what is known of them; what is not known counts as its mean. A page's words
count once each, by 1 over the square root of their number. It is solved in its dual form, over pages, as there are more
words than pages. No solver of a library is used, as these add up in an order of their own: every sum here is exact
(`math.fsum`, whole numbers) or made of single steps in a fixed order.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Words = NDArray[np.int64]

BUCKETS = 4_096
"""Hashes of words."""

CLIP = 4.0
"""Standard deviations from the mean that a value counts as, at most: pages of a megabyte must not decide."""

SIGNALS_WEIGHT = 0.5
"""Prior variance of all signals together, beside 1 of all words."""


@dataclass(frozen=True, slots=True)
class PageFeatures:
    """What is read of some pages. rows: shape (pages, columns); words: of each page its different hashes, sorted."""

    rows: Floats
    words: tuple[Words, ...] = field(repr=False)

    def only(self, chosen: NDArray[np.bool_]) -> "PageFeatures":
        """Some of the pages."""
        return PageFeatures(self.rows[chosen], tuple(self.words[at] for at in np.flatnonzero(chosen)))

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class LinearModel:
    """A weighted sum of standardised columns and of words.

    means, scales, weights: shape (columns,); a scale of 0: all were equal. words: weights by hash, shape (BUCKETS,).
    """

    means: Floats
    scales: Floats
    weights: Floats
    words: Floats
    intercept: float

    def predict(self, pages: PageFeatures) -> Floats:
        """The prediction for each page, shape (pages,)."""
        total = np.full(len(pages), self.intercept)
        for column in range(len(self.weights)):
            total += self.weights[column] * _standard(pages.rows[:, column], self.means[column], self.scales[column])
        for page, words in enumerate(pages.words):
            if len(words):
                total[page] += math.fsum(self.words[words].tolist()) / math.sqrt(len(words))
        return total


def _standard(values: Floats, mean: float, scale: float) -> Floats:
    if not scale:
        return np.zeros(len(values))
    standard = np.clip((values - mean) / scale, -CLIP, CLIP)
    return np.where(np.isnan(standard), 0.0, standard)


def shared_words(pages: Sequence[Words]) -> Floats:
    """Of each pair of pages the words that both have, over the root of the product of their numbers.

    Shape (pages, pages). Counts are whole numbers, which a product of matrices adds up exactly in any order.
    """
    present = np.zeros((len(pages), BUCKETS), np.float32)
    for page, words in enumerate(pages):
        present[page, words] = 1.0
    roots = np.sqrt(np.maximum(1, [len(words) for words in pages]))
    shared: Floats = (present @ present.T).astype(np.float64) / (roots[:, None] * roots[None, :])
    return shared


def fit_ridge(pages: PageFeatures, targets: Floats, shared: Floats, penalty: float) -> LinearModel:
    """The weights that minimise squared error plus `penalty` times their sum of squares (Hoerl and Kennard 1970).

    shared: the pages' `shared_words`.
    """
    columns = pages.rows.shape[1]
    known = [pages.rows[~np.isnan(pages.rows[:, column]), column].tolist() for column in range(columns)]
    means = np.array([_mean(values) for values in known])
    spreads = [math.sqrt(_mean([(v - mean) ** 2 for v in values])) for values, mean in zip(known, means, strict=True)]
    scales = np.array([spread if spread > 1e-9 else 0.0 for spread in spreads])
    standard = [_standard(pages.rows[:, at], means[at], scales[at]) for at in range(columns)]
    prior = SIGNALS_WEIGHT / columns
    kernel = shared + np.diag(np.full(len(pages), float(penalty)))
    for values in standard:
        kernel += prior * (values[:, None] * values[None, :])
    intercept = _mean(targets.tolist())
    factors = solve(kernel, targets - intercept)
    weights = np.array([prior * math.fsum((values * factors).tolist()) for values in standard])
    by_word = np.zeros(BUCKETS)
    for words, factor in zip(pages.words, factors.tolist(), strict=True):
        by_word[words] += factor / math.sqrt(max(1, len(words)))
    return LinearModel(means, scales, weights, by_word, intercept)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0


def solve(matrix: Floats, right: Floats) -> Floats:
    """The x of matrix x = right, for a positive definite matrix, by elimination without pivots in a fixed order."""
    left, values, size = matrix.copy(), right.copy(), len(right)
    for step in range(size):
        factor = left[step + 1 :, step] / left[step, step]
        left[step + 1 :, step + 1 :] -= factor[:, None] * left[step, None, step + 1 :]
        values[step + 1 :] -= factor * values[step]
    for step in range(size - 1, -1, -1):
        values[step] /= left[step, step]
        values[:step] -= left[:step, step] * values[step]
    return values
