"""The threshold of a model on a crawl that it was not trained on, for the precision or recall that was asked for.

In: the scores of a scan, what they meant where the model was measured (its card's reference), labels of an audit where
there are some. Out: an OwnThreshold. The share of positive pages follows from the scores (prior shift); an audit moves
the calibration to what people said of the crawl's own pages. Where neither tells, the card's threshold stands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recall.config import ClusterSection, TrainSection
from recall.model.evaluate import (
    Reference,
    ShareEstimate,
    corrected,
    estimate_share,
    expected_at,
    expected_interval,
    expected_positives,
    expected_threshold,
    score_histogram,
    shifted,
)
from recall.model.scorer import ModelCard
from recall.records import Label
from recall.run.crawl_pages import CrawlPages, crawl_pages
from recall.run.jobs import complete
from recall.run.own_threshold import OwnThreshold
from recall.run.round_model import card_of, reads_text
from recall.run.rounds import Round
from recall.run.scanned import ScannedShard, scanned_shards

UNTOLD_SPREAD = 2.0
"""Standard deviation, in logits, of the calibration where the scores do not tell the share: the audit decides."""


@dataclass(frozen=True, slots=True)
class AuditedScores:
    """Audited pages: their scores, and whether people found them positive."""

    scores: NDArray[Any]
    truth: NDArray[Any]


def count_bins(pages: CrawlPages, scanned: ScannedShard) -> NDArray[np.int64]:
    """Histogram of the scores of a shard's pages."""
    return score_histogram(pages.read(scanned, ["score"]).column("score").to_numpy())


def crawl_histogram(
    pages: CrawlPages, shards: Sequence[ScannedShard], cluster: ClusterSection, label: str
) -> NDArray[np.int64]:
    """Histogram of the scores of all pages of some shards. Raises Incomplete when one cannot be read."""
    total = score_histogram([])
    for outcome in complete(count_bins, pages, shards, cluster, label):
        total += outcome.result
    return total


def estimated_share(round_: Round) -> ShareEstimate | None:
    """The share of positive pages in a scanned round's crawl, by its scores; None where its card has no reference."""
    reference = card_of(round_).reference_for(text=reads_text(round_))
    if reference is None:
        return None
    run = round_.run
    counts = crawl_histogram(crawl_pages(round_), scanned_shards(round_), run.config.cluster, f"share {round_.number}")
    return estimate_share(counts, reference, run.config.run.seed)


def threshold_on_crawl(
    round_: Round, pages: CrawlPages, shards: Sequence[ScannedShard], audited: AuditedScores | None = None
) -> OwnThreshold:
    """The threshold for [train] target on the pages of a scan, shards of which are given."""
    run, card, text = round_.run, card_of(round_), reads_text(round_)
    counts = crawl_histogram(pages, shards, run.config.cluster, f"threshold {round_.number}")
    reference = card.reference_for(text=text)
    if reference is None:
        return OwnThreshold(card.threshold_for(text=text), False, False, {"scanned": float(counts.sum())})
    estimate = estimate_share(counts, reference, run.config.run.seed)
    return shifted_threshold(Shift(counts, reference, estimate), card, run.config.train, text=text, audited=audited)


@dataclass(frozen=True, slots=True)
class Shift:
    """A crawl's histogram of scores, what scores meant elsewhere, and the share that follows."""

    counts: NDArray[np.int64]
    reference: Reference
    estimate: ShareEstimate


def shifted_threshold(
    shift: Shift, card: ModelCard, settings: TrainSection, *, text: bool = False, audited: AuditedScores | None = None
) -> OwnThreshold:
    """The threshold for a target by what is expected of each score; never below the floor of the card."""
    estimate, told = shift.estimate, shift.estimate.identified or audited is not None
    positives = _positives(shift, audited)
    target: Literal["precision", "recall"] = "recall" if settings.target == "recall" else "precision"
    chosen = expected_threshold(shift.counts, positives, target, settings.target_value)
    value = max(chosen.value, card.floor_for(text=text)) if told else card.threshold_for(text=text)
    expected = expected_at(shift.counts, positives, value)
    reached = told and chosen.reached and (target == "precision" or expected.recall >= settings.target_value)
    figures = {
        "scanned": float(shift.counts.sum()),
        "kept": expected.kept,
        "share": estimate.share.value,
        "share_low": estimate.share.low,
        "share_high": estimate.share.high,
    }
    if told:
        figures |= {
            "precision": expected.precision,
            "recall": expected.recall,
            "false_positive_rate": expected.false_positive_rate,
        }
    if audited is not None:
        figures["audited"] = float(len(audited.truth))
    elif told:
        for name, interval in zip(
            ("precision", "recall"), expected_interval(shift.counts, shift.reference, estimate, value), strict=True
        ):
            figures |= {f"{name}_low": interval.low, f"{name}_high": interval.high}
    rounded = {name: round(figure, 6) for name, figure in sorted(figures.items())}
    return OwnThreshold(round(value, 12), reached, estimate.identified, rounded)


def _positives(shift: Shift, audited: AuditedScores | None) -> NDArray[np.float64]:
    """Positive pages that are expected in each bin; audited pages count as what people said."""
    reference, estimate = shift.reference, shift.estimate
    to = estimate.share.value if estimate.identified else reference.share
    calibration = shifted(reference.calibration, reference.share, to)
    if audited is None:
        return expected_positives(shift.counts, calibration)
    spread = estimate.spread if estimate.identified else UNTOLD_SPREAD
    moved = corrected(calibration, audited.scores, audited.truth, spread)
    return expected_positives(shift.counts, moved, audited.scores, audited.truth)


def threshold_after_audit(round_: Round, labels: Sequence[Label]) -> OwnThreshold | None:
    """The threshold of an applied round that follows from its scan and its labelled audit pages.

    None for a run that trains, for a target that is met by rank alone, and without a labelled audit page.
    """
    run = round_.run
    values: Mapping[str, str] = {label.target: label.value for label in labels if label.kind == "page"}
    if run.parent is None or not run.config.train.by_quality:
        return None
    key = round_.step("label").key("tasks.parquet")
    tasks = [row for row in run.store.read_table(key, ["url", "score", "use"]).to_pylist() if row["use"] == "audit"]
    known = [(row["score"], values[row["url"]] in run.config.train.positives) for row in tasks if row["url"] in values]
    if not known:
        return None
    scores, truth = (np.array(column) for column in zip(*known, strict=True))
    audited = AuditedScores(scores, truth.astype(np.bool_))
    return threshold_on_crawl(round_, crawl_pages(round_), scanned_shards(round_), audited)
