"""Draws a round's pages from its scan: an audit sample first, then pages to train on.

In: slim rows, shard by shard, in any order. Out: drawn pages, each with its stratum, probability of inclusion and use.
Every choice rests on bottom-k samples by seeded hashes of URLs, so the result depends neither on the order of the
shards nor on how many workers looked at them, and memory does not grow with the crawl. Pages of one text
(`recall.model.text_numbers`) count as one page.

In this order, and no text twice:
    audit                    by score, at random (`annotation.strata`); the only pages with a probability. A sample of
                             pages, not of texts: of those of one text one is asked about and answers for the others
    doubted                  pages asked about before whose label is probably wrong (`pool_rules.suspected_errors`)
    gold                     pages whose answer is known: half of them positive, as long as there are such
    uncertain                nearest to the threshold, at most 5 % of them from one host as long as there are others
    suspect_high             recalled though the page has no code: the highest scores, one page a host
    suspect_low              a candidate that is not recalled though the page has much code: the lowest scores, likewise
    language                 candidates in other languages than most, each in turn, nearest to the threshold
    new, spread              one page a host, two thirds from code domains; hosts that nobody was asked about first
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotation.page_records import MUCH_CODE, NO_CODE, DrawnPage, PageColumns, ScannedPage
from annotation.strata import SamplingPlan, Stratum, allocate, strata_of_bins
from recall.labels import ASKED_AGAIN
from recall.model import text_numbers
from recall.run import BottomK
from recall.sites import host_of

CODE_SHARE = 2 / 3
"""Of the pages drawn for spread: those of code domains. The others come from hosts that are none (yet)."""

HOST_SHARE = 0.05
"""Of the uncertain pages: at most this share from one host, as long as there are others."""

SPARE = 8
"""Candidates remembered per page wanted, so that audit pages and crowded hosts can be passed over."""


class LanguageSample:
    """The `capacity` pages of lowest rank of each language, and how many pages of each were offered."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._offers: Counter[str] = Counter()
        self._samples: dict[str, BottomK[str, ScannedPage]] = {}

    def offer(self, language: str, rank: tuple[float, ...], page: ScannedPage) -> None:
        """Take a page in; one whose language is "" is of no known language and is left aside."""
        if self.capacity and language:
            self._offers[language] += 1
            self._samples.setdefault(language, BottomK(self.capacity)).offer(page.text, rank, page)

    def merge(self, other: "LanguageSample") -> None:
        """Take in the sample of other pages."""
        self._offers.update(other._offers)
        for language, sample in other._samples.items():
            self._samples.setdefault(language, BottomK(self.capacity)).merge(sample)

    def samples(self) -> list[BottomK[str, ScannedPage]]:
        """Of each language."""
        return list(self._samples.values())

    def in_turn(self) -> list[ScannedPage]:
        """Pages of every language but the commonest: the first of each, the rarest language first; then the second."""
        order = sorted(self._samples, key=lambda language: (self._offers[language], language))[:-1]
        turns = zip_longest(*(self._samples[language].values() for language in order))
        return [page for turn in turns for page in turn if page is not None]


