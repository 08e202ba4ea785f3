"""What the stages dropped and changed: dropped.parquet and stages.json.

In: what each stage took out, chunk by chunk, and what it changed in texts. Out: a table of every page that some round
kept or a label calls positive and that is not in the corpus, sorted by id; and for each stage its counts, reasons and a
few examples. The driver streams the table and holds a chunk at a time, without texts.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from recall.config import Config
from recall.corpus.chunks import EARLIER, MERGED, Chunk, ChunkedPages, ExtractedShard, Merged, read_chunk
from recall.corpus.schema import CAPPED, DROPPED, ID_BITS, METADATA, Row, columns_of
from recall.io.parquet import ParquetWriter, sort_table
from recall.run.rounds import Step
from recall.run.sampling import BottomK, priority
from recall.run.shuffle import Stage, StageFile, read_partition, write_table
from recall.run.store import Schema, Store, Table, concat, table_of

FILE = "dropped.parquet"
NOT_CODE = "judged not code"
EARLIER_ONLY = "kept only by an earlier round"
NOT_BEST = "other pages of higher quality hold the tokens that are wanted"
NOT_SCANNED = "its shard could not be read in the last round"
EXAMPLES = 5
REASONS = {"url": "same URL", "text": "exact duplicate", "near": "near-duplicate"}
HELD_EARLIER = {
    "url": "an earlier corpus holds its URL",
    "text": "an earlier corpus holds its text",
    "near": "an earlier corpus holds a near-duplicate",
}
ORDER = (
    "choice",
    "optout",
    "extract",
    "quality",
    "url",
    "text",
    "near",
    "earlier",
    "boilerplate",
    "contamination",
    "privacy",
    "mix",
    "best",
)
"""Every stage that takes pages out or changes them; tags only adds columns."""


BEST = "best"
"""The stage that keeps the pages of highest quality, last of all."""

BEYOND: Schema = {**CAPPED, "quality": "float64"}


@dataclass(frozen=True, slots=True)
class Capped:
    """Pages over the caps of a kind of value (host, language, category). files: rows of CAPPED, a group a chunk.

    Of kind BEST: pages beyond the best tokens; files: rows of BEYOND, a file a chunk.
    """

    kind: str
    files: tuple[StageFile, ...] = field(repr=False)

    def pages(self, store: Store, number: int) -> Table:
        """Its rows of a chunk."""
        if self.kind == BEST:
            return store.read_table(self.files[number].key, list(BEYOND))
        return read_partition(store, self.files, number, CAPPED)


@dataclass(frozen=True, slots=True)
class DropInputs:
    """What listing a chunk's drops needs. finished: rows of DROPPED of the last stage over texts, by chunk.

    earlier: files of earlier corpora by the number of the shard that stands for them.
    """

    merged: tuple[Merged, ...] = field(repr=False)
    finished: tuple[StageFile, ...] = field(repr=False)
    capped: tuple[Capped, ...] = field(repr=False)
    earlier: Mapping[int, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, order=True)
class ChangeExample:
    """A page whose text a stage changed."""

    priority: int
    url: str
    what: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed in a chunk's texts. counts: by "STAGE what"; examples: by stage, the lowest priorities."""

    counts: dict[str, int]
    examples: dict[str, tuple[ChangeExample, ...]]


@dataclass(slots=True)
class DropCounts:
    """What dropped.parquet holds. reasons: pages by stage and reason; examples: the same, up to EXAMPLES rows each."""

    pages: int = 0
    reasons: dict[str, Counter[str]] = field(default_factory=dict)
    examples: dict[tuple[str, str], BottomK[int, dict[str, str]]] = field(default_factory=dict)

    def add(self, row: dict[str, Any]) -> None:
        """Count a row."""
        self.pages += 1
        self.reasons.setdefault(row["stage"], Counter())[row["reason"]] += 1
        sample = self.examples.setdefault((row["stage"], row["reason"]), BottomK(EXAMPLES))
        sample.offer(row["id"], (priority(0, row["url"]), row["id"]), {"url": row["url"], "detail": row["detail"]})

    def shown(self, stage: str) -> list[dict[str, str]]:
        """Examples of a stage by reason, the lowest priorities first."""
        reasons = sorted(reason for name, reason in self.examples if name == stage)
        return [{"reason": each, **page} for each in reasons for page in self.examples[stage, each].values()]

    def by_reason(self) -> Counter[str]:
        """Pages by reason, of all stages."""
        return sum(self.reasons.values(), Counter[str]())


def write_drops(pages: ChunkedPages, inputs: DropInputs, step: Step) -> DropCounts:
    """Publish dropped.parquet in the step's folder."""
    drops = DropCounts()
    for table in publish_streamed(step, FILE, pages.over_chunks("dropped", _list_drops, inputs), DROPPED, ["id"]):
        for row in table.select(["id", "url", "stage", "reason", "detail"]).to_pylist():
            drops.add(row)
    return drops


