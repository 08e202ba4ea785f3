"""domains: hosts with more than a share of their pages recalled become code domains; URL prefixes inside are proposed.

In: slim rows of the round's scan. Out: domains.parquet (every host seen), candidates.parquet (prefixes for people).
The rule (more than 10 % of a domain's pages recalled) is DeepSeekMath's, section 2.1, and OpenCoder's.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from recall.config import DomainsSection
from recall.hosts import host_of, prefix_key
from recall.records import Candidate, DomainTally, Done
from recall.run.jobs import complete
from recall.run.progress import progress
from recall.run.rounds import Round
from recall.run.store import Store
from recall.steps.rows import ScannedShard, read_rows, scanned_shards

DOMAINS = {"host": "string", "pages": "int64", "kept": "int64", "share": "float64", "code": "bool"}
CANDIDATES = {"prefix": "string", "host": "string", "pages": "int64", "kept": "int64"}
MAX_DEPTH = 4
"""Path parts of a prefix: deeper ones cover too little to be worth a judgement."""

DIFFERENT = 0.3
"""Parts of a prefix whose shares kept lie further apart than this are judged one by one."""

Count = tuple[int, int]
"""Pages, and how many of them the model keeps."""

Counts = Mapping[str, Count]


@dataclass(frozen=True, slots=True)
class Tally:
    """What counting a shard needs. hosts: count prefixes inside these only; None counts hosts."""

    store: Store
    hosts: frozenset[str] | None = None


def prefixes_of(url: str) -> list[str]:
    """Directory prefixes of a URL, shortest first: host/, host/a/, host/a/b/ …, without its last path part."""
    host, _, path = prefix_key(url).partition("/")
    parts = path.split("/")[:-1][:MAX_DEPTH]
    prefixes = [f"{host}/"]
    for part in parts:
        if not part:
            break
        prefixes.append(f"{prefixes[-1]}{part}/")
    return prefixes


def count_shard(tally: Tally, scanned: ScannedShard) -> dict[str, Count]:
    """Pages and kept pages of a shard by host, or by prefix within the given hosts."""
    table = read_rows(tally.store, scanned, ["url", "kept"])
    kept = table.column("kept").to_numpy()
    pages: Counter[str] = Counter()
    keeps: Counter[str] = Counter()
    for url, keep in zip(table.column("url").to_pylist(), kept, strict=True):
        for name in _names(url, tally.hosts):
            pages[name] += 1
            keeps[name] += int(keep)
    return {name: (pages[name], keeps[name]) for name in pages}


def _names(url: str, hosts: frozenset[str] | None) -> list[str]:
    host = host_of(url)
    if hosts is None:
        return [host]
    return prefixes_of(url) if host in hosts else []


def _merge(round_: Round, tally: Tally, shards: Sequence[ScannedShard]) -> dict[str, Count]:
    total: dict[str, Count] = defaultdict(lambda: (0, 0))
    outcomes = complete(count_shard, tally, shards, round_.run.config.cluster, "domains")
    for outcome in progress(outcomes, len(shards), "domains"):
        for name, (pages, kept) in outcome.result.items():
            total[name] = (total[name][0] + pages, total[name][1] + kept)
    return dict(total)


def propose(counts: Counts, settings: DomainsSection) -> list[Candidate]:
    """Choose prefixes that separate kept pages from the rest, from counts by prefix, most kept pages first.

    From the host's root downwards: a prefix whose parts are kept alike is proposed whole; where they differ, its
    sub-prefixes are looked at instead, as long as they hold most of its kept pages.
    """
    children: dict[str, list[str]] = defaultdict(list)
    for prefix in sorted(counts):
        parent = prefix[: prefix.rstrip("/").rfind("/") + 1]
        if parent:
            children[parent].append(prefix)
    chosen: dict[str, list[Candidate]] = defaultdict(list)
    pending = [prefix for prefix in sorted(counts) if prefix.count("/") == 1]
    while pending:
        prefix = pending.pop()
        if not _worth_asking(counts[prefix], settings):
            continue
        if _separable(counts[prefix], [counts[child] for child in children[prefix]], settings):
            pending.extend(children[prefix])
            continue
        host = prefix.partition("/")[0]
        chosen[host].append(Candidate(prefix, host, *counts[prefix]))
    best = [
        sorted(found, key=lambda one: (-one.kept, one.prefix))[: settings.prefixes_per_host]
        for found in chosen.values()
    ]
    return sorted((one for found in best for one in found), key=lambda one: (-one.kept, one.prefix))


def _worth_asking(count: Count, settings: DomainsSection) -> bool:
    return count[0] >= settings.prefix_min_pages and count[1] >= settings.prefix_min_kept


def _separable(whole: Count, parts: Sequence[Count], settings: DomainsSection) -> bool:
    """Tell whether the shares kept of a prefix' parts differ, and those worth asking about hold most of what is kept.

    What lies in no large part counts as a part of its own.
    """
    worth = [part for part in parts if _worth_asking(part, settings)]
    large = [part for part in parts if part[0] >= settings.prefix_min_pages]
    rest = (whole[0] - sum(part[0] for part in large), whole[1] - sum(part[1] for part in large))
    if rest[0] >= settings.prefix_min_pages:
        large.append(rest)
    shares = [kept / pages for pages, kept in large]
    most_inside = 2 * sum(part[1] for part in worth) > whole[1]
    return most_inside and max(shares) - min(shares) > DIFFERENT


def code_domains(tallies: Iterable[DomainTally], settings: DomainsSection) -> list[DomainTally]:
    """Hosts with at least `min_pages` pages of which more than `share` are kept."""
    return [tally for tally in tallies if tally.pages >= settings.min_pages and tally.share > settings.share]


def domains(round_: Round) -> Done:
    """Tally hosts, mark code domains, propose prefixes inside those that are not held out."""
    step = round_.begin("domains")
    run, settings = round_.run, round_.run.config.domains
    shards = scanned_shards(round_)
    counted = _merge(round_, Tally(run.store), shards)
    tallies = [DomainTally(host, *counted[host]) for host in sorted(counted)]
    code = {tally.host for tally in code_domains(tallies, settings)}
    open_hosts = frozenset(host for host in code if not run.holdout.covers(f"http://{host}/"))
    candidates = propose(_merge(round_, Tally(run.store, open_hosts), shards), settings)
    step.publish_table(
        "domains.parquet",
        {
            "host": [tally.host for tally in tallies],
            "pages": [tally.pages for tally in tallies],
            "kept": [tally.kept for tally in tallies],
            "share": np.array([tally.share for tally in tallies], dtype=np.float64),
            "code": [tally.host in code for tally in tallies],
        },
        DOMAINS,
    )
    proposed = {name: [getattr(candidate, name) for candidate in candidates] for name in CANDIDATES}
    step.publish_table("candidates.parquet", proposed, CANDIDATES)
    return step.finish({"hosts": len(tallies), "code_domains": len(code), "candidates": len(candidates)}, {})
