"""harvest: the pages under accepted prefixes that the model missed join the next round as examples.

In: accepted prefixes of this and earlier rounds, the round's slim rows, and, where [crawl] names an index, the pages
under the prefixes in files that were not scanned. Out: pages.parquet, prefixes.parquet (what each prefix brought), and
failures.json with the pages of the index that could not be read. Patterns over hosts are not looked up in the index.
Labelled pages, audit pages and held-out hosts are excluded; of each prefix at most [harvest] per_prefix pages of either
kind are taken, chosen by the seed.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field

import numpy as np

from recall.archive.index import part_urls
from recall.config import Config
from recall.errors import Incomplete
from recall.labels.decisions import accepted_set, audit_urls, page_labels
from recall.labels.prefix_yield import WON
from recall.labels.saturation import saturation
from recall.page.text import scoring_text
from recall.records import Done, WarcRef
from recall.run.crawl_pages import CrawlPages, crawl_pages
from recall.run.jobs import Outcome, complete, each, tolerated
from recall.run.progress_bar import progress
from recall.run.round_model import load_scorer, model_folder
from recall.run.rounds import Round
from recall.run.sampling import BottomK, priority
from recall.run.scanned import ScannedShard, read_bodies, read_rows, refs_of, scanned_shards
from recall.run.store import Columns, Store
from recall.sites.holdout import Holdout
from recall.sites.prefixes import PrefixSet
from recall.sites.urls import url_key
from recall.steps.harvest.unscanned import (
    BROKEN,
    UNREADABLE,
    IndexedPage,
    LookupContext,
    ReadContext,
    ReadResult,
    ReadTask,
    choose,
    find_indexed,
    group_reads,
    read_indexed_pages,
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


TOPIC_PAGES = {**PAGES, "topic": "string"}
"""Pages of a run with several topics. topic: the label of the one that the round's model gives the page."""

HarvestedPage = tuple[str, str, WarcRef, float, str, str]
"""URL, prefix, place, score, text and topic of a page; "" for the topic where there is one positive label."""


@dataclass(frozen=True, slots=True)
class HarvestContext:
    """Context of `find_missed`. known: URL keys that are never harvested."""

    pages: CrawlPages
    config: Config
    prefixes: PrefixSet
    holdout: Holdout
    known: frozenset[str] = field(repr=False)


@dataclass(frozen=True, slots=True, order=True)
class MissedPage:
    """A page under an accepted prefix that scored below the threshold."""

    priority: int
    url: str
    prefix: str
    row: int
    score: float


def find_missed(context: HarvestContext, scanned: ScannedShard) -> tuple[Counter[str], list[MissedPage]]:
    """Count a shard's missed pages by prefix; returns the counts and a sample of per_prefix pages of each."""
    table = read_rows(context.pages.store, scanned, ["url", "score", "kept"])
    scores = table.column("score").to_numpy()
    urls = table.column("url").to_pylist()
    missed: dict[str, list[MissedPage]] = defaultdict(list)
    counted = context.pages.counted(scanned, table.num_rows)
    for row in np.flatnonzero(counted & ~table.column("kept").to_numpy()):
        url = urls[row]
        prefix = context.prefixes.match(url)
        if prefix is None or url_key(url) in context.known or context.holdout.covers(url):
            continue
        chance = priority(context.config.run.seed, url)
        missed[prefix].append(MissedPage(chance, url, prefix, int(row), float(scores[row])))
    count = Counter({prefix: len(pages) for prefix, pages in missed.items()})
    limit = context.config.harvest.per_prefix
    return count, [page for pages in missed.values() for page in heapq.nsmallest(limit, pages)]


@dataclass(frozen=True, slots=True)
class FetchContext:
    """Context of `fetch`. chosen: pages to read, by shard number; model, digest: of the round's model."""

    store: Store
    config: Config
    model: str
    digest: str
    chosen: Mapping[int, list[MissedPage]] = field(repr=False)


