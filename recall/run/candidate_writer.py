"""Writes what a scan keeps of pages above the floor, for later rounds and the build: token line and compressed body.

In: pages as they come. Out: a Parquet file with a row for each; a few megabytes are held at a time. `scanned` reads it.
"""

from pathlib import Path
from typing import Any

import zstandard
from numpy.typing import NDArray

from recall.io.parquet import ParquetWriter
from recall.records import Capture

CANDIDATES = {
    "row": "int32",
    "tokens": "list<uint32>",
    "charset": "string",
    "fetched": "string",
    "robots": "string",
    "truncated": "string",
    "record_id": "string",
    "dump": "string",
    "file_path": "string",
    "body": "binary",
}
"""Of an earlier version's scan the four columns before the body are not there."""
OTHER_CANDIDATES = {**CANDIDATES, "kind": "string", "language": "string"}
"""Of pages of other kinds than HTML."""
ZSTD_LEVEL = 1
PIECE = 2 << 20
"""Bytes of candidates that are held before they are written as a row group."""


class CandidateWriter:
    """Writes a shard's candidates to a local file as they come. rows: their numbers among the shard's slim rows."""

    def __init__(self, path: Path, keep: str, *, others: bool = False) -> None:
        self.path = path
        self.rows: list[int] = []
        self._keep = keep
        self._schema = OTHER_CANDIDATES if others else CANDIDATES
        self._pack = zstandard.ZstdCompressor(level=ZSTD_LEVEL)
        self._writer = ParquetWriter(path, self._schema)
        self._held: list[tuple[Any, ...]] = []
        self._bytes = 0

    def add(self, row: int, tokens: NDArray[Any], page: Capture) -> None:
        """Add a page. tokens: its token line."""
        body = None
        if self._keep == "body":  # copied, as what it was packed into is as large as the page
            body = bytes(memoryview(self._pack.compress(page.body)))
        origin = (page.truncated or "", page.record_id, page.dump, page.file_path)
        said = (page.charset, page.fetched, page.robots, *origin)
        self._held.append((row, tokens, *said, body, page.kind.value, page.language))
        self.rows.append(row)
        self._bytes += tokens.nbytes + len(body or b"")
        if self._bytes >= PIECE:
            self._write()

    def _write(self) -> None:
        self._writer.add({name: [held[i] for held in self._held] for i, name in enumerate(self._schema)})
        self._held, self._bytes = [], 0

    def close(self) -> None:
        """Write what is held, then the file's footer."""
        self._write()
        self._writer.close()
