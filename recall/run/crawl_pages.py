"""The pages of a round's scan: each URL key once, by its newest capture, whatever number of crawls holds it.

In: a round's slim rows and its repeats, which the domains step found. Out: slim rows without repeats. Who counts or
draws pages reads them here; what is about captures (the scan's own counts, the corpus, which merges the pages it kept)
reads all rows. Of equally old captures the first in the order of shards and rows stands for the page. Its score is the
page's: a choice by score would favour pages that were captured often. Rounds whose domains step was done by a version
that knew no repeats count captures; nothing is drawn from them any more (`require_repeats`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from recall.errors import BadInput
from recall.run.rounds import Round
from recall.run.scanned import ScannedShard, read_rows, scanned_shards
from recall.run.store import Store, Table
from recall.sites.urls import url_key

REPEATS = {"row": "int32"}
"""Rows of a shard that are repeats, ascending; a file has a row group for each shard of a group of consecutive ones."""

REPEATS_FILE = "repeats.json"
"""In a round's domains folder: the files of REPEATS, in order, and the shards of a group."""

NO_NUMBERS: NDArray[np.int64] = np.zeros(0, np.int64)


def page_hash(url: str) -> int:
    """64 bits of a URL's key, signed: of three thousand million pages, two share them with a chance of a fifth."""
    digest = blake2b(url_key(url).encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


@dataclass(frozen=True, slots=True)
class CrawlPages:
    """Reads pages of a round. files: keys of REPEATS, one for each `size` shards; numbers: of the scanned shards."""

    store: Store
    files: tuple[str, ...] = field(default=(), repr=False)
    size: int = 1
    numbers: NDArray[np.int64] = field(default_factory=lambda: NO_NUMBERS, repr=False)

    def counted(self, scanned: ScannedShard, rows: int) -> NDArray[np.bool_]:
        """Mask of a shard's rows: True for those that stand for their page."""
        mask = np.ones(rows, dtype=bool)
        if self.files:
            index = int(np.searchsorted(self.numbers, scanned.number))
            group, place = divmod(index, self.size)
            mask[self.store.read_group(self.files[group], place, ["row"]).column("row").to_numpy()] = False
        return mask

    def read(self, scanned: ScannedShard, columns: Sequence[str]) -> Table:
        """Some columns of a shard's slim rows, a row for each page."""
        table = read_rows(self.store, scanned, columns)
        return table.filter(self.counted(scanned, table.num_rows)) if self.files else table


def crawl_pages(round_: Round) -> CrawlPages:
    """How the pages of a scanned round are read."""
    store, step = round_.run.store, round_.step("domains")
    if not (step.done and store.exists(step.key(REPEATS_FILE))):
        return CrawlPages(store)
    found = store.read_json(step.key(REPEATS_FILE))
    files = tuple(step.key(file) for file in found["files"])
    return CrawlPages(store, files, int(found["size"]), scanned_shards(round_).numbers)


def require_repeats(round_: Round) -> None:
    """Raise BadInput where an earlier version did the domains step: a sample by pages fits no counts of captures."""
    store, step = round_.run.store, round_.step("domains")
    if not store.exists(step.key(REPEATS_FILE)):
        line = "an earlier version, which counted captures as pages, did this step"
        raise BadInput(f"{store.url(step.folder)}: {line}: remove its step.json, then run again")
