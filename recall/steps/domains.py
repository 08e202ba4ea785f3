"""domains: hosts with more than a share of their pages recalled become code domains; URL prefixes inside are proposed.

In: slim rows of the round's scan. Out: domains.parquet (every host seen), candidates.parquet (prefixes for people).
The rule (more than 10 % of a domain's pages recalled) is DeepSeekMath's, section 2.1, and OpenCoder's.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
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
from recall.steps.scan import threshold_of

DOMAINS = {"host": "string", "pages": "int64", "kept": "int64", "share": "float64", "code": "bool"}
CANDIDATES = {"prefix": "string", "host": "string", "pages": "int64", "kept": "int64"}
MAX_DEPTH = 4
"""Path parts of a prefix: deeper ones cover too little to be worth a judgement."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What counting a shard needs. hosts: count prefixes inside these only; None counts hosts."""

    store: Store
    threshold: float
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


def count_shard(tally: Tally, scanned: ScannedShard) -> dict[str, tuple[int, int]]:
    """Pages and kept pages of a shard by host, or by prefix within the given hosts."""
    table = read_rows(tally.store, scanned, ["url", "score"])
    kept = table.column("score").to_numpy() >= tally.threshold
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


def _merge(round_: Round, tally: Tally, shards: list[ScannedShard]) -> dict[str, tuple[int, int]]:
    total: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    outcomes = complete(count_shard, tally, shards, round_.run.config.cluster, "domains")
    for outcome in progress(outcomes, len(shards), "domains"):
        for name, (pages, kept) in outcome.result.items():
            total[name] = (total[name][0] + pages, total[name][1] + kept)
    return dict(total)


def propose(counts: dict[str, tuple[int, int]], settings: DomainsSection) -> list[Candidate]:
    """Choose prefixes that separate kept pages from the rest, from counts by prefix, most kept pages first.

    From the host's root downwards: a prefix is proposed when at least half of its pages are kept or nothing below it
    is large enough to ask about; otherwise its sub-prefixes are looked at instead.
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
        pages, kept = counts[prefix]
        if pages < settings.prefix_min_pages or kept < settings.prefix_min_kept:
            continue
        below = [child for child in children[prefix] if _worth_asking(counts[child], settings)]
        if 2 * kept >= pages or not below:
            host = prefix.partition("/")[0]
            chosen[host].append(Candidate(prefix, host, pages, kept))
        else:
            pending.extend(below)
    best = [
        sorted(found, key=lambda one: (-one.kept, one.prefix))[: settings.prefixes_per_host]
        for found in chosen.values()
    ]
    return sorted((one for found in best for one in found), key=lambda one: (-one.kept, one.prefix))


def _worth_asking(count: tuple[int, int], settings: DomainsSection) -> bool:
    return count[0] >= settings.prefix_min_pages and count[1] >= settings.prefix_min_kept


def code_domains(tallies: Iterable[DomainTally], settings: DomainsSection) -> list[DomainTally]:
    """Hosts with at least `min_pages` pages of which more than `share` are kept."""
    return [tally for tally in tallies if tally.pages >= settings.min_pages and tally.share > settings.share]


def domains(round_: Round) -> Done:
    """Tally hosts, mark code domains, propose prefixes inside those that are not held out."""
    step = round_.begin("domains")
    run, settings = round_.run, round_.run.config.domains
    threshold = threshold_of(round_)
    shards = scanned_shards(round_)
    counted = _merge(round_, Tally(run.store, threshold), shards)
    tallies = [DomainTally(host, *counted[host]) for host in sorted(counted)]
    code = {tally.host for tally in code_domains(tallies, settings)}
    open_hosts = frozenset(host for host in code if not run.holdout.covers(f"http://{host}/"))
    candidates = propose(_merge(round_, Tally(run.store, threshold, open_hosts), shards), settings)
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
