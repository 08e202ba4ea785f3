"""harvest: the pages under accepted prefixes that the model missed join the next round as examples.

In: accepted prefixes of this and earlier rounds, the round's slim rows, and where [crawl] names an index what lies
under the prefixes in files that were not scanned. Out: pages.parquet, and failures.json with the pages of the index
that could not be had. Pages that a person judged, audit pages and held-out hosts are left out; of each prefix at most
[harvest] per_prefix pages of either kind, chosen by the seed.
"""

import heapq
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field

import numpy as np

from recall.archive.index import part_urls
from recall.config import Config
from recall.errors import Incomplete
from recall.labels.decisions import accepted_prefixes, audit_urls, page_labels
from recall.labels.saturation import saturation
from recall.page.text import scoring_text
from recall.records import Done, WarcRef
from recall.run.candidates import read_bodies
from recall.run.jobs import Outcome, complete, each, tolerated
from recall.run.progress_bar import progress
from recall.run.round_model import model_folder
from recall.run.rounds import Round
from recall.run.sampling import BottomK, priority
from recall.run.scanned import ScannedShard, read_rows, refs_of, scanned_shards
from recall.run.store import Store
from recall.sites.holdout import Holdout
from recall.sites.prefixes import PrefixSet
from recall.steps.harvest.unscanned import (
    BROKEN,
    UNREADABLE,
    Lookup,
    Place,
    Portion,
    Portioned,
    Reading,
    choose,
    look_up,
    portions,
    read_places,
)

PAGES = {
    "url": "string",
    "prefix": "string",
    "path": "string",
    "offset": "int64",
    "length": "int64",
    "score": "float64",
    "text": "string",
}


@dataclass(frozen=True, slots=True)
class Search:
    """What looking for missed pages needs beside a shard. known: URLs that are never harvested."""

    store: Store
    config: Config
    prefixes: PrefixSet
    holdout: Holdout
    known: frozenset[str] = field(repr=False)


@dataclass(frozen=True, slots=True, order=True)
class Missed:
    """A page under an accepted prefix that scored below the threshold."""

    priority: int
    url: str
    prefix: str
    row: int
    score: float


def find_missed(search: Search, scanned: ScannedShard) -> tuple[int, list[Missed]]:
    """Count a shard's missed pages and return those that per_prefix admits."""
    table = read_rows(search.store, scanned, ["url", "score", "kept"])
    scores = table.column("score").to_numpy()
    urls = table.column("url").to_pylist()
    missed: dict[str, list[Missed]] = defaultdict(list)
    for row in np.flatnonzero(~table.column("kept").to_numpy()):
        url = urls[row]
        prefix = search.prefixes.match(url)
        if prefix is None or url in search.known or search.holdout.covers(url):
            continue
        chance = priority(search.config.run.seed, url)
        missed[prefix].append(Missed(chance, url, prefix, int(row), float(scores[row])))
    count = sum(map(len, missed.values()))
    limit = search.config.harvest.per_prefix
    return count, [page for pages in missed.values() for page in heapq.nsmallest(limit, pages)]


@dataclass(frozen=True, slots=True)
class Fetch:
    """Chosen pages by shard number, to be read."""

    store: Store
    config: Config
    chosen: Mapping[int, list[Missed]] = field(repr=False)


def fetch(job: Fetch, scanned: ScannedShard) -> list[tuple[Missed, WarcRef, str]]:
    """Read the chosen pages of a shard and return their scoring texts."""
    chosen = job.chosen[scanned.shard.number]
    table = read_rows(job.store, scanned, ["offset", "length"])
    refs = refs_of(table, scanned.shard.path, [page.row for page in chosen])
    bodies = read_bodies(job.store, scanned, refs, job.config.access)
    return [
        (page, refs[page.row], scoring_text(bodies[page.row].body, bodies[page.row].charset, page.url))
        for page in chosen
    ]


class _Choice:
    """A sample of each prefix's missed pages over all shards; of a URL captured twice the first capture counts."""

    def __init__(self, per_prefix: int) -> None:
        self._per_prefix = per_prefix
        self._samples: dict[str, BottomK[str, tuple[int, Missed]]] = {}

    def add(self, pages: list[Missed], shard: int) -> None:
        """Take in a shard's pages."""
        for page in pages:
            sample = self._samples.setdefault(page.prefix, BottomK(self._per_prefix))
            sample.offer(page.url, (page.priority, page.url), (shard, page))

    def chosen(self, limit: int) -> dict[int, list[Missed]]:
        """At most `limit` pages, those of lowest priority, by shard."""
        pages = [(page, shard) for sample in self._samples.values() for shard, page in sample.values()]
        chosen: dict[int, list[Missed]] = defaultdict(list)
        for page, shard in heapq.nsmallest(limit, pages):
            chosen[shard].append(page)
        return chosen


