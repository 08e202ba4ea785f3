"""Pages by host and by prefix, counted group by group and merged partition by partition: no process holds the crawl.

Pages are counted once, by their newest capture. Groups of shards are counted in tasks; each publishes a file with a row
group for every partition of families. A partition's task reads its row group of every file, so all hosts of a family
meet in one task, as the bound on a small family needs. The driver gets file names and totals only, and how many pages
lie under each prefix that recall ships. A killed step goes on with the tasks that are left.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from recall.config import DomainsSection
from recall.records import Candidate, DomainTally
from recall.run.crawl_pages import CrawlPages
from recall.run.shuffle import Stage, StageFile, read_partition, write_partitions, write_table
from recall.run.store import Columns, Store
from recall.sites.holdout import Holdout
from recall.sites.hosts import registered_domain
from recall.sites.prefixes import PrefixSet, url_under
from recall.sites.urls import host_of
from recall.steps.domains.bounds import ModelErrors, lower_shares
from recall.steps.domains.captures import ShardGroup
from recall.steps.domains.prefix_candidates import Count, directory_prefixes, propose

DOMAINS = {"host": "string", "pages": "int64", "kept": "int64", "share": "float64", "low": "float64", "code": "bool"}
CANDIDATES = {"prefix": "string", "host": "string", "pages": "int64", "kept": "int64"}
COUNTS = {"name": "string", "pages": "int64", "kept": "int64"}
OPEN = {"hash": "int64"}

PAGES_A_PARTITION = 1 << 24
RANKED = 50
"""Candidates of a partition that the driver hears of, those with most pages."""


@dataclass(frozen=True, slots=True)
class TallyInputs:
    """Inputs of all tasks of a round. open_hosts: sorted hashes of the code domains inside which prefixes count.

    pages: reads the scan's pages, each once; domains: rows of DOMAINS, a file for each partition, once they are
    tallied; split: prefixes that annotators want to see by their parts; known: prefixes that are proposed wherever
    pages lie under them; counted: those that are, once hosts are tallied.
    """

    partitions: int
    settings: DomainsSection
    errors: ModelErrors
    holdout: Holdout
    pages: CrawlPages
    split: frozenset[str] = frozenset()
    known: PrefixSet = field(default_factory=lambda: PrefixSet(()))
    domains: tuple[StageFile, ...] = field(default=(), repr=False)
    counted: tuple[Candidate, ...] = field(default=(), repr=False)
    open_hosts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64), repr=False)


@dataclass(frozen=True, slots=True)
class CountedGroup:
    """Rows of COUNTS, partitioned by family. pages: of all shards of the group, without repeats."""

    rows: StageFile
    pages: int


@dataclass(frozen=True, slots=True)
class TalliedPartition:
    """Rows of DOMAINS, and rows of OPEN for code domains that are not held out. pages: of all hosts.

    known: the known prefixes with enough pages to be proposed.
    """

    domains: StageFile
    open: StageFile
    code_domains: int
    pages: int
    known: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class RankedPrefix:
    """A candidate as far as estimating gains needs it."""

    prefix: str
    pages: int
    kept: int


@dataclass(frozen=True, slots=True)
class ProposedPartition:
    """Rows of CANDIDATES. missed: pages that the model did not keep under all of them; ranked: those of most pages."""

    candidates: StageFile
    missed: int
    ranked: tuple[RankedPrefix, ...]


def host_hash(host: str) -> int:
    """64 bits of a host, signed."""
    return int.from_bytes(blake2b(host.encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True)


def _partition_of(host: str, partitions: int) -> int:
    return crc32(registered_domain(host).encode("utf-8", "replace")) % partitions


def count_hosts(stage: Stage[TallyInputs], group: ShardGroup) -> CountedGroup:
    """Count a group's pages and kept pages by host, and by known prefix: these have a slash in their names."""
    known, holdout = stage.inputs.known, stage.inputs.holdout

    def names(url: str) -> Sequence[str]:
        prefix = known.match(url)
        return (host_of(url),) if prefix is None or holdout.covers(url) else (host_of(url), prefix)

    return _counted(stage, group, names)


def count_prefixes(stage: Stage[TallyInputs], group: ShardGroup) -> CountedGroup:
    """Count a group's pages and kept pages by prefix within the open hosts."""
    known: dict[str, bool] = {}
    opened = stage.inputs.open_hosts

    def names(url: str) -> Sequence[str]:
        host = host_of(url)
        if host not in known:
            index = int(np.searchsorted(opened, host_hash(host)))
            known[host] = index < len(opened) and int(opened[index]) == host_hash(host)
        return directory_prefixes(url) if known[host] else ()

    return _counted(stage, group, names)


