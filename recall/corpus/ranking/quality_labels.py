"""Labels of quality: files of scores from 0 to 5 by people, and what a run's own folder holds of them.

In: JSON lines or Parquet with `score` and `url` or `text` (and `annotator`, `use`, `family`). Out: QualityLabel, a row
a label; LabelledPage, all labels of a page together. Refuses a row that cannot be used, with file and row number.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from recall.config import AccessSection
from recall.corpus.ranking.ranker import BEST
from recall.errors import BadInput, ShardFailed
from recall.io import json_lines, read_all
from recall.io.parquet.text_columns import text_rows
from recall.records import JUDGE
from recall.run.label_files import MEASURE
from recall.run.store import Schema, digest_of, table_from
from recall.sites.holdout import Holdout
from recall.sites.hosts import registered_domain
from recall.sites.urls import host_of, url_key

COLUMNS = ("url", "text", "score", "annotator", "use", "family")
QUALITY_LABELS: Schema = {"url": "string", "score": "float64", "annotator": "string", "use": "string"}
"""What a run's folder holds of labels: of pages that `quality ask` drew."""

AUDIT = "audit"
"""Use of labels that a ranker is measured by and never learns from."""

NAMELESS = "nameless"
"""Begins the name of who gave a file's scores without `annotator`: one reader, the same wherever the file lies."""


@dataclass(frozen=True, slots=True)
class QualityLabel:
    """One opinion of a page. text: the page's own, "" where it is that of the corpus; family: its registered domain."""

    url: str
    text: str = field(repr=False)
    score: float
    annotator: str
    use: str
    family: str

    @property
    def page(self) -> str:
        """What tells pages apart: the URL, or the text where there is none."""
        return url_key(self.url) if self.url else self.text


@dataclass(slots=True)
class LabelledPage:
    """A page with everybody's score, of people where any gave one. audit: it is measured by and not learned from."""

    url: str
    text: str = field(repr=False)
    family: str
    audit: bool
    scores: dict[str, float] = field(default_factory=dict)

    @property
    def label(self) -> float:
        """The mean of its scores."""
        return math.fsum(self.scores.values()) / len(self.scores)


def read_quality_labels(path: str, access: AccessSection | None = None) -> list[QualityLabel]:
    """All labels of a file (path or URL). Raises BadInput for a file or a row that cannot be used."""
    try:
        data = read_all(path, access or AccessSection())
    except ShardFailed as error:
        raise BadInput(f"{path}: labels cannot be read: {error}") from None
    parquet = path.endswith(".parquet") or data.startswith(b"PAR1")
    rows = _parquet_rows(data, path) if parquet else json_lines(data, path, keys=COLUMNS)
    nameless = f"{NAMELESS}-{digest_of(data)[:16]}"
    return [_label_in(row, f"{path}:{number}", nameless) for number, row in rows]


def _parquet_rows(data: bytes, source: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        table = table_from(data)
    except BadInput as error:
        raise BadInput(f"{source}: {error}") from None
    wanted = [name for name in COLUMNS if name in table.column_names or name == "score"]
    yield from enumerate(text_rows(table, wanted, source), 1)


def _label_in(row: Mapping[str, Any], where: str, nameless: str) -> QualityLabel:
    score = row.get("score")
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= BEST:
        raise BadInput(f'{where}: expected a "score", a number from 0 to {BEST:.0f}')
    told = {}
    for name in ("url", "text", "annotator", "use", "family"):
        value = row.get(name)
        if value is not None and not isinstance(value, str):
            raise BadInput(f'{where}: "{name}" must be text')
        told[name] = value or ""
    if not told["url"] and not told["text"].strip():
        raise BadInput(f'{where}: expected a "url" of the corpus, or a "text"')
    family = told["family"] or (registered_domain(host_of(told["url"])) if told["url"] else where)
    return QualityLabel(told["url"], told["text"], float(score), told["annotator"] or nameless, told["use"], family)


def labelled_pages(labels: Iterable[QualityLabel], holdout: Holdout | None = None) -> list[LabelledPage]:
    """Labels by page, sorted; of an annotator's several scores of a page the last counts.

    Left out are held-out pages and rows whose use is MEASURE. A judge's score counts where no person gave one.
    """
    pages: dict[str, LabelledPage] = {}
    for label in labels:
        if label.use == MEASURE or (holdout is not None and label.url and holdout.covers(label.url)):
            continue
        page = pages.setdefault(label.page, LabelledPage(label.url, label.text, label.family, False))
        page.text = page.text or label.text
        page.audit = page.audit or label.use == AUDIT
        page.scores[label.annotator] = label.score
    for page in pages.values():
        people = {name: score for name, score in page.scores.items() if name != JUDGE}
        page.scores = dict(sorted((people or page.scores).items()))
    return [pages[key] for key in sorted(pages)]
