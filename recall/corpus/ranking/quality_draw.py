"""Draws the kept pages that are scored from 0 to 5: audit pages first, then pages to learn from.

In: the run's last corpus. Out: `quality/pages.parquet`, published once. Audit pages are a uniform sample, so that what
they say holds for the corpus. Pages to learn from are of other registered domains, as many from each fifth of the
relevance scores, few of a site, one of each text. Held-out pages are not drawn. Parts are read by tasks; what is held
does not grow with the corpus.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from recall.corpus.published import ROWS, part_keys, present
from recall.corpus.ranking.quality_labels import AUDIT
from recall.errors import OutOfOrder
from recall.model.evaluate import score_bins, score_histogram
from recall.model.near_texts import NearTexts, sketches_of
from recall.run.jobs import complete
from recall.run.round_model import load_scorer, model_folder
from recall.run.rounds import Run
from recall.run.sampling import BottomK, priority
from recall.run.store import Schema, Store
from recall.sites.holdout import Holdout
from recall.sites.hosts import registered_domain
from recall.sites.urls import host_of

QUALITY_DRAWN = "quality/pages.parquet"
QUALITY_PAGES: Schema = {
    "url": "string",
    "use": "string",
    "score": "float64",
    "title": "string",
    "text": "string",
}
"""score: of relevance; text: what is shown, the first SHOWN characters of the kept text."""

TRAIN = "train"
FIFTHS = 5
SPARE = 4
"""Pages drawn for each that is wanted: some are of a site that has enough, or of a text that is there."""

SITE_SHARE = 0.02
"""Most pages to learn from of one registered domain, as a share of all, and at least two."""

SHOWN = 40_000


@dataclass(frozen=True, slots=True, order=True)
class DrawnPage:
    """A page that may be scored. rank: its hashed URL."""

    rank: int
    url: str
    score: float


@dataclass(frozen=True, slots=True)
class QualityDraw:
    """What a task draws by. bins: first bin of each fifth but the first; wanted: URLs whose texts are read."""

    store: Store
    seed: int
    holdout: Holdout = field(repr=False)
    audit: int = 0
    pages: int = 0
    bins: tuple[int, ...] = ()
    wanted: frozenset[str] = field(default=frozenset(), repr=False)


@dataclass(slots=True)
class DrawnSamples:
    """Samples of pages: for the audit, and of each fifth of the scores."""

    audit: BottomK[str, DrawnPage]
    fifths: tuple[BottomK[str, DrawnPage], ...]

    def merge(self, other: "DrawnSamples") -> None:
        """Take in the samples of another part."""
        self.audit.merge(other.audit)
        for mine, theirs in zip(self.fifths, other.fifths, strict=True):
            mine.merge(theirs)


def draw_pages(run: Run, pages: int, audit: int) -> list[dict[str, object]]:
    """Rows of QUALITY_PAGES: those that were drawn before, else drawn now. Raises OutOfOrder without a corpus."""
    if not run.store.exists(QUALITY_DRAWN):
        keys = part_keys(run)
        if not keys:
            raise OutOfOrder(f"{run.store.root}: there is no corpus to draw pages of: recall build first")
        rows = _draw(run, keys, pages, audit)
        columns = {name: [row[name] for row in rows] for name in QUALITY_PAGES}
        run.store.publish_table(QUALITY_DRAWN, columns, QUALITY_PAGES)
    drawn: list[dict[str, object]] = run.store.read_table(QUALITY_DRAWN, list(QUALITY_PAGES)).to_pylist()
    return drawn


def _draw(run: Run, keys: list[str], pages: int, audit: int) -> list[dict[str, object]]:
    cluster, inputs = run.config.cluster, QualityDraw(run.store, run.config.run.seed, run.holdout, audit, pages)
    histogram = sum((outcome.result for outcome in complete(count_scores, inputs, keys, cluster, "quality")), 0)
    inputs = replace(inputs, bins=_bins_of(np.asarray(histogram)))
    samples = _samples(inputs)
    for outcome in complete(sample_part, inputs, keys, cluster, "quality"):
        samples.merge(outcome.result)
    audited = samples.audit.values()
    sites = {_site(page.url) for page in audited}
    others = [[page for page in fifth.values() if _site(page.url) not in sites] for fifth in samples.fifths]
    inputs = replace(inputs, wanted=frozenset(page.url for drawn in (audited, *others) for page in drawn))
    by_part = {outcome.item: outcome.result for outcome in complete(read_texts, inputs, keys, cluster, "quality")}
    texts: dict[str, tuple[str, str]] = {}
    for key in keys:  # of a page in several parts the last one's text counts, whichever task ended last
        texts.update(by_part[key])
    learned = _one_of_each_text(run, others, texts, pages)
    chosen = [(page, AUDIT) for page in audited] + [(page, TRAIN) for page in learned]
    chosen.sort(key=lambda drawn: priority(inputs.seed, f"quality\0{drawn[0].url}"))  # the order gives no use away
    return [
        {"url": page.url, "use": use, "score": page.score, **dict(zip(("title", "text"), texts[page.url], strict=True))}
        for page, use in chosen
    ]


def _site(url: str) -> str:
    return registered_domain(host_of(url))


def _samples(inputs: QualityDraw) -> DrawnSamples:
    each = SPARE * math.ceil(inputs.pages / FIFTHS)
    return DrawnSamples(BottomK(inputs.audit), tuple(BottomK(each) for _ in range(FIFTHS)))


def count_scores(inputs: QualityDraw, key: str) -> NDArray[np.int64]:
    """Histogram of a part's relevance scores."""
    total = score_histogram([])
    for table in inputs.store.read_batches(key, ["score"]):
        total = total + score_histogram(table.column("score").to_numpy())
    return total


