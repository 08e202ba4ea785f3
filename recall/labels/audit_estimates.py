"""The audit of a round: precision, recall and number of code pages of the whole crawl, with 95 % intervals.

A page is a URL key, however many captures of it the crawls hold; its score is that of the newest. Estimated are pages,
not texts: a text that stands under several keys counts as often, though it is asked about once (`Census.texts`).

In: the audit samples of this and earlier rounds with their labels, pages that were labelled for training, the round's
scan. Out: Horvitz-Thompson estimates for the model alone and for model and accepted prefixes together.

Rounds are pooled by the number of pages they drew. A labelled page has weight 1 in the samples drawn afterwards, which
could not hold it. A page that was harvested unlabelled is in no later sample either: the pages of earlier samples that
a harvest would have taken represent it there. Excluded from the estimate are pages that the seed took without an
annotator's label, and the holdout.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from recall.labels.decisions import accepted_set, excluded_annotators, label_rows, seed_rows
from recall.labels.examples import seed_tables
from recall.model.evaluate import AuditEstimate, AuditSample, Cell, estimate_pooled, pooled_shares
from recall.model.near_texts import NearTexts
from recall.run.crawl_pages import CrawlPages, crawl_pages
from recall.run.jobs import complete
from recall.run.rounds import Round, Run
from recall.run.scanned import ScannedShard, scanned_shards
from recall.sites.holdout import Holdout
from recall.sites.prefixes import PrefixSet
from recall.sites.urls import url_key

V = TypeVar("V")

LABELLED = "label"


@dataclass(frozen=True, slots=True)
class Audited:
    """Audit estimates of a round. labels: audit pages with a label, of all rounds that were pooled.

    pages: of the crawl, without held-out ones and those that the seed took unasked.
    """

    labels: int
    pages: int
    model: AuditEstimate
    with_prefixes: AuditEstimate


def scores_of_urls(round_: Round, urls: frozenset[str]) -> Mapping[str, tuple[float, bool]]:
    """Score of some pages, by the URLs that are given, and whether the round kept them."""
    keys = {url: url_key(url) for url in sorted(urls)}
    context = ScoresWanted(crawl_pages(round_), frozenset(keys.values()))
    shards, label = scanned_shards(round_), f"scores {round_.number}"
    ended = complete(find_scores, context, shards if urls else (), round_.run.config.cluster, label)
    scores = _of_first_shard({outcome.item.number: outcome.result for outcome in ended})
    return {url: scores[key] for url, key in keys.items() if key in scores}


@dataclass(frozen=True, slots=True)
class ScoresWanted:
    """Context of `find_scores`. wanted: URL keys."""

    pages: CrawlPages
    wanted: frozenset[str] = field(repr=False)


def find_scores(context: ScoresWanted, scanned: ScannedShard) -> dict[str, tuple[float, bool]]:
    """Scores of a shard's pages whose key is wanted, and whether they are kept."""
    table = context.pages.read(scanned, ["url", "score", "kept"])
    scores: dict[str, tuple[float, bool]] = {}
    for url, score, kept in zip(*(table.column(name).to_pylist() for name in table.column_names), strict=True):
        if (key := url_key(url)) in context.wanted:
            scores.setdefault(key, (score, kept))
    return scores


def _of_first_shard(by_shard: Mapping[int, Mapping[str, V]]) -> dict[str, V]:
    """What the first shard, by number, says of each page: rounds of earlier versions know no repeats."""
    found: dict[str, V] = {}
    for number in sorted(by_shard, reverse=True):
        found.update(by_shard[number])
    return found


@dataclass(frozen=True, slots=True)
class LabelledTask:
    """A labelled page of a round's tasks. chance: of being drawn for the audit, 0 for a page of another sample.

    asked: False where it was drawn and another page of the same text asked about instead.
    """

    round: int
    url: str
    truth: bool
    chance: float
    asked: bool = True


