"""How well a page's quality follows from its kept text: the ranker beside relevance, length and larger models.

    RECALL_SHARED=FOLDER python -m tests.benchmarks.quality_ranker [--labels FILE] [--no-relevance]

FOLDER holds the crawl folders `crawl` and `web` (WARCs and labels.jsonl). FILE: {"url", "score", "annotator"}, by
default quality_labels.jsonl beside this: 298 kept pages of both crawls, read by the guide of recall/data. All models
are compared out of fold, by registered domain, on the same divisions; intervals are 95 %, by bootstrap over registered
domains, differences paired. Relevance is that of models that did not see the page's site. The last line is one JSON
object.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.archive.warc import captures
from recall.corpus.code_signals import code_signals, measured_blocks
from recall.corpus.ranking.corpus_features import features_of
from recall.corpus.ranking.fitting import (
    FOLDS,
    PENALTY,
    SEEDS,
    RankedPages,
    calibration_of,
    fifth_right,
    fit_ranker,
    out_of_fold,
)
from recall.corpus.ranking.quality_labels import LabelledPage, labelled_pages, read_quality_labels
from recall.corpus.ranking.ranker import NAMES, Ranker
from recall.corpus.ranking.ridge import BUCKETS, Floats, PageFeatures, Words, fit_ridge, shared_words
from recall.corpus.signals import signals
from recall.model.evaluate import group_folds, interval_over_groups, rank_correlation
from recall.model.scorer import SHIPPED_MODEL, Scorer
from recall.page.markdown import convert
from recall.page.text import scoring_text
from recall.run.sampling import priority
from tests.released_model.labelled_crawls import read_pages, to_learn_from
from tests.released_model.train_released import CRAWLS, learn, settings

LABELS = Path(__file__).with_name("quality_labels.jsonl")
FitPredict = Callable[[NDArray[np.bool_]], Floats]
"""From the rows to learn from to predictions of all rows."""

SIZES = (60, 120, 200)
AUDITED = 60


def texts_of(shared: Path, pages: list[LabelledPage]) -> dict[str, float]:
    """Fill in the pages' kept texts; returns the shipped model's score of each, by URL."""
    wanted = {page.url: page for page in pages}
    scorer, scores = Scorer.load(SHIPPED_MODEL), dict[str, float]()
    for crawl in CRAWLS:
        for warc in sorted((shared / crawl).glob("crawl-data/**/warc/*.warc.gz")):
            for capture in captures(str(warc)):
                page = wanted.get(capture.url)
                if page is not None and not page.text:
                    page.text = convert(capture.body, capture.url, capture.charset).text
                    text = scoring_text(capture.body, capture.charset, capture.url)
                    scores[capture.url] = float(scorer.score([text])[0])
    return scores


def held_out_relevance(shared: Path, shipped: dict[str, float], pages: list[LabelledPage]) -> Floats:
    """Relevance by models that did not see the page's site: the shipped one's of pages that it did not learn from."""
    learned = to_learn_from([page for crawl in CRAWLS for page in read_pages(shared / crawl)])
    scores = learn(learned, settings()).scores
    known = shipped | {page.url: float(score) for page, score in zip(learned, scores, strict=True)}
    return np.array([known[page.url] for page in pages])


def predicted(fit: FitPredict, pages: RankedPages) -> Floats:
    """Out-of-fold predictions by the divisions of `out_of_fold`."""
    kinds, total = [str(round(label)) for label in pages.labels.tolist()], np.zeros(len(pages))
    for seed in range(SEEDS):
        folds = group_folds(pages.families, kinds, FOLDS, seed)
        for fold in range(FOLDS):
            total[folds == fold] += fit(folds != fold)[folds == fold]
    return total / SEEDS


def with_features(pages: RankedPages, rows: Floats, words: Sequence[Words]) -> Floats:
    """Out-of-fold predictions of the ranker's own model on other features."""
    return out_of_fold(RankedPages(PageFeatures(rows, tuple(words)), pages.labels, pages.families), shared_words(words))


