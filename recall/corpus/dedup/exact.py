"""Duplicate URLs and duplicate texts, across shards and crawls: one page of each stays, the newest or the longest.

Two tasks in turn: each chunk deals its pages by the hash of their key; each partition groups those that share a key
and deals back, chunk by chunk, which page stands for which. Texts are compared after normalisation, by 128 bits of
BLAKE2b; URLs as search engines see them: without scheme, "www.", default port, fragment, last slash and tracking.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Literal
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from recall.config import ClusterSection
from recall.corpus.chunks import MERGED, Chunk, Layout, read_chunk, standing
from recall.run.shuffle import arrays, bucket_of, by_target, collect, deal, in_order, once
from recall.run.store import Schema, Store

Keep = Literal["newest", "longest"]

KEYS: Schema = {
    "url_key": "uint64",
    "url_check": "uint64",
    "text_key": "uint64",
    "text_check": "uint64",
    "time": "int64",
    "size": "int64",
}
"""What extraction keeps of each page for these stages. time: seconds since 1970, 0 where unknown; size: UTF-8 bytes."""

ROWS: Schema = {"key": "uint64", "check": "uint64", "id": "int64", "rank": "int64", "pages": "int32"}
PARTITION_ROWS = 8_000_000
"""Rows that a partition is made for: about a gigabyte while they are sorted."""

_SPACE = re.compile(r"\s+")
_TRACKING = re.compile(r"(?i)(?:utm_\w+|gclid|fbclid|msclkid|mc_[ce]id|phpsessid|jsessionid|sid)=[^&]*(?:&|$)")
_CRAWL = re.compile(r"CC-MAIN-(\d{4})-(\d{2})$")


def normalised(text: str) -> str:
    """A text as it is compared: NFC, case folded, every run of white space one space."""
    return _SPACE.sub(" ", unicodedata.normalize("NFC", text).casefold()).strip()


def normalised_url(url: str) -> str:
    """A URL as it is compared; one that cannot be parsed is itself."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return url
    host = (parts.hostname or "").rstrip(".").removeprefix("www.")
    place = f":{port}" if port not in (None, 80, 443) else ""
    query = _TRACKING.sub("", parts.query).rstrip("&")
    return f"{host}{place}{parts.path.rstrip('/')}{'?' if query else ''}{query}"


def _hash(text: str) -> tuple[int, int]:
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return int.from_bytes(digest[:8], "big"), int.from_bytes(digest[8:], "big")


def keys_of(url: str, text: str, crawl: str, fetched: str) -> tuple[int, ...]:
    """Values of KEYS for a page."""
    return (*_hash(normalised_url(url)), *_hash(normalised(text)), time_of(fetched, crawl), len(text.encode()))


def time_of(fetched: str, crawl: str) -> int:
    """When a page was fetched, in seconds since 1970: its WARC-Date, else the week its crawl is named by, else 0."""
    try:
        return int(datetime.fromisoformat(fetched).timestamp())
    except ValueError:
        named = _CRAWL.search(crawl)
    if named is None or not 1 <= int(named[2]) <= 52:
        return 0
    return int(datetime.fromisocalendar(int(named[1]), int(named[2]), 1).replace(tzinfo=UTC).timestamp())


@dataclass(frozen=True, slots=True)
class Job:
    """What a task needs. name: "url" or "text"; merged: as `standing` takes it; dealt: keys of the chunks' files."""

    store: Store
    layout: Layout
    name: str
    keep: Keep
    partitions: int
    merged: tuple[tuple[str, ...], ...] = field(repr=False)
    dealt: tuple[str, ...] = field(default=(), repr=False)


def _deal_chunk(job: Job, chunk: Chunk) -> Any:
    """Deal a chunk's pages that still stand by the hash of their key."""

    def work() -> str:
        names = ["id", f"{job.name}_key", f"{job.name}_check", "time", "size"]
        columns = arrays(read_chunk(job.store, chunk, names))
        stands, pages = standing(job.store, chunk.number, columns["id"], job.merged)
        rows = {
            "key": columns[f"{job.name}_key"][stands],
            "check": columns[f"{job.name}_check"][stands],
            "id": columns["id"][stands],
            "rank": columns["time" if job.keep == "newest" else "size"][stands],
            "pages": pages[stands],
        }
        targets = bucket_of(rows["key"], job.partitions)
        return deal(job.store, f"{job.name}-rows", by_target(rows, targets, job.partitions), ROWS)

    return once(job.store, f"{job.name}-rows", chunk.number, work)


def _merge_partition(job: Job, number: int) -> Any:
    """Group a partition's pages by key; the best of each group stands for the others."""

    def work() -> str:
        rows = arrays(collect(job.store, job.dealt, number, ROWS))
        order = np.lexsort((rows["id"], -rows["rank"], rows["check"], rows["key"]))
        rows = {name: values[order] for name, values in rows.items()}
        merged = merge_groups(group_starts(rows["key"], rows["check"]), rows["id"], rows["pages"])
        merged["similarity"] = np.ones(len(merged["id"]))
        targets = job.layout.chunk_of(merged["id"])
        return deal(job.store, job.name, by_target(merged, targets, job.layout.count), MERGED)

    return once(job.store, job.name, number, work)


def group_starts(*keys: NDArray[Any]) -> NDArray[np.int64]:
    """Where each group of equal keys begins in sorted rows."""
    if not len(keys[0]):
        return np.zeros(0, np.int64)
    new = np.zeros(len(keys[0]), dtype=bool)
    new[0] = True
    for key in keys:
        new[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(new)


def merge_groups(
    starts: NDArray[np.int64], ids: NDArray[np.int64], pages: NDArray[np.int32]
) -> dict[str, NDArray[Any]]:
    """Rows of MERGED (but similarity) for groups whose first page stands for the others; single pages give none."""
    sizes = np.diff(np.append(starts, len(ids)))
    sums = np.add.reduceat(pages, starts) if len(starts) else pages
    several = np.repeat(sizes > 1, sizes)
    return {
        "id": ids[several],
        "of": np.repeat(ids[starts], sizes)[several],
        "pages": np.repeat(sums, sizes)[several].astype(np.int32),
    }


def merge_exact(job: Job, chunks: Sequence[Chunk], cluster: ClusterSection) -> tuple[str, ...]:
    """Keys of what was merged, in order of partitions."""
    dealt = in_order(_deal_chunk, job, chunks, cluster, job.name)
    merging = replace(job, dealt=tuple(dealt))
    return tuple(in_order(_merge_partition, merging, range(job.partitions), cluster, job.name))


def partitions_of(rows: int) -> int:
    """Partitions for so many rows; the output does not depend on it."""
    return max(1, -(-rows // PARTITION_ROWS))
