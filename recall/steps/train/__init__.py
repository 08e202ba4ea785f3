"""train: examples become token lines, a fastText model, its collapsed scorer, a threshold and a calibration.

In: seed, and labels and harvest of earlier rounds. Out: a model folder (tokenizer.json, model.bin, scorer.npz,
model.json), out_of_fold.parquet and doubtful.parquet (random pages that are not taken for negative ones). The tokenizer
is made in round 1 and stays, so that kept token ids stay valid. Audit pages and the holdout never get here. Pages of
one text are one example: they weigh no more than another page and lie in one fold. Threshold, calibration and metrics
are measured on families that their model never saw, and on pages that annotators labelled only.
"""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.archive.shards import is_text
from recall.config import TrainSection
from recall.errors import BadInput
from recall.labels.crawl_weights import labelled_weights
from recall.labels.examples import Example, class_of, gather, one_a_text
from recall.model.fasttext import Recipe
from recall.model.near_texts import Sketches, sketches_of, text_numbers
from recall.model.scorer import ModelCard, write_model
from recall.model.tokens import Tokenizer
from recall.records import Done
from recall.run.round_model import MODEL_FILES
from recall.run.rounds import Round
from recall.run.step_folder import Step
from recall.steps.train.cross_validation import Material, cross_validate, folds_of, trusted
from recall.steps.train.hyperparameters import Trial, search_recipe
from recall.steps.train.operating_point import (
    HeldOut,
    LabelledPages,
    OperatingPoint,
    choose_operating_point,
    fit_floors,
    scores_of_sample,
    thresholds_by_kind,
    topics_with_thresholds,
)
from recall.steps.train.stored_lines import marks_tell, store_lines
from recall.steps.train.vocabulary import round_tokenizer, sample_texts

OUT_OF_FOLD = {
    "url": "string",
    "family": "string",
    "source": "string",
    "label": "string",
    "fold": "int32",
    "score": "float64",
    "sketch": "uint64",
}
"""sketch: of the example's text, 0 where it has none."""
TOPIC_OUT_OF_FOLD = {**OUT_OF_FOLD, "topic": "string"}
"""Of a run with several topics. topic: label of the page's own, by a model that did not see its family."""

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


def _material(round_: Round, step: Step, examples: list[Example], tokenizer: Tokenizer) -> Material:
    settings, seed = round_.run.config.train, round_.run.config.run.seed
    labels = [class_of(example, settings) for example in examples]
    if missing := sorted(set(settings.topics) - set(labels)):
        raise BadInput(
            f"train: no example has the label {missing[0]!r} of [train] topics: label pages so, or take it out"
        )
    lines, plain = store_lines(round_.run.store, step.folder, examples, tokenizer)
    positive = np.array([label in settings.positives for label in labels], dtype=bool)
    return Material(
        lines=lines if marks_tell(examples, positive) else plain,
        text_lines=plain,
        labels=labels,
        families=[example.family for example in examples],
        folds=folds_of(examples, labels, settings, seed),
        recipe=recipe_of(settings, seed),
        size=tokenizer.size,
        positive=settings.positive,
        topics=tuple(sorted(settings.topics)),
        min_families=settings.min_families,
    )


def _search(round_: Round, material: Material) -> tuple[Material, list[Trial]]:
    """The material with the best of [train] search random recipes, and the trials; unchanged without a search."""
    budget, labelled = round_.run.config.train.search, material.folds >= 0
    if not budget:
        return material, []
    truth = material.truth()[labelled]

    def scores_of(recipe: Recipe) -> NDArray[Any]:
        scores: NDArray[Any] = cross_validate(round_, replace(material, recipe=recipe))[0][labelled]
        return scores

    recipe, trials = search_recipe(material.recipe, budget, scores_of, truth)
    return replace(material, recipe=recipe), trials


def _publish_out_of_fold(
    step: Step, examples: list[Example], material: Material, results: NDArray[Any], card: ModelCard, sketches: Sketches
) -> None:
    """Publish the examples with their out-of-fold scores, and in a run with several topics the topic of each."""
    scores, scored = results[0], ~np.isnan(results[0])
    columns: dict[str, list[object]] = {
        "url": [example.url for example in examples],
        "family": [example.family for example in examples],
        "source": [example.source for example in examples],
        "label": list(material.labels),
        "fold": material.folds.tolist(),
        "score": [float(score) if known else None for score, known in zip(scores, scored, strict=True)],
        "sketch": sketches.tolist(),
    }
    schema = OUT_OF_FOLD
    if material.topics:
        schema = TOPIC_OUT_OF_FOLD
        weights = [card.topics[label].weight for label in material.topics]
        topics = (np.nan_to_num(results[2:]).T * weights).argmax(axis=1).tolist()
        columns["topic"] = [
            material.topics[topic] if known else None for topic, known in zip(topics, scored, strict=True)
        ]
    step.publish_table("out_of_fold.parquet", columns, schema)


