"""The corpus as files: all pages sorted by host and URL, cut into parts of equal rows.

In: finished chunks. Out: part-*.parquet. Pages are partitioned by ranges of their sort key, whose bounds come from a
sample; a part takes what it needs of the ranges it overlaps. No task holds more than a few parts.
"""

import heapq
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from recall.config import Config
from recall.corpus.chunks import Chunk, ChunkedPages
from recall.corpus.drops import Capped
from recall.corpus.schema import CORPUS, METADATA, ORDER
from recall.io.parquet import ParquetWriter, sort_table
from recall.records import Output
from recall.run.sampling import priority
from recall.run.shuffle import Stage, StageFile, read_partition, write_partitions
from recall.run.store import Table, concat
from recall.steps.build.mask_and_decontaminate import FINISHED
from recall.steps.build.mix import uncapped, weights

ROW_GROUP = 8_192
SAMPLE = 200
"""Sort keys sampled of each chunk to choose the bounds of ranges."""

SortKey = tuple[str, str, int]
"""Values of ORDER: the row of a page in the corpus goes by them."""


@dataclass(frozen=True, slots=True)
class PartInputs:
    """What the stages need. finished: rows of FINISHED by chunk; bounds: sort keys that part the ranges.

    starts: first row of each range in the corpus, and the number of rows.
    """

    folder: str
    config: Config
    finished: tuple[StageFile, ...] = field(repr=False)
    capped: tuple[Capped, ...] = field(repr=False)
    bounds: tuple[SortKey, ...] = field(default=(), repr=False)
    starts: tuple[int, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class SampledChunk:
    """How many pages of a chunk go into the corpus, and a sample of their sort keys."""

    pages: int
    keys: tuple[SortKey, ...]


@dataclass(frozen=True, slots=True)
class RangedChunk:
    """A chunk's rows of CORPUS, partitioned by range, and how many rows each range has."""

    rows: StageFile
    sizes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WrittenPart:
    """A published part, with its rows by reason."""

    output: Output
    reasons: dict[str, int]


def write_parts(pages: ChunkedPages, inputs: PartInputs) -> tuple[WrittenPart, ...]:
    """Publish the parts, in order; an empty corpus is one empty part."""
    samples = pages.over_chunks("write-sample", _sample_chunk, inputs)
    keys = sorted(key for sample in samples for key in sample.keys)
    parts = max(1, -(-sum(sample.pages for sample in samples) // inputs.config.build.rows_per_file))
    inputs = replace(inputs, bounds=tuple(keys[number * len(keys) // parts] for number in range(1, parts)))
    ranged = pages.over_chunks("write-rows", _range_chunk, inputs)
    sizes = [sum(chunk.sizes[number] for chunk in ranged) for number in range(parts)]
    inputs = replace(inputs, starts=(0, *accumulate(sizes)))
    return pages.over_partitions("write", _write_part, inputs, tuple(chunk.rows for chunk in ranged), parts)


def _read_uncapped(stage: Stage[PartInputs], chunk: Chunk, names: list[str]) -> Table:
    """Some columns of a chunk's finished pages that no cap took out."""
    table = stage.store.read_table(stage.inputs.finished[chunk.number].key, names)
    return uncapped(stage.store, table, stage.inputs.capped, chunk.number)


def _sort_keys(table: Table) -> Iterator[SortKey]:
    return zip(*(table.column(name).to_pylist() for name in ORDER), strict=True)


def _sample_chunk(stage: Stage[PartInputs], chunk: Chunk) -> SampledChunk:
    """Sort keys of the pages of lowest priority: their quantiles bound the ranges."""
    table = _read_uncapped(stage, chunk, list(ORDER))
    lowest = heapq.nsmallest(SAMPLE, _sort_keys(table), key=lambda key: (priority(0, key[1]), key))
    return SampledChunk(table.num_rows, tuple(lowest))


def _columns(table: Table) -> dict[str, Any]:
    return {name: table.column(name) for name in table.column_names}


def _range_chunk(stage: Stage[PartInputs], chunk: Chunk) -> RangedChunk:
    """A chunk's rows of the corpus with their weights, partitioned by range."""
    inputs = stage.inputs
    table = _read_uncapped(stage, chunk, list(FINISHED))
    weight = weights(inputs.config.mix, table)
    ranges = np.fromiter((bisect_right(inputs.bounds, key) for key in _sort_keys(table)), np.int64, table.num_rows)
    count = len(inputs.bounds) + 1
    order = np.argsort(ranges, kind="stable")
    sizes = np.bincount(ranges, minlength=count).tolist()
    cuts = (order[end - size : end] for size, end in zip(sizes, accumulate(sizes), strict=True))
    pieces = ({**_columns(table.take(rows)), "weight": weight[rows]} for rows in cuts)
    return RangedChunk(write_partitions(stage, pieces, CORPUS), tuple(sizes))


def _write_part(stage: Stage[PartInputs], number: int) -> WrittenPart:
    """Publish a part from the ranges it overlaps; an earlier attempt published the same bytes."""
    inputs, size = stage.inputs, stage.inputs.config.build.rows_per_file
    first, last = number * size, (number + 1) * size
    overlapped = [n for n, (start, end) in enumerate(pairwise(inputs.starts)) if start < last and end > first] or [0]
    with TemporaryDirectory(prefix="recall-build-") as folder:
        path = Path(folder) / "part.parquet"
        writer = ParquetWriter(path, CORPUS, METADATA, ORDER)
        rows = concat([_rows_of(stage, overlap, first, last) for overlap in overlapped])
        for at in range(0, max(1, rows.num_rows), ROW_GROUP):
            writer.add(_columns(rows.slice(at, ROW_GROUP)))
        writer.close()
        output = stage.store.publish_file(f"{inputs.folder}/part-{number:05d}.parquet", path, writer.rows)
    return WrittenPart(output, dict(Counter(rows.column("reason").to_pylist())))


def _rows_of(stage: Stage[PartInputs], number: int, first: int, last: int) -> Table:
    """Rows [first, last) of the corpus, as far as range `number` has them."""
    rows = sort_table(read_partition(stage.store, stage.files, number, CORPUS), ORDER)
    start, end = stage.inputs.starts[number], stage.inputs.starts[number + 1]
    return rows.slice(max(0, first - start), min(last, end) - max(first, start))