def candidates(pages: RankedPages, texts: Sequence[str], relevance: Floats | None) -> dict[str, Floats]:
    """Out-of-fold predictions of each model."""
    rows, words = pages.features.rows, pages.features.words
    tokens = [np.unique(ids.astype(np.int64) % BUCKETS) for ids in Scorer.load(SHIPPED_MODEL).tokenizer.encode(texts)]
    nothing, no_words = np.zeros((len(pages), 1)), [np.zeros(0, np.int64)] * len(pages)
    found = {
        "ranker": with_features(pages, rows, words),
        "length alone": rows[:, NAMES.index("chars")],
        "signals alone": with_features(pages, rows, no_words),
        "words alone": with_features(pages, nothing, words),
        "signals and BPE tokens": with_features(pages, rows, tokens),
    }
    if relevance is not None:
        logit = np.clip(np.log(relevance) - np.log1p(-np.minimum(relevance, 1 - 1e-9)), -10, 10)
        found["relevance alone"] = relevance
        found["ranker and relevance"] = with_features(pages, np.column_stack([rows, logit]), words)
    try:
        from sklearn.ensemble import GradientBoostingRegressor
    except ImportError:
        return found
    known = np.where(np.isnan(rows), -1.0, rows)
    trees: dict[str, Any] = {"n_estimators": 150, "max_depth": 3, "learning_rate": 0.05, "subsample": 0.5}

    def boosted(inside: NDArray[np.bool_]) -> Floats:
        model = GradientBoostingRegressor(**trees, max_features=0.4, min_samples_leaf=8, random_state=0)
        return np.asarray(model.fit(known[inside], pages.labels[inside]).predict(known))

    found["boosted trees on signals"] = predicted(boosted, pages)
    return found


def figures_of(found: dict[str, Floats], pages: RankedPages) -> dict[str, dict[str, list[float]]]:
    """Figures of each model, each as value, low, high; differences are those to the ranker."""
    labels, base = pages.labels, found["ranker"]
    table: dict[str, dict[str, list[float]]] = {}
    for name, scores in found.items():
        offset, slope = calibration_of(scores, labels)
        expected = np.clip(offset + slope * scores, 0, 5)
        table[name] = {
            figure: _interval(function, pages.families)
            for figure, function in _functions(scores, base, expected, labels).items()
        }
    return table


def _functions(
    scores: Floats, base: Floats, expected: Floats, labels: Floats
) -> dict[str, Callable[[NDArray[np.intp]], float]]:
    return {
        "rank_correlation": lambda rows: rank_correlation(scores[rows], labels[rows]),
        "less_ranker": lambda rows: (
            rank_correlation(scores[rows], labels[rows]) - rank_correlation(base[rows], labels[rows])
        ),
        "error": lambda rows: float(np.mean(np.abs(expected[rows] - labels[rows]))),
        "best_fifth_right": lambda rows: fifth_right(scores[rows], labels[rows], best=True),
        "worst_fifth_right": lambda rows: fifth_right(scores[rows], labels[rows], best=False),
    }


def _interval(function: Callable[[NDArray[np.intp]], float], families: Sequence[str]) -> list[float]:
    interval = interval_over_groups(function, families)
    return [round(end, 4) for end in (interval.value, interval.low, interval.high)]


def calibration_by_fifths(predictions: Floats, labels: Floats) -> list[list[float]]:
    """Mean quality and mean label of each fifth by quality, the lowest first."""
    offset, slope = calibration_of(predictions, labels)
    expected = np.clip(offset + slope * predictions, 0, 5)
    parts = np.array_split(np.argsort(expected, kind="stable"), 5)
    return [[round(float(values[part].mean()), 3) for values in (expected, labels)] for part in parts]


