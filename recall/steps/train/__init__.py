"""train: examples become token lines, a fastText model, its collapsed scorer, a threshold and a calibration.

In: seed, and labels and harvest of earlier rounds. Out: a model folder (tokenizer.json, model.bin, scorer.npz,
model.json), out_of_fold.parquet and doubtful.parquet (random pages that are not taken for negative ones). The tokenizer
is made in round 1 and stays, so that kept token ids stay valid. Audit pages and the holdout never get here. Threshold,
calibration and metrics are measured on families that their model never saw, and on pages that people labelled only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.archive.shards import is_text
from recall.config import Config, TrainSection
from recall.labels.crawl_weights import labelled_weights
from recall.labels.examples import Example, class_of, gather
from recall.labels.label_noise import reweight_noisy_labels
from recall.model.evaluate import (
    Calibration,
    Threshold,
    average_precision,
    choose_threshold,
    expected_calibration_error,
    fit_calibration,
)
from recall.model.fasttext import Recipe
from recall.model.scorer import Card, collapse, score_with, write_model
from recall.model.tokens import Tokenizer, split_marks
from recall.records import Done
from recall.run.round_model import MODEL_FILES
from recall.run.rounds import Round
from recall.sites.kinds import kind_of
from recall.steps.train.cross_validation import Material, cross_validate, folds_of, trusted
from recall.steps.train.hyperparameters import Trial, search_recipe
from recall.steps.train.vocabulary import vocabulary_texts

OUT_OF_FOLD = {
    "url": "string",
    "family": "string",
    "source": "string",
    "label": "string",
    "fold": "int32",
    "score": "float64",
}
TEXT_METRICS = ("average_precision", "floor", "precision", "recall")
"""Figures that the card holds for bare text too, as text_…"""

KIND_POSITIVES = 50
"""Positive pages a kind of place needs for a threshold of its own: with fewer, single pages decide."""

MOST = 5
"""Candidates are at most this many times [scan] candidates_share of the sampled pages, whatever floor_found wants."""


def recipe_of(settings: TrainSection, seed: int) -> Recipe:
    """[train] as fastText's settings."""
    return Recipe(
        dim=settings.dim,
        epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        ngrams=settings.ngrams,
        buckets=settings.buckets,
        min_count=settings.min_count,
        shrinkage=settings.shrinkage,
        seed=seed,
    )


def _material(round_: Round, examples: list[Example], tokenizer: Tokenizer) -> Material:
    settings, seed = round_.run.config.train, round_.run.config.run.seed
    labels = [class_of(example, settings) for example in examples]
    texts = [example.text for example in examples]
    return Material(
        lines=tokenizer.lines(texts),
        bare=bare_lines(tokenizer, texts),
        labels=labels,
        families=[example.family for example in examples],
        folds=folds_of(examples, labels, settings, seed),
        recipe=recipe_of(settings, seed),
        size=tokenizer.size,
        positive=settings.positive,
        min_families=settings.min_families,
    )


def _search(round_: Round, material: Material) -> tuple[Material, list[Trial]]:
    """The material with the best of [train] search recipes, and the trials; as it was where none is wanted."""
    budget, judged = round_.run.config.train.search, material.folds >= 0
    if not budget:
        return material, []
    truth = np.array([label == material.positive for label in material.labels], dtype=bool)[judged]

    def scores_of(recipe: Recipe) -> NDArray[Any]:
        scores: NDArray[Any] = cross_validate(round_, replace(material, recipe=recipe))[0][judged]
        return scores

    recipe, trials = search_recipe(material.recipe, budget, scores_of, truth)
    return replace(material, recipe=recipe), trials


def _sample_texts(round_: Round) -> list[str]:
    run = round_.run
    texts: list[str] = run.store.read_table(run.step("seed").key("sample.parquet"), ["text"]).column("text").to_pylist()
    return texts


def _tokenizer(round_: Round, examples: list[Example], sample: list[str]) -> Tokenizer:
    run = round_.run
    if round_.number > 1:
        first = run.round(1).step("train").key("tokenizer.json")
        return Tokenizer(run.store.read(first).decode(), first)
    texts = [*(example.text for example in examples), *sample]
    return Tokenizer.train(vocabulary_texts(texts, run.config.train.balance), run.config.train.vocabulary)


def fit_floor(floor: float, threshold: float, sample_scores: NDArray[Any], share: float) -> float:
    """A floor that between `share` and MOST * `share` of the sampled pages reach, never above the threshold."""
    if not len(sample_scores):
        return floor
    top, lowest = np.quantile(sample_scores, [1.0 - share, max(0.0, 1.0 - MOST * share)])
    return float(max(min(floor, top), min(lowest, threshold)))


def bare_lines(tokenizer: Tokenizer, texts: Sequence[str]) -> list[NDArray[Any]]:
    """Token lines of scoring texts without what markup told: what a page of bare text would have."""
    return tokenizer.lines([split_marks(text)[0] for text in texts])


def fit_floors(card: Card, model: Path, tokenizer: Tokenizer, sample: list[str], share: float) -> Card:
    """The card with its floors, for pages and for bare text, fitted to the scores of sampled pages."""
    weights = collapse(model, tokenizer.size, card.recipe, card.positive)
    scores, bare = (score_with(weights, lines) for lines in (tokenizer.lines(sample), bare_lines(tokenizer, sample)))
    bare_threshold = card.threshold if card.text_threshold is None else card.text_threshold
    floors = {
        "floor": fit_floor(card.metrics["floor"], card.threshold, scores, share),
        "text_floor": fit_floor(card.metrics["text_floor"], bare_threshold, bare, share),
    }
    return replace(card, metrics={**card.metrics, **floors})


