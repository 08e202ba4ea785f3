"""Pages by host and by prefix, counted group by group and merged partition by partition: no process holds the crawl.

Pages are counted once, by their newest capture, and by their probability. Groups of shards are counted in tasks; each
publishes a file with a row group for every partition of families. A partition's task reads its row group of every file,
so all hosts of a family meet in one task, as the bound on a small family needs. The driver gets file names and totals
only, and the prefixes that recall ships with what lies under each. A killed step goes on with the tasks that are left.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from recall.config import DomainsSection
from recall.model.evaluate import Calibration
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
from recall.steps.domains.code_added import Bins, CodeAdded, kept_in, levels_of, no_pages, pages_in
from recall.steps.domains.prefix_candidates import directory_prefixes, largest_gain_first, propose
from recall.steps.domains.url_shapes import (
    SHAPES,
    PartitionPatterns,
    ShapeCounts,
    distinct_patterns,
    find_patterns,
)

DOMAINS = {"host": "string", "pages": "int64", "kept": "int64", "share": "float64", "low": "float64", "code": "bool"}
CANDIDATES = {
    "prefix": "string",
    "host": "string",
    "pages": "int64",
    "kept": "int64",
    "added": "float64",
    "low": "float64",
    "high": "float64",
    "gain": "float64",
}
COUNTS = {"name": "string", "level": "int32", "pages": "int64"}
"""Pages of a name (host, prefix or pattern) that lie in a level of Bins."""

OPEN = {"hash": "int64"}

PAGES_A_PARTITION = 1 << 24
RANKED = 50
"""Candidates of a partition that the driver hears of, those of largest gain."""


@dataclass(frozen=True, slots=True)
class TallyInputs:
    """Inputs of all tasks of a round. open_hosts: sorted hashes of the code domains inside which prefixes count.

    calibration: of the model; estimate: what a prefix would add; sampled: bound of the site hashes whose URLs' shapes
    are looked at. pages: reads the scan's pages, each once; domains: rows of DOMAINS, a file for each partition, once
    they are tallied; split: prefixes that annotators want to see by their parts; known: prefixes that are proposed
    wherever pages lie under them; counted: those that are, once hosts are tallied; patterns: over hosts, likewise, with
    the number of sites of each.
    """

    partitions: int
    settings: DomainsSection
    errors: ModelErrors
    holdout: Holdout
    pages: CrawlPages
    calibration: Calibration = field(default_factory=Calibration)
    estimate: CodeAdded = field(default_factory=CodeAdded)
    sampled: int = 2**63
    split: frozenset[str] = frozenset()
    known: PrefixSet = field(default_factory=lambda: PrefixSet(()))
    domains: tuple[StageFile, ...] = field(default=(), repr=False)
    counted: tuple[Candidate, ...] = field(default=(), repr=False)
    patterns: PrefixSet = field(default_factory=lambda: PrefixSet(()))
    sites: Mapping[str, int] = field(default_factory=dict)
    open_hosts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64), repr=False)


@dataclass(frozen=True, slots=True)
class CountedGroup:
    """Rows of COUNTS, partitioned by family. pages: of all shards of the group, without repeats.

    shapes: rows of SHAPES, partitioned by shape; None where they are not counted.
    """

    rows: StageFile
    pages: int
    shapes: StageFile | None = None


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
    added: float
    gain: float


@dataclass(frozen=True, slots=True)
class ProposedPartition:
    """Rows of CANDIDATES, and sums over all of them.

    missed: pages that the model did not keep; added: code among them, estimated; ranked: candidates of largest gain.
    """

    candidates: StageFile
    missed: int
    added: float
    ranked: tuple[RankedPrefix, ...]


def host_hash(host: str) -> int:
    """64 bits of a host, signed."""
    return int.from_bytes(blake2b(host.encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True)


def _partition_of(host: str, partitions: int) -> int:
    return crc32(registered_domain(host).encode("utf-8", "replace")) % partitions


def count_hosts(stage: Stage[TallyInputs], group: ShardGroup) -> CountedGroup:
    """Count a group's pages by host, and by known prefix: these have a slash in their names. Count shapes of URLs."""
    known, holdout = stage.inputs.known, stage.inputs.holdout
    shapes = ShapeCounts(stage.inputs.sampled)

    def names(url: str, kept: bool) -> Sequence[str]:
        host = host_of(url)
        if holdout.covers(url):
            return (host,)
        shapes.add(url, registered_domain(host), kept)
        prefix = known.match(url)
        return (host,) if prefix is None else (host, prefix)

    counted = _counted(stage, group, names)
    return replace(counted, shapes=write_partitions(stage, shapes.pieces(stage.inputs.partitions), SHAPES))


