"""Extracted shards in chunks: what one task of the later stages holds in memory, and which of its pages survive.

In: the results of extraction, in shard order. Out: chunks of consecutive shards, bounded in pages and bytes of text,
the same ones whatever the number of workers.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from recall.config import ClusterSection
from recall.corpus.schema import ID_BITS
from recall.run.shuffle import Stage, StageFile, map_ordered, read_partition
from recall.run.store import Schema, Store, Table, concat

CHUNK_PAGES = 50_000
CHUNK_BYTES = 256 << 20
"""Bytes of text: a task holds them once or twice."""

PARTITION_ROWS = 8_000_000
"""Rows that a partition is made for: about a gigabyte while they are sorted."""

MERGED: Schema = {"id": "int64", "of": "int64", "pages": "int32", "similarity": "float64"}
"""Members of clusters of duplicates. of: the page that represents `id`, itself for the representative; pages: of the
cluster, those that earlier stages merged included."""

EARLIER = "earlier-"
"""Begins the names of stages that compare with earlier corpora."""

FIRST_RANK = np.iinfo(np.int64).max
"""Rank of the pages of earlier corpora: they represent others, whatever is new or long."""

S = TypeVar("S")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, order=True)
class ExtractedShard:
    """Tables of an extracted shard. bytes: of the kept pages' texts in UTF-8; scanned_pages: all that the scan saw.

    fallbacks: pages, kept or not, that did not come out as their main content, by reason.
    """

    number: int
    kept: StageFile
    dropped: StageFile
    scanned_pages: int
    bytes: int
    fallbacks: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive shards. number: from 0 on, without gaps.

    earlier: of earlier corpora. Their pages represent others, are merged into none of this run, and their tables are
    `earlier.HELD`.
    """

    number: int
    shards: tuple[ExtractedShard, ...] = field(repr=False)
    earlier: bool = False

    @property
    def pages(self) -> int:
        """Pages that extraction kept."""
        return sum(shard.kept.rows for shard in self.shards)


def chunks_of(shards: Iterable[ExtractedShard], pages: int = CHUNK_PAGES, size: int = CHUNK_BYTES) -> Iterator[Chunk]:
    """Shards in order as chunks of at most so many pages and bytes, each of at least one shard."""
    held: list[ExtractedShard] = []
    number = 0
    for shard in shards:
        more = [*held, shard]
        if held and (sum(each.kept.rows for each in more) > pages or sum(each.bytes for each in more) > size):
            yield Chunk(number, tuple(held))
            number, held = number + 1, []
        held.append(shard)
    if held:
        yield Chunk(number, tuple(held))


@dataclass(frozen=True, slots=True)
class Layout:
    """Which chunk a page lies in. firsts: first shard of each chunk."""

    firsts: tuple[int, ...] = field(repr=False)

    @property
    def count(self) -> int:
        """Number of chunks."""
        return len(self.firsts)

    def chunk_of(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Number of the chunk that each page lies in."""
        return np.searchsorted(np.asarray(self.firsts, np.int64), ids >> ID_BITS, side="right") - 1


@dataclass(frozen=True, slots=True)
class ChunkedPages:
    """All extracted pages, in chunks, with the store and the cluster that stages over them use."""

    store: Store
    cluster: ClusterSection
    chunks: tuple[Chunk, ...] = field(repr=False)
    partition_rows: int = PARTITION_ROWS

    @property
    def count(self) -> int:
        """Pages that extraction kept."""
        return sum(chunk.pages for chunk in self.chunks)

    @property
    def layout(self) -> Layout:
        """Which chunk a page lies in."""
        return Layout(tuple(chunk.shards[0].number for chunk in self.chunks))

    def partitions(self, rows_per_page: int = 1) -> int:
        """Number of partitions for so many rows of each page; no result depends on it."""
        return max(1, -(-self.count * rows_per_page // self.partition_rows))

    def over_chunks(
        self, name: str, task: Callable[[Stage[S], Chunk], R], inputs: S, files: tuple[StageFile, ...] = ()
    ) -> tuple[R, ...]:
        """Run a stage with a task for each chunk; its results in order."""
        return map_ordered(task, Stage(self.store, name, inputs, files), self.chunks, self.cluster)

    def over_partitions(
        self, name: str, task: Callable[[Stage[S], int], R], inputs: S, files: tuple[StageFile, ...], partitions: int
    ) -> tuple[R, ...]:
        """Run a stage with a task for each partition of the rows in `files`; its results in order."""
        return map_ordered(task, Stage(self.store, name, inputs, files), range(partitions), self.cluster)


@dataclass(frozen=True, slots=True)
class Merged:
    """What a stage merged. stage: "url", "text" or "near", behind `EARLIER` where chunks of earlier corpora took part.

    files: rows of MERGED, a row group for each chunk.
    """

    stage: str
    files: tuple[StageFile, ...] = field(repr=False)


def read_chunk(store: Store, chunk: Chunk, columns: Sequence[str]) -> Table:
    """Some columns of what extraction kept of a chunk, sorted by id."""
    return concat([store.read_table(shard.kept.key, columns) for shard in chunk.shards])


def surviving_pages(
    store: Store, chunk: Chunk, ids: NDArray[np.int64], merged: Sequence[Merged]
) -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
    """Mask of a chunk's pages that no stage merged into another, and the sizes of their clusters (1: no duplicates).

    ids: the chunk's pages, sorted; merged: by the stages so far, in order.
    """
    survives, pages = np.ones(len(ids), dtype=bool), np.ones(len(ids), dtype=np.int32)
    for stage in () if chunk.earlier else merged:
        table = read_partition(store, stage.files, chunk.number, MERGED)
        rows = np.searchsorted(ids, table.column("id").to_numpy())
        represents = table.column("id").to_numpy() == table.column("of").to_numpy()
        survives[rows[~represents]] = False
        pages[rows[represents]] = table.column("pages").to_numpy()[represents]
    return survives, pages