def train(round_: Round) -> Done:
    """Train the round's model on everything labelled before the round.

    Raises BadInput when the examples cannot be split by family or hold one class only.
    """
    step, settings = round_.begin("train"), round_.run.config.train
    examples = gather(round_)
    sample = sample_texts(round_)
    tokenizer = round_tokenizer(round_, examples, sample)
    material = _material(round_, step, examples, tokenizer)
    sketches = sketches_of(material.lines, tokenizer.vocabulary)
    different = one_a_text(text_numbers(sketches), examples)
    examples, material = [examples[row] for row in different], material.only(different)
    trusted_rows = trusted(round_, material, [example.source for example in examples])
    doubtful = [example.url for example, kept in zip(examples, trusted_rows, strict=True) if not kept]
    examples = [example for example, kept in zip(examples, trusted_rows, strict=True) if kept]
    material, sketches = material.only(np.flatnonzero(trusted_rows)), sketches[different][trusted_rows]
    labels = material.labels
    material, trials = _search(round_, material)
    if trials:
        step.publish_json("search.json", [trial.row() for trial in trials])
    results = cross_validate(round_, material)
    scores, text_scores = results[:2]
    held = np.flatnonzero(~np.isnan(scores))
    truth = material.truth()[held]
    of_held = [(examples[row].url, examples[row].source) for row in held]
    weights = labelled_weights(round_, of_held, truth, sketches[held])
    error_chance = np.array([examples[row].error_chance for row in held])
    labelled = LabelledPages(truth, weights, error_chance, [examples[row].family for row in held])
    urls = [examples[row].url for row in held]
    held_out = HeldOut(scores[held], [labels[row] for row in held], results[2:, held].T, weights, error_chance)
    with TemporaryDirectory(prefix="recall-train-") as temporary:
        folder = Path(temporary)
        material.fit(range(len(labels)), folder / "model.bin")
        sampled = scores_of_sample(folder / "model.bin", tokenizer, sample, material)
        chosen, text = (
            choose_operating_point(each[held], labelled, of_sample, round_.run.config)
            for each, of_sample in zip((scores, text_scores), sampled, strict=True)
        )
        card = replace(
            _card(round_, material, chosen, text),
            thresholds=thresholds_by_kind(urls, scores[held], truth, weights, error_chance, settings),
            topics=topics_with_thresholds(held_out, chosen.threshold.value, settings),
        )
        card = fit_floors(card, sampled, round_.run.config.scan.candidates_share)
        digest = write_model(folder, tokenizer, folder / "model.bin", card).digest
        for name in MODEL_FILES:
            step.publish_file(name, folder / name)
    step.publish_table("doubtful.parquet", {"url": doubtful}, {"url": "string"})
    _publish_out_of_fold(step, examples, material, results, card, sketches)
    counts = {"examples": len(examples), "positive": int(material.truth().sum()), "doubtful": len(doubtful)}
    return step.finish(counts | _figures(material, chosen) | _topic_counts(card, labels), {"model": digest})


def _card(round_: Round, material: Material, chosen: OperatingPoint, text: OperatingPoint) -> ModelCard:
    """What the train step learned, as pages and as plain text, as a card of one threshold."""
    return ModelCard(
        labels=tuple(sorted(set(material.labels))),
        positive=material.positive,
        input="text" if is_text(round_.run.shards[0].url) else "html",
        recipe=material.recipe,
        threshold=chosen.threshold.value,
        text_threshold=text.threshold.value,
        calibration=chosen.calibration,
        reference=chosen.reference,
        text_reference=text.reference,
        metrics={**chosen.metrics, **{f"text_{name}": text.metrics[name] for name in TEXT_METRICS}},
    )


def _figures(material: Material, chosen: OperatingPoint) -> dict[str, float]:
    return {
        "families": len(set(material.families)),
        "threshold": round(chosen.threshold.value, 6),
        "held_out_precision": round(chosen.metrics["precision"], 4),
        "held_out_found": round(chosen.metrics["recall"], 4),
        "held_out_average_precision": round(chosen.metrics["average_precision"], 4),
    }


def _topic_counts(card: ModelCard, labels: list[str]) -> dict[str, float]:
    """Examples and threshold of each topic; none where there is one positive label."""
    counts: dict[str, float] = {f"positive_{label}": labels.count(label) for label in card.topics}
    return counts | {f"threshold_{label}": round(topic.threshold, 6) for label, topic in card.topics.items()}
