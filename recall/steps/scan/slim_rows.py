"""Scores the pages of a shard in batches, and gathers their slim rows.

In: pages as a reader gives them, and a scorer. Out: the columns of slim rows; the pages above the floor go to a writer
of candidates as they come. Memory grows with the shard's URLs only.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from recall.archive.dates import time_of
from recall.model.near_texts import sketches_of
from recall.model.scorer import Scorer
from recall.model.scorer.card import kept_by
from recall.page.text import scoring_bytes
from recall.records import BodyKind, Capture, Skip, WarcRef
from recall.run.candidate_writer import CandidateWriter
from recall.run.sampling import batches_by_weight
from recall.run.scanned import OTHER_ROWS, ROWS, TOPIC_ROWS
from recall.run.store import Columns, Schema

Outcome = TypeVar("Outcome", Capture, Capture | Skip)

BATCH = 128
"""Pages that are decoded, tokenized and scored together: the more, the longer code and tables stay in the cache."""

BATCH_BYTES = 16 << 20
"""Bodies of a batch; it ends at the page that reaches this."""


def page_batches(outcomes: Iterable[Outcome]) -> Iterator[list[Outcome]]:
    """Cut a stream of pages into lists of BATCH, or fewer where their bodies are large."""
    return batches_by_weight(outcomes, BATCH, BATCH_BYTES, _weight)


def _weight(outcome: Capture | Skip) -> int:
    return 0 if isinstance(outcome, Skip) else len(outcome.body)


@dataclass(frozen=True, slots=True)
class ScoredBatch:
    """Pages of a batch with their token lines, scores, labels of their topics and sketches of their texts."""

    pages: list[Capture]
    lines: list[NDArray[Any]]
    scores: NDArray[Any]
    topics: list[str]
    sketches: NDArray[np.uint64]


def score_batch(scorer: Scorer, outcomes: Sequence[Capture | Skip], skipped: Counter[Skip]) -> ScoredBatch:
    """Score the pages of a batch; count in `skipped` what is no page."""
    pages: list[Capture] = []
    texts: list[bytes] = []
    for outcome in outcomes:
        if isinstance(outcome, Skip):
            skipped[outcome] += 1
            continue
        text = _text_of(outcome)
        if isinstance(text, Skip) or not text or text.isspace():
            skipped[text if isinstance(text, Skip) else Skip.NO_TEXT] += 1
            continue
        pages.append(outcome)
        texts.append(text)
    lines = scorer.tokenizer.lines(texts)
    return ScoredBatch(pages, lines, *scorer.score_topics(lines), sketches_of(lines, scorer.tokenizer.vocabulary))


def _text_of(page: Capture) -> bytes | Skip:
    """The scoring text of a page."""
    if page.kind is BodyKind.HTML:
        return scoring_bytes(page.body, page.charset)
    from recall.page.files import file_text, notebook  # noqa: PLC0415 - only where [scan] types asks for such pages

    try:
        return scoring_bytes(file_text.text_page(page.body, page.charset, page.kind), "utf-8")
    except notebook.BrokenNotebook:
        return Skip.BROKEN_NOTEBOOK


def rows_schema(scorer: Scorer, *, others: bool = False) -> Schema:
    """The columns of slim rows: a page's topic is among them where the model has several. others: of no HTML."""
    schema = TOPIC_ROWS if scorer.card.topics else ROWS
    return {**schema, **OTHER_ROWS} if others else schema


class SlimRows:
    """Slim rows of one shard as they come; adds the pages above the floor to its candidates.

    text: pages are read as bare text; others: they are no HTML, and their kind is a column.
    """

    def __init__(
        self, scorer: Scorer, candidates: CandidateWriter, crawl: str, *, text: bool, others: bool = False
    ) -> None:
        self.scorer, self.candidates, self.crawl, self.text, self.others = scorer, candidates, crawl, text, others
        self.floor = scorer.card.floor_for(text=text)
        self.urls: list[str] = []
        self.refs: list[WarcRef] = []
        self.scores: list[NDArray[Any]] = []
        self.topics: list[str] = []
        self.times: list[int] = []
        self.sketches: list[NDArray[np.uint64]] = []
        self.kinds: list[str] = []
        self.skipped: Counter[Skip] = Counter()
        self.read = 0

    def add(self, batch: Sequence[Capture | Skip]) -> None:
        """Take the next pages of the shard."""
        self.read += len(batch)
        scored = score_batch(self.scorer, batch, self.skipped)
        for index in np.flatnonzero(scored.scores >= self.floor).tolist():
            self.candidates.add(len(self.urls) + index, scored.lines[index], scored.pages[index])
        self.urls += [page.url for page in scored.pages]
        self.refs += [page.ref for page in scored.pages]
        self.times += [time_of(page.fetched, self.crawl) for page in scored.pages]
        self.scores.append(scored.scores)
        self.topics += scored.topics
        self.sketches.append(scored.sketches)
        if self.others:
            self.kinds += [page.kind.value for page in scored.pages]

    def columns(self) -> Columns:
        """All of it, by `rows_schema`."""
        scores = np.concatenate(self.scores) if self.scores else np.zeros(0)
        candidate = np.zeros(len(scores), dtype=bool)
        candidate[self.candidates.rows] = True
        return {
            "url": self.urls,
            "offset": np.fromiter((ref.offset for ref in self.refs), np.int64, len(self.refs)),
            "length": np.fromiter((ref.length for ref in self.refs), np.int64, len(self.refs)),
            "score": scores,
            "kept": candidate & kept_by(self.scorer.card, scores, self.urls, self.topics, text=self.text),
            "model": [self.scorer.digest] * len(scores),
            "candidate": candidate,
            "time": np.array(self.times, np.int64),
            "sketch": np.concatenate(self.sketches) if self.sketches else np.zeros(0, np.uint64),
            **({"topic": self.topics} if self.scorer.card.topics else {}),
            **({"kind": self.kinds} if self.others else {}),
        }
