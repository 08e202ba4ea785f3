"""Lines that repeat on the pages of a host: menus, banners and footers that extraction left. Never lines of code.

Two tasks in turn: each chunk deals its lines by host, each partition counts on how many of a host's pages a line
stands, and deals those that are boilerplate back to the chunks that have pages of the host. Counted are pages that
still stand, so that copies of a page make none of its lines boilerplate. Lines with inline code, rows of tables and
indented lines are never taken; short ones only where nothing but boilerplate stands before or after them.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.config import BoilerplateSection, ClusterSection
from recall.corpus.chunks import Chunk, read_chunk, standing
from recall.corpus.fences import blocks
from recall.run.shuffle import arrays, bucket_of, by_target, collect, deal, in_order, once
from recall.run.store import Columns, Schema, Store

LINES: Schema = {"host": "uint64", "line": "uint64"}
PAGE = np.uint64(0)
"""The line that every page has once, so that a host's pages are counted too."""

LINES_PER_PAGE = 40
"""Roughly: partitions are made for so many."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a task needs. merged: as `standing` takes it; dealt: keys of the chunks' files."""

    store: Store
    settings: BoilerplateSection
    partitions: int
    merged: tuple[tuple[str, ...], ...] = field(repr=False)
    dealt: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of prose. start, end: its characters, the newline included; key: 0 for one that is never taken."""

    start: int
    end: int
    key: int
    words: int


def key_of(text: str) -> int:
    """64 bits of a text, never 0."""
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big") or 1


def lines_of(text: str) -> Iterator[Line]:
    """Every line outside fenced blocks that is not blank; the fences themselves have the key 0."""
    at = 0
    for start, end in [*((block.start, block.end) for block in blocks(text)), (len(text), len(text))]:
        while at < start:
            stop = text.find("\n", at, start) + 1 or start
            raw = text[at:stop]
            words = raw.split()
            if words:
                taken = not (raw.startswith(("    ", "\t", "|")) or "`" in raw or "~~~" in raw)
                yield Line(at, stop, key_of(" ".join(words).casefold()) if taken else 0, len(words))
            at = stop
        at = max(at, end)


def without(text: str, boilerplate: Collection[int], words: int) -> tuple[str, list[str]]:
    """A text without its boilerplate lines, and these lines. words: shorter ones go at the start and end only."""
    lines = list(lines_of(text))
    known = [line.key != 0 and line.key in boilerplate for line in lines]
    head = known.index(False) if False in known else len(known)
    tail = known[::-1].index(False) if False in known else len(known)
    pieces, taken, at, begun = list[str](), list[str](), 0, False
    for number, line in enumerate(lines):
        if not (known[number] and (line.words >= words or number < head or number >= len(lines) - tail)):
            begun = True
            continue
        pieces.append(text[at : line.start])
        taken.append(text[line.start : line.end].strip())
        at = line.end
        if not begun or text.endswith("\n\n", 0, line.start):  # of two blank lines one goes too
            while text.startswith("\n", at):
                at += 1
    if at == len(text) and taken:
        return "".join(pieces).rstrip("\n") + "\n", taken
    return "".join([*pieces, text[at:]]), taken


def _deal_chunk(job: Job, chunk: Chunk) -> Any:
    """Deal the lines of a chunk's pages that still stand by host, each once a page."""

    def work() -> str:
        ids = read_chunk(job.store, chunk, ["id"]).column("id").to_numpy()
        stands, _ = standing(job.store, chunk.number, ids, job.merged)
        hosts: list[NDArray[np.uint64]] = [np.zeros(0, np.uint64)]
        found: list[NDArray[np.uint64]] = [np.zeros(0, np.uint64)]
        at = 0
        for shard in chunk.shards:
            for table in job.store.read_batches(shard.kept, ["domain", "text"], 1024):
                domains = table.column("domain").to_pylist()
                for domain, text in zip(domains, table.column("text"), strict=True):
                    if stands[at]:
                        keys = {line.key for line in lines_of(text.as_py())} | {int(PAGE)}
                        hosts.append(np.full(len(keys), key_of(domain), np.uint64))
                        found.append(np.fromiter(sorted(keys), np.uint64, len(keys)))
                    at += 1
        rows = {"host": np.concatenate(hosts), "line": np.concatenate(found)}
        targets = bucket_of(rows["host"], job.partitions)
        return deal(job.store, "boilerplate-lines", by_target(rows, targets, job.partitions), LINES)

    return once(job.store, "boilerplate-lines", chunk.number, work)


def _count_partition(job: Job, number: int) -> Any:
    """Find a partition's boilerplate and deal it to the chunks that have pages of its hosts."""

    def work() -> str:
        rows = arrays(collect(job.store, job.dealt, number, LINES))
        hosts, lines = repeated(rows["host"], rows["line"], job.settings)

        def pieces() -> Iterator[Columns]:
            for key in job.dealt:
                there = np.unique(job.store.read_group(key, number, ["host"]).column("host").to_numpy())
                wanted = np.isin(hosts, there)
                yield {"host": hosts[wanted], "line": lines[wanted]}

        return deal(job.store, "boilerplate", pieces(), LINES)

    return once(job.store, "boilerplate", number, work)


def repeated(
    hosts: NDArray[np.uint64], lines: NDArray[np.uint64], settings: BoilerplateSection
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Host and line of every boilerplate line, sorted; hosts, lines: one entry a page and line, PAGE for each page."""
    order = np.lexsort((lines, hosts))
    hosts, lines = hosts[order], lines[order]
    new = np.ones(len(hosts), dtype=bool)
    new[1:] = (hosts[1:] != hosts[:-1]) | (lines[1:] != lines[:-1])
    starts = np.flatnonzero(new)
    counts = np.diff(np.append(starts, len(hosts)))
    hosts, lines = hosts[starts], lines[starts]
    whole = lines == PAGE
    pages = counts[whole][np.searchsorted(hosts[whole], hosts)]
    found = ~whole & (counts >= settings.pages) & (counts >= settings.share * pages)
    return hosts[found], lines[found]


def find_boilerplate(job: Job, chunks: Sequence[Chunk], cluster: ClusterSection) -> tuple[str, ...]:
    """Keys of the files with the boilerplate lines of each chunk's hosts."""
    dealt = in_order(_deal_chunk, job, chunks, cluster, "boilerplate: count")
    counting = replace(job, dealt=tuple(dealt))
    return tuple(in_order(_count_partition, counting, range(job.partitions), cluster, "boilerplate: find"))


def lines_by_host(store: Store, keys: Sequence[str], number: int) -> dict[int, set[int]]:
    """Boilerplate of a chunk's hosts, by the key of the host."""
    found: dict[int, set[int]] = {}
    rows = arrays(collect(store, keys, number, LINES))
    for host, line in zip(rows["host"].tolist(), rows["line"].tolist(), strict=True):
        found.setdefault(host, set()).add(line)
    return found
