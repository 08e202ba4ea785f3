"""The pool that a round's tasks are drawn from: every page of its scan that may be offered to annotators.

In: slim rows, and the rules of `annotation.pool_rules`. Out: the pages drawn, the audit strata, what was passed over
and why, and example pages for prefixes. Held-out pages and pages asked about before are never in the pool; pages that
a model may have learned from are in it, but not in the audit sample. Pages whose answer is known may be drawn as gold
whether or not they are in the pool.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from annotation.page_records import MUCH_CODE, NO_CODE, SOME_CODE, UNKNOWN, DrawnPage, PageColumns, ScannedPage
from annotation.page_sampler import PageSampler
from annotation.pool_rules import KnownAnswer, PoolRules, pool_rules
from annotation.strata import Stratum
from recall.model import Tokenizer
from recall.page import language_of
from recall.records import MARKS
from recall.run import (
    BottomK,
    Round,
    ScannedShard,
    complete,
    lists_of,
    progress,
    read_rows,
    require_repeats,
    scanned_shards,
)
from recall.sites import EVERY, host_of, url_key

C = TypeVar("C")
R = TypeVar("R")

EVERY_HOST = f"{EVERY}/"
"""Start of a pattern over hosts."""

LANGUAGE_TOKENS = 1_000
"""Of a page's different tokens, in the order they first occur: enough to tell its language."""

MUCH = frozenset({"block6", "block7", "block8", "code5", "code6", "code7", "code8"})
"""Marks of pages with much code: 512 bytes of text in `<pre>` or 16 `<code>` and more."""


@dataclass(slots=True)
class PagePool:
    """Samples of some shards. passed: pages that were not offered, by reason; examples: pages by prefix."""

    sampler: PageSampler
    passed: Counter[str] = field(default_factory=Counter)
    examples: dict[str, BottomK[str, ScannedPage]] = field(default_factory=dict)

    def merge(self, other: "PagePool") -> None:
        """Take in the samples of other shards."""
        self.sampler.merge(other.sampler)
        self.passed.update(other.passed)
        for prefix, sample in other.examples.items():
            self.examples.setdefault(prefix, BottomK(sample.capacity)).merge(sample)


@dataclass(frozen=True, slots=True)
class RoundDraw:
    """A round's pages, audit sample first; what it was drawn from; and example pages by prefix.

    copies: pages of the audit sample that another one of the same text answers for.
    """

    pages: list[DrawnPage]
    copies: list[DrawnPage]
    strata: list[Stratum]
    passed: dict[str, int]
    examples: dict[str, list[ScannedPage]]


def draw_round(round_: Round, prefixes: Sequence[str]) -> RoundDraw:
    """Draw a round's pages, and examples for some prefixes, from its scan.

    Raises Incomplete when the rows of a shard cannot be read, BadInput where an earlier version did the domains step.
    """
    require_repeats(round_)
    rules = pool_rules(round_, prefixes)
    pool = PagePool(PageSampler(rules.plan))
    for _, of_shard in over_shards(round_, sample_shard, rules, scanned_shards(round_)):
        pool.merge(of_shard)
    every, strata = pool.sampler.draw()
    pages, copies = ([drawn for drawn in every if bool(drawn.same_as) == copied] for copied in (False, True))
    pages = [_with_answer(drawn, rules.known) if drawn.use == "gold" else drawn for drawn in pages]
    audited = {url_key(drawn.page.url) for drawn in every if drawn.use == "audit"}
    examples = {
        prefix: [page for page in sample.values() if url_key(page.url) not in audited][: rules.examples]
        for prefix, sample in sorted(pool.examples.items())
    }
    return RoundDraw(pages, copies, strata, dict(sorted(pool.passed.items())), examples)


def _with_answer(drawn: DrawnPage, known: Mapping[str, KnownAnswer]) -> DrawnPage:
    answer = known[url_key(drawn.page.url)]
    return replace(drawn, answer=answer.value, use="gold" if answer.learned else "train")


def over_shards(
    round_: Round, function: Callable[[C, ScannedShard], R], context: C, shards: Sequence[ScannedShard]
) -> Iterator[tuple[ScannedShard, R]]:
    """Results of a function over shards, in any order.

    Raises Incomplete when a shard fails: tasks are drawn from all of them or not at all. Errors that are no shard's own
    (Refused, Damaged, BadInput …) are raised as what they are.
    """
    run = round_.run
    outcomes = run.while_held(complete(function, context, shards, run.config.cluster, "label"))
    for outcome in progress(outcomes, len(shards), "label"):
        yield outcome.item, outcome.result


