"""The corpus as files: caps by host, language and category, then all pages by host and URL, in parts of equal rows.

In: finished chunks. Out: part-*.parquet. Pages are partitioned by ranges of their sort key, whose bounds come from a
sample; a part takes what it needs of the ranges it overlaps. No task holds more than a few parts.
"""

import heapq
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.config import Config, MixSection
from recall.config.corpus_sections import MIXED, QUALITY, parse_entry
from recall.corpus.chunks import Chunk, ChunkedPages, Layout
from recall.corpus.drops import Capped
from recall.corpus.filters.boilerplate import text_key
from recall.corpus.schema import CAPPED, CORPUS, METADATA, ORDER
from recall.io.parquet import ParquetWriter, sort_table
from recall.records import Output
from recall.run.sampling import priority
from recall.run.shuffle import Stage, StageFile, arrays, by_key, by_target, read_partition, write_partitions
from recall.run.store import Schema, Store, Table, concat
from recall.steps.build.mask_and_decontaminate import FINISHED

WRITE = "write"
"""The stage whose files are the step's own, named by their place: a step that begins again has none of them."""

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
    """A published part, with its rows by reason and by tag."""

    output: Output
    reasons: dict[str, int]
    tags: dict[str, int]


def write_parts(pages: ChunkedPages, inputs: PartInputs) -> tuple[WrittenPart, ...]:
    """Publish the parts, in order; an empty corpus is one empty part."""
    samples = pages.over_chunks("write-sample", _sample_chunk, inputs)
    keys = sorted(key for sample in samples for key in sample.keys)
    parts = max(1, -(-sum(sample.pages for sample in samples) // inputs.config.build.rows_per_file))
    inputs = replace(inputs, bounds=tuple(keys[number * len(keys) // parts] for number in range(1, parts)))
    ranged = pages.over_chunks("write-rows", _range_chunk, inputs)
    sizes = [sum(chunk.sizes[number] for chunk in ranged) for number in range(parts)]
    inputs = replace(inputs, starts=(0, *accumulate(sizes)))
    return pages.over_partitions(WRITE, _write_part, inputs, tuple(chunk.rows for chunk in ranged), parts)


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
    reasons, tags = (dict(Counter(rows.column(name).to_pylist())) for name in ("reason", "tag"))
    return WrittenPart(output, reasons, tags)


def _rows_of(stage: Stage[PartInputs], number: int, first: int, last: int) -> Table:
    """Rows [first, last) of the corpus, as far as range `number` has them."""
    rows = sort_table(read_partition(stage.store, stage.files, number, CORPUS), ORDER)
    start, end = stage.inputs.starts[number], stage.inputs.starts[number + 1]
    return rows.slice(max(0, first - start), min(last, end) - max(first, start))


COLUMNS = {"host": "domain", "language": "language", "category": "category"}
VALUES: Schema = {"value": "uint64", "priority": "uint64", "id": "int64"}


@dataclass(frozen=True, slots=True)
class MixInputs:
    """What the stages need. finished: rows of FINISHED by chunk; kind: whose turn it is; capped: by earlier turns."""

    settings: MixSection
    seed: int
    layout: Layout
    partitions: int
    finished: tuple[StageFile, ...] = field(repr=False)
    kind: str = ""
    capped: tuple[Capped, ...] = field(default=(), repr=False)


def apply_caps(
    pages: ChunkedPages, settings: MixSection, seed: int, finished: tuple[StageFile, ...]
) -> tuple[Capped, ...]:
    """Take out what is over a cap, for each kind that has caps, in turn."""
    inputs = MixInputs(settings, seed, pages.layout, pages.partitions(), finished)
    for kind in MIXED if settings.enabled else ():
        if entries_of(settings.caps, kind):
            inputs = replace(inputs, kind=kind)
            rows = pages.over_chunks(f"mix-{kind}-rows", _partition_values, inputs)
            over = pages.over_partitions(f"mix-{kind}", _cap_partition, inputs, rows, inputs.partitions)
            inputs = replace(inputs, capped=(*inputs.capped, Capped(kind, over)))
    return inputs.capped


def entries_of(entries: Sequence[str], kind: str) -> dict[str, float]:
    """Numbers of a kind by value; "" stands for every value that is not named."""
    parsed = (parse_entry(entry) for entry in entries)
    return {value: number for name, value, number in parsed if name == kind}


def uncapped(store: Store, table: Table, capped: Sequence[Capped], number: int) -> Table:
    """The rows of a chunk's table (with a column id) that no cap took out."""
    over = [caps.pages(store, number).column("id").to_numpy() for caps in capped]
    if not over:
        return table
    return table.filter(~np.isin(table.column("id").to_numpy(), np.concatenate(over)))


def _partition_values(stage: Stage[MixInputs], chunk: Chunk) -> StageFile:
    """A chunk's pages whose value has a cap, partitioned by that value."""
    inputs = stage.inputs
    caps, column = entries_of(inputs.settings.caps, inputs.kind), COLUMNS[inputs.kind]
    table = stage.store.read_table(inputs.finished[chunk.number].key, ["id", "url", column])
    values: list[tuple[int, int, int]] = []
    for row in uncapped(stage.store, table, inputs.capped, chunk.number).to_pylist():
        value = row[column] or ""
        if value in caps or "" in caps:
            values.append((text_key(value), priority(inputs.seed, row["url"]), row["id"]))
    rows = {
        "value": np.array([value for value, _, _ in values], np.uint64),
        "priority": np.array([rank for _, rank, _ in values], np.uint64),
        "id": np.array([page for _, _, page in values], np.int64),
    }
    return write_partitions(stage, by_key(rows, "value", inputs.partitions), VALUES)


def _cap_partition(stage: Stage[MixInputs], number: int) -> StageFile:
    """The pages of a partition that are over the cap of their value, partitioned by chunk."""
    inputs, layout = stage.inputs, stage.inputs.layout
    caps = entries_of(inputs.settings.caps, inputs.kind)
    named = {text_key(value): int(cap) for value, cap in caps.items() if value}
    rows = arrays(read_partition(stage.store, stage.files, number, VALUES))
    over = {"id": over_caps(rows, named, int(caps[""]) if "" in caps else None)}
    return write_partitions(stage, by_target(over, layout.chunk_of(over["id"]), layout.count), CAPPED)


def over_caps(rows: Mapping[str, NDArray[Any]], named: Mapping[int, int], other: int | None) -> NDArray[np.int64]:
    """Ids of pages over the cap of their value, lowest priorities kept. other: cap of values not named, or None."""
    order = np.lexsort((rows["id"], rows["priority"], rows["value"]))
    values, ids = rows["value"][order], rows["id"][order]
    starts = np.flatnonzero(np.append(True, values[1:] != values[:-1])) if len(values) else np.zeros(0, np.int64)
    sizes = np.diff(np.append(starts, len(values)))
    most = len(values) if other is None else other
    caps = np.array([named.get(value, most) for value in values[starts].tolist()], np.int64)
    rank = np.arange(len(values)) - np.repeat(starts, sizes)
    return np.asarray(ids[rank >= np.repeat(caps, sizes)])


def weights(settings: MixSection, table: Table) -> NDArray[np.float64]:
    """The weight of each row: the product of those of its host, language, category and quality, 1 where none is given.

    That of a quality is the one given for the highest value that it reaches.
    """
    product = np.ones(table.num_rows)
    for kind in MIXED if settings.enabled else ():
        given = entries_of(settings.weights, kind)
        if given:
            other = given.get("", 1.0)
            values = table.column(COLUMNS[kind]).to_pylist()
            product *= np.array([given.get(value or "", other) for value in values])
    least = {float(value or 0): weight for value, weight in entries_of(settings.weights, QUALITY).items()}
    if settings.enabled and least:
        steps = np.array(sorted(least))
        reached = np.searchsorted(steps, table.column(QUALITY).to_numpy(), side="right")
        product *= np.array([1.0, *(least[step] for step in steps.tolist())])[reached]
    return product
