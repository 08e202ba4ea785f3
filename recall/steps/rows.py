"""What a scan left behind, shard by shard: slim rows, candidates and where they lie; pages read back by reference.

Rows of one shard stand in file order and in the same order in every round, so that rounds can be compared by position.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import zstandard

from recall.archive.index import read_many
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
CANDIDATES = {"row": "int32", "tokens": "list<uint32>", "charset": "string", "body": "binary"}
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


def scanned_shards(scanned: Round) -> list[ScannedShard]:
    """Every shard that the round's scan has rows for, in shard order."""
    table = scanned.run.store.read_table(scanned.step("scan").key(SHARDS_FILE))
    shards = {shard.number: shard for shard in scanned.run.shards}
    return [
        ScannedShard(
            shard=shards[row["shard"]],
            read=row["read"],
            kept=row["kept"],
            skipped=json.loads(row["skipped"]),
            rows=row["rows_file"],
            candidates=row["candidates_file"],
        )
        for row in table.to_pylist()
    ]


def read_rows(store: Store, scanned: ScannedShard, columns: Sequence[str] | None = None) -> Table:
    """Slim rows of one shard (ROWS), one per page seen."""
    return store.read_table(scanned.rows, columns)


@dataclass(frozen=True, slots=True)
class Body:
    """A page's bytes and the charset its header named."""

    body: bytes
    charset: str | None


def read_bodies(
    store: Store, scanned: ScannedShard, refs: dict[int, WarcRef], access: AccessSection
) -> dict[int, Body]:
    """Bodies of some rows of a shard by row number: those the scan kept from there, the others by byte range.

    Raises ShardFailed when a record no longer reads: the caller's shard fails, no page is passed over.
    """
    found: dict[int, Body] = {}
    kept = store.read_table(scanned.candidates, ["row", "charset", "body"])
    unpack = zstandard.ZstdDecompressor()
    for row, charset, body in zip(*(kept.column(name).to_pylist() for name in kept.column_names), strict=True):
        if row in refs and body is not None:
            found[row] = Body(unpack.decompress(body, max_output_size=MAX_BODY), charset)
    missing = {ref: row for row, ref in refs.items() if row not in found}
    for capture in read_many(sorted(missing), lambda _path: scanned.shard.url, access):
        found[missing[capture.ref]] = Body(capture.body, capture.charset)
    return found


def refs_of(table: Table, path: str, rows: Iterable[int]) -> dict[int, WarcRef]:
    """Byte ranges of some rows of a shard's slim rows."""
    offsets, lengths = table.column("offset").to_numpy(), table.column("length").to_numpy()
    return {row: WarcRef(path, int(offsets[row]), int(lengths[row])) for row in rows}


def priority(seed: int, text: str) -> int:
    """A 64-bit number that depends on seed and text only: the lowest ones are a uniform sample."""
    return int.from_bytes(blake2b(f"{seed}\0{text}".encode("utf-8", "replace"), digest_size=8).digest(), "big")
