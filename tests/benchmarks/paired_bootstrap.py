"""How much better a second model is than a first one on the same pages, with an interval over registered domains."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from recall.model.evaluate.curves import paired
from recall.model.evaluate.intervals import Figure, Interval


def bootstrap_difference(
    figure: Figure,
    first: ArrayLike,
    second: ArrayLike,
    truth: ArrayLike,
    groups: Sequence[str],
    draws: int = 1000,
) -> Interval:
    """95 % interval of how much more `second`'s scores give than `first`'s on the same pages, by paired draws."""
    second_array, _ = paired(second, truth)
    first_array, truth_array = paired(first, truth)
    pairs = np.stack([first_array, second_array], axis=1)
    _, members = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    rows_of = [np.flatnonzero(members == group) for group in range(int(members.max(initial=-1)) + 1)]
    random = np.random.default_rng(0)
    values = []
    for _ in range(draws):
        rows = np.concatenate([rows_of[group] for group in random.integers(0, len(rows_of), len(rows_of))])
        if truth_array[rows].any():
            before, after = pairs[rows].T
            values.append(figure(after, truth_array[rows]) - figure(before, truth_array[rows]))
    low, high = np.percentile(values, [2.5, 97.5])
    return Interval(figure(second_array, truth_array) - figure(first_array, truth_array), float(low), float(high))
