"""Measures what each part of the recipe is worth on a labelled crawl.

    python tests/benchmarks/recipe.py --crawl DIR [--variants counts,once,marks,shrinkage] [--measure]

DIR holds WARCs and labels.jsonl ({"url", "label", "use", "family"}). Variants are compared by cross-validation grouped
by family among the pages of use `seed` and `pool`. Only with --measure the default recipe is measured once on the
pages of use `measure`, trained on seed + pool and on seed alone. The last line printed is one JSON object.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from recall.archive.warc import captures
from recall.model.evaluate import (
    average_precision,
    bootstrap_interval,
    choose_threshold,
    expected_calibration_error,
    fit_calibration,
    group_folds,
    precision_recall,
)
from recall.model.fasttext import Recipe, fit
from recall.model.lines import Ids
from recall.model.scorer import collapse, score_with
from recall.model.tokens import Tokenizer
from recall.page.text import scoring_text

POSITIVE, OTHER = "C", "other"
FOLDS = 5
VOCABULARY = 32_768

Floats = NDArray[np.float64]
Figures = dict[str, object]


@dataclass(frozen=True, slots=True)
class Page:
    """A labelled page as the model sees it."""

    label: str
    use: str
    family: str
    text: str


@dataclass(frozen=True, slots=True)
class Variant:
    """How pages become lines, and how the model is trained on them."""

    lines: Callable[[Tokenizer, Sequence[str]], list[Ids]]
    recipe: Recipe


def without_marks(tokenizer: Tokenizer, texts: Sequence[str]) -> list[Ids]:
    """Token lines without the structure marks."""
    return [line[line < tokenizer.vocabulary] for line in tokenizer.lines(texts)]


PLAIN = Recipe(epochs=25, learning_rate=0.5, shrinkage=0)
VARIANTS = {
    "counts": Variant(Tokenizer.encode, PLAIN),
    "once": Variant(without_marks, PLAIN),
    "marks": Variant(Tokenizer.lines, PLAIN),
    "shrinkage": Variant(Tokenizer.lines, Recipe()),
}


def read_pages(crawl: Path) -> list[Page]:
    """Every labelled page of a crawl folder, in the order of its WARCs."""
    with (crawl / "labels.jsonl").open(encoding="utf-8") as stream:
        rows = {row["url"]: row for row in map(json.loads, stream)}
    pages = []
    for warc in sorted(crawl.glob("crawl-data/**/warc/*.warc.gz")):
        for capture in captures(str(warc)):
            row = rows.pop(capture.url, None)
            if row is not None:
                text = scoring_text(capture.body, capture.charset, capture.url)
                label = POSITIVE if row["label"] == POSITIVE else OTHER
                pages.append(Page(label, row["use"], row["family"], text))
    return pages


def train_and_score(
    lines: Sequence[Ids], labels: Sequence[str], recipe: Recipe, size: int, held: Sequence[Ids]
) -> Floats:
    """Scores of `held` by a model trained on `lines`."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.bin"
        fit(lines, labels, recipe, size, path)
        return score_with(collapse(path, size, recipe, POSITIVE), held)


def found_at(scores: Floats, truth: NDArray[np.bool_], precision: float) -> float:
    """Largest share of the positives found at a threshold with at least this precision."""
    curve = precision_recall(scores, truth)
    return float(curve.recall[curve.precision >= precision].max(initial=0.0))


def figures(scores: Floats, truth: NDArray[np.bool_], families: Sequence[str]) -> Figures:
    """AP and share found at precision 0.90, each with its interval over families."""
    return {
        "average_precision": asdict(bootstrap_interval(average_precision, scores, truth, families)),
        "found_at_precision_0.90": asdict(
            bootstrap_interval(lambda some, true: found_at(some, true, 0.9), scores, truth, families)
        ),
    }


