"""Ablation of the recipe on a labelled crawl: what each of its parts adds.

    python tests/benchmarks/recipe.py --crawl DIR [--variants counts,once,marks,slow,shrinkage,shapes,families,code]
        [--measure]

DIR holds WARCs and labels.jsonl ({"url", "label", "use", "family"}). Variants are compared by cross-validation grouped
by registered domain among the pages of use `seed` and `pool`; with --variants "" none is. Only with --measure the
default recipe is measured once on the pages of use `measure`, trained on seed + pool and on seed alone, beside
baselines: fastText on words with DeepSeekMath's settings (200,000 buckets), fastText on token counts, TF-IDF with
logistic regression (where scikit-learn is installed), and the rule that a page has a `<pre>` or a `<code>`. The last
line is one JSON object.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from resiliparse.parse.lang import detect_fast

from recall.archive.warc import captures
from recall.config import TrainSection
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
from recall.model.features import Ids
from recall.model.scorer import collapse, score_with
from recall.model.tokens import Tokenizer
from recall.page.text import scoring_text
from recall.records import MARK, MARKS
from recall.sites.kinds import kind_of
from recall.steps.train.vocabulary import supported, vocabulary_texts
from tests.benchmarks.paired_bootstrap import bootstrap_difference

POSITIVE, OTHER = "C", "other"
FOLDS = 5

Floats = NDArray[np.float64]
Figures = dict[str, object]


@dataclass(frozen=True, slots=True)
class Page:
    """A labelled page as the model sees it."""

    label: str
    use: str
    family: str
    text: str
    kind: str

    @property
    def english(self) -> bool:
        """By a language detector that is fast and errs on pages of little prose."""
        return str(detect_fast(self.text.partition(MARK)[0][:4000])[0]) == "en"


@dataclass(frozen=True, slots=True)
class Variant:
    """How pages become lines, and how the model is trained on them."""

    lines: Callable[[Tokenizer, Sequence[str]], list[Ids]]
    recipe: Recipe
    min_families: int = 0


def without_code(tokenizer: Tokenizer, texts: Sequence[str]) -> list[Ids]:
    """Token lines without the tokens inside code."""
    return [line[line < tokenizer.coded] for line in tokenizer.lines(texts)]


def without_shapes(tokenizer: Tokenizer, texts: Sequence[str]) -> list[Ids]:
    """Token lines without the shapes of the text too."""
    return [line[line < tokenizer.vocabulary + len(MARKS)] for line in tokenizer.lines(texts)]


def without_marks(tokenizer: Tokenizer, texts: Sequence[str]) -> list[Ids]:
    """Token lines without the structure marks."""
    return [line[line < tokenizer.vocabulary] for line in tokenizer.lines(texts)]


PLAIN = Recipe(epochs=25, learning_rate=0.5, shrinkage=0)
VARIANTS = {
    "counts": Variant(Tokenizer.encode, PLAIN),
    "once": Variant(without_marks, PLAIN),
    "marks": Variant(without_shapes, PLAIN),
    "slow": Variant(without_shapes, Recipe(epochs=25, learning_rate=0.5)),
    "shrinkage": Variant(without_shapes, Recipe()),
    "shapes": Variant(without_code, Recipe()),
    "families": Variant(without_code, Recipe(), TrainSection().min_families),
    "code": Variant(Tokenizer.lines, Recipe(), TrainSection().min_families),
}
DEFAULT = "code"
PAPER = Recipe(dim=256, epochs=3, learning_rate=0.1, ngrams=3, buckets=200_000, min_count=3, shrinkage=0)


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
                pages.append(Page(label, row["use"], row["family"], text, kind_of(capture.url)))
    return pages


def learn(pages: Sequence[Page], balance: float) -> Tokenizer:
    """A tokenizer of the pages' words."""
    return Tokenizer.train(vocabulary_texts([page.text for page in pages], balance), TrainSection().vocabulary)


def learned_lines(lines: Sequence[Ids], pages: Sequence[Page], size: int, variant: Variant) -> list[Ids]:
    """The pages' lines without tokens that too few families use."""
    keep = supported(lines, [page.family for page in pages], size, variant.min_families)
    return [line[keep[line]] for line in lines]


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
    """AP and recall at precision 0.90, each with its interval over families."""
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
                learned_lines([lines[i] for i in inside], [pages[i] for i in inside], tokenizer.size, variant),
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


