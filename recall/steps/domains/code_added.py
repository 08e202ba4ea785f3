"""How many code pages a URL prefix would add: those under it that the model does not keep, by their probability.

In: pages under a prefix by calibrated probability and by whether they are kept. Out: an estimate with an interval, and
the gain, what a question about the prefix brings on average. The model errs on whole sites, not on pages one by one:
under a prefix all log odds are off by the same unknown shift. Its distribution before anything is seen is normal; the
scores under the prefix say which shift is likely, by the likelihood of a mixture whose class densities are those of all
pages (the prior shift of Saerens, Latinne and Decaestecker, 2002). Pages of one template are alike, so all of them
together say no more than a few that are independent.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recall.model.evaluate import Calibration
from recall.records import Candidate

Bins = NDArray[np.int32]
"""(2 * LEVELS,) pages by log odds of their calibrated probability: first those that are not kept, then the kept."""

LEVELS = 24
_LEAST, _MOST = -9.0, 7.0
"""Log odds of the levels' outer edges; what lies beyond counts in the outermost level."""

SPREAD = 2.0
"""Standard deviation of a site's shift in log odds."""

INDEPENDENT = 3
"""Pages that all pages under a prefix count for. SPREAD and this were chosen on labelled pages of real crawls: with
models of 60 pages, among the settings whose intervals held on nine of ten prefixes and more, the first ten questions
brought most."""

_WIDTH = (_MOST - _LEAST) / LEVELS
_ODDS = _LEAST + _WIDTH * (np.arange(LEVELS) + 0.5)
_SHIFTS = np.linspace(-6.0, 6.0, 49)
_EVERY = _SHIFTS[:, None] + _ODDS[None, :]
_CODE = 1.0 / (1.0 + np.exp(-_EVERY))
_PRIOR = -0.5 * (_SHIFTS / SPREAD) ** 2
_DIGITS = 2


def levels_of(calibration: Calibration, scores: NDArray[np.float64], kept: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The index into Bins of each page."""
    chances = np.clip(calibration.apply(scores), 1e-9, 1 - 1e-9)
    level = np.floor((np.log(chances) - np.log1p(-chances) - _LEAST) / _WIDTH)
    index: NDArray[np.int64] = np.clip(level, 0, LEVELS - 1).astype(np.int64) + LEVELS * kept
    return index


def no_pages() -> Bins:
    """Bins without any page."""
    return np.zeros(2 * LEVELS, dtype=np.int32)


def pages_in(bins: Bins) -> int:
    """How many pages were counted."""
    return int(bins.sum())


def kept_in(bins: Bins) -> int:
    """How many of them are kept."""
    return int(bins[LEVELS:].sum())


@dataclass(frozen=True, slots=True)
class CodeAdded:
    """Estimates for prefixes. share: of code among the pages that the calibration was fitted to, between 0 and 1.

    accept: share of code from which people accept a prefix.
    """

    share: float = 0.1
    accept: float = 0.8

    def candidate(self, prefix: str, bins: Bins, sites: int = 1) -> Candidate:
        """A candidate with its estimate: low and high bound the pages that it adds at 95 %.

        sites: on how many its pages lie. Their shifts are independent, so the mean of them spreads less.
        """
        pages, kept = pages_in(bins), kept_in(bins)
        missed = bins[:LEVELS].astype(np.float64)
        whole = missed + bins[LEVELS:]
        weight = self._likely(whole, sites)
        means, variances = _CODE @ missed, (_CODE * (1 - _CODE)) @ missed
        added = float(weight @ means)
        below = np.searchsorted(np.cumsum(weight), [0.025, 0.975]).clip(max=len(_SHIFTS) - 1)
        ends = [
            math.hypot(added - means[at], 1.96 * math.sqrt(variances[at])) * side
            for at, side in zip(below.tolist(), (-1, 1), strict=True)
        ]
        mostly_code = _CODE @ whole >= self.accept * pages
        figures = (added, max(0.0, added + ends[0]), min(pages - kept, added + ends[1]), weight @ (mostly_code * means))
        rounded = (round(float(figure), _DIGITS) for figure in figures)
        return Candidate(prefix, prefix.partition("/")[0], pages, kept, *rounded)

    def _likely(self, whole: NDArray[np.float64], sites: int) -> NDArray[np.float64]:
        """How likely each of _SHIFTS is, given pages by level."""
        share = min(max(self.share, 1e-4), 1 - 1e-4)
        pages = max(float(whole.sum()), 1.0)
        fit = np.logaddexp(0.0, _EVERY) @ whole - pages * np.log1p(np.exp(_SHIFTS) * share / (1 - share))
        logs = fit * min(1.0, sites * INDEPENDENT / pages) + sites * _PRIOR
        weight: NDArray[np.float64] = np.exp(logs - logs.max())
        weight /= weight.sum()
        return weight


def code_added(metrics: Mapping[str, float], accept: float) -> CodeAdded:
    """How to estimate by a model whose card has these metrics. Cards of earlier versions do not state the share."""
    unweighted = metrics.get("positives", 1.0) / max(metrics.get("pages", 10.0), 1.0)
    return CodeAdded(metrics.get("share", unweighted), accept)
