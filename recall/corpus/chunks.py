"""Extracted shards in chunks: what one task of the later stages holds in memory, and which pages still stand there.

In: the reports of extraction, in shard order. Out: chunks of neighbouring shards, bounded in pages and bytes of text,
the same ones whatever the number of workers.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recall.corpus.schema import ID_BITS
from recall.run.shuffle import collect
from recall.run.store import Schema, Store, Table, concat

CHUNK_PAGES = 50_000
CHUNK_BYTES = 256 << 20
"""Bytes of text: a task holds them once or twice."""

MERGED: Schema = {"id": "int64", "of": "int64", "pages": "int32", "similarity": "float64"}
"""What a stage merged. of: the page that stands for `id`, itself where others were merged into it; pages: how many."""


@dataclass(frozen=True, slots=True, order=True)
class Built:
    """An extracted shard. kept, dropped: keys of its tables; pages, bytes: of these; out: dropped; seen: scanned."""

    number: int
    kept: str
    dropped: str
    pages: int
    bytes: int
    out: int = 0
    seen: int = 0


@dataclass(frozen=True, slots=True)
class Chunk:
    """Neighbouring shards. number: from 0 on, without gaps."""

    number: int
    shards: tuple[Built, ...] = field(repr=False)

    @property
    def pages(self) -> int:
        """Pages that extraction kept."""
        return sum(shard.pages for shard in self.shards)


def cut(shards: Iterable[Built], pages: int = CHUNK_PAGES, size: int = CHUNK_BYTES) -> Iterator[Chunk]:
    """Shards in order as chunks of at most so many pages and bytes, each of at least one shard."""
    held: list[Built] = []
    number = 0
    for shard in shards:
        together = [*held, shard]
        if held and (sum(one.pages for one in together) > pages or sum(one.bytes for one in together) > size):
            yield Chunk(number, tuple(held))
            number, held = number + 1, []
        held.append(shard)
    if held:
        yield Chunk(number, tuple(held))


@dataclass(frozen=True, slots=True)
class Layout:
    """Where pages lie. firsts: first shard of each chunk."""

    firsts: tuple[int, ...] = field(repr=False)

    @property
    def count(self) -> int:
        """Chunks."""
        return len(self.firsts)

    def chunk_of(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Number of the chunk that each page lies in."""
        return np.searchsorted(np.asarray(self.firsts, np.int64), ids >> ID_BITS, side="right") - 1


def read_chunk(store: Store, chunk: Chunk, columns: Sequence[str]) -> Table:
    """Some columns of what extraction kept of a chunk, sorted by id."""
    return concat([store.read_table(shard.kept, columns) for shard in chunk.shards])


def standing(
    store: Store, number: int, ids: NDArray[np.int64], merged: Sequence[Sequence[str]]
) -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
    """Which of a chunk's pages no stage merged into another, and how many pages each of them stands for.

    ids: the chunk's pages, sorted; merged: for each stage, in order, the keys of what its tasks merged.
    """
    stands, pages = np.ones(len(ids), dtype=bool), np.ones(len(ids), dtype=np.int32)
    for keys in merged:
        table = collect(store, keys, number, MERGED)
        places = np.searchsorted(ids, table.column("id").to_numpy())
        itself = table.column("id").to_numpy() == table.column("of").to_numpy()
        stands[places[~itself]] = False
        pages[places[itself]] = table.column("pages").to_numpy()[itself]
    return stands, pages
