"""dropped.parquet: every page that some round kept or a person called positive and that is not in the corpus.

In: what each stage took out, chunk by chunk. Out: one table in order of ids, and for each stage its counts and a few
examples by reason. The driver streams it and holds a chunk at a time, without texts.
"""

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from recall.config import ClusterSection
from recall.corpus.chunks import MERGED, Chunk, read_chunk
from recall.corpus.schema import CAPPED, DROPPED, METADATA, Row, columns_of
from recall.io.parquet import ParquetWriter, sort_table
from recall.run.rounds import Step
from recall.run.sampling import priority
from recall.run.shuffle import collect, folder_of, in_order, once
from recall.run.store import Schema, Store, Table, concat, table_of

STAGE = "dropped"
FILE = "dropped.parquet"
NOT_CODE = "judged not code"
EARLIER_ONLY = "kept only by an earlier round"
NOT_SCANNED = "its shard could not be read in the last round"
EXAMPLES = 5
REASONS = {"url": "same URL", "text": "exact duplicate", "near": "near-duplicate"}


@dataclass(frozen=True, slots=True)
class Job:
    """What a task needs, as keys. merged, capped: by stage and kind; finished: of what each chunk dropped itself."""

    store: Store
    merged: tuple[tuple[str, tuple[str, ...]], ...] = field(repr=False)
    finished: tuple[str, ...] = field(repr=False)
    capped: tuple[tuple[str, tuple[str, ...]], ...] = field(repr=False)


def _drops_of(job: Job, chunk: Chunk) -> Any:
    """Publish all that was dropped of a chunk; the key of the table."""

    def work() -> str:
        tables = [job.store.read_table(shard.dropped, list(DROPPED)) for shard in chunk.shards]
        tables.append(job.store.read_table(job.finished[chunk.number], list(DROPPED)))
        rows: list[Row] = []
        for stage, keys in job.merged:
            found = [
                row for row in collect(job.store, keys, chunk.number, MERGED).to_pylist() if row["id"] != row["of"]
            ]
            said = {row["id"]: row for row in found}
            rows += [
                {
                    "id": number,
                    "stage": stage,
                    "reason": REASONS[stage],
                    "detail": "",
                    "duplicate_of": row["of"],
                    "similarity": row["similarity"],
                }
                for number, row in said.items()
            ]
        for kind, keys in job.capped:
            over = collect(job.store, keys, chunk.number, CAPPED).column("id").to_pylist()
            said = {"stage": "mix", "reason": f"over the cap of its {kind}", "detail": ""}
            rows += [{"id": number, **said} for number in over]
        tables.append(table_of(columns_of(_placed(job.store, chunk, rows), DROPPED), DROPPED))
        table = sort_table(concat(tables), ["id"])
        columns = {name: table.column(name) for name in DROPPED}
        output = job.store.publish_table_named(folder_of(STAGE), "rows-", columns, DROPPED)
        return f"{folder_of(STAGE)}/{output.file}"

    return once(job.store, STAGE, chunk.number, work)


def _placed(store: Store, chunk: Chunk, rows: list[Row]) -> list[Row]:
    """Rows that say only an id, with the URL and the place of their page."""
    wanted = {row["id"]: row for row in rows}
    names = ["id", "url", "warc_path", "offset", "length", "score", "round"]
    pages = read_chunk(store, chunk, names).to_pylist() if wanted else []
    return [page | wanted[page["id"]] for page in pages if page["id"] in wanted]


@dataclass(slots=True)
class Drops:
    """What dropped.parquet holds. reasons: pages by stage and reason; examples: the same, up to EXAMPLES rows each."""

    pages: int = 0
    reasons: dict[str, Counter[str]] = field(default_factory=dict)
    examples: dict[tuple[str, str], list[tuple[int, int, dict[str, Any]]]] = field(default_factory=dict)

    def add(self, row: dict[str, Any]) -> None:
        """Count a row; keep it as an example when its turn comes."""
        self.pages += 1
        self.reasons.setdefault(row["stage"], Counter())[row["reason"]] += 1
        held = self.examples.setdefault((row["stage"], row["reason"]), [])
        entry = (-priority(0, row["url"]), -row["id"], {"url": row["url"], "detail": row["detail"]})
        if len(held) < EXAMPLES:
            heapq.heappush(held, entry)
        elif entry > held[0]:
            heapq.heapreplace(held, entry)

    def shown(self, stage: str) -> list[dict[str, str]]:
        """Examples of a stage by reason, the lowest priorities first."""
        found = ((reason, held) for (name, reason), held in sorted(self.examples.items()) if name == stage)
        return [{"reason": reason, **page} for reason, held in found for _, _, page in sorted(held, reverse=True)]

    def by_reason(self) -> Counter[str]:
        """Pages by reason, of all stages."""
        return sum(self.reasons.values(), Counter[str]())


def write_drops(job: Job, step: Step, chunks: Sequence[Chunk], cluster: ClusterSection) -> Drops:
    """Publish dropped.parquet in the step's folder."""
    keys = in_order(_drops_of, job, chunks, cluster, STAGE)
    drops = Drops()
    for table in publish_streamed(step, FILE, keys, DROPPED, ["id"]):
        for row in table.select(["id", "url", "stage", "reason", "detail"]).to_pylist():
            drops.add(row)
    return drops


def publish_streamed(
    step: Step, file: str, keys: Sequence[str], schema: Schema, order: Sequence[str] = ()
) -> Iterator[Table]:
    """Publish tables as one, each a row group, and hand each on before it goes."""
    with TemporaryDirectory(prefix="recall-build-") as folder:
        path = Path(folder) / file
        writer = ParquetWriter(path, schema, METADATA, order)
        for key in keys:
            table = step.store.read_table(key, list(schema))
            writer.add({name: table.column(name) for name in schema})
            yield table
        writer.close()
        step.publish_file(file, path, writer.rows)
