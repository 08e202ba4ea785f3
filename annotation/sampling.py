"""Which pages of a scan people are asked about: an audit sample first, then pages to train on.

In: slim rows, shard by shard. Out: drawn pages, each with its stratum, probability of inclusion and use. Every choice
rests on seeded hashes of URLs and on the lowest ranks of a bounded number of pages, so the result depends neither on
the order of the shards nor on how many workers looked at them, and memory does not grow with the crawl.

In this order, and no page twice:
    audit                    by score, at random (`annotation.strata`); the only pages with a probability
    doubted                  pages asked about before whose label is probably wrong (`annotation.suspected_errors`)
    gold                     pages whose answer is known: half of them positive, as long as there are such
    uncertain                nearest to the threshold, at most 5 % of them from one host as long as there are others
    suspect_high             recalled though the page has no code: the highest scores, one page a host
    suspect_low              a candidate that is not recalled though the page has much code: the lowest scores, likewise
    language                 candidates in other languages than most, each in turn, nearest to the threshold
    new, spread              one page a host, two thirds from code domains; hosts that nobody was asked about first
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotation.bottom_k import Lowest, Seen
from annotation.languages import ByLanguage
from annotation.strata import Stratum, allocate, runs_of
from recall.labels import ASKED_AGAIN
from recall.records import TaskUse
from recall.run import priority
from recall.sites import host_of

BIN_WIDTH = 0.25
"""Logits. Pages are counted in bins of this width around the threshold; a stratum is a run of bins."""

MAX_LOGIT = 16
CODE_SHARE = 2 / 3
"""Of the pages drawn for spread: those of code domains. The others come from hosts that are none (yet)."""

HOST_SHARE = 0.05
"""Of the uncertain pages: at most this share from one host, as long as there are others."""

NO_CODE, SOME_CODE, MUCH_CODE, UNKNOWN = 0, 1, 2, -1
"""How much code a page has, by its structure marks."""

SPARE = 8
"""Candidates remembered per page wanted, so that audit pages and crowded hosts can be passed over."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Pages of one shard as columns. auditable: False for pages that a model may have learned from.

    code: how much code each page has (NO_CODE, SOME_CODE, MUCH_CODE, UNKNOWN); None where that is not known of any.
    languages: of each page, "" where it is not known; None likewise.
    """

    shard: int
    rows: Sequence[int]
    urls: Sequence[str]
    offsets: NDArray[Any]
    lengths: NDArray[Any]
    scores: NDArray[Any]
    auditable: Sequence[bool]
    code: NDArray[Any] | None = None
    languages: Sequence[str] | None = None

    def page(self, index: int) -> Seen:
        """One of them."""
        place = (self.shard, int(self.rows[index]), self.urls[index])
        return Seen(*place, int(self.offsets[index]), int(self.lengths[index]), float(self.scores[index]))


@dataclass(frozen=True, slots=True)
class Plan:
    """How many pages a round asks about, and the scores that matter. code_hosts, known_hosts: for the spread.

    pages: to train on, of them at most doubted_share a second time; of the others uncertain_share near the threshold,
    suspect_share suspected errors and language_share in other languages than most; gold: apart.
    """

    seed: int
    round: int
    pages: int
    audit: int
    uncertain_share: float
    floor: float
    threshold: float
    suspect_share: float = 0.0
    language_share: float = 0.0
    doubted_share: float = 0.0
    gold: int = 0
    code_hosts: frozenset[str] = field(default=frozenset(), repr=False)
    known_hosts: frozenset[str] = field(default=frozenset(), repr=False)

    def priority(self, purpose: str, text: str) -> int:
        """A hash of seed, round, purpose and text: the lowest are a uniform sample."""
        return priority(self.seed, f"{self.round}\0{purpose}\0{text}")

    @property
    def _inner_threshold(self) -> float:
        return min(max(self.threshold, 1e-9), 1 - 1e-9)

    @property
    def ends(self) -> tuple[float, float]:
        """Scores at which the parts of the score axis end: the floor, where it is not above the threshold, and that."""
        return min(self.floor, self.threshold), self.threshold

    def edges(self) -> NDArray[Any]:
        """Scores between the bins, ascending; floor and threshold are among them to the bit."""
        threshold = self._inner_threshold
        centre = math.log(threshold) - math.log1p(-threshold)
        steps = range(-int(2 * MAX_LOGIT / BIN_WIDTH), int(2 * MAX_LOGIT / BIN_WIDTH) + 1)
        logits = (centre + BIN_WIDTH * step for step in steps)
        # rounded, so that the last bit of exp() on another machine moves no page
        grid = {round(1 / (1 + math.exp(-logit)), 6) for logit in logits if abs(logit) <= MAX_LOGIT}
        near = {edge for edge in grid if abs(edge - self.threshold) < 1e-6}
        return np.array(sorted((grid - near) | {min(self.floor, self.threshold), self.threshold}))

    def doubt(self, scores: NDArray[Any]) -> NDArray[Any]:
        """Distance from the threshold: the odds ratio, at least 1. As an order it is the distance in logits."""
        clipped = np.clip(scores, 1e-12, 1 - 1e-12)
        ratio = clipped * (1 - self._inner_threshold) / ((1 - clipped) * self._inner_threshold)
        farther: NDArray[Any] = np.maximum(ratio, 1 / ratio)
        return farther


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page to ask about. probability: of inclusion in the audit sample; 0 for pages chosen on purpose.

    answer: the known answer of a gold page.
    """

    page: Seen
    stratum: str
    probability: float
    use: TaskUse
    answer: str = ""


