"""Precision, recall and number of code pages of a whole crawl, estimated from an audit sample, with 95 % intervals.

In: pages drawn with known probabilities, in one round or in several, pages whose truth is known for certain, and the
sizes of cells. Out: Horvitz-Thompson estimates, post-stratified. Refuses a probability outside (0, 1].
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recall.errors import BadInput
from recall.model.evaluate.curves import Bools, Floats
from recall.model.evaluate.intervals import Interval

UNEQUAL = 0.85
"""Of Kish's effective number where pages of a cell represent different numbers: weights are estimates as well."""


@dataclass(frozen=True, slots=True)
class AuditEstimate:
    """Estimates for the whole crawl, with 95 % intervals. positives: pages with the positive label."""

    precision: Interval
    recall: Interval
    positives: Interval


@dataclass(frozen=True, slots=True)
class AuditSample:
    """Pages whose truth is known, by random draw or otherwise.

    cells: groups of pages that are alike to the model (score, decision), whose sizes are known; chance: probability of
    being drawn, 1 for a page that counts for itself; share: how much of what a page represents counts, below 1 where
    several rounds' samples estimate the same pages.
    """

    truth: Bools
    chance: Floats
    share: Floats
    cells: Sequence[str]


@dataclass(frozen=True, slots=True)
class Cell:
    """A group of pages of the crawl. kept: whether they are."""

    pages: float
    kept: bool


def estimate_pooled(sample: AuditSample, cells: Mapping[str, Cell], draws: int = 4000, seed: int = 0) -> AuditEstimate:
    """Horvitz-Thompson estimates, weighted to the known sizes of cells.

    A page drawn with probability p represents share / p pages of its cell, scaled so that a cell's pages add up to its
    size. Intervals: what is not known of a cell is positive at a rate drawn `draws` times from Beta posteriors: x
    positives among n (weighted; n is Kish's effective number) give Beta(x, n - x + 1/2) for the low and
    Beta(x + 1/5, n - x + 1/5) for the high end, a pair that held what it promises in simulated crawls, also where a
    large cell shows no positive. A cell whose every page is known adds no uncertainty; one of which none is known may
    hold anything between no and only positives.
    """
    if len(sample.chance) and not (sample.chance.min() > 0 and sample.chance.max() <= 1):
        raise BadInput("audit sample: a page's probability of being drawn lies outside (0, 1]")
    random = np.random.default_rng(seed)
    members: dict[str, list[int]] = {name: [] for name in sorted(cells)}
    for row, name in enumerate(sample.cells):
        members[name].append(row)
    values = {True: 0.0, False: 0.0}
    spread = {True: np.zeros((2, draws)), False: np.zeros((2, draws))}
    kept_pages = sum(cell.pages for cell in cells.values() if cell.kept)
    for name, rows in members.items():
        value, drawn = _positives(sample, np.array(rows, dtype=np.int64), cells[name].pages, random, draws)
        values[cells[name].kept] += value
        spread[cells[name].kept] += drawn
    hits, missed = spread[True], spread[False]
    precise = max(kept_pages, 1e-9)
    return AuditEstimate(
        precision=_interval(values[True] / precise, *np.minimum(hits / precise, 1.0)),
        recall=_interval(_share(values[True], values[False]), _shares(hits[0], missed[1]), _shares(hits[1], missed[0])),
        positives=_interval(values[True] + values[False], hits[0] + missed[0], hits[1] + missed[1]),
    )


def _positives(
    sample: AuditSample, rows: NDArray[np.int64], pages: float, random: np.random.Generator, draws: int
) -> tuple[float, Floats]:
    """Positive pages of a cell: the estimate, and (2, draws) for the low and for the high end of an interval."""
    truth, weight = sample.truth[rows], sample.share[rows] / sample.chance[rows]
    known = sample.chance[rows] >= 1.0
    certain, sure = float((weight * truth)[known].sum()), float(weight[known].sum())
    rest = max(0.0, pages - sure)
    drawn = weight[~known]
    if rest < 0.5 or (not len(drawn) and len(rows) and rest < 1e-6 * pages):
        return certain, np.full((2, draws), certain)
    rate = float((drawn * truth[~known]).sum() / drawn.sum()) if len(drawn) else 0.0
    effective = min(rest, float(drawn.sum() ** 2 / (drawn**2).sum())) if len(drawn) else 0.0
    effective *= 1.0 if len(drawn) and np.ptp(drawn) <= 1e-9 * drawn.max() else UNEQUAL
    positive = rate * effective
    seen = float((drawn * sample.chance[rows][~known]).sum() / drawn.sum()) if len(drawn) else 0.0
    unseen = round(rest * (1 - seen))
    low = random.beta(max(positive, 1e-9), effective - positive + 1 / 2, draws)
    high = random.beta(positive + 1 / 5, effective - positive + 1 / 5, draws)
    ends = np.stack([random.binomial(unseen, low), random.binomial(unseen, high)]).astype(np.float64)
    return certain + rate * rest, certain + rate * rest * seen + ends


def pooled_shares(drawn: Sequence[int]) -> Floats:
    """The share of each round's sample when rounds are pooled: in proportion to the pages it drew."""
    counts = np.asarray(drawn, dtype=np.float64)
    total = counts.sum()
    return counts / total if total else counts


def _share(hits: float, missed: float) -> float:
    return hits / (hits + missed) if hits + missed else 0.0


def _shares(hits: Floats, missed: Floats) -> Floats:
    return np.divide(hits, hits + missed, out=np.zeros_like(hits), where=hits + missed > 0)


def _interval(value: float, low: Floats, high: Floats) -> Interval:
    return Interval(value, min(value, float(np.percentile(low, 2.5))), max(value, float(np.percentile(high, 97.5))))