def count_prefixes(stage: Stage[TallyInputs], group: ShardGroup) -> CountedGroup:
    """Count a group's pages by prefix within the open hosts, and by pattern on all hosts that are not held out."""
    known: dict[str, bool] = {}
    opened, patterns, holdout = stage.inputs.open_hosts, stage.inputs.patterns, stage.inputs.holdout

    def names(url: str, _: bool) -> Sequence[str]:
        host = host_of(url)
        if host not in known:
            index = int(np.searchsorted(opened, host_hash(host)))
            known[host] = index < len(opened) and int(opened[index]) == host_hash(host)
        directories = directory_prefixes(url) if known[host] else []
        if len(patterns) and not holdout.covers(url):
            directories += patterns.matches(url)
        return directories

    return _counted(stage, group, names)


def _counted(stage: Stage[TallyInputs], group: ShardGroup, names: Callable[[str, bool], Sequence[str]]) -> CountedGroup:
    pages: Counter[tuple[str, int]] = Counter()
    seen = 0
    for scanned in group.shards:
        table = stage.inputs.pages.read(scanned, ["url", "score", "kept"])
        seen += table.num_rows
        kept = table.column("kept").to_numpy()
        levels = levels_of(stage.inputs.calibration, table.column("score").to_numpy(), kept).tolist()
        for url, keep, level in zip(table.column("url").to_pylist(), kept.tolist(), levels, strict=True):
            for name in names(url, keep):
                pages[name, level] += 1
    return CountedGroup(write_partitions(stage, _by_family(pages, stage.inputs.partitions), COUNTS), seen)


def _by_family(counts: Mapping[tuple[str, int], int], partitions: int) -> Iterator[Columns]:
    """Counts as a piece for each partition, sorted by name and level."""
    pieces: list[list[tuple[str, int]]] = [[] for _ in range(partitions)]
    for key in sorted(counts):
        pieces[_partition_of(key[0].partition("/")[0], partitions)].append(key)
    for piece in pieces:
        yield {
            "name": [name for name, _ in piece],
            "level": [level for _, level in piece],
            "pages": [counts[key] for key in piece],
        }


def _summed(stage: Stage[TallyInputs], number: int) -> dict[str, Bins]:
    table = read_partition(stage.store, stage.files, number, COUNTS)
    total: dict[str, Bins] = {}
    for name, level, pages in zip(*(table.column(column).to_pylist() for column in COUNTS), strict=True):
        if name not in total:
            total[name] = no_pages()
        total[name][level] += pages
    return total


def choose_patterns(stage: Stage[TallyInputs], number: int) -> PartitionPatterns:
    """The patterns over hosts among a partition's shapes, without those that people want to see by their parts."""
    inputs = stage.inputs
    found = find_patterns(inputs.settings, inputs.errors, stage, number)
    return PartitionPatterns(tuple(pattern for pattern in found if pattern.prefix not in inputs.split))


def tally_hosts(stage: Stage[TallyInputs], number: int) -> TalliedPartition:
    """Tally a partition's hosts and mark its code domains; count its known prefixes."""
    inputs, counted = stage.inputs, _summed(stage, number)
    tallies = [
        DomainTally(host, pages_in(counted[host]), kept_in(counted[host]))
        for host in sorted(counted)
        if "/" not in host
    ]
    known = [inputs.estimate.candidate(name, counted[name]) for name in sorted(counted) if "/" in name]
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
    """Propose prefixes inside a partition's open code domains, and patterns, which all lie in one partition."""
    inputs = stage.inputs
    hosts = stage.store.read_table(inputs.domains[number].key, ["host", "code"])
    pairs = zip(hosts.column("host").to_pylist(), hosts.column("code").to_pylist(), strict=True)
    opened = {host for host, code in pairs if code and not inputs.holdout.covers(f"http://{host}/")}
    counted = _summed(stage, number)
    counts = {name: count for name, count in counted.items() if name.partition("/")[0] in opened}
    found = propose(counts, inputs.settings, inputs.estimate, inputs.split)
    proposed = [candidate for candidate in found if not told_by_known(candidate, inputs)]
    patterns = {
        name: inputs.estimate.candidate(name, counted[name], inputs.sites[name])
        for name in inputs.patterns
        if name in counted
    }
    proposed = sorted([*proposed, *distinct_patterns(patterns)], key=largest_gain_first)
    columns = {name: [getattr(candidate, name) for candidate in proposed] for name in CANDIDATES}
    return ProposedPartition(
        write_table(stage, "candidates-", columns, CANDIDATES),
        sum(each.pages - each.kept for each in proposed),
        math.fsum(each.added for each in proposed),
        tuple(RankedPrefix(each.prefix, each.pages, each.kept, each.added, each.gain) for each in proposed[:RANKED]),
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
