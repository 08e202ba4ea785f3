"""A published scan, read: its shards and their slim rows.

In: a round whose scan is done. Out: ScannedShards, a sequence over shards.parquet, and the slim rows of a shard, one
for each page seen. Rows of a shard are in file order, the same in every round, so that rounds can be compared row by
row. Pages above the floor are candidates: written with token ids and bodies (`candidate_writer`), and read back, from
there or by byte range.
"""

import heapq
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, overload

import numpy as np
import zstandard
from numpy.typing import NDArray

from recall.archive.shards import read_again
from recall.config import AccessSection
from recall.errors import Damaged
from recall.io.parquet import lists_of, table_of
from recall.records import BodyKind, OtherPages, Shard, WarcRef
from recall.run.own_threshold import own_threshold
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
    "time": "int64",
    "sketch": "uint64",
}
"""kept: at or above the threshold of the round's own model; rows that keep an older model's score are never kept.
time: when it was captured, in seconds since 1970; sketch: of its text (`recall.model.near_texts`); each 0 where it is
not known."""
_ADDED = ("time", "sketch")
"""Columns that earlier versions did not write."""
TOPIC_ROWS = {**ROWS, "topic": "string"}
"""Rows of a run with several topics. topic: label of the page's own, whether it is kept or not."""
OTHER_ROWS = {"kind": "string"}
"""Columns that rows of pages of other kinds than HTML have beside those. kind: as in BodyKind."""
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
OTHER_SHARDS = {"others": "string", "other_rows_file": "string", "other_candidates_file": "string"}
"""Columns that [scan] types adds. others: counts of pages of other kinds than HTML, as an object by kind."""
SHARDS_FILE = "shards.parquet"


@dataclass(frozen=True, slots=True)
class ScannedShard:
    """A shard that a round's scan has read.

    skipped: responses that are no page, by Skip value. rows, candidates: keys of its files within the run folder.
    threshold: that decides which candidates are kept, where the scan or an audit chose one; else rows say it.
    others: the pages of other kinds than HTML, which have rows and candidates of their own: None without [scan] types.
    """

    shard: Shard
    read: int
    kept: int
    skipped: dict[str, int]
    rows: str
    candidates: str
    threshold: float | None = None
    others: "ScannedShard | None" = None

    @property
    def number(self) -> int:
        """Of the shard."""
        return self.shard.number


class ScannedShards(Sequence[ScannedShard]):
    """A round's scanned shards in shard order, each made when it is asked for: 100,000 of them stay a table."""

    def __init__(self, table: Table, shards: Sequence[Shard], threshold: float | None = None) -> None:
        self._table, self._shards, self._threshold = table, shards, threshold
        self._numbers = table.column("shard").to_numpy()

    @property
    def numbers(self) -> NDArray[np.int64]:
        """Of the shards, ascending."""
        return np.asarray(self._numbers, dtype=np.int64)

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
        shard = self._shards[row["shard"]]
        others = None
        if key := row.get("other_rows_file"):
            seen = [OtherPages(**pages) for pages in json.loads(row["others"]).values()]
            read, kept = sum(pages.kept + pages.rejected for pages in seen), sum(pages.kept for pages in seen)
            others = ScannedShard(shard, read, kept, {}, key, row["other_candidates_file"])
        return ScannedShard(
            shard=shard,
            read=row["read"],
            kept=row["kept"],
            skipped=json.loads(row["skipped"]),
            rows=row["rows_file"],
            candidates=row["candidates_file"],
            threshold=self._threshold,
            others=others,
        )

    def find(self, number: int) -> ScannedShard | None:
        """The shard of a number, None when its scan failed."""
        index = int(np.searchsorted(self._numbers, number))
        return self[index] if index < len(self) and self._numbers[index] == number else None


def others_in(table: Table) -> Counter[str]:
    """Pages of each other kind than HTML that a table of SHARDS counts, kept or not; none without that column."""
    seen: Counter[str] = Counter()
    for text in table.column("others").to_pylist() if "others" in table.column_names else ():
        seen.update({kind: pages["kept"] + pages["rejected"] for kind, pages in json.loads(text).items()})
    return seen


def scanned_shards(scanned: Round) -> ScannedShards:
    """Every shard that the round's scan has rows for, in shard order."""
    table = scanned.run.store.read_table(scanned.step("scan").key(SHARDS_FILE))
    own = own_threshold(scanned)
    return ScannedShards(table.combine_chunks(), scanned.run.shards, None if own is None else own.value)


def read_rows(store: Store, scanned: ScannedShard, columns: Sequence[str] | None = None) -> Table:
    """Slim rows of one shard (ROWS), one per capture; of an earlier version's scan neither time nor sketch is known."""
    wanted = list(columns or ROWS)
    if scanned.threshold is None or "kept" not in wanted:
        return _read(store, scanned, wanted)
    table = _read(store, scanned, [*wanted, *(name for name in ("score", "candidate") if name not in wanted)])
    kept = (table.column("score").to_numpy() >= scanned.threshold) & table.column("candidate").to_numpy()
    filled = {name: kept if name == "kept" else table.column(name) for name in wanted}
    return table_of(filled, {name: TOPIC_ROWS[name] for name in wanted})