class Sampler:
    """Takes a round's eligible pages in any order and draws its tasks."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._edges = plan.edges()
        room = plan.pages * SPARE + 2 * plan.audit
        self._counts = np.zeros(len(self._edges) + 1, dtype=np.int64)
        # more than the sample: a URL that was captured twice may stand in two bins
        self._audit = [Lowest(plan.audit + plan.audit // 4) for _ in self._counts]
        self._uncertain = Lowest(room)
        self._code, self._other = Lowest(room), Lowest(room)
        suspects = round(plan.pages * plan.suspect_share)
        self._high, self._low = (Lowest(suspects * SPARE + 2 * plan.audit if suspects else 0) for _ in range(2))
        others = round(plan.pages * plan.language_share)
        self._languages = ByLanguage(others * SPARE + 2 * plan.audit if others else 0)
        self._doubted = Lowest(round(plan.pages * plan.doubted_share))
        self._gold = {True: Lowest(plan.gold + plan.audit), False: Lowest(plan.gold + plan.audit)}

    def offer(self, rows: Rows) -> None:
        """Look at pages of one shard."""
        plan = self.plan
        bins = np.searchsorted(self._edges, rows.scores, side="right")
        self._counts += np.bincount(bins[np.asarray(rows.auditable, dtype=bool)], minlength=len(self._counts))
        doubts = plan.doubt(rows.scores).tolist()
        candidate = (rows.scores >= plan.floor).tolist()
        for index, url in enumerate(rows.urls):
            if rows.auditable[index]:
                lowest, rank = self._audit[bins[index]], (plan.priority("audit", url),)
                if lowest.wants(rank):
                    lowest.offer(url, rank, rows.page(index))
            if self._uncertain.wants((doubts[index],)):
                self._uncertain.offer(url, (doubts[index], plan.priority("uncertain", url)), rows.page(index))
            if candidate[index]:
                self._offer_host(host_of(url), rows, index)
                if rows.languages is not None:
                    near = (doubts[index], plan.priority("language", url))
                    self._languages.offer(rows.languages[index], near, rows.page(index))
        if rows.code is not None and self._high.capacity:
            self._offer_suspects(rows, rows.code)

    def _offer_host(self, host: str, rows: Rows, index: int) -> None:
        hosts = self._code if host in self.plan.code_hosts else self._other
        rank = (int(host in self.plan.known_hosts), self.plan.priority("host", host))
        if hosts.wants(rank):
            hosts.offer(host, (*rank, self.plan.priority("spread", rows.urls[index])), rows.page(index))

    def _offer_suspects(self, rows: Rows, code: NDArray[Any]) -> None:
        above = rows.scores >= self.plan.threshold
        doubts = self.plan.doubt(rows.scores)
        for suspects, places in (
            (self._high, np.flatnonzero(above & (code == NO_CODE))),
            (self._low, np.flatnonzero(~above & (code == MUCH_CODE))),
        ):
            for index in places.tolist():
                rank = (-float(doubts[index]),)  # farthest from the threshold: the model is surest, or most wrong
                if suspects.wants(rank):
                    url = rows.urls[index]
                    suspects.offer(host_of(url), (*rank, self.plan.priority("suspect", url)), rows.page(index))

    def offer_gold(self, page: Seen, positive: bool, order: int) -> None:
        """Take a page whose answer is known. order: pages of a lower one are taken first."""
        self._gold[positive].offer(page.url, (order, self.plan.priority("gold", page.url)), page)

    def offer_doubted(self, page: Seen, chance: float) -> None:
        """Take a page that was asked about before. chance: that its label is wrong."""
        self._doubted.offer(page.url, (-chance, self.plan.priority("doubted", page.url)), page)

    def merge(self, other: "Sampler") -> None:
        """Take in what another sampler of the same plan saw."""
        self._counts += other._counts
        pairs = zip([*self._audit, *self._rest()], [*other._audit, *other._rest()], strict=True)
        for mine, theirs in pairs:
            mine.merge(theirs)
        self._languages.merge(other._languages)

    def _rest(self) -> list[Lowest]:
        suspects = [self._high, self._low, self._doubted]
        return [self._uncertain, self._code, self._other, *suspects, *self._gold.values()]

    def draw(self) -> tuple[list[Drawn], list[Stratum]]:
        """The round's pages, audit sample first, and the strata it was drawn from."""
        audit, strata = self._draw_audit()
        taken = {drawn.page.url for drawn in audit}
        doubted = [Drawn(page, ASKED_AGAIN, 0.0, "train") for page in self._doubted.pages()]
        taken.update(drawn.page.url for drawn in doubted)
        gold = self._draw_gold(taken)
        taken.update(page.url for page in gold)
        train = self._draw_train(taken, self.plan.pages - len(doubted))
        return [*audit, *doubted, *(Drawn(page, "gold", 0.0, "gold") for page in gold), *train], strata

    def _draw_gold(self, taken: set[str]) -> list[Seen]:
        choice = _Choice(taken)
        yes, no = self._gold[True].pages(), self._gold[False].pages()
        drawn = choice.take(yes, self.plan.gold // 2)
        for pages in (no, yes):
            drawn += choice.take(pages, self.plan.gold - len(drawn))
        return drawn

    def _draw_audit(self) -> tuple[list[Drawn], list[Stratum]]:
        runs = runs_of(self.plan.ends, self._edges, self._counts)
        pages = [self._population(first, last) for _, first, last in runs]
        bounds = [0.0, *(float(edge) for edge in self._edges), 1.0]
        drawn: list[Drawn] = []
        strata: list[Stratum] = []
        choice = _Choice(set())
        for (name, first, last), total, count in zip(runs, pages, allocate(pages, self.plan.audit), strict=True):
            held = [page for lowest in self._audit[first:last] for page in lowest.pages()]
            held.sort(key=lambda page: (self.plan.priority("audit", page.url), page))
            chosen = choice.take(held, count)
            strata.append(Stratum(name, bounds[first], bounds[last], total, len(chosen)))
            drawn += [Drawn(page, name, min(1.0, len(chosen) / total), "audit") for page in chosen]
        return drawn, strata

    def _population(self, first: int, last: int) -> int:
        """URLs in a run of bins: pages seen, less the share of repeated URLs among those whose hash was remembered."""
        urls = 0.0
        for count, lowest in zip(self._counts[first:last], self._audit[first:last], strict=True):
            held = len(lowest.pages())
            urls += int(count) * held / lowest.offers.total() if held else int(count)
        return round(urls)

    def _draw_train(self, taken: set[str], count: int) -> list[Drawn]:
        plan, choice = self.plan, _Choice(taken)
        wanted, suspects = round(count * plan.uncertain_share), round(count * plan.suspect_share)
        nearest, code, other = self._uncertain.pages(), self._code.pages(), self._other.pages()
        uncertain = choice.take(nearest, wanted, math.ceil(wanted * HOST_SHARE))
        uncertain += choice.take(nearest, wanted - len(uncertain))
        suspects = min(suspects, count - len(uncertain))
        high = choice.take(self._high.pages(), suspects // 2)
        low = choice.take(self._low.pages(), suspects - len(high))
        high += choice.take(self._high.pages(), suspects - len(high) - len(low))
        left = count - len(uncertain) - len(high) - len(low)
        others = min(left, round(count * plan.language_share))
        rare = choice.take(self._languages.in_turn(), others, math.ceil(others * HOST_SHARE))
        spread = left - len(rare)
        drawn = choice.take(code, round(spread * CODE_SHARE), 1)
        for pages, per_host in ((other, 1), (code, 1), (other, None), (code, None)):
            drawn += choice.take(pages, spread - len(drawn), per_host)
        uncertain += choice.take(nearest, spread - len(drawn))
        new = [page for page in drawn if host_of(page.url) not in plan.known_hosts]
        seen = [page for page in drawn if host_of(page.url) in plan.known_hosts]
        named = {"uncertain": uncertain, "suspect_high": high, "suspect_low": low, "language": rare}
        return [
            Drawn(page, name, 0.0, "train")
            for name, pages in {**named, "new": new, "spread": seen}.items()
            for page in pages
        ]


class _Choice:
    """Pages chosen so far: no URL twice, and where a limit is given no more pages of a host than that."""

    def __init__(self, taken: set[str]) -> None:
        self._taken = set(taken)
        self._hosts: Counter[str] = Counter()

    def take(self, pages: Iterable[Seen], count: int, per_host: int | None = None) -> list[Seen]:
        """Take the first `count` of the pages that may be taken."""
        chosen: list[Seen] = []
        for page in pages:
            if len(chosen) >= count:
                break
            host = host_of(page.url)
            if page.url in self._taken or (per_host is not None and self._hosts[host] >= per_host):
                continue
            self._taken.add(page.url)
            self._hosts[host] += 1
            chosen.append(page)
        return chosen
