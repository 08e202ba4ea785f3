"""The last look at each text, for the pages that stay: boilerplate lines go, benchmark items are found, secrets masked.

In: a chunk and what the stages between pages decided. Out: its finished pages, those dropped here with reasons, and the
benchmark items that were found. Items are looked for before masks could hide them. A text that changed is measured
again and must still meet the rules, so that each signal of a row is that of its text.
"""

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from recall.config import Config
from recall.corpus.chunks import Chunk, read_chunk, standing
from recall.corpus.filters import quality
from recall.corpus.filters.boilerplate import key_of, lines_by_host, without
from recall.corpus.filters.contamination import Benchmarks, Hit
from recall.corpus.filters.privacy import KINDS, mask
from recall.corpus.schema import CORPUS, DROPPED, Row, columns_of
from recall.io.parquet import ParquetWriter
from recall.run.sampling import priority
from recall.run.shuffle import folder_of, once
from recall.run.store import Schema, Store
from recall.steps.build.extract import EXTRACTED, Refusal, low_quality

STAGE = "finish"
FINISHED: Schema = {name: kind for name, kind in CORPUS.items() if name != "weight"}
HITS: Schema = {
    "url": "string",
    "id": "int64",
    "benchmark": "string",
    "item": "string",
    "ngram": "string",
    "count": "int32",
    "dropped": "bool",
}
"""A benchmark item that stands in a page. ngram: the first shared words; count: runs of words shared."""

ONLY_BOILERPLATE = "nothing but boilerplate"
CONTAMINATED = "holds a benchmark item"
EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Job:
    """What finishing a chunk needs. merged: as `standing` takes it; lines: keys of the chunks' boilerplate."""

    store: Store
    config: Config
    merged: tuple[tuple[str, ...], ...] = field(repr=False)
    lines: tuple[str, ...] = field(repr=False)
    benchmarks: Benchmarks = field(repr=False)


@dataclass(slots=True)
class Changes:
    """What a chunk's texts went through. examples: by stage, the lowest priorities with URL and what changed."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[tuple[int, str, str]]] = field(default_factory=dict)

    def note(self, stage: str, url: str, what: str) -> None:
        """Keep an example when its turn comes; the same ones whatever the order."""
        held = self.examples.setdefault(stage, [])
        held.append((priority(0, url), url, what))
        if len(held) > 8 * EXAMPLES:
            held[:] = heapq.nsmallest(EXAMPLES, held)

    def report(self) -> dict[str, Any]:
        """As JSON."""
        lowest = {stage: heapq.nsmallest(EXAMPLES, held) for stage, held in sorted(self.examples.items())}
        return {"counts": dict(sorted(self.counts.items())), "examples": lowest}


def finish_chunk(job: Job, chunk: Chunk) -> Any:
    """Finish a chunk's pages that still stand; the keys of its tables (pages, dropped, hits), and what changed."""
    return once(job.store, STAGE, chunk.number, lambda: _Chunk(job, chunk).finish())


class _Chunk:
    """A chunk on its way."""

    def __init__(self, job: Job, chunk: Chunk) -> None:
        self.job, self.chunk = job, chunk
        self.lines = lines_by_host(job.store, job.lines, chunk.number)
        self.changes = Changes()
        self.dropped: list[Row] = []
        self.hits: list[Row] = []

    def finish(self) -> object:
        """Publish the chunk's tables."""
        store, folder = self.job.store, folder_of(STAGE)
        with TemporaryDirectory(prefix="recall-build-") as temporary:
            path = Path(temporary) / "finished.parquet"
            writer = ParquetWriter(path, FINISHED)
            for rows in self._rows():
                writer.add(columns_of(rows, FINISHED))
            writer.close()
            pages = store.publish_file_named(folder, "pages-", path, writer.rows)
        dropped = store.publish_table_named(folder, "dropped-", columns_of(self.dropped, DROPPED), DROPPED)
        hits = store.publish_table_named(folder, "hits-", columns_of(self.hits, HITS), HITS)
        files = [f"{folder}/{one.file}" for one in (pages, dropped, hits)]
        return {"pages": writer.rows, "files": files, "changes": self.changes.report()}

    def _rows(self) -> Iterator[list[Row]]:
        """Finished pages, shard by shard."""
        ids = read_chunk(self.job.store, self.chunk, ["id"]).column("id").to_numpy()
        stands, pages = standing(self.job.store, self.chunk.number, ids, self.job.merged)
        at = 0
        for shard in self.chunk.shards:
            for table in self.job.store.read_batches(shard.kept, list(EXTRACTED), 2048):
                kept: list[Row] = []
                for place, row in enumerate(table.to_pylist(), at):
                    if not stands[place]:
                        continue
                    found = self._page(row, int(pages[place]))
                    if isinstance(found, Refusal):
                        said = {"stage": found.stage, "reason": found.reason, "detail": found.detail}
                        self.dropped.append({name: row.get(name) for name in DROPPED} | said)
                    else:
                        kept.append(found)
                at += table.num_rows
                yield kept

    def _page(self, row: Row, pages: int) -> Row | Refusal:
        config = self.job.config
        before = str(row["text"])
        text, taken = before, list[str]()
        if known := self.lines.get(key_of(str(row["domain"]))):
            text, taken = without(before, known, config.boilerplate.words)
            if not text.strip():
                return Refusal("boilerplate", ONLY_BOILERPLATE)
        hits = self.job.benchmarks.hits(text) if config.contamination.enabled else []
        self._report(row, hits)
        if hits and config.contamination.drop:
            return Refusal("contamination", CONTAMINATED, f"{hits[0].benchmark} {hits[0].item}: {hits[0].ngram}")
        masked = mask(text, config.privacy) if config.privacy.enabled else None
        text, counts = (masked.text, masked.counts) if masked else (text, {})
        measured = quality.signals(text) if config.quality.enabled and text != before else {}
        if measured and (refusal := low_quality(config.quality, measured)):
            return refusal
        self._note(str(row["url"]), taken, counts)
        return {
            **row,
            **measured,
            **{f"masked_{kind}": counts.get(kind, 0) for kind in KINDS},
            "text": text,
            "duplicates": pages - 1,
            "boilerplate_lines": len(taken),
            "contamination": len(hits),
            "file_size_in_byte": len(text.encode("utf-8", "replace")),
            "line_count": text.count("\n") + (not text.endswith("\n")),
        }

    def _report(self, row: Row, hits: Sequence[Hit]) -> None:
        for hit in hits:
            found = {"benchmark": hit.benchmark, "item": hit.item, "ngram": hit.ngram, "count": hit.count}
            self.hits.append(
                {"url": row["url"], "id": row["id"], **found, "dropped": self.job.config.contamination.drop}
            )

    def _note(self, url: str, taken: Sequence[str], counts: Any) -> None:
        """Count what changed; examples of masks tell kinds only."""
        if taken:
            self.changes.counts.update({"boilerplate pages": 1, "boilerplate lines": len(taken)})
            self.changes.note("boilerplate", url, taken[0][:200])
        if counts:
            self.changes.counts.update({"privacy pages": 1, **{f"privacy {kind}": n for kind, n in counts.items()}})
            self.changes.note("privacy", url, ", ".join(f"{kind} {count}" for kind, count in counts.items()))


def keys_of(results: Sequence[Any], place: int) -> tuple[str, ...]:
    """Keys of one of the tables of every chunk."""
    return tuple(result["files"][place] for result in results)
