"""What a scan left behind, shard by shard: slim rows, candidates and where they lie; pages read back by reference.

Rows of one shard stand in file order and in the same order in every round, so that rounds can be compared by position.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import zstandard

from recall.archive.shards import read_again
from recall.config import AccessSection
from recall.records import Shard, WarcRef
from recall.run.rounds import Round
from recall.run.store import Store, Table

ROWS = {
    "url": "string",
    "offset": "int64",
    "length": "int64",
    "score": "float64",
    "model": "string",
    "kept": "bool",
    "candidate": "bool",
}
"""kept: at or above the threshold of the round's own model; rows that keep an older model's score are never kept."""
CANDIDATES = {
    "row": "int32",
    "tokens": "list<uint32>",
    "charset": "string",
    "fetched": "string",
    "robots": "string",
    "body": "binary",
}
SHARDS = {
    "shard": "int32",
    "path": "string",
    "read": "int64",
    "skipped": "string",
    "rejected": "int64",
    "kept": "int64",
    "candidates": "int64",
    "rows_file": "string",
    "candidates_file": "string",
}
SHARDS_FILE = "shards.parquet"
MAX_BODY = 16 << 20
BODIES = 256
"""Candidates whose bodies are held at a time."""


@dataclass(frozen=True, slots=True)
class ScannedShard:
    """A shard that a round's scan accounts for.

    skipped: responses that are no page, by Skip value. rows, candidates: keys of its files within the run folder.
    """

    shard: Shard
    read: int
    kept: int
    skipped: dict[str, int]
    rows: str
    candidates: str

    @property
    def number(self) -> int:
        """Of the shard."""
        return self.shard.number


class Ledger(Sequence[ScannedShard]):
    """A round's scanned shards in shard order, each made when it is asked for: 100,000 of them are a table."""

    def __init__(self, table: Table, shards: Sequence[Shard]) -> None:
        self._table, self._shards = table, shards
        self._numbers = table.column("shard").to_numpy()

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> ScannedShard: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ScannedShard]: ...
    def __getitem__(self, index: int | slice) -> ScannedShard | Sequence[ScannedShard]:
        if isinstance(index, slice):
            return [self[place] for place in range(len(self))[index]]
        place = range(len(self))[index]
        row = {name: self._table.column(name)[place].as_py() for name in self._table.column_names}
        return ScannedShard(
            shard=self._shards[row["shard"]],
            read=row["read"],
            kept=row["kept"],
            skipped=json.loads(row["skipped"]),
            rows=row["rows_file"],
            candidates=row["candidates_file"],
        )

    def find(self, number: int) -> ScannedShard | None:
        """The shard of a number, None when its scan failed."""
        place = int(np.searchsorted(self._numbers, number))
        return self[place] if place < len(self) and self._numbers[place] == number else None


def scanned_shards(scanned: Round) -> Ledger:
    """Every shard that the round's scan has rows for, in shard order."""
    table = scanned.run.store.read_table(scanned.step("scan").key(SHARDS_FILE))
    return Ledger(table.combine_chunks(), scanned.run.shards)


def read_rows(store: Store, scanned: ScannedShard, columns: Sequence[str] | None = None) -> Table:
    """Slim rows of one shard (ROWS), one per page seen."""
    return store.read_table(scanned.rows, columns)


@dataclass(frozen=True, slots=True)
class Body:
    """A page's bytes, the charset its header named, the header fields for crawlers and the date, as in Capture."""

    body: bytes
    charset: str | None
    robots: str = ""
    fetched: str = ""


def read_bodies(
    store: Store, scanned: ScannedShard, refs: dict[int, WarcRef], access: AccessSection
) -> dict[int, Body]:
    """Bodies of some rows of a shard by row number: those the scan kept from there, the others by byte range.

    Raises ShardFailed when a record no longer reads: the caller's shard fails, no page is passed over.
    """
    found: dict[int, Body] = {}
    unpack = zstandard.ZstdDecompressor()
    names = ["row", "charset", "robots", "fetched", "body"]
    for kept in store.read_batches(scanned.candidates, names, BODIES) if refs else ():
        charsets, robots, fetched, bodies = (kept.column(name) for name in names[1:])
        for place, row in enumerate(kept.column("row").to_pylist()):
            if row in refs and (body := bodies[place].as_py()) is not None:
                unpacked = unpack.decompress(body, max_output_size=MAX_BODY)
                found[row] = Body(unpacked, charsets[place].as_py(), robots[place].as_py(), fetched[place].as_py())
    missing = {ref: row for row, ref in refs.items() if row not in found}
    for capture in read_again(scanned.shard, sorted(missing), access) if missing else ():
        found[missing[capture.ref]] = Body(capture.body, capture.charset, capture.robots, capture.fetched)
    return found


def refs_of(table: Table, path: str, rows: Iterable[int]) -> dict[int, WarcRef]:
    """Byte ranges of some rows of a shard's slim rows."""
    offsets, lengths = table.column("offset").to_numpy(), table.column("length").to_numpy()
    return {row: WarcRef(path, int(offsets[row]), int(lengths[row])) for row in rows}
