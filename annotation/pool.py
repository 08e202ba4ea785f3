"""The pool that a round's tasks are drawn from: every page of its scan that may be offered to people.

In: slim rows, and what earlier rounds and steps did with pages. Out: the pages drawn, the audit strata, what was passed
over and why, and example pages for prefixes. Held-out pages and pages asked about before are never in the pool; pages
that a model may have learned from are in it, but not in the audit sample. Pages whose answer is known may be drawn as
gold whether or not they are in the pool.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from annotation.bottom_k import Lowest, Seen
from annotation.sampling import MUCH_CODE, NO_CODE, SOME_CODE, UNKNOWN, Drawn, Plan, Rows, Sampler
from annotation.strata import Stratum
from annotation.suspected_errors import doubted_pages
from recall.errors import Incomplete
from recall.labels import ASKED_AGAIN, audit_urls, page_labels, shown_urls
from recall.model import Tokenizer
from recall.page import language_of
from recall.records import MARKS
from recall.run import (
    Round,
    Run,
    ScannedShard,
    Store,
    each,
    floor_of,
    lists_of,
    progress,
    read_rows,
    scanned_shards,
    threshold_of,
    usable,
)
from recall.sites import Holdout, PrefixSet, host_of

C = TypeVar("C")
R = TypeVar("R")

LABELLED = "label"
"""Source of seed examples that a person labelled; the others (prefixes, random pages) may be asked about."""

LANGUAGE_TOKENS = 1_000
"""Of a page's different tokens, in the order they first occur: enough to tell its language."""

MUCH = frozenset({"block6", "block7", "block8", "code5", "code6", "code7", "code8"})
"""Marks of pages with much code: 512 bytes of text in `<pre>` or 16 `<code>` and more."""


@dataclass(frozen=True, slots=True)
class Known:
    """The answer to a page as the run knows it. order: of the pages with a known answer, low ones are asked first.

    learned: the label is in the run already, so that asking about the page measures people and nothing else.
    """

    value: str
    order: int
    learned: bool


@dataclass(frozen=True, slots=True)
class Search:
    """What looking at a shard needs beside the shard. prefixes: those that want example pages, this many each.

    document: the model's tokenizer.json; marked: False for text without structure marks.
    positive: the label that means code-related; known: pages that may be gold, by URL.
    asked: URLs never offered again; doubted: of them, those that are, by the chance that their label is wrong;
    learned: URLs a model may have learned from; audited: URLs shown without a score.
    """

    store: Store
    plan: Plan
    holdout: Holdout
    prefixes: PrefixSet
    examples: int
    document: str = field(repr=False)
    marked: bool
    positive: str
    known: Mapping[str, Known] = field(repr=False)
    asked: frozenset[str] = field(repr=False)
    doubted: Mapping[str, float] = field(repr=False)
    learned: frozenset[str] = field(repr=False)
    audited: frozenset[str] = field(repr=False)

    @property
    def room(self) -> int:
        """Examples to remember per prefix: audit pages of this round turn out among them only later."""
        return self.examples + self.plan.audit


@dataclass(slots=True)
class Pool:
    """What was seen in some shards. passed: pages that were not offered, by reason; examples: pages by prefix."""

    sampler: Sampler
    passed: Counter[str] = field(default_factory=Counter)
    examples: dict[str, Lowest] = field(default_factory=dict)

    def merge(self, other: "Pool") -> None:
        """Take in what was seen in other shards."""
        self.sampler.merge(other.sampler)
        self.passed.update(other.passed)
        for prefix, lowest in other.examples.items():
            self.examples.setdefault(prefix, Lowest(lowest.capacity)).merge(lowest)


@dataclass(frozen=True, slots=True)
class Draw:
    """A round's pages, audit sample first; what it was drawn from; and example pages by prefix."""

    pages: list[Drawn]
    strata: list[Stratum]
    passed: dict[str, int]
    examples: dict[str, list[Seen]]


