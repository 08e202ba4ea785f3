"""Scores and Markdown for batches of rows, as other people's pipelines hand them out: one class each.

In: a batch as a mapping of columns (Ray Data's `map_batches`, datasets' `map(batched=True)`) or a pandas frame, with a
column of HTML or of text, and, where there are, of URL and charset. Out: the same batch with columns added. A row that
is no page says why in `skip`, as in a scan; no row is dropped. An instance holds names only, so it travels cheaply; a
process loads a model once, when it first needs it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from recall.apply.extracts import Extraction
from recall.apply.page_outcomes import Answer, ReadPage
from recall.apply.resumable import Work
from recall.apply.scores import Scoring, named_models
from recall.archive.corpora import MAX_TEXT
from recall.config import AccessSection
from recall.errors import BadInput
from recall.records import PLAIN_TEXT, Capture, Skip, WarcRef

_CONTENT = (str, bytes, bytearray, memoryview)
"""What is no null, of whatever kind."""
HTML, TEXT, URL, CHARSET = "html", "text", "url", "charset"


class ScorePages:
    """Adds `score`, `label`, `least_characters` and `skip`: of several models one each, as `recall score` names them.

    models: a model folder, NAME=FOLDER, or several of them. html, text: the column with the pages, of which that of
    HTML goes first where a row has both; bytes are read as a page served with the row's `charset`.
    least_characters: how long a text must be that is `too short`, else NaN. Raises as `Scorer.load`.
    """

    def __init__(self, models: str | Sequence[str] = "shipped", html: str = HTML, text: str = TEXT) -> None:
        access = AccessSection()
        named = named_models([models] if isinstance(models, str) else models, access)
        self._work = Scoring(named, access)
        self._columns = html, text

    def __call__(self, batch: Any) -> Any:
        """The batch with its columns. Raises BadInput where it has no column of pages."""
        return _with_answers(batch, self._work, self._columns)


class ExtractPages:
    """Adds `markdown`, why it fell back to the full page or plain text (`fallback`), and `skip`."""

    def __init__(self, html: str = HTML, text: str = TEXT) -> None:
        self._work = Extraction()
        self._columns = html, text

    def __call__(self, batch: Any) -> Any:
        """The batch with its columns. Raises BadInput where it has no column of pages."""
        return _with_answers(batch, self._work, self._columns, {"text": "markdown", "fetched": ""})


def _with_answers(batch: Any, work: Work, columns: tuple[str, str], names: Mapping[str, str] = {}) -> Any:
    """A batch with the columns that a work adds. names: what columns are called; "" leaves one out."""
    outcomes = _read(batch, *columns)
    answers = iter(work.answers([outcome for outcome in outcomes if isinstance(outcome, ReadPage)]))
    said = [next(answers) if isinstance(outcome, ReadPage) else outcome for outcome in outcomes]
    added = {"skip": _column([each.value if isinstance(each, Skip) else "" for each in said], "string")}
    for name, kind in work.schema.items():
        if names.get(name, name):
            added[names.get(name, name)] = _column([_value(each, name) for each in said], kind)
    return batch.assign(**added) if hasattr(batch, "assign") else {**batch, **added}  # assign: a pandas frame


def _value(said: Answer | Skip, name: str) -> Any:
    return None if isinstance(said, Skip) else said[name]


def _column(values: Sequence[Any], kind: str) -> Any:
    """Values as a NumPy column: numbers with NaN, strings with None, where there is none."""
    if kind == "string":
        return np.array(values, dtype=object)
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _read(batch: Any, html: str, text: str) -> list[ReadPage | Skip]:
    """The pages of a batch."""
    there = list(batch)
    if html not in there and text not in there:
        raise BadInput(f"batch: has neither a column {html!r} of HTML nor {text!r} of text, but {there}")
    rows = len(batch[html if html in there else text])
    columns = (batch[name] if name in there else [None] * rows for name in (html, text, URL, CHARSET))
    return [
        _page(said, url, charset, bare=False) if isinstance(said, _CONTENT) else _page(plain, url, charset, bare=True)
        for said, plain, url, charset in zip(*columns, strict=True)
    ]


def _page(content: Any, url: Any, charset: Any, *, bare: bool) -> ReadPage | Skip:
    if isinstance(content, str):
        body, charset = content.encode("utf-8", "replace"), "utf-8"
    elif isinstance(content, bytes | bytearray | memoryview):
        body = bytes(content)
    else:  # null, of whatever kind
        return Skip.EMPTY
    if not body or body.isspace():
        return Skip.EMPTY
    if len(body) > MAX_TEXT:
        return Skip.TOO_LARGE
    named = url if isinstance(url, str) else ""
    said = charset if isinstance(charset, str) else None
    if bare:
        body, said = PLAIN_TEXT + body, "utf-8"
    return ReadPage(Capture(WarcRef("", 0, 0), named, body, said, ""), named, bare)