def sample_shard(rules: PoolRules, scanned: ScannedShard) -> PagePool:
    """Look at every page of one shard: at each URL key by its newest capture."""
    names = ("offset", "length", "score", "sketch")
    table = read_rows(rules.store, scanned, ["url", *names])
    counted = rules.pages.counted(scanned, table.num_rows)
    urls = [str(url) for url in table.column("url").to_pylist()]
    offsets, lengths, scores, sketches = (table.column(name).to_numpy() for name in names)
    known_text = rules.texts.find(sketches) >= 0
    auditable = [True] * len(urls)
    columns = range(len(urls)), urls, offsets, lengths, scores, auditable
    every = PageColumns(scanned.shard.number, *columns, sketches=sketches)
    pool = PagePool(PageSampler(rules.plan))
    pool.passed["seen"] = len(urls)
    pool.passed["captured_again"] = int((~counted).sum())
    offered: list[int] = []
    keys: dict[int, str] = {}
    for row in np.flatnonzero(counted).tolist():
        url = urls[row]
        if rules.holdout.covers(url):
            pool.passed["held_out"] += 1
            continue
        keys[row] = key = url_key(url)
        if key not in rules.audited:
            for prefix in rules.prefixes.matches(url):
                sample = pool.examples.setdefault(prefix, BottomK(rules.example_room))
                shown_once = host_of(url) if prefix.startswith(EVERY_HOST) else url  # of a pattern a page a host
                sample.offer(shown_once, (rules.plan.priority("example", url),), every.page(row))
        known = rules.known.get(key)
        if known is not None:
            pool.sampler.offer_gold(every.page(row), known.value in rules.positives, known.order)
        if (suspected := rules.suspected.get(key)) is not None:  # by its first URL, so that both votes meet
            page = replace(every.page(row), url=suspected.url)
            pool.sampler.offer_suspected_error(page, suspected.chance)
        if key in rules.asked:
            pool.passed["asked"] += 1
        elif known_text[row]:
            pool.passed["same_text"] += 1
        else:
            offered.append(row)
    code, languages = code_and_languages(rules, scanned, len(urls))
    every = replace(every, code=code, languages=languages)
    auditable = [keys[row] not in rules.learned for row in offered]
    pool.sampler.offer(_offered(every, offered, auditable))
    pool.passed["learned"] = auditable.count(False)
    return pool


def _offered(every: PageColumns, offered: Sequence[int], auditable: Sequence[bool]) -> PageColumns:
    at = np.array(offered, dtype=np.int64)
    urls = [every.urls[row] for row in offered]
    columns = every.shard, offered, urls, every.offsets[at], every.lengths[at], every.scores[at]
    code = None if every.code is None else every.code[at]
    languages = None if every.languages is None else [every.languages[row] for row in offered]
    sketches = None if every.sketches is None else every.sketches[at]
    return PageColumns(*columns, auditable, code, languages, sketches)


@lru_cache(maxsize=1)
def _tokenizer(document: str) -> Tokenizer:
    return Tokenizer(document)


def code_and_languages(
    rules: PoolRules, scanned: ScannedShard, rows: int
) -> tuple[NDArray[Any] | None, list[str] | None]:
    """How much code each row of a shard has, and its language, both by the token ids that the scan kept.

    UNKNOWN and "" for rows that kept none. None for what is not wanted, and instead of code for text without marks.
    """
    suspects, languages = rules.marked and rules.plan.suspect_share > 0, rules.plan.language_share > 0
    code = np.full(rows, UNKNOWN, dtype=np.int8)
    language_of_row = [""] * rows
    for kept in rules.store.read_batches(scanned.candidates, ["row", "tokens"]) if suspects or languages else ():
        numbers = kept.column("row").to_numpy().tolist()
        tokenizer = _tokenizer(rules.document)
        for number, line in zip(numbers, lists_of(kept.column("tokens")), strict=True):
            code[number] = _code_of(line, tokenizer.vocabulary)
            if languages:
                language_of_row[number] = language_of(tokenizer.words(line[:LANGUAGE_TOKENS]))
    return code if suspects else None, language_of_row if languages else None


def _code_of(line: NDArray[Any], vocabulary: int) -> int:
    marks = {MARKS[token - vocabulary] for token in line[(line >= vocabulary) & (line < vocabulary + len(MARKS))]}
    return MUCH_CODE if marks & MUCH else SOME_CODE if marks else NO_CODE