def _read(store: Store, scanned: ScannedShard, wanted: list[str]) -> Table:
    try:
        return store.read_table(scanned.rows, wanted)
    except ValueError:
        missing = {name for name in wanted if name in _ADDED} - set(store.columns_of(scanned.rows))
        if not missing:
            raise
    table = store.read_table(scanned.rows, [name for name in wanted if name not in missing])
    filled = {name: table.column(name) for name in table.column_names}
    filled |= {name: np.zeros(table.num_rows, np.int64) for name in missing}
    return table_of({name: filled[name] for name in wanted}, {name: TOPIC_ROWS[name] for name in wanted})


def refs_of(table: Table, path: str, rows: Iterable[int]) -> dict[int, WarcRef]:
    """Byte ranges of some rows of a shard's slim rows."""
    offsets, lengths = table.column("offset").to_numpy(), table.column("length").to_numpy()
    return {row: WarcRef(path, int(offsets[row]), int(lengths[row])) for row in rows}


BODIES = 256
"""Candidates whose bodies are held at a time when they are read."""

MAX_UNPACKED = 16 << 20


def read_token_lines(store: Store, scanned: ScannedShard) -> Iterator[tuple[NDArray[np.int32], list[NDArray[Any]]]]:
    """Row numbers and token lines of a shard's candidates, in batches."""
    for batch in store.read_batches(scanned.candidates, ["row", "tokens"]):
        yield batch.column("row").to_numpy(), lists_of(batch.column("tokens"))


@dataclass(frozen=True, slots=True)
class PageBody:
    """A page's bytes and what its record says, as in Capture; "" where that is not known."""

    body: bytes
    charset: str | None
    robots: str = ""
    fetched: str = ""
    truncated: str = ""
    record_id: str = ""
    dump: str = ""
    file_path: str = ""
    kind: BodyKind = BodyKind.HTML
    language: str = ""


_SAID = ("charset", "robots", "fetched")
_SAID_NOW = (*_SAID, "truncated", "record_id", "dump", "file_path")
_SAID_OF_OTHERS = (*_SAID_NOW, "kind", "language")


def read_bodies(
    store: Store, scanned: ScannedShard, refs: dict[int, WarcRef], access: AccessSection
) -> dict[int, PageBody]:
    """As `stream_bodies`, all at once: for a few rows."""
    return dict(stream_bodies(store, scanned, refs, access))


def stream_bodies(
    store: Store, scanned: ScannedShard, refs: dict[int, WarcRef], access: AccessSection
) -> Iterator[tuple[int, PageBody]]:
    """Row numbers and bodies of some rows of a shard, in the order of rows, one at a time.

    Kept ones come from the candidates, the others from the shard again. Raises ShardFailed when a record no longer
    reads: the caller's shard fails, no page is passed over.
    """
    if not refs:
        return
    kept = _rows_with_body(store, scanned)
    missing = {ref: row for row, ref in refs.items() if row not in kept}
    again = _bodies_again(scanned, missing, access) if missing else iter(())
    bodies = heapq.merge(_kept_bodies(store, scanned, refs), again, key=itemgetter(0))
    for row in sorted(refs):
        found = next(bodies, None)
        if found is None or found[0] != row:
            raise Damaged(f"{store.url(scanned.candidates)}: the body of row {row} is not where it should be")
        yield found


def _rows_with_body(store: Store, scanned: ScannedShard) -> frozenset[int]:
    """A scan keeps the bodies of all of a shard's candidates or of none, so the first tells for all."""
    first = next(iter(store.read_batches(scanned.candidates, ["body"], 1)), None)
    if first is None or first.column("body").null_count:
        return frozenset()
    return frozenset(store.read_table(scanned.candidates, ["row"]).column("row").to_pylist())


def _bodies_again(
    scanned: ScannedShard, missing: dict[WarcRef, int], access: AccessSection
) -> Iterator[tuple[int, PageBody]]:
    for capture in read_again(scanned.shard, sorted(missing), access):
        said = {name: getattr(capture, name) or "" for name in _SAID_NOW[1:]}
        page = PageBody(capture.body, capture.charset, **said, kind=capture.kind, language=capture.language)
        yield missing[capture.ref], page


def _kept_bodies(store: Store, scanned: ScannedShard, wanted: dict[int, WarcRef]) -> Iterator[tuple[int, PageBody]]:
    unpack = zstandard.ZstdDecompressor()
    there = store.columns_of(scanned.candidates)
    said = _SAID_OF_OTHERS if "kind" in there else _SAID_NOW if "record_id" in there else _SAID
    for batch in store.read_batches(scanned.candidates, ["row", *said, "body"], BODIES):
        bodies, columns = batch.column("body"), {name: batch.column(name) for name in said}
        for index, row in enumerate(batch.column("row").to_pylist()):
            if row in wanted and (packed := bodies[index].as_py()) is not None:
                body = unpack.decompress(packed, max_output_size=MAX_UNPACKED)
                values = {name: column[index].as_py() for name, column in columns.items()}
                yield row, PageBody(body, **{**values, "kind": BodyKind(values.get("kind", BodyKind.HTML))})