def fetch(job: FetchContext, scanned: ScannedShard) -> list[HarvestedPage]:
    """Read the chosen pages of a shard."""
    chosen = job.chosen[scanned.shard.number]
    table = read_rows(job.store, scanned, ["offset", "length"])
    refs = refs_of(table, scanned.shard.path, [page.row for page in chosen])
    bodies = read_bodies(job.store, scanned, refs, job.config.access)
    texts = [scoring_text(bodies[page.row].body, bodies[page.row].charset, page.url) for page in chosen]
    topics = [""] * len(texts)
    if job.config.train.topics:
        scorer = load_scorer(job.store, job.model, job.digest)
        topics = scorer.score_topics(scorer.tokenizer.lines(texts))[1]
    return [
        (page.url, page.prefix, refs[page.row], page.score, text, topic)
        for page, text, topic in zip(chosen, texts, topics, strict=True)
    ]


class _Choice:
    """A sample of each prefix's missed pages over all shards."""

    def __init__(self, per_prefix: int) -> None:
        self._per_prefix = per_prefix
        self._samples: dict[str, BottomK[str, tuple[int, MissedPage]]] = {}

    def add(self, pages: list[MissedPage], shard: int) -> None:
        """Take in a shard's pages."""
        for page in pages:
            sample = self._samples.setdefault(page.prefix, BottomK(self._per_prefix))
            sample.offer(page.url, (page.priority, page.url), (shard, page))

    def chosen(self, limit: int) -> dict[int, list[MissedPage]]:
        """At most `limit` pages, those of lowest priority, by shard."""
        pages = [(page, shard) for sample in self._samples.values() for shard, page in sample.values()]
        chosen: dict[int, list[MissedPage]] = defaultdict(list)
        for page, shard in heapq.nsmallest(limit, pages):
            chosen[shard].append(page)
        return chosen


def harvest(round_: Round) -> Done:
    """Collect the missed pages under every prefix accepted so far."""
    step, run = round_.begin("harvest"), round_.run
    so_far = range(1, round_.number + 1)
    prefixes = accepted_set(run, so_far)
    known = frozenset(map(url_key, {*page_labels(run, so_far), *audit_urls(run, so_far)}))
    context = HarvestContext(crawl_pages(round_), run.config, prefixes, run.holdout, known)
    shards = scanned_shards(round_) if len(prefixes) else []
    missed_under, choice = Counter[str](), _Choice(run.config.harvest.per_prefix)
    looked = complete(find_missed, context, shards, run.config.cluster, "harvest")
    for outcome in progress(run.while_held(looked), len(shards), "harvest"):
        missed_under.update(outcome.result[0])
        choice.add(outcome.result[1], outcome.item.shard.number)
    chosen = choice.chosen(run.config.harvest.limit)
    needed = [scanned for scanned in shards if scanned.shard.number in chosen]
    pages: list[HarvestedPage] = []
    model = str(round_.step("train").manifest.settings["model"])
    fetching = FetchContext(run.store, run.config, model_folder(round_), model, chosen)
    for outcome in run.while_held(complete(fetch, fetching, needed, run.config.cluster, "harvest")):
        pages += outcome.result
    unscanned = _unscanned_pages(round_, context, {page[0] for page in pages}) if len(prefixes) else UnscannedPages()
    missed_taken, missed = len(pages), missed_under.total()
    pages += unscanned.pages
    pages.sort(key=lambda page: page[0])
    rows = [(url, prefix, *astuple(ref), score, text, topic) for url, prefix, ref, score, text, topic in pages]
    schema = TOPIC_PAGES if run.config.train.topics else PAGES
    step.publish_table("pages.parquet", {name: [row[i] for row in rows] for i, name in enumerate(schema)}, schema)
    taken_under = Counter(page[1] for page in pages)
    won: Columns = {
        "prefix": list(prefixes),
        "missed": [missed_under[prefix] for prefix in prefixes],
        "harvested": [taken_under[prefix] for prefix in prefixes],
    }
    step.publish_table("prefixes.parquet", won, WON)
    step.publish_json("failures.json", unscanned.failures)
    counts = {"prefixes": len(prefixes), "shards": len(shards), "missed": missed, "harvested": len(pages)}
    over = missed - missed_taken + unscanned.total - len(unscanned.pages) - len(unscanned.failures)
    counts |= {"unscanned": unscanned.total, "over_limits": over, "files": unscanned.files}
    counts |= {"failed_files": unscanned.failed_files}
    return step.finish({**counts, "saturation": round(saturation(round_), 4)}, {}, unscanned.notes)


