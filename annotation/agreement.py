"""Inter-annotator agreement beyond chance: Krippendorff's alpha, Fleiss' and Cohen's kappa, with bootstrap intervals.

In: votes on tasks. Out: coefficients with 95 % percentile intervals, tasks being drawn with replacement. A coefficient
is None where it is not defined: no task has two votes, or all votes are for one value. Alpha is that of the library
`krippendorff`; a thousand draws are computed at once from counts (one row a task, one column a value), by formulas that
tests hold against the library and against the worked examples of their authors.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import krippendorff
import numpy as np
from numpy.typing import NDArray

from recall.model.evaluate import Interval

Numbers = NDArray[np.float64]
Votes = Mapping[str, str]
"""Votes on one task: value by annotator."""

DRAWS = 1000
"""Bootstrap draws: the ends of an interval move by a hundredth of its width from seed to seed."""

CELLS = 4_000_000
"""Numbers of a block of bootstrap draws: bounds memory for any number of tasks."""


def vote_counts(tasks: Iterable[Votes], values: Sequence[str]) -> Numbers:
    """Votes as counts: a row for each task, a column for each of `values`; votes for other values are not counted."""
    columns = {value: column for column, value in enumerate(values)}
    rows = []
    for votes in tasks:
        row = np.zeros(len(values))
        for value in votes.values():
            if value in columns:
                row[columns[value]] += 1
        rows.append(row)
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(values))


def pair_tables(tasks: Iterable[Votes], annotator: str, values: Sequence[str]) -> Numbers:
    """For each task that an annotator shares with others: their value by the others' values, of sum 1 (tasks, k, k).

    Their sum is the table of the annotator against an average of the others.
    """
    columns = {value: column for column, value in enumerate(values)}
    tables = []
    for votes in tasks:
        others = [columns[value] for name, value in votes.items() if name != annotator and value in columns]
        mine = columns.get(votes.get(annotator, ""))
        if mine is not None and others:
            table = np.zeros((len(values), len(values)))
            np.add.at(table[mine], others, 1 / len(others))
            tables.append(table)
    return np.array(tables, dtype=np.float64).reshape(len(tables), len(values), len(values))


def alphas(counts: Numbers, weights: Numbers) -> Numbers:
    """Krippendorff's alpha for each draw; nan where it is not defined. weights: (draws, tasks), times a task was drawn.

    For nominal values and tasks with two votes or more each: Krippendorff, Computing Krippendorff's Alpha-Reliability
    (2011), section C: 1 - (n - 1) (n - sum o_cc) / (n^2 - sum n_c^2).
    """
    observed = weights @ ((counts * (counts - 1)).sum(axis=1) / (counts.sum(axis=1) - 1))
    of_value = weights @ counts
    total = of_value.sum(axis=1)
    chance = total**2 - (of_value**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(chance > 0, 1 - (total - 1) * (total - observed) / chance, np.nan)


def fleiss_kappas(counts: Numbers, weights: Numbers) -> Numbers:
    """Fleiss' kappa (1971) for each draw, as `alphas`. Raises ValueError for unequal numbers of votes."""
    votes = counts.sum(axis=1)
    if len(counts) and (votes.min() != votes.max() or votes[0] < 2):
        raise ValueError("Fleiss' kappa needs the same number of votes, at least 2, on every task")
    with np.errstate(divide="ignore", invalid="ignore"):
        each = (counts * (counts - 1)).sum(axis=1) / (votes * (votes - 1))
        drawn = weights.sum(axis=1)
        shares = weights @ (counts / votes[:, None]) / drawn[:, None]
        chance = (shares**2).sum(axis=1)
        return np.where(chance < 1, (weights @ each / drawn - chance) / (1 - chance), np.nan)


def cohen_kappas(tables: Numbers, weights: Numbers) -> Numbers:
    """Cohen's kappa (1960) for each draw, as `alphas`. tables: (tasks, values, values)."""
    size = tables.shape[1]
    table = (weights @ tables.reshape(len(tables), -1)).reshape(-1, size, size)
    total = table.sum(axis=(1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        agreed = np.trace(table, axis1=1, axis2=2) / total
        chance = (table.sum(axis=1) * table.sum(axis=2)).sum(axis=1) / total**2
        return np.where(chance < 1, (agreed - chance) / (1 - chance), np.nan)


def _bootstrapped(figure: Callable[[Numbers, Numbers], Numbers], items: Numbers, seed: int) -> Interval | None:
    """A coefficient with its 95 % percentile interval, tasks (rows of `items`) drawn with replacement."""
    count = len(items)
    if not count:
        return None
    value = float(figure(items, np.ones((1, count)))[0])
    if np.isnan(value):
        return None
    random = np.random.default_rng(seed)
    block = max(1, CELLS // count)
    blocks: list[Numbers] = []
    for start in range(0, DRAWS, block):
        weights = random.multinomial(count, np.full(count, 1 / count), size=min(block, DRAWS - start))
        blocks.append(figure(items, weights.astype(np.float64)))
    low, high = np.nanpercentile(np.concatenate(blocks), [2.5, 97.5])
    return Interval(value, float(low), float(high))


def alpha_of(tasks: Iterable[Votes], values: Sequence[str], seed: int = 0) -> Interval | None:
    """Krippendorff's alpha over tasks, with its interval."""
    counts = vote_counts(tasks, values)
    counts = counts[counts.sum(axis=1) >= 2]
    interval = _bootstrapped(alphas, counts, seed)
    if interval is None:
        return None
    value = float(krippendorff.alpha(value_counts=counts, level_of_measurement="nominal"))
    return Interval(value, interval.low, interval.high)


def ordinal_alpha(tasks: Iterable[Votes], values: Sequence[str]) -> float | None:
    """Krippendorff's alpha of values that have an order, the lowest first: far apart counts more than close by."""
    counts = vote_counts(tasks, values)
    counts = counts[counts.sum(axis=1) >= 2]
    if np.count_nonzero(counts.sum(axis=0)) < 2:
        return None
    return float(krippendorff.alpha(value_counts=counts, level_of_measurement="ordinal"))


def label_alpha(tasks: Iterable[Votes], value: str, seed: int = 0) -> Interval | None:
    """Alpha of one value against all others: how well annotators agree on what is `value`."""
    yes_or_no = ({name: "yes" if vote == value else "no" for name, vote in votes.items()} for votes in tasks)
    return alpha_of(yes_or_no, ["no", "yes"], seed)


def fleiss_of(tasks: Iterable[Votes], values: Sequence[str], seed: int = 0) -> Interval | None:
    """Fleiss' kappa over the tasks that have two votes, with its interval."""
    counts = vote_counts(tasks, values)
    return _bootstrapped(fleiss_kappas, counts[counts.sum(axis=1) == 2], seed)


def annotator_kappa(tasks: Iterable[Votes], annotator: str, values: Sequence[str], seed: int = 0) -> Interval | None:
    """Cohen's kappa of an annotator against the others on the tasks they share, each task counting once."""
    return _bootstrapped(cohen_kappas, pair_tables(tasks, annotator, values), seed)
