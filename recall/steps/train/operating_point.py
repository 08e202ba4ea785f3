"""Threshold, calibration and floor of a model, chosen on out-of-fold scores.

In: out-of-fold scores of labelled pages with weights and error chances of their labels; scores of the random sample for
the floor. Out: OperatingPoint, thresholds of single kinds of sites or topics, the model card with its floors. The floor
is the score from which a scan keeps a page as a candidate.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.config import Config, TrainSection
from recall.labels.label_noise import reweight_noisy_labels
from recall.model.evaluate import (
    Calibration,
    Threshold,
    average_precision,
    choose_threshold,
    expected_calibration_error,
    fit_calibration,
)
from recall.model.scorer import ModelCard, collapse, score_with
from recall.model.scorer.topics import Topic, fit_weights
from recall.model.tokens import Tokenizer
from recall.sites.kinds import kind_of
from recall.steps.train.cross_validation import text_lines

KIND_POSITIVES = 50
"""Positive pages that a kind of site or a topic needs for a threshold of its own: with fewer, single pages decide."""

MOST = 5
"""Candidates are at most this many times [scan] candidates_share of the sampled pages, whatever floor_found wants."""


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Threshold and calibration chosen on out-of-fold scores, and the figures they have there.

    metrics["floor"]: the score that [scan] floor_found of the positives reach, never above the threshold.
    """

    threshold: Threshold
    calibration: Calibration
    metrics: dict[str, float]


def false_positive_rate(
    scores: NDArray[Any], truth: NDArray[Any], weights: NDArray[Any] | None, threshold: float
) -> float:
    """Share of the other pages that a threshold keeps, weighted."""
    weight = np.ones(len(scores)) if weights is None else weights
    others = float(weight[~truth].sum())
    return float(weight[~truth & (scores >= threshold)].sum()) / others if others else 0.0


