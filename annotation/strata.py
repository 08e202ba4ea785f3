"""The strata of an audit sample, and how many pages are drawn from each.

Strata, by score, from low to high; their boundaries are written beside the tasks:
    far, below_floor      below the scan's floor, split at 80 % of those pages
    low, near_below       from floor to threshold, split at 75 % of those pages
    near_above, high      at or above the threshold, split at half of those pages
One half of the audit sample is spread equally over the strata, the other in proportion to the square root of their
pages. Within a stratum it is a simple random sample without replacement of URLs: probability = drawn / pages.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SPLITS = (("far", "below_floor", 0.80), ("low", "near_below", 0.75), ("near_above", "high", 0.50))
"""Lower and upper stratum of each part of the score axis, and the share of the part's pages in the lower one."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """Scores from `low` up to `high`. pages: URLs in it that could be drawn; drawn: those that were."""

    name: str
    low: float
    high: float
    pages: int
    drawn: int


def runs_of(ends: tuple[float, float], edges: NDArray[Any], counts: NDArray[Any]) -> list[tuple[str, int, int]]:
    """Audit strata as runs of bins: name, first bin, bin after the last.

    ends: floor (at most the threshold) and threshold; counts: pages in each bin between edges.
    """
    cuts = [0, *(int(np.searchsorted(edges, end, side="left")) + 1 for end in ends), len(counts)]
    runs: list[tuple[str, int, int]] = []
    for (lower, upper, share), first, last in zip(SPLITS, cuts, cuts[1:], strict=False):
        below = np.cumsum(counts[first:last])
        split = last
        if len(below) and below[-1]:
            split = first + 1 + int(np.searchsorted(below, share * below[-1], side="left"))
        runs += [(lower, first, split), (upper, split, last)]
    return runs


def allocate(pages: Sequence[int], total: int) -> list[int]:
    """Divide an audit sample among strata: half equally, half by the square root of their pages, never above them.

    Largest remainders are rounded up, the first of equals first. Gives min(total, all pages) altogether.
    """
    sizes = np.asarray(pages, dtype=np.int64)
    taken = np.zeros_like(sizes)
    while (left := total - int(taken.sum())) > 0 and (free := taken < sizes).any():
        roots = np.sqrt(sizes) * free
        shares = left * (0.5 * free / free.sum() + 0.5 * roots / roots.sum())
        more = np.floor(shares).astype(np.int64)
        largest = np.argsort(-(shares - more), kind="stable")[: left - int(more.sum())]
        more[largest] += 1
        taken = np.minimum(taken + more, sizes)
    return [int(count) for count in taken]
