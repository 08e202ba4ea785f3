"""The last look at each text: what only the pages that stay go through.

In: a chunk and what the stages between pages decided. Out: its finished pages and those dropped here, with reasons.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from recall.archive.parquet import ParquetWriter
from recall.config import Config
from recall.run.store import Schema, Store
from recall.steps.build.chunks import Chunk, standing
from recall.steps.build.exchange import folder_of, once
from recall.steps.build.extract import EXTRACTED, Row, columns_of
from recall.steps.build.schema import CORPUS, DROPPED, MASKED

STAGE = "finish"
FINISHED: Schema = {name: kind for name, kind in CORPUS.items() if name != "weight"}


@dataclass(frozen=True, slots=True)
class Job:
    """What finishing a chunk needs. merged: as `standing` takes it."""

    store: Store
    config: Config
    merged: tuple[tuple[str, ...], ...] = field(repr=False)


def finish_chunk(job: Job, chunk: Chunk) -> Any:
    """Finish a chunk's pages that still stand; the keys of the two tables, and what they hold."""
    return once(job.store, STAGE, chunk.number, lambda: _finish(job, chunk))


def _finish(job: Job, chunk: Chunk) -> object:
    dropped: list[Row] = []
    with TemporaryDirectory(prefix="recall-build-") as folder:
        path = Path(folder) / "finished.parquet"
        writer = ParquetWriter(path, FINISHED)
        for shard in chunk.shards:
            rows = job.store.read_table(shard.kept, list(EXTRACTED))
            numbers = rows.column("id").to_numpy()
            stands, pages = standing(job.store, chunk.number, numbers, job.merged)
            kept = []
            for row, stays, count in zip(rows.to_pylist(), stands.tolist(), pages.tolist(), strict=True):
                if stays:
                    kept.append(_finished(row, count))
            writer.add(columns_of(kept, FINISHED))
        writer.close()
        output = job.store.publish_file_named(folder_of(STAGE), "pages-", path, writer.rows)
    out = job.store.publish_table_named(folder_of(STAGE), "dropped-", columns_of(dropped, DROPPED), DROPPED)
    return {"pages": writer.rows, "files": [f"{folder_of(STAGE)}/{one.file}" for one in (output, out)]}


def _finished(row: Row, pages: int) -> Row:
    text = str(row["text"])
    return {
        **row,
        "duplicates": pages - 1,
        "boilerplate_lines": 0,
        "contamination": 0,
        **dict.fromkeys(MASKED, 0),
        "file_size_in_byte": len(text.encode("utf-8", "replace")),
        "line_count": text.count("\n") + 1,
    }


def keys_of(results: Sequence[Any], place: int) -> tuple[str, ...]:
    """Keys of one of the tables of every chunk."""
    return tuple(result["files"][place] for result in results)
