"""Lines that repeat on the pages of a host: menus, banners and footers that extraction left. Never lines of code.

Two stages: each chunk partitions its lines by host; each partition counts on how many of a host's pages a line occurs,
and sends the boilerplate back to the chunks that have pages of the host. Only surviving pages count, so that copies of
a page make none of its lines boilerplate; and only HTML, as files share no menus and would outnumber pages. Lines with
inline code, rows of tables and indented lines are never removed; short ones only where nothing but boilerplate comes
before or after them.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recall.config import BoilerplateSection
from recall.corpus.chunks import Chunk, ChunkedPages, Merged, read_chunk, surviving_pages
from recall.corpus.signals import blocks
from recall.records import OTHER_BODIES
from recall.run.shuffle import Stage, StageFile, arrays, by_key, read_partition, write_partitions
from recall.run.store import Columns, Schema, Store

LINES: Schema = {"host": "uint64", "line": "uint64"}
PAGE = np.uint64(0)
"""The line that every page has once, so that a host's pages are counted too."""

LINES_PER_PAGE = 40
"""Roughly, to choose the number of partitions."""


@dataclass(frozen=True, slots=True)
class BoilerplateInputs:
    """What the stages need. merged: what stages before merged."""

    settings: BoilerplateSection
    partitions: int
    merged: tuple[Merged, ...] = field(repr=False)


class ProseLine(NamedTuple):
    """A line of prose. start, end: its characters, the newline included; key: 0 for one that is never removed."""

    start: int
    end: int
    key: int
    words: int


def text_key(text: str) -> int:
    """64 bits of a text, never 0."""
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big") or 1


def lines_of(text: str) -> Iterator[ProseLine]:
    """Every line outside fenced blocks that is not blank; the fences themselves have the key 0."""
    at = 0
    for start, end in [*((block.start, block.end) for block in blocks(text)), (len(text), len(text))]:
        while at < start:
            stop = text.find("\n", at, start) + 1 or start
            raw = text[at:stop]
            words = raw.split()
            if words:
                taken = not (raw.startswith(("    ", "\t", "|")) or "`" in raw or "~~~" in raw)
                yield ProseLine(at, stop, text_key(" ".join(words).casefold()) if taken else 0, len(words))
            at = stop
        at = max(at, end)


def remove_lines(text: str, boilerplate: Collection[int], words: int) -> tuple[str, list[str]]:
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


def find_boilerplate(
    pages: ChunkedPages, settings: BoilerplateSection, merged: tuple[Merged, ...]
) -> tuple[StageFile, ...]:
    """Boilerplate lines as rows of LINES, a row group for each chunk with the lines of its hosts; empty when off."""
    if not settings.enabled:
        return ()
    inputs = BoilerplateInputs(settings, pages.partitions(LINES_PER_PAGE), merged)
    lines = pages.over_chunks("boilerplate-lines", _partition_lines, inputs)
    return pages.over_partitions("boilerplate", _count_partition, inputs, lines, inputs.partitions)


def _partition_lines(stage: Stage[BoilerplateInputs], chunk: Chunk) -> StageFile:
    """The lines of a chunk's surviving HTML pages, each once a page, partitioned by host."""
    store, inputs = stage.store, stage.inputs
    ids = read_chunk(store, chunk, ["id"]).column("id").to_numpy()
    survives, _ = surviving_pages(store, chunk, ids, inputs.merged)
    hosts: list[NDArray[np.uint64]] = [np.zeros(0, np.uint64)]
    lines: list[NDArray[np.uint64]] = [np.zeros(0, np.uint64)]
    at = 0
    for shard in chunk.shards:
        for table in store.read_batches(shard.kept.key, ["domain", "body", "text"], 1024):
            domains, kinds = table.column("domain").to_pylist(), table.column("body").to_pylist()
            for domain, kind, text in zip(domains, kinds, table.column("text"), strict=True):
                if survives[at] and kind not in OTHER_BODIES:
                    keys = {line.key for line in lines_of(text.as_py())} | {int(PAGE)}
                    hosts.append(np.full(len(keys), text_key(domain), np.uint64))
                    lines.append(np.fromiter(sorted(keys), np.uint64, len(keys)))
                at += 1
    rows = {"host": np.concatenate(hosts), "line": np.concatenate(lines)}
    return write_partitions(stage, by_key(rows, "host", inputs.partitions), LINES)


def _count_partition(stage: Stage[BoilerplateInputs], number: int) -> StageFile:
    """A partition's boilerplate, for each chunk that of the hosts it has pages of."""
    rows = arrays(read_partition(stage.store, stage.files, number, LINES))
    hosts, lines = repeated(rows["host"], rows["line"], stage.inputs.settings)

    def pieces() -> Iterator[Columns]:
        for file in stage.files:
            there = np.unique(stage.store.read_group(file.key, number, ["host"]).column("host").to_numpy())
            wanted = np.isin(hosts, there)
            yield {"host": hosts[wanted], "line": lines[wanted]}

    return write_partitions(stage, pieces(), LINES)


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
    frequent = ~whole & (counts >= settings.pages) & (counts >= settings.share * pages)
    return hosts[frequent], lines[frequent]


def lines_by_host(store: Store, files: Sequence[StageFile], number: int) -> dict[int, set[int]]:
    """Boilerplate of a chunk's hosts, by the key of the host."""
    by_host: dict[int, set[int]] = {}
    rows = arrays(read_partition(store, files, number, LINES))
    for host, line in zip(rows["host"].tolist(), rows["line"].tolist(), strict=True):
        by_host.setdefault(host, set()).add(line)
    return by_host
