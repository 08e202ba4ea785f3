"""Columns of numbers of the segments of a page: what stands before and behind each, and the groups that hold it.

In: a page's segments in their order, and its elements as a tree in arrays (`element_tree`). Out: a row for each column,
sums and quotients of whole numbers only, so that all machines compute the same. Each pass takes time linear in the
segments, times a bounded reach, or linear in the elements.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from recall.kernels.native import compiled

Whole = NDArray[np.int64]
Numbers = NDArray[np.float64]

STEPS: Final = (-3, -2, -1, 1, 2, 3)
_STEPS: Final = np.array(STEPS)


def beside(values: Whole) -> Whole:
    """The values of the segments STEPS away, 0 where there are none: shape (steps, columns, segments).

    values: shape (columns, segments).
    """
    out: Whole = _beside(values, _STEPS)
    return out


def means_within(values: Whole, reach: int) -> Numbers:
    """Means of the values over each segment and those up to `reach` away: shape (columns, segments)."""
    out: Numbers = _means_within(values, reach)
    return out


def last_before(marks: NDArray[np.bool_]) -> Whole:
    """The nearest marked segment at or before each one, -1 for none, shape (segments,)."""
    out: Whole = _last_before(marks)
    return out


def group_sums(groups: Whole, values: Whole, count: int) -> Whole:
    """Members of each group and the sums of their values, shape (1 + columns, count).

    groups: numbers from 0, negative for what is in none; values: shape (columns, members).
    """
    out: Whole = _group_sums(groups, values, count)
    return out


def sizes_and_means(groups: Whole, sums: Whole, total: int) -> Numbers:
    """Of each member's group: its size, mean and share of the first sum, mean of the second; 0 where it is in none.

    Shape (4, members). groups: as in `group_sums`; sums: its output; total: what a share is of.
    """
    out: Numbers = _sizes_and_means(groups, sums, total)
    return out


@compiled
def _beside(values: Any, steps: Any) -> Any:
    columns, count = values.shape
    out = np.zeros((len(steps), columns, count), np.int64)
    for number in range(len(steps)):
        for column in range(columns):
            for index in range(max(0, -steps[number]), min(count, count - steps[number])):
                out[number, column, index] = values[column, index + steps[number]]
    return out


@compiled
def _means_within(values: Any, reach: Any) -> Any:
    columns, count = values.shape
    out = np.zeros((columns, count), np.float64)
    for column in range(columns):
        total = 0
        for index in range(min(reach, count)):
            total += values[column, index]
        for index in range(count):
            if index + reach < count:
                total += values[column, index + reach]
            if index - reach > 0:
                total -= values[column, index - reach - 1]
            out[column, index] = total / (min(index + reach + 1, count) - max(index - reach, 0))
    return out


@compiled
def _last_before(marks: Any) -> Any:
    out = np.zeros(len(marks), np.int64)
    last = -1
    for index in range(len(marks)):
        if marks[index]:
            last = index
        out[index] = last
    return out


@compiled
def _group_sums(groups: Any, values: Any, count: Any) -> Any:
    sums = np.zeros((1 + len(values), count), np.int64)
    for member in range(len(groups)):
        group = groups[member]
        if group >= 0:
            sums[0, group] += 1
            for column in range(len(values)):
                sums[1 + column, group] += values[column, member]
    return sums


@compiled
def _sizes_and_means(groups: Any, sums: Any, total: Any) -> Any:
    out = np.zeros((4, len(groups)), np.float64)
    for member in range(len(groups)):
        group = groups[member]
        if group >= 0:
            out[0, member] = sums[0, group]
            out[1, member] = sums[1, group] / sums[0, group]
            out[2, member] = sums[1, group] / total
            out[3, member] = sums[2, group] / sums[0, group]
    return out
