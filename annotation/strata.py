"""How a round's sample is planned: how many pages of each kind, and the strata of the audit sample.

In: [label], the scan's floor and the model's threshold, pages counted in bins of the score. Out: strata and how many
pages are drawn from each.

Strata, by score, from low to high; their boundaries are written beside the tasks:
    far, below_floor      below the scan's floor, split at 80 % of those pages
    low, near_below       from floor to threshold, split at 75 % of those pages
    near_above, high      at or above the threshold, split at half of those pages
One half of the audit sample is spread equally over the strata, the other in proportion to the square root of their
pages. Within a stratum it is a simple random sample of URLs without replacement: probability = drawn / pages.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.run import priority

SPLITS = (("far", "below_floor", 0.80), ("low", "near_below", 0.75), ("near_above", "high", 0.50))
"""Lower and upper stratum of each part of the score axis, and the share of the part's pages in the lower one."""

BIN_WIDTH = 0.25
"""Logits. Pages are counted in bins of this width around the threshold; a stratum is a run of bins."""

MAX_LOGIT = 16


@dataclass(frozen=True, slots=True)
class SamplingPlan:
    """How many pages a round asks about, and the scores that matter. code_hosts, known_hosts: for the spread.

    pages: to train on, of them at most doubted_share a second time; of the others uncertain_share near the threshold,
    suspect_share suspected errors and language_share in other languages than most; gold: apart.
    """

    seed: int
    round: int
    pages: int
    audit: int
    uncertain_share: float
    floor: float
    threshold: float
    suspect_share: float = 0.0
    language_share: float = 0.0
    doubted_share: float = 0.0
    gold: int = 0
    code_hosts: frozenset[str] = field(default=frozenset(), repr=False)
    known_hosts: frozenset[str] = field(default=frozenset(), repr=False)

    def priority(self, purpose: str, text: str) -> int:
        """A hash of seed, round, purpose and text: the lowest are a uniform sample."""
        return priority(self.seed, f"{self.round}\0{purpose}\0{text}")

    @property
    def _inner_threshold(self) -> float:
        return min(max(self.threshold, 1e-9), 1 - 1e-9)

    @property
    def ends(self) -> tuple[float, float]:
        """Scores at which the parts of the score axis end: the floor (at most the threshold), and the threshold."""
        return min(self.floor, self.threshold), self.threshold

    def edges(self) -> NDArray[Any]:
        """Scores between the bins, ascending; floor and threshold are among them to the bit."""
        threshold = self._inner_threshold
        centre = math.log(threshold) - math.log1p(-threshold)
        steps = range(-int(2 * MAX_LOGIT / BIN_WIDTH), int(2 * MAX_LOGIT / BIN_WIDTH) + 1)
        logits = (centre + BIN_WIDTH * step for step in steps)
        # rounded, so that the last bit of exp() on another machine moves no page
        grid = {round(1 / (1 + math.exp(-logit)), 6) for logit in logits if abs(logit) <= MAX_LOGIT}
        near = {edge for edge in grid if abs(edge - self.threshold) < 1e-6}
        return np.array(sorted((grid - near) | {min(self.floor, self.threshold), self.threshold}))

    def distance(self, scores: NDArray[Any]) -> NDArray[Any]:
        """Distance of scores from the threshold as an odds ratio of at least 1; it orders as the distance in logits."""
        clipped = np.clip(scores, 1e-12, 1 - 1e-12)
        ratio = clipped * (1 - self._inner_threshold) / ((1 - clipped) * self._inner_threshold)
        farther: NDArray[Any] = np.maximum(ratio, 1 / ratio)
        return farther


@dataclass(frozen=True, slots=True)
class Stratum:
    """Scores from `low` up to `high`. pages: URLs in it that could be drawn; drawn: those that were."""

    name: str
    low: float
    high: float
    pages: int
    drawn: int


def strata_of_bins(ends: tuple[float, float], edges: NDArray[Any], counts: NDArray[Any]) -> list[tuple[str, int, int]]:
    """Audit strata as runs of bins: name, first bin, bin after the last.

    ends: floor (at most the threshold) and threshold; counts: pages in each bin between edges.
    """
    cuts = [0, *(int(np.searchsorted(edges, end, side="left")) + 1 for end in ends), len(counts)]
    strata: list[tuple[str, int, int]] = []
    for (lower, upper, share), first, last in zip(SPLITS, cuts, cuts[1:], strict=False):
        below = np.cumsum(counts[first:last])
        split = last
        if len(below) and below[-1]:
            split = first + 1 + int(np.searchsorted(below, share * below[-1], side="left"))
        strata += [(lower, first, split), (upper, split, last)]
    return strata


def allocate(pages: Sequence[int], total: int) -> list[int]:
    """Divide an audit sample among strata: half equally, half by the square root of their pages, never above them.

    Largest remainders are rounded up, the first of equals first. The sum is min(total, all pages).
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
