"""Post-stratification weights: how many pages of the crawl each labelled page represents.

In: labelled pages, and the scores that the previous round's scan gave to all pages, each once. Out: a weight for each,
so that a threshold holds at the crawl's own mix. Annotators get uncertain pages above all, so these are no sample of
the crawl; but they were chosen by their score, so among pages of nearly the same score they are as good as drawn at
random. Seed labels, chosen by what the pages are, are used only while there is too little else. A text is asked about
once, however many pages hold it: of the pages of its stratum it represents as many more as there are copies of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.labels.examples import ASKED, CHOSEN
from recall.model.near_texts import NearTexts, Sketches
from recall.run.crawl_pages import CrawlPages, crawl_pages
from recall.run.jobs import complete
from recall.run.rounds import Round
from recall.run.scanned import ScannedShard, scanned_shards
from recall.sites.holdout import Holdout
from recall.sites.urls import url_key

MIN_ASKED = 200
"""From so many positive annotated pages on these alone decide the threshold and the floor, without the seed's labels.
With fewer, the weights of single pages decide: the sample crawl's third round had a precision of .63 for one of .90."""

FINE = 2_000
"""Bins of the crawl's score histogram, equally wide: a stratum is cut to within 1/2000 of a score."""

STRATUM = 25
"""Labelled pages of a stratum: enough to state a precision of, few enough to follow the score."""


@dataclass(frozen=True, slots=True)
class ScoreCount:
    """Context of `count_scores`. labelled: keys of labelled pages, whose scores are returned; texts: theirs."""

    pages: CrawlPages
    holdout: Holdout
    labelled: frozenset[str] = field(repr=False)
    texts: NearTexts = field(repr=False)


def count_scores(count: ScoreCount, scanned: ScannedShard) -> tuple[NDArray[Any], dict[str, float], NDArray[Any]]:
    """Histogram (FINE int64) of the scores of a shard's pages without held-out hosts; scores of labelled pages.

    Third, how many of those pages hold each labelled text.
    """
    table = count.pages.read(scanned, ["url", "score", "sketch"])
    urls, scores = table.column("url").to_pylist(), table.column("score").to_numpy()
    open_rows = np.array([not count.holdout.covers(url) for url in urls], dtype=bool)
    histogram = np.bincount(_bin(scores[open_rows]), minlength=FINE)
    first: dict[str, float] = {}
    for row, url in enumerate(urls):
        if (key := url_key(url)) in count.labelled:
            first.setdefault(key, float(scores[row]))
    near = count.texts.find(table.column("sketch").to_numpy()[open_rows])
    return histogram, first, np.bincount(near[near >= 0], minlength=len(count.texts.sketches))


def _bin(scores: NDArray[Any]) -> NDArray[Any]:
    return np.minimum((scores * FINE).astype(np.int64), FINE - 1)


def stratum_weights(scores: NDArray[Any], histogram: NDArray[Any], copies: NDArray[Any] | None = None) -> NDArray[Any]:
    """Pages of the crawl that each labelled page represents, by its score under the model that the histogram is of.

    Strata hold about STRATUM labelled pages of similar scores; the weights add up to the crawl's pages. copies: pages
    of the crawl that hold each page's text, by which those of a stratum are shared out; None for one each.
    """
    copies = np.ones(len(scores)) if copies is None else np.maximum(copies, 1)
    order = np.argsort(scores, kind="stable")
    bins = _bin(scores[order])
    starts = [0]
    for index in range(1, len(order)):
        if index - starts[-1] >= STRATUM and bins[index] > bins[index - 1] and len(order) - index >= STRATUM // 2:
            starts.append(index)
    weights = np.zeros(len(scores))
    edges = [0, *(int(bins[start]) for start in starts[1:]), FINE]
    for start, end, low, high in zip(starts, [*starts[1:], len(order)], edges[:-1], edges[1:], strict=True):
        own = order[start:end]
        weights[own] = histogram[low:high].sum() * copies[own] / copies[own].sum()
    return weights


def first_scores(by_shard: Mapping[int, Mapping[str, float]]) -> dict[str, float]:
    """Score of each page in the first shard, by number, that has it: rounds of earlier versions know no repeats."""
    scores: dict[str, float] = {}
    for number in sorted(by_shard, reverse=True):
        scores.update(by_shard[number])
    return scores


def crawl_weights(round_: Round, urls: list[str], sketches: Sketches | None = None) -> NDArray[Any] | None:
    """Pages of the crawl that each labelled page represents; None in round 1, before anything was annotated.

    sketches: of their texts, each different, 0 where it is not known.

    By the previous round's unbiased scores: a page that trained its model counts by its out-of-fold score there, the
    others by their scan score. A page without either represents itself.
    """
    if round_.number == 1:
        return None
    run, previous = round_.run, round_.run.round(round_.number - 1)
    keys = [url_key(url) for url in urls]
    texts = NearTexts(np.zeros(len(urls), np.uint64) if sketches is None else sketches)
    count = ScoreCount(crawl_pages(previous), run.holdout, frozenset(keys), texts)
    copies = np.zeros(len(urls), dtype=np.int64)
    histogram = np.zeros(FINE, dtype=np.int64)
    by_shard: dict[int, dict[str, float]] = {}
    shards = scanned_shards(previous)
    for outcome in complete(count_scores, count, shards, run.config.cluster, f"train {round_.number}"):
        histogram += outcome.result[0]
        by_shard[outcome.item.shard.number] = outcome.result[1]
        copies += outcome.result[2]
    scores = {**first_scores(by_shard), **_out_of_fold(previous)}
    known = np.array([row for row, key in enumerate(keys) if key in scores], dtype=np.int64)
    weights = np.ones(len(urls))
    if len(known):
        weights[known] = stratum_weights(np.array([scores[keys[row]] for row in known]), histogram, copies[known])
    return weights


def _out_of_fold(previous: Round) -> Mapping[str, float]:
    table = previous.run.store.read_table(previous.step("train").key("out_of_fold.parquet"), ["url", "score"])
    return {url_key(row["url"]): row["score"] for row in table.to_pylist() if row["score"] is not None}


def evaluation_mask(sources: Sequence[str], truth: NDArray[Any]) -> NDArray[Any]:
    """Mask of the labelled pages that figures are measured on.

    Seed labels were chosen by what they are, not by their score, so they make the crawl look richer than it is: once
    enough positive pages were annotated, those alone count. Until then they are too few to do without the seed.
    """
    asked = np.array([source == ASKED for source in sources], dtype=bool)
    if int((asked & truth).sum()) >= MIN_ASKED:
        return asked
    return np.array([source != CHOSEN for source in sources], dtype=bool)


def labelled_weights(
    round_: Round, labelled: list[tuple[str, str]], truth: NDArray[Any], sketches: Sketches | None = None
) -> NDArray[Any] | None:
    """Pages of the crawl that each labelled page (URL and source) represents, 0 where it does not count.

    sketches: as in `crawl_weights`. None in round 1.
    """
    if round_.number == 1:
        return None
    counts = evaluation_mask([source for _, source in labelled], truth)
    weights = np.zeros(len(labelled))
    urls = [labelled[row][0] for row in np.flatnonzero(counts)]
    weights[counts] = crawl_weights(round_, urls, None if sketches is None else sketches[counts])
    return weights
