"""Pages by host and by prefix, counted group by group and merged partition by partition: no process holds the crawl.

Groups of shards are counted in tasks; each publishes a file with a row group for every partition of families. A
partition's task reads its row group of every file, so all hosts of a family meet in one place, as the bound on a small
family needs. The driver gets file names and totals only. A killed step goes on with the tasks that are left.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from recall.config import DomainsSection
from recall.io.parquet import table_bytes
from recall.records import DomainTally
from recall.run.scanned import ScannedShard, read_rows
from recall.run.shuffle import collect, deal, folder_of, once
from recall.run.store import Columns, Store, digest_of
from recall.sites.holdout import Holdout
from recall.sites.hosts import host_of, registered_domain
from recall.steps.domains.bounds import Errors, lower_shares
from recall.steps.domains.prefixes import Count, prefixes_of, propose

DOMAINS = {"host": "string", "pages": "int64", "kept": "int64", "share": "float64", "low": "float64", "code": "bool"}
CANDIDATES = {"prefix": "string", "host": "string", "pages": "int64", "kept": "int64"}
COUNTS = {"name": "string", "pages": "int64", "kept": "int64"}
OPEN = {"hash": "int64"}

GROUPS = 1024
"""Groups at most: a partition's task reads one range of a file of each."""

PAGES_A_PARTITION = 1 << 24
RANKED = 50
"""Candidates of a partition that the driver hears of, those with most pages."""


@dataclass(frozen=True, slots=True)
class Group:
    """Shards that one task counts."""

    number: int
    shards: tuple[ScannedShard, ...]


@dataclass(frozen=True, slots=True)
class Job:
    """What the tasks of a round need. open_hosts: sorted hashes of the code domains inside which prefixes count.

    split: prefixes that people want to judge by their parts.
    """

    store: Store
    stage: str
    partitions: int
    settings: DomainsSection
    errors: Errors
    holdout: Holdout
    split: frozenset[str] = frozenset()
    open_hosts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64), repr=False)


