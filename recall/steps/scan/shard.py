"""The scan of one shard, as a worker does it: every page gets a score, those above the floor become candidates.

In: a shard, or the candidates that an earlier round kept of it, and a model folder. Out: a table of slim rows, one of
candidates (token lines and bodies), which is written as pages come, and the report, last. Memory grows with the shard's
URLs only. Imports nothing that only the driver needs: a thousand workers pay for each import.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from recall.archive.dates import time_of
from recall.archive.ranges import read_outcomes
from recall.archive.shards import is_text, read_shard, read_wet
from recall.config import AccessSection, ScanSection
from recall.model.near_texts import sketches_of
from recall.model.scorer import Scorer
from recall.model.scorer.card import kept_by
from recall.page.text import scoring_bytes
from recall.records import Capture, Output, Shard, ShardReport, Skip, WarcRef
from recall.run.jobs import meter
from recall.run.round_model import load_scorer
from recall.run.sampling import batches, batches_by_weight
from recall.run.scanned import ROWS, TOPIC_ROWS, CandidateWriter, ScannedShard, read_rows, read_token_lines
from recall.run.store import Columns, Schema, Store

T = TypeVar("T")
Outcome = TypeVar("Outcome", Capture, Capture | Skip)

BATCH = 128
"""Pages that are decoded, tokenized and scored together: the more, the longer code and tables stay in the cache."""

BATCH_BYTES = 16 << 20
"""Bodies of a batch; it ends at the page that reaches this."""

RANGE_BATCH = 32
"""As BATCH, for pages that are read by byte range."""


@dataclass(frozen=True, slots=True)
class ScanContext:
    """Context of `scan_shard`, the same for all shards of a scan.

    folder, model: keys of the scan step and of the model folder; index: the crawl's URL index, needed for WET input;
    digest: of the model, "" for whichever lies there.
    """

    store: Store
    access: AccessSection
    settings: ScanSection
    folder: str
    model: str
    index: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class ShardScan:
    """A shard to scan. earlier: its scan in another round, whose candidates are scored anew instead of reading it."""

    shard: Shard
    earlier: ScannedShard | None = None


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
        text = scoring_bytes(outcome.body, outcome.charset)
        if not text or text.isspace():
            skipped[Skip.NO_TEXT] += 1
            continue
        pages.append(outcome)
        texts.append(text)
    lines = scorer.tokenizer.lines(texts)
    return ScoredBatch(pages, lines, *scorer.score_topics(lines), sketches_of(lines, scorer.tokenizer.vocabulary))


def rows_schema(scorer: Scorer) -> Schema:
    """The columns of slim rows: a page's topic is among them where the model has several."""
    return TOPIC_ROWS if scorer.card.topics else ROWS


class _SlimRows:
    """Slim rows of one shard as they come; adds the pages above the floor to its candidates."""

    def __init__(self, scorer: Scorer, candidates: CandidateWriter, crawl: str, *, text: bool) -> None:
        self.scorer, self.candidates, self.crawl, self.text = scorer, candidates, crawl, text
        self.floor = scorer.card.floor_for(text=text)
        self.urls: list[str] = []
        self.refs: list[WarcRef] = []
        self.scores: list[NDArray[Any]] = []
        self.topics: list[str] = []
        self.times: list[int] = []
        self.sketches: list[NDArray[np.uint64]] = []
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
        }


def scan_shard(context: ScanContext, scan: ShardScan) -> None:
    """Score a shard and publish its files, the report last; a shard with a report is done already.

    Raises ShardFailed when the shard is not readable to its end.
    """
    if context.store.exists(report_key(context.folder, scan.shard.number)):
        return
    if scan.earlier is not None:
        _rescore(context, scan.earlier)
        return
    scorer = load_scorer(context.store, context.model, context.digest)
    text = is_text(scan.shard.url)
    with TemporaryDirectory(prefix="recall-scan-") as folder:
        candidates = CandidateWriter(Path(folder) / "candidates.parquet", context.settings.keep)
        rows = _SlimRows(scorer, candidates, scan.shard.crawl, text=text)
        if context.settings.input == "wet" and not text:
            _score_wet_first(context, scan.shard, rows)
        else:
            for batch in page_batches(read_shard(scan.shard, context.access)):
                rows.add(batch)
        candidates.close()
        slim = rows.columns()
        files = (
            context.store.publish_table_named(context.folder, "rows-", slim, rows_schema(scorer)),
            context.store.publish_file_named(context.folder, "candidates-", candidates.path, len(candidates.rows)),
        )
    result = ShardResult(scorer.digest, rows.read, np.asarray(slim["kept"]), rows.skipped, files)
    _publish_report(context, scan.shard, result)


