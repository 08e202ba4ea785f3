"""A published scan, read: its shards and their slim rows.

In: a round whose scan is done. Out: ScannedShards, a sequence over shards.parquet, and the slim rows of a shard, one
for each page seen. Rows of a shard are in file order, the same in every round, so that rounds can be compared row by
row. The pages above the floor, with their bodies, are in `candidates`.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

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


@dataclass(frozen=True, slots=True)
class ScannedShard:
    """A shard that a round's scan has read.

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


class ScannedShards(Sequence[ScannedShard]):
    """A round's scanned shards in shard order, each made when it is asked for: 100,000 of them stay a table."""

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
            return [self[row] for row in range(len(self))[index]]
        number = range(len(self))[index]
        row = {name: self._table.column(name)[number].as_py() for name in self._table.column_names}
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
        index = int(np.searchsorted(self._numbers, number))
        return self[index] if index < len(self) and self._numbers[index] == number else None


def scanned_shards(scanned: Round) -> ScannedShards:
    """Every shard that the round's scan has rows for, in shard order."""
    table = scanned.run.store.read_table(scanned.step("scan").key(SHARDS_FILE))
    return ScannedShards(table.combine_chunks(), scanned.run.shards)


def read_rows(store: Store, scanned: ScannedShard, columns: Sequence[str] | None = None) -> Table:
    """Slim rows of one shard (ROWS), one per page seen."""
    return store.read_table(scanned.rows, columns)


def refs_of(table: Table, path: str, rows: Iterable[int]) -> dict[int, WarcRef]:
    """Byte ranges of some rows of a shard's slim rows."""
    offsets, lengths = table.column("offset").to_numpy(), table.column("length").to_numpy()
    return {row: WarcRef(path, int(offsets[row]), int(lengths[row])) for row in rows}
