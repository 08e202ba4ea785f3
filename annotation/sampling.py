"""Which pages of a scan people are asked about: an audit sample first, then pages to train on.

In: slim rows, shard by shard. Out: drawn pages, each with its stratum, probability of inclusion and use. Every choice
rests on seeded hashes of URLs and on the lowest ranks of a bounded number of pages, so the result depends neither on
the order of the shards nor on how many workers looked at them, and memory does not grow with the crawl.

Audit strata, by score, from low to high; their boundaries are written beside the tasks:
    far, below_floor      below the scan's floor, split at 80 % of those pages
    low, near_below       from floor to threshold, split at 75 % of those pages
    near_above, high      at or above the threshold, split at half of those pages
One half of the audit sample is spread equally over the strata, the other in proportion to the square root of their
pages. Within a stratum it is a simple random sample without replacement of URLs: probability = drawn / pages.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotation.lowest import Lowest, Seen
from recall.hosts import host_of
from recall.records import LabelUse
from recall.steps.rows import priority

SPLITS = (("far", "below_floor", 0.80), ("low", "near_below", 0.75), ("near_above", "high", 0.50))
"""Lower and upper stratum of each part of the score axis, and the share of the part's pages in the lower one."""

BIN_WIDTH = 0.25
"""Logits. Pages are counted in bins of this width around the threshold; a stratum is a run of bins."""

MAX_LOGIT = 16
CODE_SHARE = 2 / 3
"""Of the pages drawn for spread: those of code domains. The others come from hosts that are none (yet)."""

HOST_SHARE = 0.05
"""Of the uncertain pages: at most this share from one host, as long as there are others."""

SPARE = 8
"""Candidates remembered per page wanted, so that audit pages and crowded hosts can be passed over."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Pages of one shard as columns. auditable: False for pages that a model may have learned from."""

    shard: int
    rows: Sequence[int]
    urls: Sequence[str]
    offsets: NDArray[Any]
    lengths: NDArray[Any]
    scores: NDArray[Any]
    auditable: Sequence[bool]

    def page(self, index: int) -> Seen:
        """One of them."""
        place = (self.shard, int(self.rows[index]), self.urls[index])
        return Seen(*place, int(self.offsets[index]), int(self.lengths[index]), float(self.scores[index]))


@dataclass(frozen=True, slots=True)
class Plan:
    """How many pages a round asks about, and the scores that matter. code_hosts, known_hosts: for the spread."""

    seed: int
    round: int
    pages: int
    audit: int
    uncertain_share: float
    floor: float
    threshold: float
    code_hosts: frozenset[str] = field(default=frozenset(), repr=False)
    known_hosts: frozenset[str] = field(default=frozenset(), repr=False)

    def priority(self, purpose: str, text: str) -> int:
        """A hash of seed, round, purpose and text: the lowest are a uniform sample."""
        return priority(self.seed, f"{self.round}\0{purpose}\0{text}")

    @property
    def _inner_threshold(self) -> float:
        return min(max(self.threshold, 1e-9), 1 - 1e-9)

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
class Stratum:
    """Scores from `low` up to `high`. pages: URLs in it that could be drawn; drawn: those that were."""

    name: str
    low: float
    high: float
    pages: int
    drawn: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page to ask about. probability: of inclusion in the audit sample; 0 for pages chosen on purpose."""

    page: Seen
    stratum: str
    probability: float
    use: LabelUse


def runs_of(plan: Plan, edges: NDArray[Any], counts: NDArray[Any]) -> list[tuple[str, int, int]]:
    """Audit strata as runs of bins: name, first bin, bin after the last. counts: pages in each bin between edges."""
    ends = [min(plan.floor, plan.threshold), plan.threshold]
    cuts = [0, *(int(np.searchsorted(edges, end, side="left")) + 1 for end in ends), len(counts)]
    runs: list[tuple[str, int, int]] = []
    for (lower, upper, share), first, last in zip(SPLITS, cuts, cuts[1:], strict=False):
        below = np.cumsum(counts[first:last])
        split = last
        if len(below) and below[-1]:
            split = first + 1 + int(np.searchsorted(below, share * below[-1], side="left"))
        runs += [(lower, first, split), (upper, split, last)]
    return runs


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

    def _offer_host(self, host: str, rows: Rows, index: int) -> None:
        hosts = self._code if host in self.plan.code_hosts else self._other
        rank = (int(host in self.plan.known_hosts), self.plan.priority("host", host))
        if hosts.wants(rank):
            hosts.offer(host, (*rank, self.plan.priority("spread", rows.urls[index])), rows.page(index))

    def merge(self, other: "Sampler") -> None:
        """Take in what another sampler of the same plan saw."""
        self._counts += other._counts
        pairs = zip([*self._audit, *self._rest()], [*other._audit, *other._rest()], strict=True)
        for mine, theirs in pairs:
            mine.merge(theirs)

    def _rest(self) -> list[Lowest]:
        return [self._uncertain, self._code, self._other]

    def draw(self) -> tuple[list[Drawn], list[Stratum]]:
        """The round's pages, audit sample first, and the strata it was drawn from."""
        audit, strata = self._draw_audit()
        taken = {drawn.page.url for drawn in audit}
        return [*audit, *self._draw_train(taken)], strata

    def _draw_audit(self) -> tuple[list[Drawn], list[Stratum]]:
        runs = runs_of(self.plan, self._edges, self._counts)
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

    def _draw_train(self, taken: set[str]) -> list[Drawn]:
        choice = _Choice(taken)
        wanted = round(self.plan.pages * self.plan.uncertain_share)
        nearest, code, other = self._uncertain.pages(), self._code.pages(), self._other.pages()
        uncertain = choice.take(nearest, wanted, math.ceil(wanted * HOST_SHARE))
        uncertain += choice.take(nearest, wanted - len(uncertain))
        spread = self.plan.pages - len(uncertain)
        drawn = choice.take(code, round(spread * CODE_SHARE), 1)
        for pages, per_host in ((other, 1), (code, 1), (other, None), (code, None)):
            drawn += choice.take(pages, spread - len(drawn), per_host)
        uncertain += choice.take(nearest, spread - len(drawn))
        return [
            *(Drawn(page, "uncertain", 0.0, "train") for page in uncertain),
            *(Drawn(page, "spread", 0.0, "train") for page in drawn),
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


def allocate(pages: Sequence[int], total: int) -> list[int]:
    """Divide an audit sample among strata: half equally, half by the square root of their pages, never above them.

    Largest remainders are rounded up, the first of equals first. Gives min(total, all pages) altogether.
    """
    sizes = np.asarray(pages, dtype=np.int64)
    taken = np.zeros_like(sizes)
    while (left := total - int(taken.sum())) > 0 and (free := taken < sizes).any():
        roots = np.sqrt(sizes) * free
        shares = left * (0.5 * free / free.sum() + 0.5 * roots / roots.sum())
        more = np.floor(shares).astype(np.int64)
        largest = np.argsort(-(shares - more), kind="stable")[: left - int(more.sum())]
        more[largest] += 1
        taken = np.minimum(taken + more, sizes)
    return [int(count) for count in taken]