def labelled_in(round_: Round, ignored: frozenset[str] = frozenset()) -> list[LabelledTask]:
    """Labelled pages of a round's tasks. Audit pages without a label count as missing at random in their stratum.

    ignored: annotators whose labels do not count.
    """
    store, step, positives = round_.run.store, round_.step("label"), round_.run.config.train.positives
    labels = label_rows(round_.run, round_.number, ignored)
    if not (values := {row["target"]: row["value"] for row in labels if row["kind"] == "page"}):
        return []  # as in a run that asked nobody
    tasks = store.read_table(step.key("tasks.parquet"), ["url", "stratum", "probability", "use"]).to_pylist()
    copies = store.read_json(step.key("strata.json")).get("copies", [])  # earlier versions asked about each
    tasks += [{**copy, "use": "audit"} for copy in copies]
    drawn = Counter(row["stratum"] for row in tasks if row["use"] == "audit")
    found = []
    answered: Counter[str] = Counter()
    for row in tasks:
        asked = row.get("same_as", row["url"])
        if asked in values:
            answered[row["stratum"]] += row["use"] == "audit"
            found.append((row, values[asked] in positives, asked == row["url"]))
    return [
        LabelledTask(
            round_.number,
            row["url"],
            truth,
            row["probability"] * answered[row["stratum"]] / drawn[row["stratum"]] if row["use"] == "audit" else 0.0,
            asked,
        )
        for row, truth, asked in found
    ]


def learned_from(run: Run, until: int) -> dict[str, int]:
    """Round after which a page (URL key) trained without an annotator's label: 0 for the seed, else its harvest's."""
    learned: dict[str, int] = {}
    for table in seed_tables(run):
        for row in run.store.read_table(table, ["url", "source"]).to_pylist():
            if row["source"] != LABELLED:
                learned[url_key(row["url"])] = 0
    for number in range(1, until):
        table = run.store.read_table(run.round(number).step("harvest").key("pages.parquet"), ["url"])
        for url in table.column("url").to_pylist():
            learned.setdefault(url_key(str(url)), number)
    return learned


def _harvested_after(run: Run, pages: Sequence[LabelledTask], until: int) -> dict[str, int]:
    """The first round whose harvest would have taken a labelled page, had it not been labelled."""
    taken: dict[str, int] = {}
    urls = frozenset(page.url for page in pages)
    for number in range(1, until):
        prefixes = accepted_set(run, range(1, number + 1))
        scores = scores_of_urls(run.round(number), urls) if len(prefixes) else {}
        for page in pages:
            scored = scores.get(page.url)
            if page.round <= number and scored and not scored[1] and prefixes.match(page.url):
                taken.setdefault(page.url, number)
    return taken


def _seed_truth(run: Run) -> dict[str, bool]:
    positives, rows = run.config.train.positives, seed_rows(run, ["url", "label", "source"])
    return {url_key(row["url"]): row["label"] in positives for row in rows if row["source"] == LABELLED}


@dataclass(frozen=True, slots=True)
class PooledLabels:
    """All labels up to a round, by key (see `pool_labels`).

    chance: of being drawn, 1 for a page of weight 1; share: of the pooled sample that the page's round makes up.
    """

    labels: int
    truth: dict[str, bool]
    chance: dict[str, float]
    share: dict[str, float]


def pool_labels(round_: Round) -> PooledLabels:
    """Pool the rounds up to this one, by the URL keys of drawn pages, and a space and the key for pages of weight 1."""
    run, until = round_.run, round_.number
    ignored = excluded_annotators(run, range(1, until + 1))
    labelled = [page for number in range(1, until + 1) for page in labelled_in(run.round(number), ignored)]
    drawn = [page for page in labelled if page.chance > 0]
    per_round = pooled_shares([sum(page.round == number for page in drawn) for number in range(1, until + 1)])
    up_to = np.concatenate([[0.0], np.cumsum(per_round)])
    harvested, learned = _harvested_after(run, labelled, until), learned_from(run, until)
    pool = PooledLabels(sum(page.asked for page in drawn), {}, {}, {})
    for key, truth in _seed_truth(run).items():
        pool.truth[f" {key}"], pool.chance[f" {key}"], pool.share[f" {key}"] = truth, 1.0, 1.0
    for page in labelled:
        taken, key = harvested.get(page.url), url_key(page.url)
        if page.chance > 0:
            whole = 1.0 if taken is None else float(up_to[taken])
            pool.truth[key], pool.chance[key] = page.truth, page.chance
            pool.share[key] = float(per_round[page.round - 1]) / whole
        rest = 1.0 - float(up_to[page.round])
        if taken is None and learned.get(key, page.round) >= page.round and rest > 1e-9:
            own = f" {key}"
            pool.truth[own], pool.chance[own], pool.share[own] = page.truth, 1.0, rest
    return pool


@dataclass(frozen=True, slots=True)
class Census:
    """Context of `count_cells`. bounds: scores between strata; wanted: URL keys whose cell is returned.

    excluded: URL keys that are not part of the estimate, beside the holdout. texts: of pages of weight 1: no sample
    that was drawn after them holds a page of their text, so that each such page is known as well.
    """

    pages: CrawlPages
    holdout: Holdout
    prefixes: PrefixSet
    bounds: tuple[float, ...]
    wanted: frozenset[str] = field(repr=False)
    excluded: frozenset[str] = field(repr=False)
    texts: NearTexts = field(repr=False)