@dataclass(slots=True)
class UnscannedPages:
    """Pages of files that were not scanned.

    total: pages under the prefixes by the index; files: WARCs that were read; failures: a row for each page.
    """

    total: int = 0
    pages: list[HarvestedPage] = field(default_factory=list)
    failures: list[dict[str, object]] = field(default_factory=list)
    files: int = 0
    failed_files: int = 0
    notes: list[str] = field(default_factory=list)

    def take(self, outcome: Outcome[ReadTask]) -> None:
        """Add the pages that a task read, or the failure of all of its pages."""
        wanted = outcome.item.pages
        result: ReadResult = outcome.result or ReadResult(failed=[(page, UNREADABLE) for page in wanted])
        self.files += len({page.ref.path for page in wanted})
        self.failed_files += len({page.ref.path for page, reason in result.failed if reason in BROKEN})
        self.notes += [outcome.failure] if outcome.failure is not None else result.unread
        for page, text, score, topic in result.pages:
            self.pages.append((page.url, page.prefix, page.ref, score, text, topic))
        for page, reason in result.failed:
            self.fail(page, reason)

    def fail(self, page: IndexedPage, reason: str) -> None:
        """Add a page that could not be read, with the reason."""
        row: dict[str, object] = {"url": page.url, "path": page.ref.path, "offset": page.ref.offset}
        self.failures.append({**row, "reason": reason})


def _unscanned_pages(round_: Round, context: HarvestContext, harvested: set[str]) -> UnscannedPages:
    """The pages of WARCs that were not scanned. Raises Incomplete when too many of these cannot be read."""
    run, config = round_.run, round_.run.config
    unscanned, indexed = UnscannedPages(), list[IndexedPage]()
    if not (config.crawl.index and config.crawl.ids and config.harvest.unscanned):
        return unscanned
    scanned = frozenset(scanned.shard.path for scanned in scanned_shards(round_))
    known = context.known.union(map(url_key, harvested))
    lookup = LookupContext(config, context.prefixes, context.holdout, known, scanned)
    parts = [url for crawl in config.crawl.ids for url in part_urls(config.crawl.index, crawl, config.access)]
    looked = complete(find_indexed, lookup, parts, config.cluster, "harvest index")
    for outcome in progress(run.while_held(looked), len(parts), "harvest"):
        unscanned.total += outcome.result[0]
        indexed += outcome.result[1]
    tasks = group_reads(choose(indexed, config.harvest.per_prefix, config.harvest.unscanned))
    base = config.crawl.base if config.crawl.base.endswith("/") else config.crawl.base + "/"
    model = str(round_.step("train").manifest.settings["model"])
    reading = ReadContext(run.store, config, base, model_folder(round_), model)
    for read in run.while_held(tolerated(each(read_indexed_pages, reading, tasks, config.cluster, "harvest"))):
        unscanned.take(read)
    if unscanned.failed_files > config.cluster.failed_share * unscanned.files:
        line = f"harvest: {unscanned.failed_files} of {unscanned.files} WARCs could not be read whole"
        raise Incomplete(
            f"{line}, first: {min(unscanned.notes)}; run again to retry them, or allow more with --failed-share"
        )
    unscanned.failures.sort(key=lambda row: (str(row["path"]), int(str(row["offset"]))))
    unscanned.notes.sort()
    return unscanned