def by_words(training: Sequence[Page], held: Sequence[Page]) -> Floats:
    """FastText on words as they stand, with DeepSeekMath's settings."""
    known: dict[str, int] = {}
    lines = [
        np.array([known.setdefault(word, len(known)) for word in page.text.partition(MARK)[0].split()], np.uint32)
        for page in [*training, *held]
    ]
    often = np.bincount(np.concatenate(lines[: len(training)]), minlength=len(known)) >= PAPER.min_count
    renamed = np.cumsum(often).astype(np.uint32) - np.uint32(1)
    frequent = [renamed[line[often[line]]] for line in lines]
    labels = [page.label for page in training]
    return train_and_score(frequent[: len(training)], labels, PAPER, int(often.sum()), frequent[len(training) :])


def by_tfidf(training: Sequence[Page], held: Sequence[Page]) -> Floats | None:
    """Logistic regression on TF-IDF of words; None where scikit-learn is not installed."""
    try:
        text, linear = (import_module(f"sklearn.{name}") for name in ("feature_extraction.text", "linear_model"))
    except ImportError:
        return None
    words = text.TfidfVectorizer(sublinear_tf=True, min_df=2, token_pattern=r"[^\s]+")
    matrix = words.fit_transform([page.text.partition(MARK)[0] for page in training])
    model = linear.LogisticRegression(C=30.0, max_iter=1000).fit(matrix, [page.label == POSITIVE for page in training])
    scores: Floats = model.predict_proba(words.transform([page.text.partition(MARK)[0] for page in held]))[:, 1]
    return scores


def calibration_errors(shares: Floats, truth: NDArray[np.bool_]) -> dict[str, float]:
    """The expected calibration error, and what noise alone gives where every share is right."""
    random = np.random.default_rng(0)
    noise = [expected_calibration_error(shares, random.random(len(shares)) < shares) for _ in range(200)]
    error = expected_calibration_error(shares, truth)
    return {"error": error, "noise": float(np.mean(noise)), "beyond_noise": error - float(np.mean(noise))}


def final(pages: Sequence[Page], tokenizer: Tokenizer, uses: Sequence[str]) -> tuple[Figures, Floats]:
    """The default recipe, trained on the pages of `uses`, on those of use `measure`: figures and scores."""
    training = [page for page in pages if page.use in uses]
    measured = [page for page in pages if page.use == "measure"]
    truth = np.array([page.label == POSITIVE for page in measured])
    inside = np.array([page.label == POSITIVE for page in training])
    out_of_fold, _ = cross_validate(training, tokenizer, VARIANTS[DEFAULT], 1)
    threshold = choose_threshold(out_of_fold[0], inside, "precision", 0.9)
    calibration = fit_calibration(out_of_fold[0], inside)
    scores = scores_of(training, measured, tokenizer, DEFAULT)
    kept = scores >= threshold.value
    spoken = ["english" if page.english else "other languages" for page in measured]
    placed = [page.kind for page in measured]
    return figures(scores, truth, [page.family for page in measured]) | {
        "trained_on": len(training),
        "threshold": threshold.value,
        "precision_at_threshold": float(truth[kept].mean()),
        "recall_at_threshold": float(kept[truth].mean()),
        "calibration": calibration_errors(calibration.apply(scores), truth),
        "languages": by_part(spoken, scores, kept, truth),
        "english_found_more": apart(scores, kept, truth, measured),
        "kinds": by_part(placed, scores, kept, truth),
    }, scores


def by_part(
    names: Sequence[str], scores: Floats, kept: NDArray[np.bool_], truth: NDArray[np.bool_]
) -> dict[str, Figures]:
    """Figures at the threshold of each part of the pages that holds positives."""
    result: dict[str, Figures] = {}
    for name in sorted(set(names)):
        part = np.array([one == name for one in names])
        positive, found = int(truth[part].sum()), int((part & kept & truth).sum())
        result[name] = {
            "pages": int(part.sum()),
            "positive": positive,
            "missed": positive - found,
            "false_positives": int((part & kept & ~truth).sum()),
            "average_precision": average_precision(scores[part], truth[part]),
            "found_at_precision_0.90": found_at(scores[part], truth[part], 0.9),
        }
    return result


