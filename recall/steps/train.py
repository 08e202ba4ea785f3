"""train: examples become token lines, a fastText model, its collapsed scorer, a threshold and a calibration.

In: seed, and labels and harvest of earlier rounds. Out: a model folder (tokenizer.json, model.bin, scorer.npz,
model.json) and out_of_fold.parquet. The tokenizer is made in round 1 and stays, so that kept token ids stay valid.
Audit pages and the holdout never get here.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from recall.config import TrainSection
from recall.errors import BadInput
from recall.hosts import family_of, host_of
from recall.model.evaluate import (
    average_precision,
    choose_threshold,
    expected_calibration_error,
    fit_calibration,
    group_folds,
    metrics_at,
)
from recall.model.fasttext import Recipe, fit
from recall.model.scorer import Card, collapse, score_with, write_model
from recall.model.tokens import Tokenizer
from recall.records import Done
from recall.run.jobs import each
from recall.run.rounds import Round
from recall.steps.judgements import audit_urls, page_labels

OTHER = "other"
MODEL_FILES = ("tokenizer.json", "model.bin", "scorer.npz", "model.json")
OUT_OF_FOLD = {"url": "string", "family": "string", "source": "string", "label": "string", "fold": "int32", "score": "float64"}


@dataclass(frozen=True, slots=True)
class Example:
    """A page to learn from. judged: a person labelled it, so that it may also measure."""

    url: str
    label: str
    family: str
    source: str
    text: str

    @property
    def judged(self) -> bool:
        """Labelled by a person rather than by a prefix or at random."""
        return self.source == "label"


def gather(round_: Round) -> list[Example]:
    """All examples of a round by URL: people's labels first, then the seed, then what prefixes brought."""
    run, store = round_.run, round_.run.store
    earlier = range(1, round_.number)
    examples: dict[str, Example] = {}
    for url, label in page_labels(run, earlier).items():
        if label.use == "train":
            examples[url] = Example(url, label.value, family_of(host_of(url)), "label", label.text)
    for row in store.read_table(run.step("seed").key("examples.parquet")).to_pylist():
        families = Example(row["url"], row["label"], row["family"], row["source"], row["text"])
        examples.setdefault(families.url, families)
    for number in earlier:
        table = store.read_table(run.round(number).step("harvest").key("pages.parquet"), ["url", "text"])
        for row in table.to_pylist():
            page = Example(row["url"], run.config.train.positive, family_of(host_of(row["url"])), "harvest", row["text"])
            examples.setdefault(page.url, page)
    audited = audit_urls(run, earlier)
    return [examples[url] for url in sorted(examples) if url not in audited and not run.holdout.covers(url)]


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


@dataclass(frozen=True, slots=True)
class Material:
    """What a fold needs: all lines and labels; the fold number of each example, -1 for those that never measure."""

    lines: list[np.ndarray]
    labels: list[str]
    folds: np.ndarray
    recipe: Recipe
    size: int
    positive: str


def fit_fold(material: Material, fold: int) -> np.ndarray:
    """Train without one fold and score it: float64, one score per example of the fold, in order."""
    inside = np.flatnonzero(material.folds != fold)
    held = np.flatnonzero(material.folds == fold)
    with TemporaryDirectory(prefix="recall-fold-") as folder:
        path = Path(folder) / "model.bin"
        lines = [material.lines[i] for i in inside]
        fit(lines, [material.labels[i] for i in inside], material.recipe, material.size, path)
        weights = collapse(path, material.size, material.recipe, material.positive)
    return score_with(weights, [material.lines[i] for i in held])


def _out_of_fold(round_: Round, material: Material) -> np.ndarray:
    scores = np.full(len(material.lines), np.nan)
    folds = sorted({int(fold) for fold in material.folds if fold >= 0})
    for outcome in each(fit_fold, material, folds, round_.run.config.cluster, "train"):
        if outcome.failure is not None:
            raise BadInput(f"train: fold {outcome.item} of round {round_.number} failed: {outcome.failure}")
        scores[material.folds == outcome.item] = outcome.result
    return scores