def _list_drops(stage: Stage[DropInputs], chunk: Chunk) -> StageFile:
    """Rows of DROPPED for all pages of a chunk that some stage took out, sorted by id."""
    store, inputs = stage.store, stage.inputs
    tables = [store.read_table(shard.dropped.key, list(DROPPED)) for shard in chunk.shards]
    tables.append(store.read_table(inputs.finished[chunk.number].key, list(DROPPED)))
    rows: list[Row] = []
    for merged in inputs.merged:
        members = read_partition(store, merged.files, chunk.number, MERGED).to_pylist()
        of = {row["id"]: row for row in members if row["id"] != row["of"]}
        rows += [{"id": number, **_why_merged(merged, row, inputs.earlier)} for number, row in of.items()]
    for capped in inputs.capped:
        rows += [{"id": row["id"], **_why_capped(capped, row)} for row in capped.pages(store, chunk.number).to_pylist()]
    tables.append(table_of(columns_of(_with_lineage(store, chunk, rows), DROPPED), DROPPED))
    table = sort_table(concat(tables), ["id"])
    return write_table(stage, "rows-", {name: table.column(name) for name in DROPPED}, DROPPED)


def _why_merged(merged: Merged, row: Mapping[str, Any], earlier: Mapping[int, str]) -> Row:
    """Why a page was merged into another, which is of this run or of an earlier corpus."""
    kind = merged.stage.removeprefix(EARLIER)
    if (source := earlier.get(row["of"] >> ID_BITS)) is not None:
        why: Row = {"stage": "earlier", "reason": HELD_EARLIER[kind], "detail": source, "duplicate_of": None}
    else:
        why = {"stage": kind, "reason": REASONS[kind], "detail": "", "duplicate_of": row["of"]}
    return {**why, "similarity": row["similarity"]}


def _why_capped(capped: Capped, row: Mapping[str, Any]) -> Row:
    if capped.kind == BEST:
        return {"stage": BEST, "reason": NOT_BEST, "detail": f"quality is {row['quality']:.4g}"}
    return {"stage": "mix", "reason": f"over the cap of its {capped.kind}", "detail": ""}


def _with_lineage(store: Store, chunk: Chunk, rows: list[Row]) -> list[Row]:
    """Rows that name a page by its id only, with its URL, record, score and round."""
    wanted = {row["id"]: row for row in rows}
    names = ["id", "url", "warc_path", "offset", "length", "score", "round"]
    pages = read_chunk(store, chunk, names).to_pylist() if wanted else []
    return [page | wanted[page["id"]] for page in pages if page["id"] in wanted]


def publish_streamed(
    step: Step, file: str, tables: Sequence[StageFile], schema: Schema, order: Sequence[str] = ()
) -> Iterator[Table]:
    """Publish tables as one, each a row group, and yield each before it goes."""
    with TemporaryDirectory(prefix="recall-build-") as folder:
        path = Path(folder) / file
        writer = ParquetWriter(path, schema, METADATA, order)
        for source in tables:
            table = step.store.read_table(source.key, list(schema))
            writer.add({name: table.column(name) for name in schema})
            yield table
        writer.close()
        step.publish_file(file, path, writer.rows)


def fallbacks_of(shards: Iterable[ExtractedShard]) -> Changes:
    """Pages that extraction could not reduce to their main content, by reason."""
    counts: Counter[str] = Counter()
    for shard in shards:
        counts.update({f"extract fell back: {reason}": pages for reason, pages in shard.fallbacks})
    return Changes(dict(sorted(counts.items())), {})


def enabled(config: Config) -> dict[str, bool]:
    """Which stages the settings switch on."""
    settings = config.duplicates
    return {
        "choice": True,
        "optout": config.optout.enabled,
        "extract": True,
        "quality": config.quality.enabled,
        "url": settings.urls,
        "text": settings.texts,
        "near": settings.near,
        "earlier": bool(settings.against),
        "boilerplate": config.boilerplate.enabled,
        "contamination": config.contamination.enabled and bool(config.contamination.benchmarks),
        "privacy": config.privacy.enabled,
        "mix": config.mix.enabled,
        BEST: config.quality.ranked and config.quality.best_tokens > 0,
    }


def stage_reports(config: Config, pages: int, drops: DropCounts, changes: Sequence[Changes]) -> list[Mapping[str, Any]]:
    """Entries of stages.json, in the order of the stages. pages: of the corpus; changes: of each chunk.

    Each has stage, enabled, pages_in, pages_out, dropped, reasons (pages by reason), examples (of dropped pages: url,
    reason, detail), changed (counts) and changed_examples (url, what).
    """
    left = pages + drops.pages
    counts: Counter[str] = Counter()
    for change in changes:
        counts.update(change.counts)
    entries: list[Mapping[str, Any]] = []
    switched = enabled(config)
    for stage in ORDER:
        reasons = drops.reasons.get(stage, Counter())
        changed = sorted(example for change in changes for example in change.examples.get(stage, ()))
        counted = {name.removeprefix(f"{stage} "): n for name, n in counts.items() if name.startswith(f"{stage} ")}
        entries.append(
            {
                "stage": stage,
                "enabled": switched[stage],
                "pages_in": left,
                "pages_out": left - reasons.total(),
                "dropped": reasons.total(),
                "reasons": dict(sorted(reasons.items())),
                "examples": drops.shown(stage),
                "changed": dict(sorted(counted.items())),
                "changed_examples": [{"url": each.url, "what": each.what} for each in changed[:EXAMPLES]],
            }
        )
        left -= reasons.total()
    return entries
