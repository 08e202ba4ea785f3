"""The share of positive pages in a crawl that a model was not trained on, and the threshold that meets a target there.

In: a histogram of the crawl's scores, the model's calibration and the share of positives that it was fitted at. Out:
the share in the crawl with an interval, what each threshold gives, the threshold for a precision or recall. Positive
pages of two crawls are taken to look alike, as are the others, so that only their shares differ (prior shift). An audit
sample corrects where that does not hold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recall.model.evaluate.calibration import Calibration, fit_calibration
from recall.model.evaluate.curves import Bools, Floats, Threshold, choose_threshold
from recall.model.evaluate.intervals import Interval

BIN_WIDTH = 1 / 64
"""Logits: the score at which a threshold may lie is told to within this."""

MAX_LOGIT = 16

FARTHEST = 50.0
"""Bounds of the odds of a positive page, as a factor of those at which the calibration was fitted. A likelihood that
rises up to a bound says that the calibration does not fit the crawl: the share cannot be told from scores."""

VAGUE = 4.0
"""Ratio of the odds at the interval's ends from which on the share counts as not told."""

DRAWS = 50
"""Resampled calibrations that a model keeps: enough for an interval, few enough for its card."""


LEAST_SPREAD = 0.35
"""Standard deviation, in logits, of what a calibration may be off on another crawl beyond the noise of its labels.
Between two crawls of different kinds it was off by .2 (tests/benchmarks/other_crawl.py)."""


def _edges() -> Floats:
    steps = np.arange(-int(MAX_LOGIT / BIN_WIDTH), int(MAX_LOGIT / BIN_WIDTH) + 1)
    # rounded, so that the last bit of exp() on another machine moves no page
    return np.asarray((1 / (1 + np.exp(-steps * BIN_WIDTH))).round(12))


EDGES = _edges()
"""Scores between the bins of a histogram, ascending; equally far from each other in logits."""

MIDDLES = np.concatenate([[EDGES[0] / 2], (EDGES[:-1] + EDGES[1:]) / 2, [(1 + EDGES[-1]) / 2]])
"""The score that stands for each bin."""


def score_bins(scores: ArrayLike) -> NDArray[np.intp]:
    """The bin of each score; a score that is an edge lies above it."""
    return np.searchsorted(EDGES, np.asarray(scores, dtype=np.float64), side="right")


def score_histogram(scores: ArrayLike) -> NDArray[np.int64]:
    """Number of scores in each bin."""
    return np.bincount(score_bins(scores), minlength=len(EDGES) + 1).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Reference:
    """What a model's scores meant where they were measured, on registered domains that it never saw.

    share: of positive pages there; calibration: fitted there; resampled: share, rise, fall and offset of calibrations
    that were fitted to registered domains drawn with replacement.
    """

    share: float
    calibration: Calibration
    resampled: tuple[tuple[float, float, float, float], ...] = field(default=(), repr=False)


def parse_reference(values: Mapping[str, Any]) -> Reference:
    """A reference from its JSON. Raises KeyError, TypeError or ValueError."""
    fits = [tuple(map(float, fit)) for fit in values["resampled"]]
    resampled = tuple((share, rise, fall, offset) for share, rise, fall, offset in fits)
    return Reference(float(values["share"]), Calibration(**values["calibration"]), resampled)


def fit_reference(
    scores: Floats, truth: Bools, weights: Floats, groups: Sequence[str], seed: int = 0
) -> Reference | None:
    """The reference of out-of-fold scores; groups: registered domains. None where the pages are of one kind only."""
    share = _share(truth, weights)
    if not 0 < share < 1:
        return None
    _, members = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    random, count = np.random.default_rng(seed), int(members.max()) + 1
    resampled = []
    for _ in range(DRAWS):
        drawn = weights * np.bincount(random.integers(0, count, count), minlength=count)[members]
        if 0 < (own := _share(truth, drawn)) < 1:
            fit = fit_calibration(scores, truth, drawn)
            resampled.append((round(own, 6), round(fit.rise, 6), round(fit.fall, 6), round(fit.offset, 6)))
    return Reference(share, fit_calibration(scores, truth, weights), tuple(resampled))


def _share(truth: Bools, weights: Floats) -> float:
    total = float(weights.sum())
    return float(weights[truth].sum()) / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Expectation:
    """Figures of a crawl that a calibration expects. kept: number of pages."""

    precision: float
    recall: float
    false_positive_rate: float
    kept: float


@dataclass(frozen=True, slots=True)
class ShareEstimate:
    """The share of positive pages in a crawl. identified: False where the scores do not tell it.

    draws: the share by each of the reference's resampled calibrations.
    """

    share: Interval
    identified: bool
    draws: tuple[float, ...] = field(default=(), repr=False)

    @property
    def spread(self) -> float:
        """Standard deviation of the share's logit, at least LEAST_SPREAD."""
        logits = [float(np.log(_odds(draw))) for draw in self.draws]
        return max(LEAST_SPREAD, float(np.std(logits)) if logits else 0.0)


