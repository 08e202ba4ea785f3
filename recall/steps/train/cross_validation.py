"""Cross-validation by family: scores of examples by models that never saw their families.

In: token lines, which need not be in memory, labels and families. Out: out-of-fold scores; which random pages to trust
as negatives. Refuses examples of a single family.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.config import TrainSection
from recall.errors import BadInput
from recall.labels.examples import INFERRED, Example
from recall.model.evaluate import group_folds
from recall.model.fasttext import Recipe, fit
from recall.model.scorer import collapse, score_with
from recall.model.scorer.model_folder import margins_of
from recall.model.scorer.topics import shares_of
from recall.model.tokens import Tokenizer, split_marks
from recall.run.jobs import complete
from recall.run.rounds import Round
from recall.steps.train.stored_lines import take
from recall.steps.train.vocabulary import supported

SCORED = 4_096
"""Lines that are in memory and scored at a time."""

MOST_SUSPECTED = 0.2
"""Share of the random pages: where more look like positives, the model cannot tell them yet, and all are trusted."""


@dataclass(frozen=True, slots=True)
class Material:
    """Everything a fold trains on. folds: the fold that holds an example out, -1 for those that only train.

    text_lines: lines of the examples' text alone, as a page without markup has them; scored, never trained on.
    topics: the positive labels where there are several, `positive` among them.
    """

    lines: Sequence[NDArray[Any]] = field(repr=False)
    text_lines: Sequence[NDArray[Any]] = field(repr=False)
    labels: list[str] = field(repr=False)
    families: list[str] = field(repr=False)
    folds: NDArray[Any] = field(repr=False)
    recipe: Recipe
    size: int
    positive: str
    min_families: int
    topics: tuple[str, ...] = ()

    @property
    def positives(self) -> tuple[str, ...]:
        """The positive labels."""
        return self.topics or (self.positive,)

    def truth(self) -> NDArray[np.bool_]:
        """Which examples have a positive label."""
        return np.array([label in self.positives for label in self.labels], dtype=bool)

    def only(self, rows: NDArray[np.intp]) -> "Material":
        """These rows alone."""
        return replace(
            self,
            lines=take(self.lines, rows),
            text_lines=take(self.text_lines, rows),
            labels=[self.labels[row] for row in rows],
            families=[self.families[row] for row in rows],
            folds=self.folds[rows],
        )

    def fit(self, rows: Sequence[int], path: Path) -> None:
        """Train on these rows and write the model to `path`."""
        lines, learned = take(self.lines, np.asarray(rows, dtype=np.intp)), None
        if self.recipe.ngrams == 1:  # a line without its rare tokens has other neighbours in it
            learned = supported(lines, [self.families[row] for row in rows], self.size, self.min_families)
        fit(lines, [self.labels[row] for row in rows], self.recipe, self.size, path, learned)


def text_lines(tokenizer: Tokenizer, texts: Sequence[str]) -> list[NDArray[Any]]:
    """Token lines of scoring texts without their structure marks, as a page of plain text has them."""
    return tokenizer.lines([split_marks(text)[0] for text in texts])


def fit_fold(material: Material, fold: int) -> NDArray[Any]:
    """Train without a fold's families and score its examples: float64 (2 + positives, examples).

    Scores with marks, scores without, and the share of each positive label.
    """
    held = np.flatnonzero(material.folds == fold)
    away = {material.families[row] for row in held}
    inside = [row for row, family in enumerate(material.families) if family not in away]
    with TemporaryDirectory(prefix="recall-fold-") as folder:
        path = Path(folder) / "model.bin"
        material.fit(inside, path)
        weights = collapse(path, material.size, material.recipe, material.positive)
    lines, text = (take(lines, held) for lines in (material.lines, material.text_lines))
    pieces = [np.zeros((2 + len(material.positives), 0))]
    for start in range(0, len(held), SCORED):
        marked, plain = list(lines[start : start + SCORED]), list(text[start : start + SCORED])
        shares = shares_of(margins_of(weights, marked), weights.labels.tolist(), material.positives)
        scores = [score_with(weights, each, material.topics) for each in (marked, plain)]
        pieces.append(np.stack([*scores, *shares.T]))
    return np.concatenate(pieces, axis=1)


def folds_of(examples: list[Example], labels: list[str], settings: TrainSection, seed: int) -> NDArray[Any]:
    """Fold of each example by family; -1 for examples that no annotator labelled, unless there are no others."""
    labelled = [row for row, example in enumerate(examples) if example.source not in INFERRED]
    if len({labels[row] for row in labelled}) < 2:
        labelled = list(range(len(examples)))
    families = [examples[row].family for row in labelled]
    count = min(settings.folds, len(set(families)))
    if count < 2:
        raise BadInput("train: all labelled examples are of one family; held-out families are needed for a threshold")
    folds = np.full(len(examples), -1, dtype=np.int32)
    folds[labelled] = group_folds(families, [labels[row] for row in labelled], count, seed)
    return folds


def cross_validate(round_: Round, material: Material) -> NDArray[Any]:
    """Out-of-fold results (2 + positives, examples) as `fit_fold` gives them; nan for examples that only train."""
    scores = np.full((2 + len(material.positives), len(material.lines)), np.nan)
    folds = sorted({int(fold) for fold in material.folds if fold >= 0})
    for outcome in complete(fit_fold, material, folds, round_.run.config.cluster, f"train {round_.number}"):
        scores[:, material.folds == outcome.item] = outcome.result
    return scores


def trusted(round_: Round, material: Material, sources: Sequence[str]) -> NDArray[Any]:
    """Which examples to learn from: bool, False for random pages that look like positive ones.

    Random pages are taken for negatives though some are positive. Excluded are those whose out-of-fold score reaches
    the [train] doubtful quantile of the positives' scores.
    """
    random = np.array([source == "random" for source in sources], dtype=bool)
    positive = material.truth()
    doubtful = round_.run.config.train.doubtful
    trusted_rows = np.ones(len(sources), dtype=bool)
    if not doubtful or not (random & ~positive).any() or not positive.any():
        return trusted_rows
    count = min(round_.run.config.train.folds, len(set(material.families)))
    folds = group_folds(material.families, material.labels, count, material.recipe.seed)
    scores = cross_validate(round_, replace(material, folds=np.asarray(folds)))[0]
    suspected = random & ~positive & (scores >= np.quantile(scores[positive], doubtful))
    return trusted_rows if suspected.sum() > MOST_SUSPECTED * random.sum() else ~suspected
