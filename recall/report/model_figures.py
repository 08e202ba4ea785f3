"""Quality of each round's model: precision and recall with intervals, curves, calibration, scores by label.

In: audit estimates, out-of-fold scores that the train steps published, labels of held-out pages where they are given.
Out: figures. Out-of-fold scores are weighted as the train step weighs them when it chooses the threshold: to the
crawl's own mix from round 2 on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.labels.audit_estimates import Audited, audit, scores_of_urls
from recall.labels.crawl_weights import labelled_weights
from recall.model.evaluate import Calibration, Interval, bootstrap_interval, precision_recall, wilson_interval
from recall.report.contents import FigureData
from recall.run.crawl_pages import CrawlPages, crawl_pages
from recall.run.jobs import complete
from recall.run.label_files import LabelledUrl
from recall.run.round_model import model_folder, threshold_of
from recall.run.rounds import Round
from recall.run.scanned import ScannedShard, scanned_shards
from recall.sites.hosts import registered_domain
from recall.sites.urls import host_of

ROUNDS = {
    "round": "int32",
    "measured_on": "string",
    "figure": "string",
    "value": "float64",
    "low": "float64",
    "high": "float64",
    "labels": "int64",
}
AUDIT, AUDIT_PREFIXES, HELD_OUT = "audit sample, model alone", "audit sample, with prefixes", "held-out labels"
CURVE = {
    "round": "int32",
    "measured_on": "string",
    "threshold": "float64",
    "precision": "float64",
    "found": "float64",
    "chosen": "bool",
}
FOLDS = "out-of-fold scores"
CALIBRATION = {
    "round": "int32",
    "measured_on": "string",
    "probability": "float64",
    "positive": "float64",
    "low": "float64",
    "high": "float64",
    "pages": "int64",
}
CALIBRATION_BINS = 10
SCORES = {"low": "float64", "high": "float64", "group": "string", "pages": "int64"}
SCORE_BINS = 40
CRAWL = "every page of the crawl"


@dataclass(frozen=True, slots=True)
class LabelledScores:
    """Labelled pages with scores of a model that was not trained on them.

    weights: pages of the crawl that each represents, all 1 in round 1.
    """

    round: int
    threshold: float
    urls: list[str] = field(repr=False)
    score: NDArray[Any] = field(repr=False)
    truth: NDArray[Any] = field(repr=False)
    weights: NDArray[Any] = field(repr=False)

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Which pages reach the threshold."""
        return np.asarray(self.score >= self.threshold)


def out_of_fold_scores(round_: Round) -> LabelledScores:
    """The out-of-fold scores of a trained round, with the weights that its threshold was chosen with."""
    key = round_.step("train").key("out_of_fold.parquet")
    store, columns = round_.run.store, ["url", "source", "label", "score"]
    known = "sketch" in store.columns_of(key)
    table = store.read_table(key, [*columns, "sketch"] if known else columns)
    rows = [row for row in table.to_pylist() if row["score"] is not None]
    truth = np.array([row["label"] in round_.run.config.train.positives for row in rows], dtype=bool)
    sketches = np.array([row["sketch"] if known else 0 for row in rows], np.uint64)
    weights = labelled_weights(round_, [(row["url"], row["source"]) for row in rows], truth, sketches)
    return LabelledScores(
        round_.number,
        threshold_of(round_),
        [row["url"] for row in rows],
        np.array([row["score"] for row in rows], dtype=np.float64),
        truth,
        np.ones(len(rows)) if weights is None else weights,
    )


def held_out_scores(round_: Round, labels: Sequence[LabelledUrl]) -> LabelledScores:
    """The scan's scores of labelled pages of held-out hosts; pages that it has not seen have score 0."""
    held = [label for label in labels if round_.run.holdout.covers(label.url)]
    verdicts = scores_of_urls(round_, frozenset(label.url for label in held))
    positives = round_.run.config.train.positives
    return LabelledScores(
        round_.number,
        threshold_of(round_),
        [label.url for label in held],
        np.array([verdicts.get(label.url, (0.0, False))[0] for label in held], dtype=np.float64),
        np.array([label.label in positives for label in held], dtype=bool),
        np.ones(len(held)),
    )


def rounds_of(audits: Sequence[tuple[int, Audited | None]], held: Sequence[LabelledScores]) -> FigureData:
    """Precision and recall of each round, with 95 % intervals."""
    rows: list[tuple[Any, ...]] = []
    for number, audited in audits:
        if audited is not None:
            for name, estimate in ((AUDIT, audited.model), (AUDIT_PREFIXES, audited.with_prefixes)):
                rows.append(_estimate(number, name, "precision", estimate.precision, audited.labels))
                rows.append(_estimate(number, name, "recall", estimate.recall, audited.labels))
    for labelled in held:
        groups = [registered_domain(host_of(url)) for url in labelled.urls]
        kept = labelled.kept.astype(np.float64)
        for name, figure in (("precision", _precision), ("recall", _recall)):
            interval = bootstrap_interval(figure, kept, labelled.truth, groups)
            rows.append(_estimate(labelled.round, HELD_OUT, name, interval, len(labelled.urls)))
    return FigureData(
        "rounds",
        "Precision and recall by round",
        "Share of the kept pages that are code-related (precision) and share of the code-related pages that are kept "
        "(recall), with 95 % intervals.",
        ROUNDS,
        rows,
        "Audit samples estimate the whole crawl without held-out hosts; held-out labels are pages of hosts that no "
        "model, threshold or annotator ever saw, at their own mix.",
    )


