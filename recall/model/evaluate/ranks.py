"""How well an order agrees with graded labels: Spearman's rank correlation and the borders of fifths. NumPy only."""

import numpy as np
from numpy.typing import ArrayLike

from recall.model.evaluate.curves import Floats


def mean_ranks(values: ArrayLike) -> Floats:
    """The rank of each value from 0 on; equal values share the mean of their ranks."""
    _, members, counts = np.unique(np.asarray(values, dtype=np.float64), return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(counts) - (counts + 1) / 2)[members]
    return ranks


def rank_correlation(scores: ArrayLike, labels: ArrayLike) -> float:
    """Spearman's rank correlation, ties by their mean ranks; 0 where all scores or all labels are equal."""
    first, second = (ranks - ranks.mean() for ranks in (mean_ranks(scores), mean_ranks(labels)))
    size = float(np.sqrt(np.sum(first**2) * np.sum(second**2)))
    return float(np.sum(first * second)) / size if size else 0.0


def border_of(labels: ArrayLike, share: float, *, best: bool) -> float:
    """The label from which on (`best`), or up to which, at least a share of the pages lies."""
    ranked = np.sort(np.asarray(labels, dtype=np.float64))
    ranked = ranked[::-1] if best else ranked
    return float(ranked[max(0, int(np.ceil(share * len(ranked))) - 1)])