def search_shard(search: Search, scanned: ScannedShard) -> Pool:
    """Look at every page of one shard."""
    table = read_rows(search.store, scanned, ["url", "offset", "length", "score"])
    urls = [str(url) for url in table.column("url").to_pylist()]
    offsets, lengths, scores = (table.column(name).to_numpy() for name in ("offset", "length", "score"))
    every = Rows(scanned.shard.number, range(len(urls)), urls, offsets, lengths, scores, [True] * len(urls))
    pool = Pool(Sampler(search.plan))
    pool.passed["seen"] = len(urls)
    offered: list[int] = []
    for row, url in enumerate(urls):
        if search.holdout.covers(url):
            pool.passed["held_out"] += 1
            continue
        if url not in search.audited:
            for prefix in search.prefixes.matches(url):
                lowest = pool.examples.setdefault(prefix, Lowest(search.room))
                lowest.offer(url, (search.plan.priority("example", url),), every.page(row))
        known = search.known.get(url)
        if known is not None:
            pool.sampler.offer_gold(every.page(row), known.value == search.positive, known.order)
        if url in search.doubted:
            pool.sampler.offer_doubted(every.page(row), search.doubted[url])
        if url in search.asked:
            pool.passed["asked"] += 1
        else:
            offered.append(row)
    code, languages = looks_of(search, scanned, len(urls))
    every = replace(every, code=code, languages=languages)
    pool.sampler.offer(_offered(every, offered, search.learned))
    pool.passed["learned"] = sum(urls[row] in search.learned for row in offered)
    return pool


def _offered(every: Rows, offered: Sequence[int], learned: frozenset[str]) -> Rows:
    at = np.array(offered, dtype=np.int64)
    urls = [every.urls[row] for row in offered]
    auditable = [url not in learned for url in urls]
    places = every.shard, offered, urls, every.offsets[at], every.lengths[at], every.scores[at]
    code = None if every.code is None else every.code[at]
    languages = None if every.languages is None else [every.languages[row] for row in offered]
    return Rows(*places, auditable, code, languages)


@lru_cache(maxsize=1)
def _tokenizer(document: str) -> Tokenizer:
    return Tokenizer(document)


def looks_of(search: Search, scanned: ScannedShard, rows: int) -> tuple[NDArray[Any] | None, list[str] | None]:
    """How much code each row of a shard has, and its language, both by the token ids that the scan kept.

    UNKNOWN and "" for rows that kept none. None for what is not wanted, and instead of code for text without marks.
    """
    suspects, languages = search.marked and search.plan.suspect_share > 0, search.plan.language_share > 0
    code = np.full(rows, UNKNOWN, dtype=np.int8)
    spoken = [""] * rows
    for kept in search.store.read_batches(scanned.candidates, ["row", "tokens"]) if suspects or languages else ():
        numbers = kept.column("row").to_numpy().tolist()
        tokenizer = _tokenizer(search.document)
        for number, line in zip(numbers, lists_of(kept.column("tokens")), strict=True):
            code[number] = _code_of(line, tokenizer.vocabulary)
            if languages:
                spoken[number] = language_of(tokenizer.words(line[:LANGUAGE_TOKENS]))
    return code if suspects else None, spoken if languages else None


def _code_of(line: NDArray[Any], vocabulary: int) -> int:
    marks = {MARKS[token - vocabulary] for token in line[(line >= vocabulary) & (line < vocabulary + len(MARKS))]}
    return MUCH_CODE if marks & MUCH else SOME_CODE if marks else NO_CODE


def plan_of(round_: Round, known_hosts: frozenset[str]) -> Plan:
    """[label] as a plan for the round. known_hosts: hosts of pages that people labelled already."""
    config, store = round_.run.config, round_.run.store
    table = store.read_table(round_.step("domains").key("domains.parquet"), ["host", "code"])
    return Plan(
        seed=config.run.seed,
        round=round_.number,
        pages=config.label.pages,
        audit=config.label.audit,
        uncertain_share=config.label.uncertain_share,
        floor=floor_of(round_),
        threshold=threshold_of(round_),
        suspect_share=config.label.suspect_share,
        language_share=config.label.language_share,
        doubted_share=config.label.doubted_share,
        gold=round(config.label.gold_share * (config.label.pages + config.label.audit)),
        code_hosts=frozenset(row["host"] for row in table.to_pylist() if row["code"]),
        known_hosts=known_hosts,
    )


