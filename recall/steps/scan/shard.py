"""The scan of one shard, as a worker does it: every page gets a score, those above the floor become candidates.

In: a shard, or the candidates that an earlier round kept of it, and a model folder. Out: a table of slim rows, one of
candidates (token lines and bodies), which is written as pages come, and the report, last; with [scan] types two more
tables, of pages that are no HTML. Memory grows with the shard's URLs only. Imports nothing that only the driver needs:
a thousand workers pay for each import.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from recall.archive.dates import time_of
from recall.archive.shards import is_text, read_shard
from recall.config import AccessSection, ScanSection
from recall.model.near_texts import sketches_of
from recall.model.scorer import Scorer
from recall.model.scorer.card import kept_by
from recall.page.text import scoring_bytes
from recall.records import BodyKind, Capture, OtherPages, Output, Shard, ShardReport, Skip, WarcRef
from recall.run.candidate_writer import CandidateWriter
from recall.run.jobs import meter
from recall.run.round_model import load_scorer
from recall.run.sampling import batches_by_weight
from recall.run.scanned import OTHER_ROWS, ROWS, TOPIC_ROWS, ScannedShard
from recall.run.store import Columns, Schema, Store

T = TypeVar("T")
Outcome = TypeVar("Outcome", Capture, Capture | Skip)

BATCH = 128
"""Pages that are decoded, tokenized and scored together: the more, the longer code and tables stay in the cache."""

BATCH_BYTES = 16 << 20
"""Bodies of a batch; it ends at the page that reaches this."""


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


def scan_shard(context: ScanContext, scan: ShardScan) -> None:
    """Score a shard and publish its files, the report last; a shard with a report is done already.

    Raises ShardFailed when the shard is not readable to its end.
    """
    if context.store.exists(report_key(context.folder, scan.shard.number)):
        return
    if scan.earlier is not None:
        from recall.steps.scan.rescore import rescore  # noqa: PLC0415 - it needs what stands here

        rescore(context, scan.earlier)
        return
    scorer = load_scorer(context.store, context.model, context.digest)
    shard, keep, text = scan.shard, context.settings.keep, is_text(scan.shard.url)
    with TemporaryDirectory(prefix="recall-scan-") as folder:
        path = Path(folder)
        rows = SlimRows(scorer, CandidateWriter(path / "candidates.parquet", keep), shard.crawl, text=text)
        others = None
        if context.settings.types:
            bodies = CandidateWriter(path / "others.parquet", keep, others=True)
            others = SlimRows(scorer, bodies, shard.crawl, text=True, others=True)
        if context.settings.input == "wet" and not text:
            from recall.steps.scan.wet_first import score_wet_first  # noqa: PLC0415 - it needs what stands here

            score_wet_first(context, shard, rows)
        else:
            _score_all(context, shard, rows, others)
        kept, files = _publish(context, rows)
        result = ShardResult(scorer.digest, rows.read, kept, rows.skipped, files)
        if others is not None:
            other_kept, other_files = _publish(context, others)
            result = result.joined(others.read, others.skipped, by_kind(others.kinds, other_kept), other_files)
    publish_report(context, shard, result)


def _score_all(context: ScanContext, shard: Shard, rows: SlimRows, others: SlimRows | None) -> None:
    """Score every page of a shard; those that are no HTML, which `others` asks for, apart from the rest."""
    types = frozenset(map(BodyKind, context.settings.types))
    for batch in page_batches(read_shard(shard, context.access, types)):
        if others is None:
            rows.add(batch)
            continue
        rows.add([outcome for outcome in batch if not _is_other(outcome)])
        others.add([outcome for outcome in batch if _is_other(outcome)])


def _is_other(outcome: Capture | Skip) -> bool:
    return isinstance(outcome, Capture) and outcome.kind is not BodyKind.HTML


def _publish(context: ScanContext, rows: SlimRows) -> tuple[NDArray[np.bool_], tuple[Output, ...]]:
    """Publish rows and candidates; returns which rows are kept, and the files."""
    store, folder, candidates = context.store, context.folder, rows.candidates
    candidates.close()
    slim, before = rows.columns(), "other" if rows.others else ""
    schema = rows_schema(rows.scorer, others=rows.others)
    files = (
        store.publish_table_named(folder, f"{before}rows-", slim, schema),
        store.publish_file_named(folder, f"{before}candidates-", candidates.path, len(candidates.rows)),
    )
    return np.asarray(slim["kept"]), files


def by_kind(kinds: Sequence[str], kept: NDArray[np.bool_]) -> dict[str, OtherPages]:
    """Pages of each kind, by what became of them."""
    seen, chosen = Counter(kinds), Counter(kind for kind, keeps in zip(kinds, kept.tolist(), strict=True) if keeps)
    return {kind: OtherPages(chosen[kind], seen[kind] - chosen[kind]) for kind in sorted(seen)}


@dataclass(frozen=True, slots=True)
class ShardResult:
    """The result of a shard's scan. model: digest of the scorer; kept: bool of each slim row; files: published ones.

    others: pages of other kinds than HTML, which `kept` leaves out.
    """

    model: str
    read: int
    kept: NDArray[Any]
    skipped: Counter[Skip]
    files: tuple[Output, ...]
    others: Mapping[str, OtherPages] = field(default_factory=dict)

    def joined(
        self, read: int, skipped: Counter[Skip], others: Mapping[str, OtherPages], files: tuple[Output, ...]
    ) -> "ShardResult":
        """With the pages of other kinds, which count among what is no HTML."""
        seen = Counter({Skip(kind): pages.kept + pages.rejected for kind, pages in others.items()})
        skips = self.skipped + skipped + seen
        return replace(self, read=self.read + read, skipped=skips, files=(*self.files, *files), others=others)


def report_key(folder: str, number: int) -> str:
    """Key of a shard's report."""
    return f"{folder}/reports/{number:06d}.json"


def publish_report(context: ScanContext, shard: Shard, result: ShardResult) -> None:
    """Publish a shard's report, by which the shard is done."""
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
        others=result.others,
    )
    context.store.publish_json(report_key(context.folder, shard.number), asdict(report), first_wins=True)
    for outcome, pages in (("kept", kept), ("rejected", report.rejected), ("skipped", sum(report.skipped.values()))):
        meter("pages", pages, step="scan", outcome=outcome)
