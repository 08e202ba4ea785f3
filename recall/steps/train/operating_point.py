"""Threshold, calibration and floor of a model, chosen on out-of-fold scores.

In: out-of-fold scores of labelled pages with weights and error chances of their labels; scores of the random sample for
the floor. Out: OperatingPoint, thresholds of single kinds of sites or topics, the model card with its floors. The floor
is the score from which a scan keeps a page as a candidate.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recall.config import Config, TrainSection
from recall.labels.label_noise import reweight_noisy_labels
from recall.model.evaluate import (
    Calibration,
    Reference,
    Threshold,
    average_precision,
    choose_threshold,
    expected_calibration_error,
    fit_calibration,
    fit_reference,
)
from recall.model.scorer import ModelCard, collapse, score_with
from recall.model.scorer.topics import Topic, fit_weights
from recall.model.tokens import Tokenizer
from recall.sites.kinds import kind_of
from recall.steps.train.cross_validation import Material, text_lines

KIND_POSITIVES = 50
"""Positive pages that a kind of site or a topic needs for a threshold of its own: with fewer, single pages decide."""

MOST = 5
"""Candidates are at most this many times [scan] candidates_share of the sampled pages, whatever floor_found wants."""


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Threshold and calibration chosen on out-of-fold scores, and the figures they have there.

    reference: by which a threshold follows on other crawls; None where only one kind of page was labelled.
    metrics["floor"]: the score that [scan] floor_found of the positives reach, never above the threshold.
    """

    threshold: Threshold
    calibration: Calibration
    reference: Reference | None
    metrics: dict[str, float]


def false_positive_rate(
    scores: NDArray[Any], truth: NDArray[Any], weights: NDArray[Any] | None, threshold: float
) -> float:
    """Share of the other pages that a threshold keeps, weighted."""
    weight = np.ones(len(scores)) if weights is None else weights
    others = float(weight[~truth].sum())
    return float(weight[~truth & (scores >= threshold)].sum()) / others if others else 0.0


@dataclass(frozen=True, slots=True)
class LabelledPages:
    """Pages that people labelled. truth: positive or not; families: their registered domains.

    weights: pages of the crawl that each represents; error_chance: of each label.
    """

    truth: NDArray[Any]
    weights: NDArray[Any] | None
    error_chance: NDArray[Any]
    families: Sequence[str]


def choose_operating_point(
    scores: NDArray[Any], labelled: LabelledPages, sample_scores: NDArray[Any], config: Config
) -> OperatingPoint:
    """Choose threshold, calibration and floor on out-of-fold scores of labelled pages.

    sample_scores: of the random sample, by which a share of pages is kept until the scan tells exactly.
    """
    pages, positives, settings = len(scores), int(labelled.truth.sum()), config.train
    families = [*labelled.families, *(labelled.families[row] for row in np.flatnonzero(labelled.error_chance))]
    scores, truth, weights = reweight_noisy_labels(scores, labelled.truth, labelled.weights, labelled.error_chance)
    chosen = _choose(scores, truth, weights, sample_scores, settings)
    floor = choose_threshold(scores, truth, "recall", config.scan.floor_found, weights)
    calibration = fit_calibration(scores, truth, weights)
    reference = fit_reference(scores, truth, weights, families, config.run.seed)
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
    return OperatingPoint(chosen, calibration, reference, metrics)


def _choose(
    scores: NDArray[Any],
    truth: NDArray[Any],
    weights: NDArray[Any],
    sample_scores: NDArray[Any],
    settings: TrainSection,
) -> Threshold:
    """By [train] target; a number of tokens has the best F1 until the scan tells how many pages hold them."""
    if settings.by_quality:
        target: Literal["precision", "recall"] = "recall" if settings.target == "recall" else "precision"
        return choose_threshold(scores, truth, target, settings.target_value, weights)
    if settings.target == "tokens" or not len(sample_scores):
        return choose_threshold(scores, truth, "precision", np.inf, weights)
    value = float(np.quantile(sample_scores, 1 - settings.target_value))
    kept = scores >= value
    hits = float(weights[kept & truth].sum())
    return Threshold(
        value, hits / max(float(weights[kept].sum()), 1e-12), hits / max(float(weights[truth].sum()), 1e-12), True
    )


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
            own = _choose(*sums, np.zeros(0), settings)
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
            found = _choose(*sums, np.zeros(0), settings)
            if found.reached:
                own[kind] = found.value
    return own


def fit_floor(floor: float, threshold: float, sample_scores: NDArray[Any], share: float) -> float:
    """A floor that between `share` and MOST * `share` of the sampled pages reach, never above the threshold."""
    if not len(sample_scores):
        return floor
    top, lowest = np.quantile(sample_scores, [1.0 - share, max(0.0, 1.0 - MOST * share)])
    return float(max(min(floor, top), min(lowest, threshold)))


def scores_of_sample(
    model: Path, tokenizer: Tokenizer, sample: list[str], material: Material
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Scores of sampled pages by a model that was trained on some material: as pages, and as plain text."""
    weights = collapse(model, tokenizer.size, material.recipe, material.positive)
    lines = tokenizer.lines(sample), text_lines(tokenizer, sample)
    return score_with(weights, lines[0], material.topics), score_with(weights, lines[1], material.topics)


def fit_floors(card: ModelCard, sampled: tuple[NDArray[Any], NDArray[Any]], share: float) -> ModelCard:
    """The card with its floors, for pages and for plain text, fitted to the scores of sampled pages."""
    scores, text_scores = sampled
    text_threshold = card.threshold if card.text_threshold is None else card.text_threshold
    floors = {
        "floor": fit_floor(card.metrics["floor"], card.threshold, scores, share),
        "text_floor": fit_floor(card.metrics["text_floor"], text_threshold, text_scores, share),
    }
    return replace(card, metrics={**card.metrics, **floors})
