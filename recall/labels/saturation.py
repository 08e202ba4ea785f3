"""Saturation of a round: the share of its recalled pages that the round before recalled too.

In: the scans of two rounds and their accepted prefixes. Out: |R_k ∩ R_(k-1)| / |R_k| over all pages of the crawl, each
once, where R_k are the pages that round k's model keeps or a prefix accepted by then covers. DeepSeekMath (section 2.1)
stopped when 98 % had been collected before.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.labels.decisions import accepted_set
from recall.records import Shard
from recall.run.crawl_pages import CrawlPages, crawl_pages
from recall.run.jobs import complete
from recall.run.rounds import Round
from recall.run.scanned import ScannedShard, read_rows, scanned_shards
from recall.run.store import Store
from recall.sites.prefixes import PrefixSet


@dataclass(frozen=True, slots=True)
class RoundPair:
    """Two rounds to compare. pages: reads those of the later one; now, before: prefixes accepted by each."""

    store: Store
    pages: CrawlPages
    now: PrefixSet
    before: PrefixSet


@dataclass(frozen=True, slots=True)
class ShardPair:
    """A shard as two rounds scanned it. before: None where the earlier one could not read it."""

    now: ScannedShard
    before: ScannedShard | None

    @property
    def shard(self) -> Shard:
        """The shard, by which a failure is named."""
        return self.now.shard


def count_recalled(pair: RoundPair, scanned: ShardPair) -> tuple[int, int]:
    """Pages of a shard that are recalled now, and those of them that were before."""
    table = read_rows(pair.store, scanned.now, ["url", "kept"])
    counted = pair.pages.counted(scanned.now, table.num_rows)
    before = np.zeros(table.num_rows, dtype=bool)
    if scanned.before is not None:
        before = read_rows(pair.store, scanned.before, ["kept"]).column("kept").to_numpy()
    table, before = table.filter(counted), before[counted]
    urls, now = table.column("url").to_pylist(), table.column("kept").to_numpy()
    recalled = now | _covered(pair.now, urls)
    return int(recalled.sum()), int((recalled & (before | _covered(pair.before, urls))).sum())


def _covered(prefixes: PrefixSet, urls: list[str]) -> NDArray[Any]:
    if not len(prefixes):
        return np.zeros(len(urls), dtype=bool)
    return np.array([prefixes.match(url) is not None for url in urls], dtype=bool)


def recalled_again(round_: Round) -> tuple[int, int]:
    """Pages that a round's model and prefixes recall, and those of them that the round before did; 0 in round 1."""
    run = round_.run
    now = accepted_set(run, range(1, round_.number + 1))
    earlier, before = None, PrefixSet(())
    if round_.number > 1:
        earlier = scanned_shards(run.round(round_.number - 1))
        before = accepted_set(run, range(1, round_.number))
    recalled = again = 0
    scans = scanned_shards(round_)
    shards = (ShardPair(scanned, earlier.find(scanned.number) if earlier else None) for scanned in scans)
    pair = RoundPair(run.store, crawl_pages(round_), now, before)
    for outcome in complete(count_recalled, pair, shards, run.config.cluster, f"saturation {round_.number}"):
        recalled += outcome.result[0]
        again += outcome.result[1]
    return recalled, again


def saturation(round_: Round) -> float:
    """Share of the round's recalled pages that the round before recalled; 0 in round 1 and where nothing is."""
    if round_.number == 1:
        return 0.0
    recalled, again = recalled_again(round_)
    return again / recalled if recalled else 0.0


def saturation_of(round_: Round) -> float:
    """The saturation that a round's harvest published."""
    return float(round_.step("harvest").result.counts["saturation"])
