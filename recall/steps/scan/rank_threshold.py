"""The threshold that keeps a share of the pages, or pages that hold a number of tokens: those with the highest scores.

In: the slim rows of all shards. Out: an OwnThreshold, exact to the page: pages of one score are kept or left together,
as few as hold what was asked for. Tokens are estimated: sampled candidates of each range of scores are turned into
Markdown and counted in the model's own BPE tokens; duplicates and filters of the build come off afterwards. Memory
grows with the pages of one bin of the histogram, of which there are 2,049.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from recall.config import AccessSection
from recall.model.evaluate import MIDDLES, score_bins, score_histogram
from recall.page.markdown import markdown
from recall.records import plain_text
from recall.run.jobs import complete
from recall.run.own_threshold import OwnThreshold
from recall.run.round_model import load_scorer, model_folder
from recall.run.rounds import Round
from recall.run.sampling import BottomK, priority
from recall.run.scanned import ScannedShard, read_bodies, read_rows, refs_of
from recall.run.store import Store

RANGE = 64
"""Bins of the histogram, one logit, whose pages are taken to hold as many tokens each."""

ROUNDING = 1e-12
"""Of what is asked for: three tenths of ten pages are three, whatever a product of floats says."""

SAMPLED = 32
"""Pages of a range whose tokens are counted."""


@dataclass(frozen=True, slots=True, order=True)
class RankedPage:
    """A sampled candidate. shard, row: where it lies."""

    shard: int
    row: int


@dataclass(frozen=True, slots=True)
class CandidateCounts:
    """Candidates of some shards: rows seen, histogram of the candidates' scores, samples by range of bins."""

    seen: int
    histogram: NDArray[np.int64] = field(repr=False)
    samples: Mapping[int, BottomK[RankedPage, RankedPage]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class RankContext:
    """What counting needs of a run. sampled: pages of a range, 0 where tokens are not asked for."""

    store: Store
    access: AccessSection
    seed: int
    sampled: int = 0
    model: str = ""
    bin: int = -1
    pages: Mapping[int, Sequence[tuple[int, int]]] = field(default_factory=dict, repr=False)


def count_candidates(context: RankContext, scanned: ScannedShard) -> CandidateCounts:
    """Count a shard's candidates by score."""
    table = read_rows(context.store, scanned, ["score", "candidate"])
    rows = np.flatnonzero(table.column("candidate").to_numpy())
    scores = table.column("score").to_numpy()[rows]
    samples: dict[int, BottomK[RankedPage, RankedPage]] = {}
    for row, number in (
        zip(rows.tolist(), (score_bins(scores) // RANGE).tolist(), strict=True) if context.sampled else ()
    ):
        page = RankedPage(scanned.number, row)
        rank = (priority(context.seed, f"tokens\0{page.shard}\0{page.row}"),)
        samples.setdefault(number, BottomK(context.sampled)).offer(page, rank, page)
    return CandidateCounts(table.num_rows, score_histogram(scores), samples)


def scores_of_bin(context: RankContext, scanned: ScannedShard) -> Counter[float]:
    """How many of a shard's candidates have each score within a bin."""
    table = read_rows(context.store, scanned, ["score", "candidate"])
    scores = table.column("score").to_numpy()[table.column("candidate").to_numpy()]
    return Counter(scores[score_bins(scores) == context.bin].tolist())


def count_tokens(context: RankContext, scanned: ScannedShard) -> list[tuple[int, int]]:
    """Range and tokens of a shard's sampled pages, as Markdown."""
    wanted = dict(context.pages[scanned.number])
    table = read_rows(context.store, scanned, ["url", "offset", "length"])
    urls = table.column("url").to_pylist()
    tokenizer = load_scorer(context.store, context.model).tokenizer
    counted = []
    bodies = read_bodies(context.store, scanned, refs_of(table, scanned.shard.path, wanted), context.access)
    for row, page in sorted(bodies.items()):
        plain = plain_text(page.body)
        text = markdown(page.body, urls[row], page.charset) if plain is None else plain
        counted.append((wanted[row], len(tokenizer.encode([text])[0])))
    return counted


def rank_threshold(round_: Round, shards: Sequence[ScannedShard]) -> OwnThreshold:
    """The threshold for [train] target "pages" or "tokens" over shards that were scanned."""
    run, settings = round_.run, round_.run.config.train
    label, cluster, by_tokens = f"threshold {round_.number}", run.config.cluster, settings.target == "tokens"
    context = RankContext(run.store, run.config.access, run.config.run.seed, SAMPLED if by_tokens else 0)
    counts = CandidateCounts(0, score_histogram([]), {})
    for outcome in complete(count_candidates, context, shards, cluster, label):
        counts = _merged(counts, outcome.result)
    amounts = _tokens_per_page(round_, shards, counts) if by_tokens else np.ones_like(MIDDLES)
    wanted = (settings.target_value if by_tokens else settings.target_value * counts.seen) * (1 - ROUNDING)
    held = np.cumsum((counts.histogram * amounts)[::-1])[::-1]
    enough = np.flatnonzero(held >= wanted)
    boundary = int(enough[-1]) if len(enough) else int(np.argmax(counts.histogram > 0))
    distinct: Counter[float] = Counter()
    for outcome in complete(scores_of_bin, replace(context, bin=boundary), shards, cluster, label):
        distinct.update(outcome.result)
    above = slice(boundary + 1, None)
    kept, amount = int(counts.histogram[above].sum()), float((counts.histogram * amounts)[above].sum())
    threshold = 1.0
    for score, pages in sorted(distinct.items(), reverse=True):
        threshold, kept, amount = score, kept + pages, amount + pages * float(amounts[boundary])
        if amount >= wanted:
            break
    figures = {"scanned": float(counts.seen), "kept": float(kept)}
    if by_tokens:
        figures["tokens"] = float(round(amount))
    return OwnThreshold(threshold, bool(len(enough)), True, figures)


def _merged(counts: CandidateCounts, other: CandidateCounts) -> CandidateCounts:
    samples = dict(counts.samples)
    for number, sample in other.samples.items():
        samples.setdefault(number, BottomK(sample.capacity)).merge(sample)
    return CandidateCounts(counts.seen + other.seen, counts.histogram + other.histogram, samples)


def _tokens_per_page(round_: Round, shards: Sequence[ScannedShard], counts: CandidateCounts) -> NDArray[np.float64]:
    """Mean tokens of a candidate in each bin, by those of its range that were sampled."""
    run, pages = round_.run, defaultdict[int, list[tuple[int, int]]](list)
    for number, sample in counts.samples.items():
        for page in sample.values():
            pages[page.shard].append((page.row, number))
    folder = model_folder(round_)
    context = RankContext(run.store, run.config.access, run.config.run.seed, model=folder, pages=dict(pages))
    needed = [scanned for scanned in shards if scanned.number in pages]
    tokens: dict[int, list[int]] = defaultdict(list)
    for outcome in complete(count_tokens, context, needed, run.config.cluster, f"tokens {round_.number}"):
        for number, count in outcome.result:
            tokens[number].append(count)
    means = {number: sum(sorted(counted)) / len(counted) for number, counted in tokens.items()}
    return np.array([means.get(number // RANGE, 0.0) for number in range(len(counts.histogram))])
