"""Figures of the shipped models on pages of use `measure`, beside simpler ways, and the model card made of them.

`python -m tests.released_model.measured_figures [--shared FOLDER] [--card FILE]`. Nothing is chosen by these figures:
they are looked at when a model is finished. Writes the model card; the last line is one JSON object.
"""

import argparse
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.model.evaluate import (
    average_precision,
    average_precision_at,
    bootstrap_interval,
    precision_at,
    recall_where_kept,
)
from recall.model.plain import plain_text
from recall.model.scorer import PLAIN_MODEL, SHIPPED_MODEL, Scorer
from recall.records import MARK, OTHER_LABEL
from recall.sites.urls import url_key
from tests.benchmarks.recipe import Page, by_tfidf, by_words
from tests.released_model.labelled_crawls import POSITIVE, LabelledPage, read_pages, to_learn_from, to_measure
from tests.released_model.model_card import card_text
from tests.released_model.train_released import CRAWLS, PRECISIONS

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Figures = dict[str, Any]

SHARES_OF_CODE = (0.03, 0.05)
KEPT = (0.02, 0.03, 0.049, 0.1)
"""Shares of the pages that are kept."""


def precision_and_recall(share: float, scores: Floats, truth: Bools, threshold: float) -> tuple[float, float]:
    """Precision and recall of a threshold where `share` of the pages are code."""
    kept = scores >= threshold
    return precision_at(share, kept, truth), float(kept[truth].mean())


def with_interval(
    figure: Callable[[Floats, Bools], float], scores: Floats, truth: Bools, families: Sequence[str]
) -> Any:
    """A figure with its 95 % interval over families."""
    return asdict(bootstrap_interval(figure, scores, truth, families, draws=300))


def figures_of(scores: Floats, truth: Bools, families: Sequence[str]) -> Figures:
    """AP and shares found, at the set's own mix and at SHARES_OF_CODE."""
    result: Figures = {"own_mix": with_interval(average_precision, scores, truth, families)}
    for share in SHARES_OF_CODE:
        result[f"{share}"] = {
            "average_precision": with_interval(partial(average_precision_at, share), scores, truth, families),
            "found": {f"{kept}": recall_where_kept(kept, share, scores, truth) for kept in KEPT},
            "found_at_4.9": with_interval(partial(recall_where_kept, 0.049, share), scores, truth, families),
        }
    return result


@dataclass(frozen=True, slots=True)
class Measured:
    """Pages to measure on, and the scores that each way gives them."""

    pages: Sequence[LabelledPage]
    scores: Mapping[str, Floats]

    @property
    def truth(self) -> Bools:
        """Which are code."""
        return np.array([page.label == POSITIVE for page in self.pages])

    def only(self, rows: NDArray[np.intp]) -> "Measured":
        """These pages alone."""
        return Measured([self.pages[row] for row in rows], {name: own[rows] for name, own in self.scores.items()})

    def figures(self) -> Figures:
        """Figures of each way."""
        families, truth = [page.family for page in self.pages], self.truth
        counts = {"pages": len(self.pages), "positive": int(truth.sum()), "families": len(set(families))}
        return counts | {"ways": {name: figures_of(own, truth, families) for name, own in self.scores.items()}}

    def by_part(self, part_of: Callable[[LabelledPage], str], threshold: float) -> Figures:
        """Pages told right of each part of them, at the threshold of the shipped model."""
        parts = np.array([part_of(page) for page in self.pages], dtype=object)
        scores, truth = self.scores["shipped"], self.truth
        result: Figures = {}
        for name in sorted(set(parts)):
            own, right = parts == name, (scores >= threshold) == truth
            result[name] = {
                "pages": int(own.sum()),
                "positive": int((own & truth).sum()),
                "positive_right": int((own & truth & right).sum()),
                "others_right": int((own & ~truth & right).sum()),
                "average_precision": average_precision(scores[own], truth[own]) if truth[own].any() else None,
            }
        return result