def _estimate(number: int, source: str, figure: str, interval: Interval, labels: int) -> tuple[Any, ...]:
    return number, source, figure, interval.value, interval.low, interval.high, labels


def _precision(kept: NDArray[Any], truth: NDArray[Any]) -> float:
    return float(truth[kept > 0].mean()) if (kept > 0).any() else 0.0


def _recall(kept: NDArray[Any], truth: NDArray[Any]) -> float:
    return float((kept > 0)[truth].mean()) if truth.any() else 0.0


def curves_of(labelled: Sequence[LabelledScores], held: Sequence[LabelledScores]) -> FigureData:
    """Precision and recall at every threshold; `chosen` marks the lowest at or above the model's threshold."""
    rows: list[tuple[Any, ...]] = []
    for name, group in ((FOLDS, labelled), (HELD_OUT, held)):
        for scores in group:
            curve = precision_recall(scores.score, scores.truth, scores.weights)
            above = np.flatnonzero(curve.thresholds >= scores.threshold)
            chosen = int(above[-1]) if len(above) else -1
            columns = (curve.thresholds.tolist(), curve.precision.tolist(), curve.recall.tolist())
            for index, (threshold, precision, recall) in enumerate(zip(*columns, strict=True)):
                rows.append((scores.round, name, threshold, precision, recall, index == chosen))
    return FigureData(
        "precision_recall",
        "Precision against recall",
        "Every threshold of each round's model; the dot is the threshold that the round used.",
        CURVE,
        rows,
        "Out-of-fold scores come from models that did not train on the page's registered domain. From round 2 on the "
        "labelled pages are weighted to the crawl's mix, so a rare mistake on a common kind of page weighs much.",
    )


def calibration_of(round_: Round, labelled: LabelledScores, held: Sequence[LabelledScores]) -> FigureData:
    """Calibrated probability against the share of positive pages, in bins of equal weight, with Wilson intervals.

    The number of pages behind an interval is Kish's effective one, (sum w)^2 / sum w^2.
    """
    card = round_.run.store.read_json(f"{model_folder(round_)}/model.json")
    calibration = Calibration(**card["calibration"])
    rows = [
        (scores.round, name, *group)
        for name, scores in ((FOLDS, labelled), *((HELD_OUT, other) for other in held))
        for group in _bins(calibration.apply(scores.score), scores)
    ]
    return FigureData(
        "calibration",
        "Calibration",
        f"What the model of round {labelled.round} says against what people said: pages in ten groups by calibrated "
        "probability, with 95 % intervals. On the diagonal, 70 % means that seven in ten are code-related.",
        CALIBRATION,
        rows,
    )


def _bins(probability: NDArray[Any], labelled: LabelledScores) -> Iterator[tuple[float, float, float, float, int]]:
    """Mean probability, share of positive pages, its interval and the pages of each group, from low to high."""
    order = np.argsort(probability, kind="stable")
    order = order[labelled.weights[order] > 0]
    for part in np.array_split(order, min(CALIBRATION_BINS, len(order))) if len(order) else ():
        weight = labelled.weights[part]
        share = float((weight * labelled.truth[part]).sum() / weight.sum())
        mean = float((weight * probability[part]).sum() / weight.sum())
        interval = wilson_interval(share, float(weight.sum() ** 2 / (weight**2).sum()))
        yield mean, share, interval.low, interval.high, len(part)


@dataclass(frozen=True, slots=True)
class Histogram:
    """Input of `count_shard_scores`."""

    pages: CrawlPages


def count_shard_scores(job: Histogram, scanned: ScannedShard) -> NDArray[Any]:
    """Pages of a shard in each of SCORE_BINS equally wide bins of the score."""
    scores = job.pages.read(scanned, ["score"]).column("score").to_numpy()
    return bin_scores(scores)


def bin_scores(scores: NDArray[Any]) -> NDArray[Any]:
    """Number of scores in each of SCORE_BINS bins from 0 to 1; a score of 1 lies in the last."""
    bins = np.minimum((scores * SCORE_BINS).astype(np.int64), SCORE_BINS - 1)
    return np.bincount(bins, minlength=SCORE_BINS)


def scores_of(round_: Round, labelled: LabelledScores) -> FigureData:
    """Histograms of scores: labelled pages by label, and every page of the crawl, counted shard by shard."""
    total = np.zeros(SCORE_BINS, dtype=np.int64)
    job = Histogram(crawl_pages(round_))
    shards = scanned_shards(round_)
    for outcome in complete(count_shard_scores, job, shards, round_.run.config.cluster, "report scores"):
        total += outcome.result
    positive = " or ".join(sorted(round_.run.config.train.positives))
    groups = (
        (positive, bin_scores(labelled.score[labelled.truth])),
        (f"not {positive}", bin_scores(labelled.score[~labelled.truth])),
        (CRAWL, total),
    )
    rows = [
        (index / SCORE_BINS, (index + 1) / SCORE_BINS, name, int(counts[index]))
        for name, counts in groups
        for index in range(SCORE_BINS)
    ]
    return FigureData(
        "scores",
        "Scores by label",
        f"Scores of round {round_.number}: labelled pages by label, scored by models that did not train on their "
        f"registered domain, and below every page of the crawl. The line is the threshold, {labelled.threshold:.3f}.",
        SCORES,
        rows,
        marks={"threshold": labelled.threshold},
    )


def audits_of(rounds: Sequence[Round]) -> list[tuple[int, Audited | None]]:
    """The audit of each sealed round."""
    return [(round_.number, audit(round_)) for round_ in rounds]
