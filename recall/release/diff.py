"""Differences between two runs or rounds: pages won and lost, by domain.

In: RUN, its corpus, or RUN@N, the pages that round N recalls (its model keeps them or a prefix accepted by then covers
them). Out: Difference. URLs are partitioned by host into temporary files and compared file by file, so memory holds
one of PARTS partitions at a time and the result does not depend on the order of shards.
"""

import heapq
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from recall.corpus import part_keys
from recall.errors import BadInput
from recall.labels.decisions import accepted_set
from recall.run.rounds import Run
from recall.run.scanned import read_rows, scanned_shards
from recall.sites.urls import host_of

PARTS = 128
BATCH = 16_384


@dataclass(frozen=True, slots=True)
class Side:
    """One of two sets of pages. round: None for the corpus."""

    name: str
    run: Run
    round: int | None


@dataclass(frozen=True, slots=True, order=True)
class DomainChange:
    """Pages of a host that only the second side has (won), only the first (lost), and both."""

    domain: str
    won: int
    lost: int
    both: int


@dataclass(frozen=True, slots=True)
class Difference:
    """Numbers of pages by URL. domains: those with most pages won or lost; changed: how many such there are."""

    first: str
    second: str
    pages_first: int
    pages_second: int
    both: int
    won: int
    lost: int
    changed: int
    domains: tuple[DomainChange, ...]


def side_of(text: str) -> Side:
    """RUN or RUN@N. Raises BadInput where the corpus is not built or the round not scanned."""
    root, at, number = text.rpartition("@")
    if not at or not number.isdigit():
        run = Run.open(text)
        if not run.step("corpus").done:
            raise BadInput(f"{text}: the corpus is not built yet; compare rounds with {text}@N")
        return Side(text, run, None)
    run = Run.open(root)
    if not run.round(int(number)).step("scan").done:
        raise BadInput(f"{text}: this round is not scanned yet; see `recall status`")
    return Side(text, run, int(number))


def urls_of(side: Side) -> Iterator[str]:
    """URLs of a side, some of them more than once."""
    run = side.run
    if side.round is None:
        for key in part_keys(run):
            for table in run.store.read_batches(key, ["url"], BATCH):
                yield from table.column("url").to_pylist()
        return
    round_ = run.round(side.round)
    labelled = side.round if round_.step("label").done else side.round - 1
    prefixes = accepted_set(run, range(1, labelled + 1))
    for scanned in scanned_shards(round_):
        table = read_rows(run.store, scanned, ["url", "kept"])
        for url, kept in zip(*(table.column(name).to_pylist() for name in table.column_names), strict=True):
            if kept or prefixes.match(url) is not None:
                yield url


def _partition(side: Side, folder: Path) -> None:
    """Write a side's URLs, one JSON string a line, to the partition of their host."""
    folder.mkdir()
    with ExitStack() as stack:
        files: dict[int, BinaryIO] = {}
        for url in urls_of(side):
            part = int.from_bytes(blake2b(host_of(url).encode("utf-8", "replace"), digest_size=2).digest()) % PARTS
            if part not in files:
                files[part] = stack.enter_context((folder / str(part)).open("wb"))
            files[part].write(json.dumps(url).encode() + b"\n")


def _read(path: Path) -> set[str]:
    if not path.exists():
        return set()
    with path.open("rb") as stream:
        return {json.loads(line) for line in stream}


def difference(first: Side, second: Side, count: int, target: BinaryIO | None = None) -> Difference:
    """Compare two sides. count: domains that are listed; target: gets each page won or lost as a JSON line."""
    totals: Counter[str] = Counter()
    largest: list[tuple[int, DomainChange]] = []
    with TemporaryDirectory(prefix="recall-diff-") as name:
        folder = Path(name)
        _partition(first, folder / "first")
        _partition(second, folder / "second")
        for part in range(PARTS):
            old, new = _read(folder / "first" / str(part)), _read(folder / "second" / str(part))
            won, lost, both = (Counter(map(host_of, urls)) for urls in (new - old, old - new, old & new))
            totals.update(first=len(old), second=len(new), won=won.total(), lost=lost.total(), both=both.total())
            changes = [DomainChange(host, won[host], lost[host], both[host]) for host in won.keys() | lost.keys()]
            totals["changed"] += len(changes)
            ranked = [(-change.won - change.lost, change) for change in changes]
            largest = heapq.nsmallest(count, largest + ranked)
            if target is not None:
                for kind, urls in (("lost", old - new), ("won", new - old)):
                    for url in sorted(urls):
                        line = {"change": kind, "domain": host_of(url), "url": url}
                        target.write(json.dumps(line, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n")
    return Difference(
        first=first.name,
        second=second.name,
        pages_first=totals["first"],
        pages_second=totals["second"],
        both=totals["both"],
        won=totals["won"],
        lost=totals["lost"],
        changed=totals["changed"],
        domains=tuple(change for _, change in largest),
    )
