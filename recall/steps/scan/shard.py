"""The scan of one shard, as a worker does it: pages to scores, and for those above the floor token ids and bytes.

In: a shard, or what an earlier round kept of it, and a model folder. Out: a table of slim rows, one of candidates,
which is written piece by piece, and the report, last. Memory grows with the shard's URLs only. Imports nothing that
this does not need: a thousand workers pay for each import.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy as np
import zstandard
from numpy.typing import NDArray

from recall.archive.ranges import read_outcomes
from recall.archive.shards import is_text, read_shard, read_wet
from recall.config import AccessSection, ScanSection
from recall.io.parquet import ParquetWriter, lists_of
from recall.model.scorer import Scorer
from recall.model.scorer.thresholds import kept_by
from recall.page.text import scoring_bytes
from recall.records import Capture, Output, Shard, ShardReport, Skip, WarcRef
from recall.run.jobs import meter
from recall.run.round_model import load_scorer
from recall.run.sampling import batches
from recall.run.scanned import CANDIDATES, ROWS, ScannedShard, read_rows
from recall.run.store import Columns, Store

T = TypeVar("T")
Outcome = TypeVar("Outcome", Capture, Capture | Skip)

BATCH = 128
"""Pages that pass each stage together: the more, the longer each one's code and tables stay near the core."""

BATCH_BYTES = 16 << 20
"""Bodies of a batch; it ends at the page that reaches this."""

_RANGES = 32
"""The same for pages that are read by byte range."""

ZSTD_LEVEL = 1
PIECE = 2 << 20
"""Bytes of candidates that are held before they are written as a row group."""


@dataclass(frozen=True, slots=True)
class Job:
    """What scanning a shard needs beside it.

    folder, model: keys of the scan step and of the model folder; digest: of that model, "" for whichever lies there.
    """

    store: Store
    access: AccessSection
    settings: ScanSection
    folder: str
    model: str
    index: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """A shard to scan. earlier: the scan whose candidates are scored anew instead of reading the shard again."""

    shard: Shard
    earlier: ScannedShard | None = None


def page_batches(outcomes: Iterable[Outcome]) -> Iterator[list[Outcome]]:
    """Cut a stream of pages into lists of BATCH, or fewer where their bodies are large."""
    batch: list[Outcome] = []
    held = 0
    for outcome in outcomes:
        batch.append(outcome)
        held += 0 if isinstance(outcome, Skip) else len(outcome.body)
        if len(batch) == BATCH or held >= BATCH_BYTES:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


@dataclass(frozen=True, slots=True)
class Scored:
    """Pages of a batch with their token lines and scores."""

    pages: list[Capture]
    lines: list[NDArray[Any]]
    scores: NDArray[Any]


def score_batch(scorer: Scorer, outcomes: Sequence[Capture | Skip], skipped: Counter[Skip]) -> Scored:
    """Score the pages of a batch and count what is no page."""
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
    return Scored(pages, lines, scorer.score_lines(lines))


class _Candidates:
    """The table of candidates, written to a file as it grows."""

    def __init__(self, path: Path, keep: str) -> None:
        self.path = path
        self.rows: list[int] = []
        self._keep = keep
        self._pack = zstandard.ZstdCompressor(level=ZSTD_LEVEL)
        self._writer = ParquetWriter(path, CANDIDATES)
        self._held: list[tuple[int, NDArray[Any], str | None, str, str, bytes | None]] = []
        self._bytes = 0

    def add(self, row: int, tokens: NDArray[Any], page: Capture) -> None:
        body = None
        if self._keep == "body":  # copied, as what it was packed into is as large as the page
            body = bytes(memoryview(self._pack.compress(page.body)))
        self._held.append((row, tokens, page.charset, page.fetched, page.robots, body))
        self.rows.append(row)
        self._bytes += tokens.nbytes + len(body or b"")
        if self._bytes >= PIECE:
            self._write()

    def _write(self) -> None:
        self._writer.add({name: [held[i] for held in self._held] for i, name in enumerate(CANDIDATES)})
        self._held, self._bytes = [], 0

    def close(self) -> None:
        self._write()
        self._writer.close()


class _Rows:
    """Slim rows of one shard, and with them its candidates."""

    def __init__(self, scorer: Scorer, candidates: _Candidates, *, text: bool) -> None:
        self.scorer, self.candidates, self.text = scorer, candidates, text
        self.floor = scorer.card.floor_for(text=text)
        self.urls: list[str] = []
        self.refs: list[WarcRef] = []
        self.scores: list[NDArray[Any]] = []
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
        self.scores.append(scored.scores)

    def columns(self) -> Columns:
        """All of it as ROWS."""
        scores = np.concatenate(self.scores) if self.scores else np.zeros(0)
        candidate = np.zeros(len(scores), dtype=bool)
        candidate[self.candidates.rows] = True
        return {
            "url": self.urls,
            "offset": np.fromiter((ref.offset for ref in self.refs), np.int64, len(self.refs)),
            "length": np.fromiter((ref.length for ref in self.refs), np.int64, len(self.refs)),
            "score": scores,
            "kept": candidate & kept_by(self.scorer.card, scores, self.urls, text=self.text),
            "model": [self.scorer.digest] * len(scores),
            "candidate": candidate,
        }