def search_for(round_: Round, prefixes: Sequence[str]) -> Search:
    """Everything that decides a round's draw."""
    run, earlier = round_.run, range(1, round_.number)
    asked = shown_urls(run, earlier)
    learned: set[str] = set()
    for row in run.store.read_table(run.step("seed").key("examples.parquet"), ["url", "source"]).to_pylist():
        (asked if row["source"] == LABELLED else learned).add(row["url"])
    for number in earlier:
        table = run.store.read_table(run.round(number).step("harvest").key("pages.parquet"), ["url"])
        learned.update(str(url) for url in table.column("url").to_pylist())
    return Search(
        document=run.store.read(run.round(1).step("train").key("tokenizer.json")).decode(),
        marked=run.config.scan.input != "text",
        positive=run.config.train.positive,
        known=known_answers(run, round_.number),
        store=run.store,
        plan=plan_of(round_, frozenset(host_of(url) for url in asked)),
        holdout=run.holdout,
        prefixes=PrefixSet(prefixes),
        examples=run.config.label.examples,
        asked=frozenset(asked),
        doubted=doubted_pages(round_),
        learned=frozenset(learned),
        audited=frozenset(audit_urls(run, earlier)),
    )


def known_answers(run: Run, number: int) -> dict[str, Known]:
    """Pages whose answer is known in a round, by URL.

    Those of the [label] gold file come first, then the seed's labels, then what was decided in earlier rounds. Held-out
    pages are never among them, nor is what earlier rounds showed; but what was decided there may be asked once more.
    """
    earlier = range(1, number)
    shown = shown_urls(run, earlier)
    twice = shown_urls(run, earlier, "gold") | shown_urls(run, earlier, stratum=ASKED_AGAIN)
    known: dict[str, Known] = {}
    for url, label in page_labels(run, earlier).items():
        if label.source == "decision" and label.use == "train" and url not in twice:
            known[url] = Known(label.value, 2, True)
    seeds = run.store.read_table(run.step("seed").key("examples.parquet"), ["url", "label", "source"])
    for row in seeds.to_pylist():
        if row["source"] == LABELLED and row["url"] not in shown:
            known[row["url"]] = Known(row["label"], 1, True)
    for url, value in usable(run.gold, run.holdout).items():
        if url not in shown:
            known[url] = Known(value, 0, url in known)
    return known


def _with_answer(drawn: Drawn, known: Mapping[str, Known]) -> Drawn:
    answer = known[drawn.page.url]
    return replace(drawn, answer=answer.value, use="gold" if answer.learned else "train")


def over_shards(
    round_: Round, function: Callable[[C, ScannedShard], R], context: C, shards: Sequence[ScannedShard]
) -> Iterator[tuple[ScannedShard, R]]:
    """Results of a function over shards, in any order.

    Raises Incomplete as soon as a shard fails: tasks are drawn from all of them or not at all.
    """
    outcomes = each(function, context, shards, round_.run.config.cluster, "label")
    for outcome in progress(outcomes, len(shards), "label"):
        if outcome.failure is not None:
            raise Incomplete(f"label: {outcome.item.shard.path}: {outcome.failure}; run again to retry")
        yield outcome.item, outcome.result


def draw_round(round_: Round, prefixes: Sequence[str]) -> Draw:
    """Draw a round's pages, and examples for some prefixes, from its scan.

    Raises Incomplete when the rows of a shard cannot be read.
    """
    search = search_for(round_, prefixes)
    shards = scanned_shards(round_)
    pool = Pool(Sampler(search.plan))
    for _, found in over_shards(round_, search_shard, search, shards):
        pool.merge(found)
    pages, strata = pool.sampler.draw()
    pages = [_with_answer(drawn, search.known) if drawn.use == "gold" else drawn for drawn in pages]
    audited = {drawn.page.url for drawn in pages if drawn.use == "audit"}
    examples = {
        prefix: [page for page in lowest.pages() if page.url not in audited][: search.examples]
        for prefix, lowest in sorted(pool.examples.items())
    }
    return Draw(pages, strata, dict(sorted(pool.passed.items())), examples)