def harvest(round_: Round) -> Done:
    """Collect the missed pages under every prefix accepted so far."""
    step, run = round_.begin("harvest"), round_.run
    so_far = range(1, round_.number + 1)
    prefixes = accepted_prefixes(run, so_far)
    known = frozenset(page_labels(run, so_far)) | frozenset(audit_urls(run, so_far))
    search = Search(run.store, run.config, PrefixSet(prefixes), run.holdout, known)
    shards = scanned_shards(round_) if prefixes else []
    missed, choice = 0, _Choice(run.config.harvest.per_prefix)
    looked = complete(find_missed, search, shards, run.config.cluster, "harvest")
    for outcome in progress(looked, len(shards), "harvest"):
        missed += outcome.result[0]
        choice.add(outcome.result[1], outcome.item.shard.number)
    chosen = choice.chosen(run.config.harvest.limit)
    needed = [scanned for scanned in shards if scanned.shard.number in chosen]
    pages: list[tuple[str, str, WarcRef, float, str]] = []
    for outcome in complete(fetch, Fetch(run.store, run.config, chosen), needed, run.config.cluster, "harvest"):
        pages += [(page.url, page.prefix, ref, page.score, text) for page, ref, text in outcome.result]
    beyond = _beyond(round_, search, {page[0] for page in pages}) if prefixes else Beyond()
    missed_taken = len(pages)
    pages += beyond.pages
    pages.sort(key=lambda page: page[0])
    rows = [(url, prefix, *astuple(ref), score, text) for url, prefix, ref, score, text in pages]
    step.publish_table("pages.parquet", {name: [row[i] for row in rows] for i, name in enumerate(PAGES)}, PAGES)
    step.publish_json("failures.json", beyond.failures)
    counts = {"prefixes": len(prefixes), "shards": len(shards), "missed": missed, "harvested": len(pages)}
    over = missed - missed_taken + beyond.found - len(beyond.pages) - len(beyond.failures)
    counts |= {"unscanned": beyond.found, "over_limits": over, "files": beyond.files}
    counts |= {"failed_files": beyond.failed_files}
    return step.finish({**counts, "saturation": round(saturation(round_), 4)}, {}, beyond.notes)


@dataclass(slots=True)
class Beyond:
    """What the index gave. found: pages under the prefixes; files: WARCs that were asked; failures: one a page."""

    found: int = 0
    pages: list[tuple[str, str, WarcRef, float, str]] = field(default_factory=list)
    failures: list[dict[str, object]] = field(default_factory=list)
    files: int = 0
    failed_files: int = 0
    notes: list[str] = field(default_factory=list)

    def take(self, outcome: Outcome[Portion]) -> None:
        """Take down what a task read, or that it read nothing."""
        places = outcome.item.places
        beyond: Portioned = outcome.result or Portioned(failed=[(one, UNREADABLE) for one in places])
        lines = [outcome.failure] if outcome.failure is not None else beyond.unread
        self.files += len({place.ref.path for place in places})
        self.failed_files += len({place.ref.path for place, reason in beyond.failed if reason in BROKEN})
        self.notes += lines
        self.pages += [(one.url, one.prefix, one.ref, score, text) for one, text, score in beyond.pages]
        for place, reason in beyond.failed:
            self.fail(place, reason)

    def fail(self, place: Place, reason: str) -> None:
        """Take down a page that could not be had."""
        row: dict[str, object] = {"url": place.url, "path": place.ref.path, "offset": place.ref.offset}
        self.failures.append({**row, "reason": reason})


def _beyond(round_: Round, search: Search, harvested: set[str]) -> Beyond:
    """The pages of WARCs that were not scanned. Raises Incomplete when too many of these cannot be read."""
    run, config = round_.run, round_.run.config
    beyond, places = Beyond(), list[Place]()
    if not (config.crawl.index and config.crawl.ids and config.harvest.unscanned):
        return beyond
    scanned = frozenset(scanned.shard.path for scanned in scanned_shards(round_))
    lookup = Lookup(config, search.prefixes, search.holdout, search.known | harvested, scanned)
    parts = [url for crawl in config.crawl.ids for url in part_urls(config.crawl.index, crawl, config.access)]
    looked = complete(look_up, lookup, parts, config.cluster, "harvest index")
    for found in progress(looked, len(parts), "harvest"):
        beyond.found += found.result[0]
        places += found.result[1]
    chosen = portions(choose(places, config.harvest.per_prefix, config.harvest.unscanned))
    base = config.crawl.base if config.crawl.base.endswith("/") else config.crawl.base + "/"
    model = str(round_.step("train").manifest.settings["model"])
    reading = Reading(run.store, config, base, model_folder(round_), model)
    for outcome in tolerated(each(read_places, reading, chosen, config.cluster, "harvest")):
        beyond.take(outcome)
    if beyond.failed_files > config.cluster.failed_share * beyond.files:
        line = f"harvest: {beyond.failed_files} of {beyond.files} WARCs could not be read whole"
        raise Incomplete(
            f"{line}, first: {min(beyond.notes)}; run again to retry them, or allow more with --failed-share"
        )
    beyond.failures.sort(key=lambda row: (str(row["path"]), int(str(row["offset"]))))
    beyond.notes.sort()
    return beyond
