"""Candidates of a scan: the pages above the floor, with their token lines and, where [scan] keep says so, their bodies.

In: scored pages of a shard, one by one (CandidateWriter). Out: candidates-*.parquet; later rounds read its token lines
to score anew, annotation, harvest and build read bodies by row (`read_bodies`). A body that was not kept is fetched
from the shard again, by byte range. No page is passed over in silence: one that no longer reads fails its shard.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import zstandard
from numpy.typing import NDArray

from recall.archive.shards import read_again
from recall.config import AccessSection
from recall.io.parquet import ParquetWriter, lists_of
from recall.records import Capture, WarcRef
from recall.run.scanned import ScannedShard
from recall.run.store import Store

CANDIDATES = {
    "row": "int32",
    "tokens": "list<uint32>",
    "charset": "string",
    "fetched": "string",
    "robots": "string",
    "body": "binary",
}
ZSTD_LEVEL = 1
PIECE = 2 << 20
"""Bytes of candidates that are held before they are written as a row group."""

BODIES = 256
"""Candidates whose bodies are held at a time when they are read."""

MAX_BODY = 16 << 20


class CandidateWriter:
    """Writes a shard's candidates to a local file as they come. rows: their numbers among the shard's slim rows."""

    def __init__(self, path: Path, keep: str) -> None:
        self.path = path
        self.rows: list[int] = []
        self._keep = keep
        self._pack = zstandard.ZstdCompressor(level=ZSTD_LEVEL)
        self._writer = ParquetWriter(path, CANDIDATES)
        self._held: list[tuple[int, NDArray[Any], str | None, str, str, bytes | None]] = []
        self._bytes = 0

    def add(self, row: int, tokens: NDArray[Any], page: Capture) -> None:
        """Add a page. tokens: its token line."""
        body = None
        if self._keep == "body":  # copied, as what it was packed into is as large as the page
            body = bytes(memoryview(self._pack.compress(page.body)))
        self._held.append((row, tokens, page.charset, page.fetched, page.robots, body))
        self.rows.append(row)
        self._bytes += tokens.nbytes + len(body or b"")
        if self._bytes >= PIECE:
            self._write()

    def _write(self) -> None:
        self._writer.add({name: [held[i] for held in self._held] for i, name in enumerate(CANDIDATES)})
        self._held, self._bytes = [], 0

    def close(self) -> None:
        """Write what is held, then the file's footer."""
        self._write()
        self._writer.close()


def read_token_lines(store: Store, scanned: ScannedShard) -> Iterator[tuple[NDArray[np.int32], list[NDArray[Any]]]]:
    """Row numbers and token lines of a shard's candidates, in batches."""
    for batch in store.read_batches(scanned.candidates, ["row", "tokens"]):
        yield batch.column("row").to_numpy(), lists_of(batch.column("tokens"))


@dataclass(frozen=True, slots=True)
class PageBody:
    """A page's bytes, the charset its header named, the header fields for crawlers and the date, as in Capture."""

    body: bytes
    charset: str | None
    robots: str = ""
    fetched: str = ""


def read_bodies(
    store: Store, scanned: ScannedShard, refs: dict[int, WarcRef], access: AccessSection
) -> dict[int, PageBody]:
    """Bodies of some rows of a shard by row number: kept ones from the candidates, others from the shard again.

    Raises ShardFailed when a record no longer reads: the caller's shard fails, no page is passed over.
    """
    bodies = dict(_kept_bodies(store, scanned, refs)) if refs else {}
    missing = {ref: row for row, ref in refs.items() if row not in bodies}
    for capture in read_again(scanned.shard, sorted(missing), access) if missing else ():
        bodies[missing[capture.ref]] = PageBody(capture.body, capture.charset, capture.robots, capture.fetched)
    return bodies


def _kept_bodies(store: Store, scanned: ScannedShard, wanted: dict[int, WarcRef]) -> Iterator[tuple[int, PageBody]]:
    unpack = zstandard.ZstdDecompressor()
    names = ["row", "charset", "robots", "fetched", "body"]
    for batch in store.read_batches(scanned.candidates, names, BODIES):
        charsets, robots, fetched, bodies = (batch.column(name) for name in names[1:])
        for index, row in enumerate(batch.column("row").to_pylist()):
            if row in wanted and (packed := bodies[index].as_py()) is not None:
                body = unpack.decompress(packed, max_output_size=MAX_BODY)
                yield row, PageBody(body, charsets[index].as_py(), robots[index].as_py(), fetched[index].as_py())
