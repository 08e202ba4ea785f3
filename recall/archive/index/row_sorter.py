"""Rows in any number, joined with the URL index and sorted, in bounded memory: DuckDB keeps what is too much on disk.

In: tables, one after the other. Out: what a query over all of them gives, in tables of PIECE rows (the last one may be
shorter), so that the same rows in the same order are the same tables. Uses at most MEMORY, and a temporary folder.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from recall.archive.index.range_files import RangeFiles
from recall.config import AccessSection
from recall.errors import ShardCorrupt, StorageUnusable, printable
from recall.io.parquet import Table, concat

T = TypeVar("T")

PIECE = 16_384
MEMORY = "1GB"

_ANYONE = AccessSection()
_SHOWN = 300
"""Characters of DuckDB's words that an error shows."""


class RowSorter:
    """A table `rows` on disk. folder: an empty one for its files; index: URLs of the URL index's files to join with."""

    def __init__(self, folder: Path, index: Sequence[str] = (), access: AccessSection = _ANYONE) -> None:
        self._folder = folder
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": MEMORY,
            "temp_directory": str(folder / "spilled"),
            "threads": 2,
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
        }
        self._connection = duckdb.connect(str(folder / "rows.duckdb"), config=settings)
        self._connection.execute("SET TimeZone = 'UTC'")
        self._ranges = RangeFiles(index, access)
        self._connection.register_filesystem(self._ranges)
        self._empty = True

    def __enter__(self) -> "RowSorter":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def add(self, piece: Table) -> None:
        """Add rows; all tables have the columns of the first."""
        query = "CREATE TABLE rows AS FROM piece" if self._empty else "INSERT INTO rows FROM piece"
        self._connection.register("piece", piece)
        self._guarded(lambda: self._connection.execute(query))
        self._connection.unregister("piece")
        self._empty = False

    def type_in_index(self, column: str) -> str:
        """DuckDB's type of a column of the index."""
        query = "SELECT * FROM read_parquet($index, hive_partitioning = false, binary_as_string = true) LIMIT 0"
        described = self._run(query)
        return str(dict(zip(described.columns, described.types, strict=True)).get(column, ""))

    def rows(self, query: str) -> Iterator[Table]:
        """What a query gives over `rows` and, as `$index`, the files of the index. Empty before anything was added.

        Raises ShardUnreadable or ShardCorrupt when the index cannot be read, StorageUnusable when the disk is full.
        """
        if self._empty:
            return
        reader = self._guarded(lambda: self._run(query).to_arrow_reader(PIECE))
        held: list[Table] = []
        count = 0
        while True:
            piece = self._guarded(lambda: next(reader, None))
            if piece is None:
                break
            held.append(Table.from_batches([piece]))
            count += piece.num_rows
            while count >= PIECE:
                whole = concat(held)
                yield whole.slice(0, PIECE)
                held, count = [whole.slice(PIECE)], count - PIECE
        if count:
            yield concat(held)

    def _run(self, query: str) -> Any:
        values = {"index": self._ranges.names} if "$index" in query else {}
        return self._guarded(lambda: self._connection.sql(query, params=values))

    def _guarded(self, action: Callable[[], T]) -> T:
        """Do something of DuckDB's, whose errors come through Arrow too, as those of files and of values."""
        try:
            return action()
        except (duckdb.Error, OSError, ValueError) as error:
            if self._ranges.failure is not None:
                raise self._ranges.failure from None
            line = printable(str(error).splitlines()[0], _SHOWN)
            if "out of disk" in line.lower() or "no space" in line.lower():
                raise StorageUnusable(f"{self._folder}: rows cannot be sorted here: {line}; set TMPDIR") from None
            raise ShardCorrupt(f"rows cannot be sorted and joined with the URL index: {line}") from None