def _bins_of(histogram: NDArray[np.int64]) -> tuple[int, ...]:
    """First bin of each fifth of the pages but the first."""
    reached = np.cumsum(histogram)
    return tuple(int(np.searchsorted(reached, reached[-1] * part / FIFTHS)) for part in range(1, FIFTHS))


def sample_part(inputs: QualityDraw, key: str) -> DrawnSamples:
    """Samples of a part's pages."""
    samples = _samples(inputs)
    for table in inputs.store.read_batches(key, ["url", "score"]):
        scores = table.column("score").to_numpy()
        fifths = np.searchsorted(np.array(inputs.bins), score_bins(scores), side="right")
        rows = zip(table.column("url").to_pylist(), scores.tolist(), fifths.tolist(), strict=True)
        for url, score, fifth in rows:
            if inputs.holdout.covers(url):
                continue
            audit = DrawnPage(priority(inputs.seed, f"quality audit\0{url}"), url, score)
            samples.audit.offer(url, (audit.rank, url), audit)
            page = DrawnPage(priority(inputs.seed, f"quality page\0{url}"), url, score)
            samples.fifths[fifth].offer(url, (page.rank, url), page)
    return samples


def read_texts(inputs: QualityDraw, key: str) -> dict[str, tuple[str, str]]:
    """Title and beginning of the text of the wanted pages of a part."""
    names = present(inputs.store, key, ["url", "title", "text"])  # corpora of earlier versions have no titles
    return {
        row["url"]: (row.get("title") or "", row["text"][:SHOWN])
        for table in inputs.store.read_batches(key, names, ROWS)
        for row in table.to_pylist()
        if row["url"] in inputs.wanted
    }


def _one_of_each_text(
    run: Run, fifths: Iterable[list[DrawnPage]], texts: Mapping[str, tuple[str, str]], count: int
) -> list[DrawnPage]:
    """`count` pages in turn from each fifth: few of a site, and none whose text is near to that of one before."""
    tokenizer = load_scorer(run.store, model_folder(run.round(run.config.run.rounds))).tokenizer
    queues = [list(reversed(fifth)) for fifth in fifths]
    pages = [page for queue in queues for page in queue]
    lines = tokenizer.lines([texts[page.url][1] for page in pages])
    sketches = dict(zip((page.url for page in pages), sketches_of(lines, tokenizer.vocabulary).tolist(), strict=True))
    of_site, most = Counter[str](), max(2, math.ceil(SITE_SHARE * count))
    known: list[int] = []
    chosen: list[DrawnPage] = []
    while any(queues) and len(chosen) < count:
        for queue in filter(None, queues):
            page = queue.pop()
            sketch, site = np.array([sketches[page.url]], np.uint64), _site(page.url)
            if of_site[site] == most or NearTexts(np.array(known, np.uint64)).find(sketch)[0] >= 0:
                continue
            of_site[site] += 1
            known.append(int(sketch[0]))
            chosen.append(page)
    return chosen[:count]
