"""Scores of pages by one model or several in one pass, with the label that each model's thresholds give.

In: pages as they were read, of any input. Out: for each a score and a label a model, the same that a scan gives, or why
there is none; where the text is too short for a label, from how many characters on the model has an opinion. The
scoring text of a page is made once, whatever the number of models.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recall.apply.page_outcomes import Answer, ReadPage
from recall.config import AccessSection
from recall.errors import BadInput, Damaged
from recall.model.scorer import label_of
from recall.page.text import scoring_bytes
from recall.records import TOO_SHORT, Skip
from recall.run.loaded_model import load_model
from recall.run.store import Schema

_NAMED = re.compile(r"([A-Za-z][A-Za-z0-9_-]{0,63})=(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class NamedModel:
    """A model folder, on a disk or s3://. name: in its columns, "" where it is the only one; digest: of the model."""

    name: str
    folder: str
    digest: str = ""

    def column(self, what: str) -> str:
        """The column of its scores or labels."""
        return f"{what}_{self.name}" if self.name else what


def named_models(given: Sequence[str], access: AccessSection) -> tuple[NamedModel, ...]:
    """Models from FOLDER or NAME=FOLDER; several are called by the last part of their folders where no name is given.

    Raises BadInput where two have one name, and as `Scorer.load`.
    """
    models = []
    for text in given:
        named = None if Path(text).exists() else _NAMED.fullmatch(text)
        name, folder = (named[1], named[2]) if named else ("", text)
        if not name and len(given) > 1:
            name = folder.rstrip("/").rpartition("/")[2]
        models.append(NamedModel(name, folder, load_model(folder, access).digest))
    names = [model.name for model in models]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadInput(f"--model: two models are called {twice[0]!r}; name them: --model NAME=FOLDER")
    return tuple(models)


@dataclass(frozen=True, slots=True)
class Scoring:
    """The work of `recall score`."""

    models: tuple[NamedModel, ...]
    access: AccessSection

    @property
    def schema(self) -> Schema:
        """Its columns."""
        kinds = {"score": "float64", "label": "string", "least_characters": "int64"}
        return {model.column(what): kind for model in self.models for what, kind in kinds.items()}

    def settings(self) -> list[str]:
        """What the answers depend on."""
        return [f"{model.name}={model.digest}" for model in self.models]

    def answers(self, pages: Sequence[ReadPage]) -> list[Answer | Skip]:
        """For each page its scores and labels; NO_TEXT where nothing is to be read."""
        octets = [scoring_bytes(each.page.body, each.page.charset) for each in pages]
        full = [row for row, text in enumerate(octets) if text and not text.isspace()]
        answers: list[Answer | Skip] = [Skip.NO_TEXT] * len(pages)
        columns = [
            self._columns(model, [pages[row] for row in full], [octets[row] for row in full]) for model in self.models
        ]
        for index, row in enumerate(full):
            answers[row] = {name: values[index] for column in columns for name, values in column.items()}
        return answers

    def _columns(
        self, model: NamedModel, pages: Sequence[ReadPage], octets: Sequence[bytes]
    ) -> Mapping[str, Sequence[Any]]:
        scorer = load_model(model.folder, self.access)
        if scorer.digest != model.digest:
            raise Damaged(f"{model.folder}: another model than at the start; give all machines the same one")
        scores, topics = scorer.score_texts(octets)
        scored = zip(scores.tolist(), octets, pages, topics, strict=True)
        labels = [
            label_of(scorer.card, score, text, page.url, bare=page.text, topic=topic)
            for score, text, page, topic in scored
        ]
        least = [scorer.card.least_characters if label == TOO_SHORT else None for label in labels]
        values = {"score": scores.tolist(), "label": labels, "least_characters": least}
        return {model.column(what): column for what, column in values.items()}
