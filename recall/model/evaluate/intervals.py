"""How sure a figure is: Wilson's interval of a share, and the bootstrap over registered domains for other figures."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recall.model.evaluate.curves import Bools, Floats, paired

Figure = Callable[[Floats, Bools], float]
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its interval."""

    value: float
    low: float
    high: float


def wilson_interval(share: float, count: float, confidence: float = 0.975) -> Interval:
    """A share of `count` cases with its score interval: Wilson (1927), eq. 4 in Brown, Cai and DasGupta (2001).

    confidence: of each bound for itself, at least 0.5, which gives the share; 0.975 makes a two-sided 95 % interval.
    Without any cases it is 0 to 1 around one half.
    """
    if not count:
        return Interval(0.5, 0.0, 1.0)
    z = NormalDist().inv_cdf(confidence)
    centre = share + z * z / (2 * count)
    spread = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    low, high = ((centre + side * spread) / (1 + z * z / count) for side in (-1, 1))
    return Interval(share, max(0.0, min(low, share)), min(1.0, max(high, share)))  # not past the share by a rounding


def bootstrap_interval(
    figure: Figure, scores: ArrayLike, truth: ArrayLike, groups: Sequence[str], draws: int = 1000, seed: int = 0
) -> Interval:
    """95 % percentile interval of `figure(scores, truth)` when whole groups are drawn with replacement."""
    score_array, truth_array = paired(scores, truth)
    drawn = (rows for rows in _draws_of(groups, draws, seed) if truth_array[rows].any())
    low, high = np.percentile([figure(score_array[rows], truth_array[rows]) for rows in drawn], [2.5, 97.5])
    return Interval(figure(score_array, truth_array), float(low), float(high))


def interval_over_groups(
    figure: Callable[[Rows], float], groups: Sequence[str], draws: int = 1000, seed: int = 0
) -> Interval:
    """As `bootstrap_interval`, for a figure of some rows, given by their numbers."""
    low, high = np.percentile([figure(rows) for rows in _draws_of(groups, draws, seed)], [2.5, 97.5])
    return Interval(figure(np.arange(len(groups))), float(low), float(high))


def _draws_of(groups: Sequence[str], draws: int, seed: int) -> Iterator[Rows]:
    """Rows of as many groups as there are, drawn with replacement, again and again."""
    _, members = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    rows_of = [np.flatnonzero(members == group) for group in range(int(members.max(initial=-1)) + 1)]
    random = np.random.default_rng(seed)
    for _ in range(draws):
        yield np.concatenate([rows_of[group] for group in random.integers(0, len(rows_of), len(rows_of))])
