"""The corpus as files: all pages sorted by host and URL, cut into parts of equal rows.

In: finished chunks. Pages are dealt by ranges of their place in the order, whose bounds come from a sample; a part
takes what it needs of the ranges it overlaps. No task holds more than a few parts.
"""

import heapq
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from recall.config import ClusterSection, Config
from recall.corpus.chunks import Chunk
from recall.corpus.schema import CORPUS, METADATA, ORDER
from recall.io.parquet import ParquetWriter, sort_table
from recall.records import Output
from recall.run.sampling import priority
from recall.run.shuffle import collect, deal, in_order, once
from recall.run.store import Store, Table, concat
from recall.steps.build.mask_and_decontaminate import FINISHED
from recall.steps.build.mix import capped_ids, weights

STAGE = "write"
ROW_GROUP = 8_192
SAMPLE = 200
"""Places sampled of each chunk to find the bounds of ranges."""

PlaceKey = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Job:
    """What a task needs. finished, dealt: keys of files by chunk; bounds: of the ranges; starts: their first rows."""

    store: Store
    folder: str
    config: Config
    finished: tuple[str, ...] = field(repr=False)
    capped: tuple[tuple[str, tuple[str, ...]], ...] = field(repr=False)
    bounds: tuple[PlaceKey, ...] = field(default=(), repr=False)
    dealt: tuple[str, ...] = field(default=(), repr=False)
    starts: tuple[int, ...] = field(default=(), repr=False)


def _sample_chunk(job: Job, chunk: Chunk) -> Any:
    """How many pages a chunk has, and a sample of their places in the order."""

    def work() -> object:
        table = _standing(job, chunk, list(ORDER))
        places = zip(*(table.column(name).to_pylist() for name in ORDER), strict=True)
        return [table.num_rows, heapq.nsmallest(SAMPLE, places, key=lambda place: (priority(0, place[1]), place))]

    return once(job.store, "write-sample", chunk.number, work)


def _standing(job: Job, chunk: Chunk, names: list[str]) -> Table:
    """Some columns of a chunk's pages that no cap took out."""
    table = job.store.read_table(job.finished[chunk.number], names)
    gone = [capped_ids(job.store, keys, chunk.number) for _, keys in job.capped]
    if not gone:
        return table
    return table.filter(~np.isin(table.column("id").to_numpy(), np.concatenate(gone)))


def _columns(table: Table) -> dict[str, Any]:
    return {name: table.column(name) for name in table.column_names}


def _deal_chunk(job: Job, chunk: Chunk) -> Any:
    """Deal a chunk's pages by range; the key of the file and the rows of each range."""

    def work() -> object:
        table = _standing(job, chunk, list(FINISHED))
        weight = weights(job.config.mix, table)
        places = zip(*(table.column(name).to_pylist() for name in ORDER), strict=True)
        ranges = np.fromiter((bisect_right(job.bounds, place) for place in places), np.int64, table.num_rows)
        count = len(job.bounds) + 1
        order = np.argsort(ranges, kind="stable")
        sizes = np.bincount(ranges, minlength=count).tolist()
        ends = list(accumulate(sizes))
        cuts = (order[end - size : end] for size, end in zip(sizes, ends, strict=True))
        pieces = ({**_columns(table.take(rows)), "weight": weight[rows]} for rows in cuts)
        key = deal(job.store, "write-rows", pieces, CORPUS)
        return [key, sizes]

    return once(job.store, "write-rows", chunk.number, work)


def _write_part(job: Job, number: int) -> tuple[Output, dict[str, int]]:
    """Publish a part, the same one again where an earlier attempt did; with its rows by reason."""
    first, last = number * job.config.build.rows_per_file, (number + 1) * job.config.build.rows_per_file
    starts = job.starts
    overlapped = [place for place, start in enumerate(starts[:-1]) if start < last and starts[place + 1] > first] or [0]
    with TemporaryDirectory(prefix="recall-build-") as folder:
        path = Path(folder) / "part.parquet"
        writer = ParquetWriter(path, CORPUS, METADATA, ORDER)
        rows = concat([_rows_of(job, place, first, last) for place in overlapped])
        for at in range(0, max(1, rows.num_rows), ROW_GROUP):
            piece = rows.slice(at, ROW_GROUP)
            writer.add(_columns(piece))
        writer.close()
        output = job.store.publish_file(f"{job.folder}/part-{number:05d}.parquet", path, writer.rows)
    return output, dict(Counter(rows.column("reason").to_pylist()))


def _rows_of(job: Job, place: int, first: int, last: int) -> Table:
    """What a range holds of rows [first, last) of the corpus."""
    rows = sort_table(collect(job.store, job.dealt, place, CORPUS), ORDER)
    start, end = job.starts[place], job.starts[place + 1]
    return rows.slice(max(0, first - start), min(last, end) - max(first, start))


def write_parts(job: Job, chunks: Sequence[Chunk], cluster: ClusterSection) -> Iterator[tuple[Output, dict[str, int]]]:
    """Publish the parts, in order, each with its rows by reason; an empty corpus is one empty part."""
    samples = in_order(_sample_chunk, job, chunks, cluster, STAGE)
    total = sum(rows for rows, _ in samples)
    places = sorted((str(host), str(url), int(number)) for _, sampled in samples for host, url, number in sampled)
    ranges = max(1, -(-total // job.config.build.rows_per_file))
    job = replace(job, bounds=tuple(places[number * len(places) // ranges] for number in range(1, ranges)))
    dealt = in_order(_deal_chunk, job, chunks, cluster, STAGE)
    sizes = np.sum([counts for _, counts in dealt], axis=0, dtype=np.int64) if dealt else np.zeros(1, np.int64)
    job = replace(job, dealt=tuple(key for key, _ in dealt), starts=(0, *np.cumsum(sizes).tolist()))
    yield from in_order(_write_part, job, range(ranges), cluster, STAGE)