def _score_wet_first(context: ScanContext, shard: Shard, rows: _SlimRows) -> None:
    """Score Common Crawl's text of the shard's pages; read those above the floor for text from the WARC.

    Only they get a score of their HTML and can be kept; the others keep the score of their text.
    """
    scorer = rows.scorer
    seen: list[tuple[WarcRef, str, int, str]] = []
    first: list[NDArray[Any]] = []
    texts: list[NDArray[np.uint64]] = []
    for batch in page_batches(read_wet(shard, context.index, context.access)):
        rows.read += len(batch)
        scored = score_batch(scorer, batch, rows.skipped)
        for page, topic in zip(scored.pages, scored.topics, strict=True):
            seen.append((page.ref, page.url, time_of(page.fetched, shard.crawl), topic))
        first.append(scored.scores)
        texts.append(scored.sketches)
    order = sorted(range(len(seen)), key=lambda row: seen[row])
    scores = np.concatenate(first)[order] if seen else np.zeros(0)
    topics = [seen[row][3] for row in order]
    wanted = {seen[order[row]][0]: row for row in np.flatnonzero(scores >= scorer.card.floor_for(text=True)).tolist()}
    gone: list[int] = []
    for group in batches(read_outcomes(wanted, lambda _path: shard.url, context.access), RANGE_BATCH):
        gone += [wanted[ref] for ref, outcome in group if isinstance(outcome, Skip)]
        rows.skipped.update(outcome for _, outcome in group if isinstance(outcome, Skip))
        scored = score_batch(scorer, [outcome for _, outcome in group if isinstance(outcome, Capture)], Counter())
        for index, (page, score) in enumerate(zip(scored.pages, scored.scores.tolist(), strict=True)):
            row = wanted[page.ref]
            scores[row], topics[row] = score, scored.topics[index]
            if score >= rows.floor:
                rows.candidates.add(row - bisect_left(gone, row), scored.lines[index], page)
    left = np.setdiff1d(np.arange(len(seen)), gone)
    rows.refs, rows.urls = [seen[order[row]][0] for row in left], [seen[order[row]][1] for row in left]
    rows.times = [seen[order[row]][2] for row in left]
    rows.scores, rows.topics = [scores[left]], [topics[row] for row in left]
    rows.sketches = [np.concatenate(texts)[order][left]] if seen else []


def _rescore(context: ScanContext, earlier: ScannedShard) -> None:
    """Score the candidates of an earlier scan with this model; pages below the floor keep their old score."""
    scorer = load_scorer(context.store, context.model, context.digest)
    schema = rows_schema(scorer)
    table = read_rows(context.store, earlier, list(schema))
    scores, models = table.column("score").to_numpy().copy(), table.column("model").to_pylist()
    urls = table.column("url").to_pylist()
    topics = table.column("topic").to_pylist() if scorer.card.topics else [scorer.positive] * len(urls)
    kept = np.zeros(len(scores), dtype=bool)
    for rows, lines in read_token_lines(context.store, earlier):
        scores[rows], own_topics = scorer.score_topics(lines)
        own = [urls[row] for row in rows.tolist()]
        kept[rows] = kept_by(scorer.card, scores[rows], own, own_topics, text=is_text(earlier.shard.url))
        for row, topic in zip(rows.tolist(), own_topics, strict=True):
            models[row], topics[row] = scorer.digest, topic
    columns = {name: table.column(name) for name in ROWS} | {"score": scores, "model": models, "kept": kept}
    columns = {name: {**columns, "topic": topics}[name] for name in schema}
    output = context.store.publish_table_named(context.folder, "rows-", columns, schema)
    skipped = Counter({Skip(name): count for name, count in earlier.skipped.items()})
    _publish_report(context, earlier.shard, ShardResult(scorer.digest, earlier.read, kept, skipped, (output,)))


@dataclass(frozen=True, slots=True)
class ShardResult:
    """The result of a shard's scan. model: digest of the scorer; kept: bool of each slim row; files: published ones."""

    model: str
    read: int
    kept: NDArray[Any]
    skipped: Counter[Skip]
    files: tuple[Output, ...]


def report_key(folder: str, number: int) -> str:
    """Key of a shard's report."""
    return f"{folder}/reports/{number:06d}.json"


def _publish_report(context: ScanContext, shard: Shard, result: ShardResult) -> None:
    kept = int(result.kept.sum())
    report = ShardReport(
        shard=shard.number,
        path=shard.path,
        model=result.model,
        read=result.read,
        skipped={skip: result.skipped[skip] for skip in sorted(result.skipped)},
        rejected=len(result.kept) - kept,
        kept=kept,
        candidates=next((file.rows or 0 for file in result.files if file.file.startswith("candidates-")), 0),
        files=result.files,
    )
    context.store.publish_json(report_key(context.folder, shard.number), asdict(report), first_wins=True)
    for outcome, pages in (("kept", kept), ("rejected", report.rejected), ("skipped", sum(report.skipped.values()))):
        meter("pages", pages, step="scan", outcome=outcome)