def audited(labelled: Sequence[LabelledPage], pages: RankedPages) -> dict[str, list[float]]:
    """What an audit of 60 random pages says, by a ranker that learned from none of their sites."""
    drawn = sorted(range(len(labelled)), key=lambda at: priority(0, f"audit\0{labelled[at].url}"))[:AUDITED]
    marked = [replace(page, audit=at in drawn) for at, page in enumerate(labelled)]
    ranker = fit_ranker(marked, pages.features, 3, 0.8)
    told = {name: figure for name, figure in ranker.figures.items() if name.startswith("audit")}
    return {name: [round(end, 4) for end in (f.value, f.low, f.high)] for name, f in told.items()} | {
        "learned_from": [float(ranker.labels["learned_from"])]
    }


def learning_curve(pages: RankedPages, draws: int = 10) -> dict[int, float]:
    """Mean rank correlation on a third of the sites by so many labels of the others."""
    names = sorted(set(pages.families))
    found: dict[int, list[float]] = {size: [] for size in SIZES}
    for seed in range(draws):
        random = np.random.default_rng(seed)
        away = set(random.permutation(names)[: len(names) // 3].tolist())
        held = np.array([family in away for family in pages.families])
        inside = random.permutation(np.flatnonzero(~held))
        for size in SIZES:
            chosen = np.isin(np.arange(len(pages)), inside[:size])
            some = pages.features.only(chosen)
            model = fit_ridge(some, pages.labels[chosen], shared_words(some.words), PENALTY)
            found[size].append(rank_correlation(model.predict(pages.features.only(held)), pages.labels[held]))
    return {size: round(float(np.mean(values)), 4) for size, values in found.items()}


def milliseconds(ranker: Ranker, texts: Sequence[str]) -> dict[str, float]:
    """Median and mean time of a page's signals, and of its quality once they are there."""
    times: dict[str, list[float]] = {"signals": [], "quality": []}
    for text in texts:
        began = time.process_time()
        measured = {**signals(text), **code_signals(measured_blocks(text))}
        between = time.process_time()
        ranker.quality(text, measured)
        times["signals"].append(between - began)
        times["quality"].append(time.process_time() - between)
    medians = {name: round(1e3 * float(np.median(values)), 3) for name, values in times.items()}
    return medians | {f"{name}_mean": round(1e3 * float(np.mean(values)), 3) for name, values in times.items()}


def main() -> None:
    """Print a line a model, then everything as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path, default=LABELS)
    parser.add_argument("--no-relevance", action="store_true")
    asked = parser.parse_args()
    shared = Path(os.environ.get("RECALL_SHARED", Path(__file__).resolve().parents[3] / "shared"))
    labelled = labelled_pages(read_quality_labels(str(asked.labels)))
    shipped = texts_of(shared, labelled)
    labelled = [page for page in labelled if page.text]
    texts = [page.text for page in labelled]
    labels, families = np.array([page.label for page in labelled]), [page.family for page in labelled]
    pages = RankedPages(features_of(texts), labels, families)
    relevance = None if asked.no_relevance else held_out_relevance(shared, shipped, labelled)
    found = candidates(pages, texts, relevance)
    table = figures_of(found, pages)
    for name, figures in table.items():
        cells = (f"{figure} {value:.3f} ({low:.3f} to {high:.3f})" for figure, (value, low, high) in figures.items())
        sys.stdout.write(f"{name:26} {'  '.join(cells)}\n")
    ranker = fit_ranker(labelled, pages.features, 3, 0.8)
    told = {name: [round(end, 4) for end in (f.value, f.low, f.high)] for name, f in ranker.figures.items()}
    result = {"pages": len(labelled), "sites": len(set(families)), "models": table, "ranker": told}
    result |= {"threshold": ranker.threshold, "labels": dict(ranker.labels), "learning": learning_curve(pages)}
    result |= {"calibration": calibration_by_fifths(found["ranker"], labels), "audit": audited(labelled, pages)}
    sys.stdout.write(json.dumps({**result, "milliseconds": milliseconds(ranker, texts)}) + "\n")


if __name__ == "__main__":
    main()