def scan_shard(job: Job, work: Work) -> None:
    """Score a shard and publish its files, report last. Raises ShardFailed when it is not readable to its end."""
    if job.store.exists(report_key(job.folder, work.shard.number)):
        return
    if work.earlier is not None:
        _rescore(job, work.earlier)
        return
    scorer = load_scorer(job.store, job.model, job.digest)
    text = is_text(work.shard.url)
    with TemporaryDirectory(prefix="recall-scan-") as folder:
        candidates = _Candidates(Path(folder) / "candidates.parquet", job.settings.keep)
        rows = _Rows(scorer, candidates, text=text)
        if job.settings.input == "wet" and not text:
            _add_wet_first(job, work.shard, rows)
        else:
            for batch in page_batches(read_shard(work.shard, job.access)):
                rows.add(batch)
        candidates.close()
        slim = rows.columns()
        files = (
            job.store.publish_table_named(job.folder, "rows-", slim, ROWS),
            job.store.publish_file_named(job.folder, "candidates-", candidates.path, len(candidates.rows)),
        )
    _report(job, work.shard, rows.read, np.asarray(slim["kept"]), rows.skipped, files)


def _add_wet_first(job: Job, shard: Shard, rows: _Rows) -> None:
    """Score Common Crawl's text of the shard's pages; read those above the floor for text from the WARC.

    Only they get a score of their HTML and can be kept; the others keep the score of their text.
    """
    scorer = rows.scorer
    seen: list[tuple[WarcRef, str]] = []
    first: list[NDArray[Any]] = []
    for batch in page_batches(read_wet(shard, job.index, job.access)):
        rows.read += len(batch)
        scored = score_batch(scorer, batch, rows.skipped)
        seen += [(page.ref, page.url) for page in scored.pages]
        first.append(scored.scores)
    order = sorted(range(len(seen)), key=lambda row: seen[row])
    scores = np.concatenate(first)[order] if seen else np.zeros(0)
    wanted = {seen[order[row]][0]: row for row in np.flatnonzero(scores >= scorer.card.floor_for(text=True)).tolist()}
    gone: list[int] = []
    for group in batches(read_outcomes(wanted, lambda _path: shard.url, job.access), _RANGES):
        gone += [wanted[ref] for ref, outcome in group if isinstance(outcome, Skip)]
        rows.skipped.update(outcome for _, outcome in group if isinstance(outcome, Skip))
        scored = score_batch(scorer, [one for _, one in group if isinstance(one, Capture)], Counter())
        for page, line, score in zip(scored.pages, scored.lines, scored.scores.tolist(), strict=True):
            row = wanted[page.ref]
            scores[row] = score
            if score >= rows.floor:
                rows.candidates.add(row - bisect_left(gone, row), line, page)
    left = np.setdiff1d(np.arange(len(seen)), gone)
    rows.refs, rows.urls = [seen[order[row]][0] for row in left], [seen[order[row]][1] for row in left]
    rows.scores = [scores[left]]


def _rescore(job: Job, earlier: ScannedShard) -> None:
    """Give the candidates of an earlier scan this model's score; the pages below the floor keep their old one."""
    scorer = load_scorer(job.store, job.model, job.digest)
    table = read_rows(job.store, earlier)
    scores, models = table.column("score").to_numpy().copy(), table.column("model").to_pylist()
    urls = table.column("url").to_pylist()
    decided = np.zeros(len(scores), dtype=bool)
    for kept in job.store.read_batches(earlier.candidates, ["row", "tokens"]):
        numbers = kept.column("row").to_numpy()
        scores[numbers] = scorer.score_lines(lists_of(kept.column("tokens")))
        own = [urls[row] for row in numbers.tolist()]
        decided[numbers] = kept_by(scorer.card, scores[numbers], own, text=is_text(earlier.shard.url))
        for row in numbers.tolist():
            models[row] = scorer.digest
    columns = {name: table.column(name) for name in ROWS} | {"score": scores, "model": models, "kept": decided}
    output = job.store.publish_table_named(job.folder, "rows-", columns, ROWS)
    skipped = Counter({Skip(name): count for name, count in earlier.skipped.items()})
    _report(job, earlier.shard, earlier.read, decided, skipped, (output,))


def report_key(folder: str, number: int) -> str:
    """Key of a shard's report."""
    return f"{folder}/reports/{number:06d}.json"


def _report(
    job: Job, shard: Shard, read: int, decided: NDArray[Any], skipped: Counter[Skip], files: tuple[Output, ...]
) -> None:
    kept = int(decided.sum())
    report = ShardReport(
        shard=shard.number,
        path=shard.path,
        model=load_scorer(job.store, job.model, job.digest).digest,
        read=read,
        skipped={skip: skipped[skip] for skip in sorted(skipped)},
        rejected=len(decided) - kept,
        kept=kept,
        candidates=next((file.rows or 0 for file in files if file.file.startswith("candidates-")), 0),
        files=files,
    )
    job.store.publish_json(report_key(job.folder, shard.number), asdict(report), first_wins=True)
    for outcome, pages in (("kept", kept), ("rejected", report.rejected), ("skipped", sum(report.skipped.values()))):
        meter("pages", pages, step="scan", outcome=outcome)
