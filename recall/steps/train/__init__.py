"""train: examples become token lines, a fastText model, its collapsed scorer, a threshold and a calibration.

In: seed, and labels and harvest of earlier rounds. Out: a model folder (tokenizer.json, model.bin, scorer.npz,
model.json), out_of_fold.parquet and doubtful.parquet (random pages that are not taken for negative ones). The tokenizer
is made in round 1 and stays, so that kept token ids stay valid. Audit pages and the holdout never get here. Threshold,
calibration and metrics are measured on families that their model never saw, and on pages that annotators labelled only.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.archive.shards import is_text
from recall.config import TrainSection
from recall.labels.crawl_weights import labelled_weights
from recall.labels.examples import Example, class_of, gather
from recall.model.fasttext import Recipe
from recall.model.scorer import ModelCard, write_model
from recall.model.tokens import Tokenizer
from recall.records import Done
from recall.run.round_model import MODEL_FILES
from recall.run.rounds import Round
from recall.steps.train.cross_validation import Material, cross_validate, folds_of, text_lines, trusted
from recall.steps.train.hyperparameters import Trial, search_recipe
from recall.steps.train.operating_point import choose_operating_point, fit_floors, thresholds_by_kind
from recall.steps.train.vocabulary import round_tokenizer, sample_texts

OUT_OF_FOLD = {
    "url": "string",
    "family": "string",
    "source": "string",
    "label": "string",
    "fold": "int32",
    "score": "float64",
}
TEXT_METRICS = ("average_precision", "floor", "precision", "recall")
"""Figures that the card also holds for pages of plain text, as text_…"""


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
        text_lines=text_lines(tokenizer, texts),
        labels=labels,
        families=[example.family for example in examples],
        folds=folds_of(examples, labels, settings, seed),
        recipe=recipe_of(settings, seed),
        size=tokenizer.size,
        positive=settings.positive,
        min_families=settings.min_families,
    )


def _search(round_: Round, material: Material) -> tuple[Material, list[Trial]]:
    """The material with the best of [train] search random recipes, and the trials; unchanged without a search."""
    budget, labelled = round_.run.config.train.search, material.folds >= 0
    if not budget:
        return material, []
    truth = np.array([label == material.positive for label in material.labels], dtype=bool)[labelled]

    def scores_of(recipe: Recipe) -> NDArray[Any]:
        scores: NDArray[Any] = cross_validate(round_, replace(material, recipe=recipe))[0][labelled]
        return scores

    recipe, trials = search_recipe(material.recipe, budget, scores_of, truth)
    return replace(material, recipe=recipe), trials


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
    """Train the round's model on everything labelled before the round.

    Raises BadInput when the examples cannot be split by family or hold one class only.
    """
    step, settings = round_.begin("train"), round_.run.config.train
    examples = gather(round_)
    sample = sample_texts(round_)
    tokenizer = round_tokenizer(round_, examples, sample)
    material = _material(round_, examples, tokenizer)
    trusted_rows = trusted(round_, material, [example.source for example in examples])
    doubtful = [example.url for example, kept in zip(examples, trusted_rows, strict=True) if not kept]
    examples = [example for example, kept in zip(examples, trusted_rows, strict=True) if kept]
    material = material.only(np.flatnonzero(trusted_rows))
    labels = material.labels
    material, trials = _search(round_, material)
    if trials:
        step.publish_json("search.json", [trial.row() for trial in trials])
    scores, text_scores = cross_validate(round_, material)
    held = np.flatnonzero(~np.isnan(scores))
    truth = np.array([labels[row] == settings.positive for row in held])
    weights = labelled_weights(round_, [(examples[row].url, examples[row].source) for row in held], truth)
    error_chance = np.array([examples[row].error_chance for row in held])
    chosen = choose_operating_point(scores[held], truth, weights, error_chance, round_.run.config)
    text = choose_operating_point(text_scores[held], truth, weights, error_chance, round_.run.config)
    urls = [examples[row].url for row in held]
    card = ModelCard(
        labels=tuple(sorted(set(labels))),
        positive=settings.positive,
        input="text" if is_text(round_.run.shards[0].url) else "html",
        recipe=material.recipe,
        threshold=chosen.threshold.value,
        text_threshold=text.threshold.value,
        thresholds=thresholds_by_kind(urls, scores[held], truth, weights, error_chance, settings),
        calibration=chosen.calibration,
        metrics={**chosen.metrics, **{f"text_{name}": text.metrics[name] for name in TEXT_METRICS}},
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
        "threshold": round(chosen.threshold.value, 6),
        "held_out_precision": round(chosen.metrics["precision"], 4),
        "held_out_found": round(chosen.metrics["recall"], 4),
        "held_out_average_precision": round(chosen.metrics["average_precision"], 4),
    }
    return step.finish(counts, {"model": digest})