@dataclass(frozen=True, slots=True)
class CellCounts:
    """Pages of a shard by cell (kept, under a prefix, stratum of the score).

    found: cells of wanted pages; copies: pages that are not wanted, by their text in Census.texts and cell.
    """

    pages: Counter[str]
    found: dict[str, str]
    copies: Counter[tuple[int, str]]


def count_cells(census: Census, scanned: ScannedShard) -> CellCounts:
    """Count the pages of a shard."""
    table = census.pages.read(scanned, ["url", "score", "kept", "sketch"])
    kept, texts = table.column("kept").to_pylist(), census.texts.find(table.column("sketch").to_numpy()).tolist()
    strata = np.searchsorted(census.bounds, table.column("score").to_numpy(), side="right").tolist()
    counted = CellCounts(Counter(), {}, Counter())
    for url, keep, stratum, text in zip(table.column("url").to_pylist(), kept, strata, texts, strict=True):
        if (key := url_key(url)) in census.excluded or census.holdout.covers(url):
            continue
        cell = f"{int(keep)}{int(census.prefixes.match(url) is not None)} {stratum}"
        counted.pages[cell] += 1
        if key in census.wanted:
            counted.found.setdefault(key, cell)
        elif text >= 0:
            counted.copies[text, cell] += 1
    return counted


def _sketches(round_: Round) -> dict[str, int]:
    """Sketches of labelled pages' texts by URL key: of the round's examples, and of all pages asked about up to it."""
    store = round_.run.store
    files = [round_.step("train").key("out_of_fold.parquet")] if round_.run.parent is None else []
    files += [round_.run.round(number).step("label").key("tasks.parquet") for number in range(1, round_.number + 1)]
    sketches: dict[str, int] = {}
    for file in files:
        if "sketch" in store.columns_of(file):  # earlier versions did not write it
            rows = store.read_table(file, ["url", "sketch"]).to_pylist()
            sketches.update((url_key(row["url"]), row["sketch"]) for row in rows)
    return sketches


def audit(round_: Round) -> Audited | None:
    """Estimate a round whose steps have ended; None without a labelled audit page."""
    pool, run = pool_labels(round_), round_.run
    if not pool.labels:
        return None
    strata = run.store.read_json(round_.step("label").key("strata.json"))["strata"]
    sketches, certain = _sketches(round_), [key for key in pool.truth if key.startswith(" ")]
    census = Census(
        pages=crawl_pages(round_),
        holdout=run.holdout,
        prefixes=accepted_set(run, range(1, round_.number + 1)),
        bounds=tuple(float(stratum["low"]) for stratum in strata[1:]),
        wanted=frozenset(key.removeprefix(" ") for key in pool.truth),
        excluded=frozenset(key for key, number in learned_from(run, 1).items() if number == 0),
        texts=NearTexts(np.array([sketches.get(key.removeprefix(" "), 0) for key in certain], np.uint64)),
    )
    counts: Counter[str] = Counter()
    copies: Counter[tuple[int, str]] = Counter()
    by_shard: dict[int, dict[str, str]] = {}
    shards = scanned_shards(round_)
    for outcome in complete(count_cells, census, shards, run.config.cluster, f"audit {round_.number}"):
        counts.update(outcome.result.pages)
        copies.update(outcome.result.copies)
        by_shard[outcome.item.number] = outcome.result.found
    cells = _of_first_shard(by_shard)
    known = [(key, 1, cells[key.removeprefix(" ")]) for key in pool.truth if key.removeprefix(" ") in cells]
    known += [(certain[text], pages, cell) for (text, cell), pages in sorted(copies.items())]
    sample = AuditSample(
        truth=np.array([pool.truth[key] for key, _, _ in known], dtype=np.bool_),
        chance=np.array([pool.chance[key] for key, _, _ in known]),
        share=np.array([pool.share[key] * pages for key, pages, _ in known]),
        cells=[cell for _, _, cell in known],
    )
    alone = {name: Cell(float(pages), name[0] == "1") for name, pages in counts.items()}
    together = {name: Cell(float(pages), "1" in name[:2]) for name, pages in counts.items()}
    return Audited(pool.labels, counts.total(), estimate_pooled(sample, alone), estimate_pooled(sample, together))