def _counted(stage: Stage[TallyInputs], group: ShardGroup, names: Callable[[str], Sequence[str]]) -> CountedGroup:
    pages: Counter[str] = Counter()
    keeps: Counter[str] = Counter()
    seen = 0
    for scanned in group.shards:
        table = stage.inputs.pages.read(scanned, ["url", "kept"])
        seen += table.num_rows
        for url, keep in zip(table.column("url").to_pylist(), table.column("kept").to_pylist(), strict=True):
            for name in names(url):
                pages[name] += 1
                if keep:
                    keeps[name] += 1
    counts = {name: (pages[name], keeps[name]) for name in pages}
    return CountedGroup(write_partitions(stage, _by_family(counts, stage.inputs.partitions), COUNTS), seen)


def _by_family(counts: Mapping[str, Count], partitions: int) -> Iterator[Columns]:
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


def _summed(stage: Stage[TallyInputs], number: int) -> dict[str, Count]:
    table = read_partition(stage.store, stage.files, number, COUNTS)
    total: dict[str, Count] = {}
    for name, pages, kept in zip(*(table.column(column).to_pylist() for column in COUNTS), strict=True):
        before = total.get(name, (0, 0))
        total[name] = (before[0] + pages, before[1] + kept)
    return total


def tally_hosts(stage: Stage[TallyInputs], number: int) -> TalliedPartition:
    """Tally a partition's hosts and mark its code domains; count its known prefixes."""
    inputs, counted = stage.inputs, _summed(stage, number)
    tallies = [DomainTally(host, *counted[host]) for host in sorted(counted) if "/" not in host]
    known = [Candidate(name, name.partition("/")[0], *counted[name]) for name in sorted(counted) if "/" in name]
    bounds = lower_shares(tallies, inputs.settings, inputs.errors)
    code = {host for host, bound in bounds.items() if bound > inputs.settings.share}
    columns: Columns = {
        "host": [tally.host for tally in tallies],
        "pages": [tally.pages for tally in tallies],
        "kept": [tally.kept for tally in tallies],
        "share": np.array([tally.share for tally in tallies], dtype=np.float64),
        "low": np.array([bounds.get(tally.host, 0.0) for tally in tallies], dtype=np.float64),
        "code": [tally.host in code for tally in tallies],
    }
    opened = sorted(host_hash(host) for host in code if not inputs.holdout.covers(f"http://{host}/"))
    return TalliedPartition(
        write_table(stage, "domains-", columns, DOMAINS),
        write_table(stage, "open-", {"hash": np.array(opened, dtype=np.int64)}, OPEN),
        len(code),
        sum(tally.pages for tally in tallies),
        tuple(each for each in known if each.pages >= inputs.settings.prefix_min_pages),
    )


def propose_prefixes(stage: Stage[TallyInputs], number: int) -> ProposedPartition:
    """Propose prefixes inside a partition's open code domains."""
    inputs = stage.inputs
    hosts = stage.store.read_table(inputs.domains[number].key, ["host", "code"])
    pairs = zip(hosts.column("host").to_pylist(), hosts.column("code").to_pylist(), strict=True)
    opened = {host for host, code in pairs if code and not inputs.holdout.covers(f"http://{host}/")}
    counts = {name: count for name, count in _summed(stage, number).items() if name.partition("/")[0] in opened}
    found = propose(counts, inputs.settings, inputs.split)
    proposed = [candidate for candidate in found if not told_by_known(candidate, inputs)]
    columns = {name: [getattr(candidate, name) for candidate in proposed] for name in CANDIDATES}
    ranked = sorted(proposed, key=lambda candidate: (-candidate.pages, candidate.prefix))[:RANKED]
    return ProposedPartition(
        write_table(stage, "candidates-", columns, CANDIDATES),
        sum(candidate.pages - candidate.kept for candidate in proposed),
        tuple(RankedPrefix(candidate.prefix, candidate.pages, candidate.kept) for candidate in ranked),
    )


def told_by_known(candidate: Candidate, inputs: TallyInputs) -> bool:
    """True for a prefix under a known one, and for one whose kept pages all lie under known ones that are proposed."""
    if inputs.known.match(url_under(candidate.prefix)) is not None:
        return True
    own = PrefixSet([candidate.prefix])
    inside = [each.kept for each in inputs.counted if each.host == candidate.host and own.match(url_under(each.prefix))]
    return bool(inside) and sum(inside) >= candidate.kept


def open_hashes(store: Store, files: Iterable[StageFile]) -> NDArray[np.int64]:
    """Hashes of all open code domains, sorted."""
    hashes = [store.read_table(file.key).column("hash").to_numpy() for file in files]
    return np.sort(np.concatenate(hashes)) if hashes else np.zeros(0, np.int64)
