"""The worst errors of a round by cross-validation, with the tokens that contributed most to each score.

In: the round's out-of-fold scores and the texts of its labelled pages. Out: Mistake, the worst first. A page's score is
that of a model trained without its registered domain; contributions are those of the round's model, which did train on
the page and holds most of the same weights. Tokens and URLs come from pages: `shown` makes them safe for a terminal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from recall.errors import printable
from recall.labels.examples import INFERRED, Example, gather, texts_of
from recall.model.scorer import Scorer
from recall.model.scorer.card import kept_by
from recall.page.text.prose_language import language_of
from recall.report.round_figures import Share, shares_by
from recall.run.round_model import load_scorer, model_folder
from recall.run.rounds import Round
from recall.sites.kinds import kind_of

PUSHES = 8
"""Tokens shown on each side."""

SURE = 0.95
"""Probability of the other class from which on a label is suspect."""


@dataclass(frozen=True, slots=True)
class Push:
    """A token, mark, shape or n-gram and what it adds to the score's logit."""

    name: str
    contribution: float


@dataclass(frozen=True, slots=True)
class Mistake:
    """A labelled page on the wrong side of the threshold. suspect: the label may be wrong; place: kind of site."""

    kind: Literal["false positive", "miss"]
    url: str
    label: str
    language: str
    place: str
    score: float
    probability: float
    suspect: bool
    towards: tuple[Push, ...]
    against: tuple[Push, ...]


@dataclass(frozen=True, slots=True)
class WorstErrors:
    """A round's errors. pages: labelled ones; languages, places: figures by language and kind of site."""

    round: int
    threshold: float
    pages: int
    languages: Mapping[str, Share]
    places: Mapping[str, Share]
    mistakes: tuple[Mistake, ...]


def shown(text: str) -> str:
    """Text from a page on one line of a terminal: what is not printable, and line ends, as escapes."""
    return printable(text)


def pushes(scorer: Scorer, text: str) -> tuple[tuple[Push, ...], tuple[Push, ...]]:
    """The parts of a page with the largest contributions to its score, positive ones first."""
    parts = [part for part in scorer.explain(text).parts if part.kind not in {"constant", "end"}]
    ranked = sorted(parts, key=lambda part: -part.contribution)
    up = tuple(Push(part.name, part.contribution) for part in ranked[:PUSHES] if part.contribution > 0)
    down = tuple(Push(part.name, part.contribution) for part in ranked[::-1][:PUSHES] if part.contribution < 0)
    return up, down


def worst_errors(round_: Round, count: int) -> WorstErrors:
    """The `count` worst false positives and misses of a round whose train step is done."""
    run, positives = round_.run, round_.run.config.train.positives
    scorer = load_scorer(run.store, model_folder(round_))
    columns = ["url", "source", "score", *(["topic"] if scorer.card.topics else [])]
    table = run.store.read_table(round_.step("train").key("out_of_fold.parquet"), columns)
    topics = {row["url"]: row["topic"] for row in table.to_pylist()} if scorer.card.topics else {}
    scores = {
        row["url"]: row["score"]
        for row in table.to_pylist()
        if row["score"] is not None and row["source"] not in INFERRED
    }
    labelled = [example for example in gather(round_) if example.url in scores]
    score = np.array([scores[example.url] for example in labelled])
    truth = np.array([example.label in positives for example in labelled], dtype=bool)
    urls = [example.url for example in labelled]
    kept = kept_by(scorer.card, score, urls, [topics[url] for url in urls] if topics else ())
    worst = [int(row) for row in np.argsort(-score, kind="stable") if kept[row] and not truth[row]][:count]
    missed = [int(row) for row in np.argsort(score, kind="stable") if truth[row] and not kept[row]][:count]
    languages = [""] * len(labelled)
    texts: dict[int, str] = {}
    for row, text in texts_of(run.store, labelled):
        languages[row] = language_of(text)
        if row in {*worst, *missed}:
            texts[row] = text
    return WorstErrors(
        round=round_.number,
        threshold=scorer.threshold,
        pages=len(labelled),
        languages=shares_by(languages, kept, truth),
        places=shares_by([kind_of(example.url) for example in labelled], kept, truth),
        mistakes=(
            *(_mistake("false positive", scorer, labelled[row], texts[row], float(score[row])) for row in worst),
            *(_mistake("miss", scorer, labelled[row], texts[row], float(score[row])) for row in missed),
        ),
    )


def _mistake(
    kind: Literal["false positive", "miss"], scorer: Scorer, example: Example, text: str, score: float
) -> Mistake:
    probability = float(scorer.calibrate([score])[0])
    towards, against = pushes(scorer, text)
    return Mistake(
        kind=kind,
        url=example.url,
        label=example.label,
        language=language_of(text),
        place=kind_of(example.url),
        score=score,
        probability=probability,
        suspect=probability >= SURE if kind == "false positive" else probability <= 1 - SURE,
        towards=towards,
        against=against,
    )
