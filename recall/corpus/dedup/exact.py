"""Duplicate URLs and duplicate texts, across shards and crawls: one page of each stays, the newest or the longest.

Two stages: each chunk partitions its pages by the hash of their key; each partition groups those that share a key and
writes back, chunk by chunk, which page represents which. Texts are compared after normalisation, by 128 bits of
BLAKE2b; URLs as search engines see them: by the URL key, without "www.", last slash and tracking.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recall.archive.dates import time_of
from recall.corpus.chunks import FIRST_RANK, MERGED, Chunk, ChunkedPages, Layout, Merged, read_chunk, surviving_pages
from recall.run.shuffle import Stage, StageFile, arrays, by_key, by_target, read_partition, write_partitions
from recall.run.store import Schema
from recall.sites.urls import address_of

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
_TRACKING = re.compile(r"(?i)(?:utm_\w+|gclid|fbclid|msclkid|mc_[ce]id|phpsessid|jsessionid|sid)=[^&]*(?:&|$)")


def normalised(text: str) -> str:
    """A text as it is compared: NFC, case folded, every run of white space one space."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def normalised_url(url: str) -> str:
    """A URL as it is compared: its key without "www.", last slash and tracking; without a host, the URL itself."""
    address = address_of(url)
    if not address.host:
        return url
    path = address.path.rstrip("/")
    return address._replace(
        host=address.host.removeprefix("www."), path=path, query=_TRACKING.sub("", address.query).rstrip("&")
    ).key()


def _hash(text: str) -> tuple[int, int]:
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return int.from_bytes(digest[:8], "big"), int.from_bytes(digest[8:], "big")


def duplicate_keys(url: str, text: str, crawl: str, fetched: str) -> tuple[int, ...]:
    """Values of KEYS for a page."""
    return (*_hash(normalised_url(url)), *_hash(normalised(text)), time_of(fetched, crawl), len(text.encode()))


@dataclass(frozen=True, slots=True)
class ExactInputs:
    """What comparing by one key needs. name: "url" or "text"; earlier: what stages before merged."""

    name: str
    keep: Keep
    layout: Layout
    partitions: int
    earlier: tuple[Merged, ...] = field(repr=False)


def merge_exact(
    pages: ChunkedPages, name: Literal["url", "text"], keep: Keep, earlier: tuple[Merged, ...], prefix: str = ""
) -> Merged:
    """Merge surviving pages of the same URL or text: chunks → rows by key → clusters by chunk.

    prefix: of the names of the stages.
    """
    inputs = ExactInputs(name, keep, pages.layout, pages.partitions(), earlier)
    rows = pages.over_chunks(f"{prefix}{name}-rows", _partition_chunk, inputs)
    stage = f"{prefix}{name}"
    return Merged(stage, pages.over_partitions(stage, _merge_partition, inputs, rows, inputs.partitions))


def _partition_chunk(stage: Stage[ExactInputs], chunk: Chunk) -> StageFile:
    """Surviving pages of a chunk, partitioned by the hash of their key."""
    name, inputs = stage.inputs.name, stage.inputs
    columns = arrays(read_chunk(stage.store, chunk, ["id", f"{name}_key", f"{name}_check", "time", "size"]))
    survives, pages = surviving_pages(stage.store, chunk, columns["id"], inputs.earlier)
    ranks = columns["time" if inputs.keep == "newest" else "size"]
    rows = {
        "key": columns[f"{name}_key"][survives],
        "check": columns[f"{name}_check"][survives],
        "id": columns["id"][survives],
        "rank": np.full(int(survives.sum()), FIRST_RANK) if chunk.earlier else ranks[survives],
        "pages": pages[survives],
    }
    return write_partitions(stage, by_key(rows, "key", inputs.partitions), ROWS)


def _merge_partition(stage: Stage[ExactInputs], number: int) -> StageFile:
    """Clusters of a partition's pages of equal key, each represented by its best page, partitioned by chunk."""
    rows = arrays(read_partition(stage.store, stage.files, number, ROWS))
    order = np.lexsort((rows["id"], -rows["rank"], rows["check"], rows["key"]))
    rows = {name: values[order] for name, values in rows.items()}
    merged = merge_groups(group_starts(rows["key"], rows["check"]), rows["id"], rows["pages"])
    merged["similarity"] = np.ones(len(merged["id"]))
    layout = stage.inputs.layout
    return write_partitions(stage, by_target(merged, layout.chunk_of(merged["id"]), layout.count), MERGED)


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
    """Rows of MERGED (but similarity) for groups that their first page represents; single pages give none."""
    sizes = np.diff(np.append(starts, len(ids)))
    sums = np.add.reduceat(pages, starts) if len(starts) else pages
    several = np.repeat(sizes > 1, sizes)
    return {
        "id": ids[several],
        "of": np.repeat(ids[starts], sizes)[several],
        "pages": np.repeat(sums, sizes)[several].astype(np.int32),
    }