class PageSampler:
    """Takes a round's eligible pages in any order and draws its tasks."""

    def __init__(self, plan: SamplingPlan) -> None:
        self.plan = plan
        self._edges = plan.edges()
        room = plan.pages * SPARE + 2 * plan.audit
        self._counts = np.zeros(len(self._edges) + 1, dtype=np.int64)
        self._audit = [_sample(plan.audit) for _ in self._counts]
        self._uncertain = _sample(room)
        self._code, self._other = _sample(room), _sample(room)
        suspects = round(plan.pages * plan.suspect_share)
        self._high, self._low = (_sample(suspects * SPARE + 2 * plan.audit if suspects else 0) for _ in range(2))
        others = round(plan.pages * plan.language_share)
        self._languages = LanguageSample(others * SPARE + 2 * plan.audit if others else 0)
        self._doubted = _sample(round(plan.pages * plan.doubted_share))
        self._gold = {True: _sample(plan.gold + plan.audit), False: _sample(plan.gold + plan.audit)}

    def offer(self, columns: PageColumns) -> None:
        """Look at pages of one shard."""
        plan = self.plan
        bins = np.searchsorted(self._edges, columns.scores, side="right")
        self._counts += np.bincount(bins[np.asarray(columns.auditable, dtype=bool)], minlength=len(self._counts))
        distances = plan.distance(columns.scores).tolist()
        candidate = (columns.scores >= plan.floor).tolist()
        for index, url in enumerate(columns.urls):
            if columns.auditable[index]:
                sample, rank = self._audit[bins[index]], (plan.priority("audit", url),)
                if sample.wants(rank):
                    sample.offer(url, rank, columns.page(index))
            if self._uncertain.wants((distances[index],)):
                rank_near = (distances[index], plan.priority("uncertain", url))
                near = columns.page(index)
                self._uncertain.offer(near.text, rank_near, near)
            if candidate[index]:
                self._offer_host(host_of(url), columns, index)
                if columns.languages is not None:
                    rank_near = (distances[index], plan.priority("language", url))
                    self._languages.offer(columns.languages[index], rank_near, columns.page(index))
        if columns.code is not None and self._high.capacity:
            self._offer_suspects(columns, columns.code)

    def _offer_host(self, host: str, columns: PageColumns, index: int) -> None:
        hosts = self._code if host in self.plan.code_hosts else self._other
        rank = (int(host in self.plan.known_hosts), self.plan.priority("host", host))
        if hosts.wants(rank):
            hosts.offer(host, (*rank, self.plan.priority("spread", columns.urls[index])), columns.page(index))

    def _offer_suspects(self, columns: PageColumns, code: NDArray[Any]) -> None:
        above = columns.scores >= self.plan.threshold
        distances = self.plan.distance(columns.scores)
        for suspects, indices in (
            (self._high, np.flatnonzero(above & (code == NO_CODE))),
            (self._low, np.flatnonzero(~above & (code == MUCH_CODE))),
        ):
            for index in indices.tolist():
                rank = (-float(distances[index]),)  # farthest from the threshold: the model is surest, or most wrong
                if suspects.wants(rank):
                    url = columns.urls[index]
                    suspects.offer(host_of(url), (*rank, self.plan.priority("suspect", url)), columns.page(index))

    def offer_gold(self, page: ScannedPage, positive: bool, order: int) -> None:
        """Take a page whose answer is known. order: pages of a lower one are taken first."""
        self._gold[positive].offer(page.url, (order, self.plan.priority("gold", page.url)), page)

    def offer_suspected_error(self, page: ScannedPage, chance: float) -> None:
        """Take a page that was asked about before. chance: that its label is wrong."""
        self._doubted.offer(page.url, (-chance, self.plan.priority("doubted", page.url)), page)

    def merge(self, other: "PageSampler") -> None:
        """Take in the samples of other pages under the same plan."""
        self._counts += other._counts
        for mine, theirs in zip(self._samples(), other._samples(), strict=True):
            mine.merge(theirs)
        self._languages.merge(other._languages)

    def _samples(self) -> list[BottomK[str, ScannedPage]]:
        suspects = [self._high, self._low, self._doubted]
        return [*self._audit, self._uncertain, self._code, self._other, *suspects, *self._gold.values()]

    def draw(self) -> tuple[list[DrawnPage], list[Stratum]]:
        """The round's pages, audit sample first, and the strata it was drawn from."""
        texts = self._texts()
        sample, strata = self._draw_audit(texts)
        asked: dict[int, str] = {}
        audit = [
            replace(drawn, same_as="" if first == drawn.page.url else first)
            for drawn in sample
            for first in [asked.setdefault(texts[drawn.page.url], drawn.page.url)]
        ]
        again = [DrawnPage(page, ASKED_AGAIN, 0.0, "train") for page in self._doubted.values()]
        selection = _Selection(texts)
        selection.leave(drawn.page.url for drawn in [*audit, *again])
        gold = [DrawnPage(page, "gold", 0.0, "gold") for page in self._draw_gold(selection)]
        train = self._draw_train(selection.fresh(), self.plan.pages - len(again))
        return [*audit, *again, *gold, *train], strata

    def _texts(self) -> dict[str, int]:
        """A number for each page of the samples by its URL, the same for pages of one text."""
        samples = [*self._samples(), *self._languages.samples()]
        pages = sorted({page.url: page.sketch for sample in samples for page in sample.values()}.items())
        numbers = text_numbers(np.array([sketch for _, sketch in pages], np.uint64)).tolist()
        return {url: number for (url, _), number in zip(pages, numbers, strict=True)}

    def _draw_gold(self, selection: "_Selection") -> list[ScannedPage]:
        yes, no = self._gold[True].values(), self._gold[False].values()
        drawn = selection.take(yes, self.plan.gold // 2)
        for pages in (no, yes):
            drawn += selection.take(pages, self.plan.gold - len(drawn))
        return drawn

    def _draw_audit(self, urls: Iterable[str]) -> tuple[list[DrawnPage], list[Stratum]]:
        runs = strata_of_bins(self.plan.ends, self._edges, self._counts)
        pages = [int(self._counts[first:last].sum()) for _, first, last in runs]
        bounds = [0.0, *(float(edge) for edge in self._edges), 1.0]
        drawn: list[DrawnPage] = []
        strata: list[Stratum] = []
        selection = _Selection({url: number for number, url in enumerate(urls)})
        for (name, first, last), total, count in zip(runs, pages, allocate(pages, self.plan.audit), strict=True):
            sampled = [page for sample in self._audit[first:last] for page in sample.values()]
            sampled.sort(key=lambda page: (self.plan.priority("audit", page.url), page))
            chosen = selection.take(sampled, count)
            strata.append(Stratum(name, bounds[first], bounds[last], total, len(chosen)))
            drawn += [DrawnPage(page, name, min(1.0, len(chosen) / total), "audit") for page in chosen]
        return drawn, strata

    def _draw_train(self, selection: "_Selection", count: int) -> list[DrawnPage]:
        plan = self.plan
        wanted, suspects = round(count * plan.uncertain_share), round(count * plan.suspect_share)
        nearest, code, other = self._uncertain.values(), self._code.values(), self._other.values()
        uncertain = selection.take(nearest, wanted, math.ceil(wanted * HOST_SHARE))
        uncertain += selection.take(nearest, wanted - len(uncertain))
        suspects = min(suspects, count - len(uncertain))
        high = selection.take(self._high.values(), suspects // 2)
        low = selection.take(self._low.values(), suspects - len(high))
        high += selection.take(self._high.values(), suspects - len(high) - len(low))
        left = count - len(uncertain) - len(high) - len(low)
        others = min(left, round(count * plan.language_share))
        rare = selection.take(self._languages.in_turn(), others, math.ceil(others * HOST_SHARE))
        spread = left - len(rare)
        drawn = selection.take(code, round(spread * CODE_SHARE), 1)
        for pages, per_host in ((other, 1), (code, 1), (other, None), (code, None)):
            drawn += selection.take(pages, spread - len(drawn), per_host)
        uncertain += selection.take(nearest, spread - len(drawn))
        new = [page for page in drawn if host_of(page.url) not in plan.known_hosts]
        seen = [page for page in drawn if host_of(page.url) in plan.known_hosts]
        named = {"uncertain": uncertain, "suspect_high": high, "suspect_low": low, "language": rare}
        return [
            DrawnPage(page, name, 0.0, "train")
            for name, pages in {**named, "new": new, "spread": seen}.items()
            for page in pages
        ]


def _sample(capacity: int) -> BottomK[str, ScannedPage]:
    return BottomK(capacity)


class _Selection:
    """Pages chosen so far: no text twice, and where a limit is given no more pages of a host than that.

    texts: a number for each page by its URL, the same for pages of one text.
    """

    def __init__(self, texts: Mapping[str, int], taken: Iterable[int] = ()) -> None:
        self._texts, self._taken = texts, set(taken)
        self._hosts: Counter[str] = Counter()

    def leave(self, urls: Iterable[str]) -> None:
        """Take none of these pages."""
        self._taken.update(self._texts[url] for url in urls)

    def fresh(self) -> "_Selection":
        """The same pages chosen, those of each host counted anew."""
        return _Selection(self._texts, self._taken)

    def take(self, pages: Iterable[ScannedPage], count: int, per_host: int | None = None) -> list[ScannedPage]:
        """Take the first `count` of the pages that may be taken."""
        chosen: list[ScannedPage] = []
        for page in pages:
            if len(chosen) >= count:
                break
            host = host_of(page.url)
            text = self._texts[page.url]
            if text in self._taken or (per_host is not None and self._hosts[host] >= per_host):
                continue
            self._taken.add(text)
            self._hosts[host] += 1
            chosen.append(page)
        return chosen