def _size(shards: int) -> int:
    return max(1, -(-shards // GROUPS))


def group_count(shards: int) -> int:
    """How many groups so many shards make."""
    return -(-shards // _size(shards))


def groups_of(shards: Sequence[ScannedShard]) -> Iterator[Group]:
    """The shards in order, cut into at most GROUPS groups, each made when it is asked for."""
    size = _size(len(shards))
    for number, start in enumerate(range(0, len(shards), size)):
        yield Group(number, tuple(shards[at] for at in range(start, min(start + size, len(shards)))))


def host_hash(host: str) -> int:
    """64 bits of a host, signed."""
    return int.from_bytes(blake2b(host.encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True)


def _partition_of(host: str, partitions: int) -> int:
    return crc32(registered_domain(host).encode("utf-8", "replace")) % partitions


def count_hosts(job: Job, group: Group) -> dict[str, Any]:
    """Count a group's pages and kept pages by host; returns its file, shards and pages."""
    return _counted(job, group, lambda url: (host_of(url),))


def count_prefixes(job: Job, group: Group) -> dict[str, Any]:
    """Count a group's pages and kept pages by prefix within the open hosts."""
    known: dict[str, bool] = {}

    def names(url: str) -> Sequence[str]:
        host = host_of(url)
        if host not in known:
            place = int(np.searchsorted(job.open_hosts, host_hash(host)))
            known[host] = place < len(job.open_hosts) and int(job.open_hosts[place]) == host_hash(host)
        return prefixes_of(url) if known[host] else ()

    return _counted(job, group, names)


def _counted(job: Job, group: Group, names: Any) -> dict[str, Any]:
    def work() -> dict[str, Any]:
        pages: Counter[str] = Counter()
        keeps: Counter[str] = Counter()
        seen = 0
        for scanned in group.shards:
            table = read_rows(job.store, scanned, ["url", "kept"])
            seen += table.num_rows
            for url, keep in zip(table.column("url").to_pylist(), table.column("kept").to_pylist(), strict=True):
                for name in names(url):
                    pages[name] += 1
                    if keep:
                        keeps[name] += 1
        counts = {name: (pages[name], keeps[name]) for name in pages}
        key = deal(job.store, job.stage, _dealt(counts, job.partitions), COUNTS)
        return {"rows": key, "shards": len(group.shards), "pages": seen}

    found: dict[str, Any] = once(job.store, job.stage, group.number, work)
    return found


def _dealt(counts: Mapping[str, Count], partitions: int) -> Iterator[Columns]:
    """Counts as a piece for each partition, sorted by name."""
    pieces: list[list[str]] = [[] for _ in range(partitions)]
    for name in sorted(counts):
        pieces[_partition_of(name.partition("/")[0], partitions)].append(name)
    for piece in pieces:
        yield {
            "name": piece,
            "pages": [counts[name][0] for name in piece],
            "kept": [counts[name][1] for name in piece],
        }


@dataclass(frozen=True, slots=True)
class Partition:
    """What one task merges. files: of all groups; domains: key of the partition's hosts, for its prefixes."""

    number: int
    files: tuple[str, ...] = field(repr=False)
    domains: str = ""


def _summed(job: Job, partition: Partition) -> dict[str, Count]:
    table = collect(job.store, partition.files, partition.number, COUNTS)
    total: dict[str, Count] = {}
    for name, pages, kept in zip(*(table.column(one).to_pylist() for one in COUNTS), strict=True):
        before = total.get(name, (0, 0))
        total[name] = (before[0] + pages, before[1] + kept)
    return total


def merge_hosts(job: Job, partition: Partition) -> dict[str, Any]:
    """Tally a partition's hosts and mark its code domains; returns its files and totals."""

    def work() -> dict[str, Any]:
        counted = _summed(job, partition)
        tallies = [DomainTally(host, *counted[host]) for host in sorted(counted)]
        bounds = lower_shares(tallies, job.settings, job.errors)
        code = {host for host, bound in bounds.items() if bound > job.settings.share}
        columns: Columns = {
            "host": [tally.host for tally in tallies],
            "pages": [tally.pages for tally in tallies],
            "kept": [tally.kept for tally in tallies],
            "share": np.array([tally.share for tally in tallies], dtype=np.float64),
            "low": np.array([bounds.get(tally.host, 0.0) for tally in tallies], dtype=np.float64),
            "code": [tally.host in code for tally in tallies],
        }
        opened = sorted(host_hash(host) for host in code if not job.holdout.covers(f"http://{host}/"))
        return {
            "domains": _publish(job, table_bytes(columns, DOMAINS)),
            "open": _publish(job, table_bytes({"hash": np.array(opened, dtype=np.int64)}, OPEN)),
            "hosts": len(tallies),
            "code": len(code),
            "tallied": sum(tally.pages for tally in tallies),
        }

    found: dict[str, Any] = once(job.store, f"{job.stage}-merged", partition.number, work)
    return found


def propose_prefixes(job: Job, partition: Partition) -> dict[str, Any]:
    """Propose prefixes inside a partition's open code domains; returns their file and what gains are reckoned from."""

    def work() -> dict[str, Any]:
        hosts = job.store.read_table(partition.domains, ["host", "code"])
        pairs = zip(hosts.column("host").to_pylist(), hosts.column("code").to_pylist(), strict=True)
        opened = {host for host, code in pairs if code and not job.holdout.covers(f"http://{host}/")}
        counted = _summed(job, partition)
        counts = {name: count for name, count in counted.items() if name.partition("/")[0] in opened}
        found = propose(counts, job.settings, job.split)
        columns = {name: [getattr(one, name) for one in found] for name in CANDIDATES}
        ranked = sorted(found, key=lambda one: (-one.pages, one.prefix))
        return {
            "candidates": _publish(job, table_bytes(columns, CANDIDATES)),
            "count": len(found),
            "missed": sum(one.pages - one.kept for one in found),
            "ranked": [[one.prefix, one.pages, one.kept] for one in ranked[:RANKED]],
        }

    found: dict[str, Any] = once(job.store, f"{job.stage}-merged", partition.number, work)
    return found


def _publish(job: Job, data: bytes) -> str:
    key = f"{folder_of(job.stage)}-merged/{digest_of(data)[:32]}.parquet"
    job.store.publish(key, data)
    return key


def open_hashes(store: Store, keys: Iterable[str]) -> NDArray[np.int64]:
    """Hashes of all open code domains, sorted."""
    found = [store.read_table(key).column("hash").to_numpy() for key in keys]
    return np.sort(np.concatenate(found)) if found else np.zeros(0, np.int64)