def apart(scores: Floats, kept: NDArray[np.bool_], truth: NDArray[np.bool_], pages: Sequence[Page]) -> Figures:
    """How much more is found of English pages than of others: at the threshold, and at a precision of 0.90 in each."""
    english = np.array([page.english for page in pages])
    coded = np.where(english, scores, -scores - 1.0)  # both in one number, so that families are drawn once for all

    def at_threshold(some: Floats, true: NDArray[np.bool_]) -> float:
        lowest = float(scores[kept].min())
        mine, others = some >= 0, some < 0
        found = np.where(mine, some, -some - 1.0) >= lowest
        return float(found[mine & true].mean()) - float(found[others & true].mean()) if (others & true).any() else 0.0

    def at_precision(some: Floats, true: NDArray[np.bool_]) -> float:
        mine = some >= 0
        return found_at(some[mine], true[mine], 0.9) - found_at(-some[~mine] - 1.0, true[~mine], 0.9)

    families = [page.family for page in pages]
    return {
        "at_threshold": asdict(bootstrap_interval(at_threshold, coded, truth, families)),
        "at_precision_0.90": asdict(bootstrap_interval(at_precision, coded, truth, families)),
    }


def scores_of(training: Sequence[Page], held: Sequence[Page], tokenizer: Tokenizer, variant: str) -> Floats:
    made = VARIANTS[variant]
    lines = made.lines(tokenizer, [page.text for page in [*training, *held]])
    labels = [page.label for page in training]
    inside = learned_lines(lines[: len(training)], training, tokenizer.size, made)
    return train_and_score(inside, labels, made.recipe, tokenizer.size, lines[len(training) :])


def baselines(pages: Sequence[Page], tokenizer: Tokenizer, default: Floats) -> dict[str, Figures]:
    """What else seed and pool could be made into, with the paired difference that the default makes."""
    training = [page for page in pages if page.use != "measure"]
    measured = [page for page in pages if page.use == "measure"]
    truth = np.array([page.label == POSITIVE for page in measured])
    families = [page.family for page in measured]
    rule = np.array([float(any(f"{MARK}{name}" in page.text for name in ("pre", "code"))) for page in measured])
    every = {
        "words, paper's settings": by_words(training, measured),
        "token counts": scores_of(training, measured, tokenizer, "counts"),
        "tokens inside code not apart": scores_of(training, measured, tokenizer, "families"),
        "25 epochs, lr 0.5": scores_of(training, measured, tokenizer, "slow"),
        "12 epochs, lr 2.0, without shapes": scores_of(training, measured, tokenizer, "shrinkage"),
        "TF-IDF + logistic regression": by_tfidf(training, measured),
        "has <pre> or <code>": rule,
    }
    result = {}
    for name, scores in every.items():
        if scores is not None:
            gain = bootstrap_difference(average_precision, scores, default, truth, families)
            result[name] = figures(scores, truth, families) | {"default_is_better_by": asdict(gain)}
            print(name, json.dumps(result[name]), flush=True)  # noqa: T201 - as above
    return result


def main() -> None:
    """Read, compare, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crawl", type=Path, required=True)
    parser.add_argument("--variants", default=",".join(VARIANTS))
    parser.add_argument("--seeds", type=int, default=1, help="repetitions of the cross-validation")
    parser.add_argument("--balance", type=float, default=TrainSection().balance, help="[train] balance")
    parser.add_argument("--measure", action="store_true", help="also the single measurement on use `measure`")
    options = parser.parse_args()
    pages = read_pages(options.crawl)
    training = [page for page in pages if page.use in {"seed", "pool"}]
    start = time.perf_counter()
    tokenizer = learn(training, options.balance)
    report: dict[str, object] = {
        "pages": len(pages),
        "training_pages": len(training),
        "tokenizer_seconds": time.perf_counter() - start,
        "variants": compare(training, tokenizer, [name for name in options.variants.split(",") if name], options.seeds),
    }
    if options.measure:
        seed_only = learn([page for page in pages if page.use == "seed"], options.balance)
        report["measure_seed_and_pool"], later = final(pages, tokenizer, ["seed", "pool"])
        report["measure_seed"], first = final(pages, seed_only, ["seed"])
        truth = np.array([page.label == POSITIVE for page in pages if page.use == "measure"])
        families = [page.family for page in pages if page.use == "measure"]
        report["all_against_seed"] = asdict(bootstrap_difference(average_precision, first, later, truth, families))
        report["baselines"] = baselines(pages, tokenizer, later)
    print(json.dumps(report))  # noqa: T201 - the last line is the result


if __name__ == "__main__":
    main()