@dataclass(frozen=True, slots=True)
class Decision:
    """Threshold and calibration chosen on out-of-fold scores, and the figures they have there.

    metrics["floor"]: the score that [scan] floor_found of the positives reach there, never above the threshold.
    """

    threshold: Threshold
    calibration: Calibration
    metrics: dict[str, float]


def false_positive_rate(
    scores: NDArray[Any], truth: NDArray[Any], weights: NDArray[Any] | None, threshold: float
) -> float:
    """Share of the pages that are not positive which a threshold keeps."""
    weight = np.ones(len(scores)) if weights is None else weights
    others = float(weight[~truth].sum())
    return float(weight[~truth & (scores >= threshold)].sum()) / others if others else 0.0


def decide(
    scores: NDArray[Any], truth: NDArray[Any], weights: NDArray[Any] | None, error_chance: NDArray[Any], config: Config
) -> Decision:
    """Choose on out-of-fold scores of judged pages.

    weights: pages of the crawl that each stands for; doubt: the chance that each label is wrong.
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
        "target_reached": float(chosen.reached),
    }
    return Decision(chosen, calibration, metrics)


def thresholds_by_kind(
    urls: Sequence[str],
    scores: NDArray[Any],
    truth: NDArray[Any],
    weights: NDArray[Any] | None,
    error_chance: NDArray[Any],
    settings: TrainSection,
) -> dict[str, float]:
    """Thresholds of the kinds of places that one threshold for all may starve, by [train] target, in order of name.

    Of kinds with KIND_POSITIVES positive pages that count, whose own threshold reaches the target.
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


def _columns(
    examples: list[Example], labels: list[str], folds: NDArray[Any], scores: NDArray[Any]
) -> Mapping[str, list[object]]:
    return {
        "url": [example.url for example in examples],
        "family": [example.family for example in examples],
        "source": [example.source for example in examples],
        "label": list(labels),
        "fold": folds.tolist(),
        "score": [None if np.isnan(score) else float(score) for score in scores],
    }


def train(round_: Round) -> Done:
    """Train the round's model on everything judged before the round.

    Raises BadInput when the examples cannot be split by family or hold one class only.
    """
    step, settings = round_.begin("train"), round_.run.config.train
    examples = gather(round_)
    sample = _sample_texts(round_)
    tokenizer = _tokenizer(round_, examples, sample)
    material = _material(round_, examples, tokenizer)
    believed = trusted(round_, material, [example.source for example in examples])
    doubtful = [example.url for example, kept in zip(examples, believed, strict=True) if not kept]
    examples = [example for example, kept in zip(examples, believed, strict=True) if kept]
    material = material.only(np.flatnonzero(believed))
    labels = material.labels
    material, trials = _search(round_, material)
    if trials:
        step.publish_json("search.json", [trial.row() for trial in trials])
    scores, bare_scores = cross_validate(round_, material)
    held = np.flatnonzero(~np.isnan(scores))
    truth = np.array([labels[row] == settings.positive for row in held])
    weights = labelled_weights(round_, [(examples[row].url, examples[row].source) for row in held], truth)
    error_chance = np.array([examples[row].error_chance for row in held])
    decision = decide(scores[held], truth, weights, error_chance, round_.run.config)
    text = decide(bare_scores[held], truth, weights, error_chance, round_.run.config)
    urls = [examples[row].url for row in held]
    card = Card(
        labels=tuple(sorted(set(labels))),
        positive=settings.positive,
        input="text" if is_text(round_.run.shards[0].url) else "html",
        recipe=material.recipe,
        threshold=decision.threshold.value,
        text_threshold=text.threshold.value,
        thresholds=thresholds_by_kind(urls, scores[held], truth, weights, error_chance, settings),
        calibration=decision.calibration,
        metrics={**decision.metrics, **{f"text_{name}": text.metrics[name] for name in TEXT_METRICS}},
    )
    with TemporaryDirectory(prefix="recall-train-") as temporary:
        folder = Path(temporary)
        material.fit(range(len(labels)), folder / "model.bin")
        card = fit_floors(card, folder / "model.bin", tokenizer, sample, round_.run.config.scan.candidates_share)
        digest = write_model(folder, tokenizer, folder / "model.bin", card).digest
        for name in MODEL_FILES:
            step.publish_file(name, folder / name)
    step.publish_table("doubtful.parquet", {"url": doubtful}, {"url": "string"})
    step.publish_table("out_of_fold.parquet", _columns(examples, labels, material.folds, scores), OUT_OF_FOLD)
    counts = {
        "examples": len(examples),
        "positive": sum(label == settings.positive for label in labels),
        "doubtful": len(doubtful),
        "families": len(set(material.families)),
        "threshold": round(decision.threshold.value, 6),
        "held_out_precision": round(decision.metrics["precision"], 4),
        "held_out_found": round(decision.metrics["recall"], 4),
        "held_out_average_precision": round(decision.metrics["average_precision"], 4),
    }
    return step.finish(counts, {"model": digest})