def cross_validate(pages: Sequence[Page], tokenizer: Tokenizer, variant: Variant, seeds: int) -> tuple[Floats, float]:
    """Out-of-fold scores, one row per seed, and seconds per fit."""
    lines = variant.lines(tokenizer, [page.text for page in pages])
    labels = [page.label for page in pages]
    scores = np.zeros((seeds, len(pages)))
    start = time.perf_counter()
    for seed in range(seeds):
        folds = group_folds([page.family for page in pages], labels, FOLDS, seed)
        recipe = replace(variant.recipe, seed=seed)
        for fold in range(FOLDS):
            inside, held = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
            scores[seed, held] = train_and_score(
                [lines[i] for i in inside],
                [labels[i] for i in inside],
                recipe,
                tokenizer.size,
                [lines[i] for i in held],
            )
    return scores, (time.perf_counter() - start) / (seeds * FOLDS)


def compare(pages: Sequence[Page], tokenizer: Tokenizer, names: Sequence[str], seeds: int) -> dict[str, Figures]:
    """Figures of each variant, by cross-validation."""
    truth = np.array([page.label == POSITIVE for page in pages])
    families = [page.family for page in pages]
    result = {}
    for name in names:
        scores, seconds = cross_validate(pages, tokenizer, VARIANTS[name], seeds)
        by_seed = [average_precision(row, truth) for row in scores]
        result[name] = figures(scores[0], truth, families) | {
            "average_precision_by_seed": by_seed,
            "mean_average_precision": float(np.mean(by_seed)),
            "mean_found_at_precision_0.90": float(np.mean([found_at(row, truth, 0.9) for row in scores])),
            "seconds_per_fit": seconds,
        }
        print(name, json.dumps(result[name]), flush=True)  # noqa: T201 - a benchmark reports to the terminal
    return result


def final(pages: Sequence[Page], tokenizer: Tokenizer, uses: Sequence[str]) -> Figures:
    """The default recipe, trained on the pages of `uses`, on those of use `measure`."""
    training = [page for page in pages if page.use in uses]
    measured = [page for page in pages if page.use == "measure"]
    truth = np.array([page.label == POSITIVE for page in measured])
    inside = np.array([page.label == POSITIVE for page in training])
    variant = VARIANTS["shrinkage"]
    out_of_fold, _ = cross_validate(training, tokenizer, variant, 1)
    threshold = choose_threshold(out_of_fold[0], inside, "precision", 0.9)
    calibration = fit_calibration(out_of_fold[0], inside)
    lines = tokenizer.lines([page.text for page in training + measured])
    scores = train_and_score(
        lines[: len(training)],
        [page.label for page in training],
        variant.recipe,
        tokenizer.size,
        lines[len(training) :],
    )
    kept = scores >= threshold.value
    return figures(scores, truth, [page.family for page in measured]) | {
        "trained_on": len(training),
        "threshold": threshold.value,
        "precision_at_threshold": float(truth[kept].mean()),
        "recall_at_threshold": float(kept[truth].mean()),
        "calibration_error": expected_calibration_error(calibration.apply(scores), truth),
    }


def main() -> None:
    """Read, compare, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crawl", type=Path, required=True)
    parser.add_argument("--variants", default=",".join(VARIANTS))
    parser.add_argument("--seeds", type=int, default=1, help="repetitions of the cross-validation")
    parser.add_argument("--measure", action="store_true", help="also the single measurement on use `measure`")
    options = parser.parse_args()
    pages = read_pages(options.crawl)
    training = [page for page in pages if page.use in {"seed", "pool"}]
    start = time.perf_counter()
    tokenizer = Tokenizer.train([page.text for page in training], VOCABULARY)
    report: dict[str, object] = {
        "pages": len(pages),
        "training_pages": len(training),
        "tokenizer_seconds": time.perf_counter() - start,
        "variants": compare(training, tokenizer, options.variants.split(","), options.seeds),
    }
    if options.measure:
        seed_only = Tokenizer.train([page.text for page in pages if page.use == "seed"], VOCABULARY)
        report["measure_seed_and_pool"] = final(pages, tokenizer, ["seed", "pool"])
        report["measure_seed"] = final(pages, seed_only, ["seed"])
    print(json.dumps(report))  # noqa: T201 - the last line is the result


if __name__ == "__main__":
    main()
