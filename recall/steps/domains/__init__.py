"""domains: hosts that hold more than a share of code become code domains; URL prefixes inside are proposed.

In: slim rows of the round's scan. Out: domains.parquet (every host seen), candidates.parquet (prefixes for people).
The rule (more than 10 % of a domain's pages recalled) is DeepSeekMath's, section 2.1, and OpenCoder's; here it is held
against a lower confidence bound that allows for the model's errors.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recall.hosts import host_of
from recall.records import DomainTally, Done
from recall.run.jobs import complete
from recall.run.progress import progress
from recall.run.rounds import Round
from recall.run.store import Store
from recall.steps.domains.bounds import errors_of, lower_shares
from recall.steps.domains.prefixes import Count, gains_of, prefixes_of, propose
from recall.steps.rows import ScannedShard, read_rows, scanned_shards
from recall.steps.scan import model_folder

DOMAINS = {"host": "string", "pages": "int64", "kept": "int64", "share": "float64", "low": "float64", "code": "bool"}
CANDIDATES = {"prefix": "string", "host": "string", "pages": "int64", "kept": "int64"}


@dataclass(frozen=True, slots=True)
class Tally:
    """What counting a shard needs. hosts: count prefixes inside these only; None counts hosts."""

    store: Store
    hosts: frozenset[str] | None = None


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


def domains(round_: Round) -> Done:
    """Tally hosts, mark code domains, propose prefixes inside those that are not held out."""
    step = round_.begin("domains")
    run, settings = round_.run, round_.run.config.domains
    shards = scanned_shards(round_)
    counted = _merge(round_, Tally(run.store), shards)
    tallies = [DomainTally(host, *counted[host]) for host in sorted(counted)]
    metrics = run.store.read_json(f"{model_folder(round_)}/model.json")["metrics"]
    bounds = lower_shares(tallies, settings, errors_of(metrics))
    code = {host for host, bound in bounds.items() if bound > settings.share}
    open_hosts = frozenset(host for host in code if not run.holdout.covers(f"http://{host}/"))
    candidates = propose(_merge(round_, Tally(run.store, open_hosts), shards), settings)
    step.publish_table(
        "domains.parquet",
        {
            "host": [tally.host for tally in tallies],
            "pages": [tally.pages for tally in tallies],
            "kept": [tally.kept for tally in tallies],
            "share": np.array([tally.share for tally in tallies], dtype=np.float64),
            "low": np.array([bounds.get(tally.host, 0.0) for tally in tallies], dtype=np.float64),
            "code": [tally.host in code for tally in tallies],
        },
        DOMAINS,
    )
    proposed = {name: [getattr(candidate, name) for candidate in candidates] for name in CANDIDATES}
    step.publish_table("candidates.parquet", proposed, CANDIDATES)
    pages = sum(scanned.read - sum(scanned.skipped.values()) for scanned in shards)
    counts = {"shards": len(shards), "pages": pages, "tallied": sum(tally.pages for tally in tallies)}
    counts |= {"hosts": len(tallies), "code_domains": len(code), "candidates": len(candidates)}
    return step.finish({**counts, **gains_of(candidates)}, {})