def plain_scores(path: Path, pages: Sequence[LabelledPage]) -> Floats:
    """What fastText itself says of the pages' text with a plain model."""
    import fasttext

    model = fasttext.load_model(str(path))
    scores = []
    for page in pages:
        labels, shares = model.predict(plain_text(page.text), k=2)
        scores.append(dict(zip(labels, map(float, shares), strict=True))[f"__label__{POSITIVE}"])
    return np.array(scores)


def measure(shared: Path) -> Figures:
    """Every figure of the card."""
    pages = [page for crawl in CRAWLS for page in read_pages(shared / crawl)]
    training, measured = to_learn_from(pages), to_measure(pages)
    scorer = Scorer.load()
    learned, held = (
        [Page(_binary(page), page.use, page.family, page.text, page.kind) for page in some]
        for some in (training, measured)
    )
    tfidf = by_tfidf(learned, held)
    ways = {
        "shipped": scorer.score([page.text for page in measured]),
        "shipped, of the text alone": scorer.score([page.text.partition(MARK)[0] for page in measured]),
        "plain": plain_scores(PLAIN_MODEL, measured),
        **({} if tfidf is None else {"TF-IDF + logistic regression": tfidf}),
        "fastText on words, DeepSeekMath's settings": by_words(learned, held),
        "has `<pre>`": np.array([float(f"{MARK}pre" in page.text) for page in measured]),
    }
    every = Measured(measured, ways)
    keys = [url_key(page.url) for page in measured]
    once = every.only(np.array([row for row, key in enumerate(keys) if key not in keys[:row]]))
    names = np.array([page.crawl for page in measured])
    sets = {"both": once, **{name: every.only(np.flatnonzero(names == name)) for name in CRAWLS}}
    threshold, card = scorer.threshold, scorer.card
    read = once.only(np.array([row for row, page in enumerate(once.pages) if page.readers > 0]))
    return {
        "digest": scorer.digest,
        "threshold": threshold,
        "text_threshold": card.text_threshold,
        "least_characters": card.least_characters,
        "sizes": {path.name: path.stat().st_size for path in sorted(SHIPPED_MODEL.iterdir())},
        "trained_on": counted(training),
        "sets": {name: some.figures() for name, some in sets.items()},
        "thresholds": {
            name: {
                f"{precision}": [
                    at := card.metrics[f"threshold_{precision}"],
                    *precision_and_recall(0.03, some.scores["shipped"], some.truth, at),
                ]
                for precision in PRECISIONS
            }
            for name, some in sets.items()
        },
        "by_label": read.by_part(lambda page: page.label, threshold),
        "by_language": once.by_part(lambda page: page.language or "unknown", threshold),
        "by_kind": once.by_part(lambda page: page.kind, threshold),
    }


def _binary(page: LabelledPage) -> str:
    return POSITIVE if page.label == POSITIVE else OTHER_LABEL


def _most_first(counted_part: tuple[str, int]) -> tuple[int, str]:
    return -counted_part[1], counted_part[0]


def counted(pages: Sequence[LabelledPage]) -> Figures:
    """Pages by crawl and label, by language and by kind of site: all, and those that are code."""
    result: Figures = {"pages": len(pages), "families": len({page.family for page in pages})}
    parts: Mapping[str, Callable[[LabelledPage], str]] = {
        "label": lambda page: page.label,
        "crawl": lambda page: page.crawl,
        "language": lambda page: page.language or "unknown",
        "kind": lambda page: page.kind,
    }
    for name, key in parts.items():
        every = Counter(key(page) for page in pages)
        code = Counter(key(page) for page in pages if page.label == POSITIVE)
        result[name] = {part: [count, code[part]] for part, count in sorted(every.items(), key=_most_first)}
    return result


def main() -> None:
    """Measure, write the card, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[3] / "shared")
    parser.add_argument("--card", type=Path, default=SHIPPED_MODEL / "MODEL_CARD.md")
    options = parser.parse_args()
    figures = measure(options.shared)
    options.card.write_text(card_text(figures), encoding="utf-8")
    print(json.dumps(figures))  # noqa: T201 - the last line is the result


if __name__ == "__main__":
    main()