def estimate_share(counts: NDArray[np.int64], reference: Reference, seed: int = 0) -> ShareEstimate:
    """The share of positives that makes a histogram of scores most likely, with a 95 % interval.

    The fixed point of expectation maximisation in Saerens, Latinne and Decaestecker (2002), found by bisection, as the
    likelihood has one maximum. The interval: the same for each resampled calibration with pages drawn anew.
    """
    low, high = share_bounds(reference.share)
    value = _most_likely(counts, reference.calibration, reference.share)
    pages, random = int(counts.sum()), np.random.default_rng(seed)
    draws = []
    for share, *fit in reference.resampled if pages else ():
        drawn = random.multinomial(pages, counts / pages)
        draws.append(_most_likely(drawn, Calibration(*fit), share))
    ends = [float(end) for end in np.percentile(draws or [value], [2.5, 97.5])]
    interval = Interval(value, min(value, ends[0]), max(value, ends[1]))
    inside = all(low * 1.001 < end < high * 0.999 for end in (value, *ends))
    ratio = _odds(interval.high) / _odds(interval.low)
    return ShareEstimate(interval, bool(draws) and inside and ratio <= VAGUE, tuple(draws))


def share_bounds(share: float) -> tuple[float, float]:
    """Shares between which one is looked for, where a calibration was fitted at `share`."""
    odds = _odds(share)
    low, high = odds / FARTHEST, odds * FARTHEST
    return low / (1 + low), high / (1 + high)


def _odds(share: float) -> float:
    return share / (1 - share)


def _most_likely(counts: NDArray[np.int64], calibration: Calibration, share: float) -> float:
    seen = np.flatnonzero(counts)
    number, chance = counts[seen], calibration.apply(MIDDLES[seen])
    positive, other = chance / share, (1 - chance) / (1 - share)
    low, high = share_bounds(share)
    for _ in range(50):
        middle = (low + high) / 2
        slope = np.sum(number * (positive - other) / (middle * positive + (1 - middle) * other))
        low, high = (middle, high) if slope > 0 else (low, middle)
    return (low + high) / 2


def shifted(calibration: Calibration, share: float, to: float) -> Calibration:
    """A calibration that was fitted at one share of positives, at another: the odds change by one factor."""
    return replace(calibration, offset=float(calibration.offset + np.log(_odds(to) / _odds(share))))


def expected_positives(
    counts: NDArray[np.int64], calibration: Calibration, scores: ArrayLike = (), truth: ArrayLike = ()
) -> Floats:
    """Positive pages in each bin of a histogram by a calibration; pages whose truth is known count as what they are."""
    known = np.asarray(scores, dtype=np.float64)
    judged, right = score_histogram(known), score_histogram(known[np.asarray(truth, dtype=np.bool_)])
    positives: Floats = np.maximum(counts - judged, 0) * calibration.apply(MIDDLES) + right
    return np.minimum(positives, counts)


def expected_threshold(
    counts: NDArray[np.int64], positives: Floats, target: Literal["precision", "recall"], value: float
) -> Threshold:
    """As `choose_threshold`, by a histogram of all pages and what is expected to be positive in each bin."""
    truth = np.repeat([True, False], len(MIDDLES))
    return choose_threshold(np.tile(MIDDLES, 2), truth, target, value, np.concatenate([positives, counts - positives]))


def expected_at(counts: NDArray[np.int64], positives: Floats, threshold: float) -> Expectation:
    """What is expected of the pages at or above a threshold."""
    above = np.arange(len(MIDDLES)) >= int(score_bins(threshold))
    hits, kept = float(positives[above].sum()), float(counts[above].sum())
    others = float(counts.sum() - positives.sum())
    return Expectation(
        precision=hits / max(kept, 1e-9),
        recall=hits / max(float(positives.sum()), 1e-9),
        false_positive_rate=(kept - hits) / max(others, 1e-9),
        kept=kept,
    )


def expected_interval(
    counts: NDArray[np.int64], reference: Reference, estimate: ShareEstimate, threshold: float, seed: int = 0
) -> tuple[Interval, Interval]:
    """95 % intervals of the precision and recall expected at a threshold.

    By the resampled calibrations, each at its own share and moved by a constant in the logit, normal with the standard
    deviation LEAST_SPREAD: what positive pages of another crawl differ by.
    """
    random, expected = np.random.default_rng(seed), []
    for (share, *fit), to in zip(reference.resampled, estimate.draws, strict=True):
        own = shifted(Calibration(*fit), share, to)
        own = replace(own, offset=own.offset + float(random.normal(0.0, LEAST_SPREAD)))
        expected.append(expected_at(counts, expected_positives(counts, own), threshold))
    own = shifted(reference.calibration, reference.share, estimate.share.value)
    value = expected_at(counts, expected_positives(counts, own), threshold)
    return _around(value.precision, [draw.precision for draw in expected]), _around(
        value.recall, [draw.recall for draw in expected]
    )


def _around(value: float, draws: Sequence[float]) -> Interval:
    low, high = (float(end) for end in np.percentile([*draws] or [value], [2.5, 97.5]))
    return Interval(value, min(value, low), max(value, high))


def corrected(calibration: Calibration, scores: Floats, truth: Bools, spread: float) -> Calibration:
    """A calibration moved by a constant in the logit to fit audited pages, whatever scores those were drawn by.

    spread: standard deviation of the constant before the audit, which pulls it to 0. The most likely one, by Newton.
    """
    with np.errstate(divide="ignore"):
        chance = np.clip(calibration.apply(scores), 1e-12, 1 - 1e-12)
    logit, moved = np.log(chance) - np.log1p(-chance), 0.0
    for _ in range(50):
        share = 1 / (1 + np.exp(-(logit + moved)))
        slope = float(np.sum(truth - share)) - moved / spread**2
        step = slope / (float(np.sum(share * (1 - share))) + 1 / spread**2)
        moved += max(-1.0, min(1.0, step))
        if abs(step) < 1e-9:
            break
    return replace(calibration, offset=float(calibration.offset + moved))