def choose_operating_point(
    scores: NDArray[Any], truth: NDArray[Any], weights: NDArray[Any] | None, error_chance: NDArray[Any], config: Config
) -> OperatingPoint:
    """Choose threshold, calibration and floor on out-of-fold scores of labelled pages.

    weights: pages of the crawl that each represents; error_chance: of each label.
    """
    settings, pages, positives = config.train, len(scores), int(truth.sum())
    scores, truth, weights = reweight_noisy_labels(scores, truth, weights, error_chance)
    chosen = choose_threshold(scores, truth, settings.target, settings.target_value, weights)
    floor = choose_threshold(scores, truth, "recall", config.scan.floor_found, weights)
    calibration = fit_calibration(scores, truth, weights)
    metrics = {
        "average_precision": average_precision(scores, truth, weights),
        "calibration_error": expected_calibration_error(calibration.apply(scores), truth, weights=weights),
        "false_positive_rate": false_positive_rate(scores, truth, weights, chosen.value),
        "floor": min(floor.value, chosen.value),
        "pages": float(pages),
        "positives": float(positives),
        "precision": chosen.precision,
        "recall": chosen.recall,
        "share": float(np.average(truth, weights=weights)),
        "target_reached": float(chosen.reached),
    }
    return OperatingPoint(chosen, calibration, metrics)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Pages that a model did not see, with its scores. labels: people's; shares: (pages, topics) by label in order.

    weights, error_chance: as `choose_operating_point` takes them.
    """

    scores: NDArray[Any]
    labels: Sequence[str]
    shares: NDArray[Any]
    weights: NDArray[Any] | None
    error_chance: NDArray[Any]


def topics_with_thresholds(held: HeldOut, shared: float, settings: TrainSection) -> dict[str, Topic]:
    """Each topic with its threshold, chosen on the pages whose topic it is, by [train] target; sorted by label.

    Weights are fitted first, so that each topic is told as often as people do among the pages with a positive label.
    A page is right there when any positive label is its own: which one the tag says. A topic with fewer than
    KIND_POSITIVES positive pages, or whose own threshold does not reach the target, has the shared one.
    """
    if not settings.topics:
        return {}
    weight = np.ones(len(held.scores)) if held.weights is None else held.weights
    truth = np.array([label in settings.positives for label in held.labels], dtype=bool)
    thresholds = dict.fromkeys(sorted(settings.topics), shared)
    names = list(thresholds)
    numbers = np.array([names.index(label) for label in held.labels if label in names], dtype=np.intp)
    weights = fit_weights(held.shares[truth], numbers)
    topics = (held.shares * weights).argmax(axis=1)
    for number, label in enumerate(names):
        rows = (topics == number) & (weight > 0)
        if int(truth[rows].sum()) >= KIND_POSITIVES:
            sums = reweight_noisy_labels(held.scores[rows], truth[rows], weight[rows], held.error_chance[rows])
            own = choose_threshold(*sums[:2], settings.target, settings.target_value, sums[2])
            thresholds[label] = own.value if own.reached else shared
    kept = held.scores >= np.array([thresholds[name] for name in names])[topics]
    return {
        label: Topic(
            settings.topics[label],
            threshold,
            float(weights[number]),
            _topic_metrics(
                np.array(held.labels, dtype=object) == label, kept & (topics == number), kept, truth, weight
            ),
        )
        for number, (label, threshold) in enumerate(thresholds.items())
    }


def _topic_metrics(
    of_label: NDArray[Any], tagged: NDArray[Any], kept: NDArray[Any], truth: NDArray[Any], weight: NDArray[Any]
) -> dict[str, float]:
    """Figures of a topic, from which pages have its label, are kept with its tag, are kept, and are positive."""
    parts = {
        "precision": (truth & tagged, tagged),
        "recall": (kept & of_label, of_label),
        "tag_precision": (of_label & tagged, tagged),
    }
    shares = {
        name: float(weight[part].sum() / max(weight[whole].sum(), 1e-12)) for name, (part, whole) in parts.items()
    }
    return {"pages": float(of_label.sum()), **shares}


def thresholds_by_kind(
    urls: Sequence[str],
    scores: NDArray[Any],
    truth: NDArray[Any],
    weights: NDArray[Any] | None,
    error_chance: NDArray[Any],
    settings: TrainSection,
) -> dict[str, float]:
    """Thresholds of kinds of sites that one threshold for all would serve badly, by [train] target, sorted by kind.

    Only of kinds with KIND_POSITIVES positive pages of weight above 0, whose own threshold reaches the target.
    """
    if settings.thresholds == "one":
        return {}
    weight = np.ones(len(scores)) if weights is None else weights
    kinds = np.array([kind_of(url) for url in urls], dtype=object)
    own: dict[str, float] = {}
    for kind in sorted(set(kinds.tolist())):
        rows = (kinds == kind) & (weight > 0)
        if int(truth[rows].sum()) >= KIND_POSITIVES:
            sums = reweight_noisy_labels(scores[rows], truth[rows], weight[rows], error_chance[rows])
            found = choose_threshold(*sums[:2], settings.target, settings.target_value, sums[2])
            if found.reached:
                own[kind] = found.value
    return own


def fit_floor(floor: float, threshold: float, sample_scores: NDArray[Any], share: float) -> float:
    """A floor that between `share` and MOST * `share` of the sampled pages reach, never above the threshold."""
    if not len(sample_scores):
        return floor
    top, lowest = np.quantile(sample_scores, [1.0 - share, max(0.0, 1.0 - MOST * share)])
    return float(max(min(floor, top), min(lowest, threshold)))


def fit_floors(card: ModelCard, model: Path, tokenizer: Tokenizer, sample: list[str], share: float) -> ModelCard:
    """The card with its floors, for pages and for plain text, fitted to the scores of sampled pages."""
    weights = collapse(model, tokenizer.size, card.recipe, card.positive)
    topics = tuple(sorted(card.topics))
    scores, text_scores = (
        score_with(weights, lines, topics) for lines in (tokenizer.lines(sample), text_lines(tokenizer, sample))
    )
    text_threshold = card.threshold if card.text_threshold is None else card.text_threshold
    floors = {
        "floor": fit_floor(card.metrics["floor"], card.threshold, scores, share),
        "text_floor": fit_floor(card.metrics["text_floor"], text_threshold, text_scores, share),
    }
    return replace(card, metrics={**card.metrics, **floors})
