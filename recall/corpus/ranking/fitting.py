"""Fits a ranker to labelled pages, and says how good it is on pages of sites that it never saw.

In: pages with their features and labels. Out: a Ranker with its figures. Folds are made by registered domain, several
times anew; the calibration and the threshold follow from the out-of-fold predictions; audit pages, and other pages of
their sites, are not learned from. Refuses labels that are too few, all alike, or that do not follow from the texts.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recall.corpus.ranking.guide import GUIDE_VERSION
from recall.corpus.ranking.quality_labels import LabelledPage
from recall.corpus.ranking.ranker import BEST, FIGURE_DECIMALS, NAMES, WEIGHT_DECIMALS, Ranker, bounded
from recall.corpus.ranking.ridge import Floats, LinearModel, PageFeatures, fit_ridge, shared_words
from recall.errors import BadInput
from recall.model.evaluate import (
    Interval,
    border_of,
    choose_threshold,
    group_folds,
    interval_over_groups,
    rank_correlation,
)
from recall.records import JUDGE
from recall.run.sampling import priority

PENALTY = 0.3
"""Chosen by cross-validation on 298 pages; from 0.3 to 1 hardly anything changes (docs/quality.md)."""

FOLDS, SEEDS = 10, 5
MOST = 3_000
"""Pages that are learned from, by the hash of their URL or text where there are more: time grows with their cube."""
FEWEST, FEWEST_SITES = 50, 5
"""Pages and registered domains that a ranker is fitted to, at least."""

FIFTH = 0.2
DRAWS = 1_000
"""Of a bootstrap."""


@dataclass(frozen=True, slots=True)
class RankedPages:
    """Pages as arrays. labels: mean scores; families: registered domains."""

    features: PageFeatures
    labels: Floats
    families: list[str]

    def only(self, rows: NDArray[np.bool_]) -> "RankedPages":
        """Some of them."""
        families = [self.families[at] for at in np.flatnonzero(rows)]
        return RankedPages(self.features.only(rows), self.labels[rows], families)

    def __len__(self) -> int:
        return len(self.labels)


def fit_ranker(pages: Sequence[LabelledPage], features: PageFeatures, good: float, precision: float) -> Ranker:
    """The ranker of some pages and their features.

    good, precision: its threshold is the quality from which on so large a share of the pages has such a label, None
    where no quality reaches it. Raises BadInput as the module says.
    """
    everything = RankedPages(features, np.array([page.label for page in pages]), [page.family for page in pages])
    audit = np.array([page.audit for page in pages], dtype=bool)
    audited = {family for family, drawn in zip(everything.families, audit, strict=True) if drawn}
    away = np.array([family in audited for family in everything.families], dtype=bool)
    learned = everything.only(_fewer(pages, ~away))
    _check(learned, len(pages))
    shared = shared_words(learned.features.words)
    held_out = out_of_fold(learned, shared)
    correlation = _interval(lambda drawn: rank_correlation(held_out[drawn], learned.labels[drawn]), learned.families)
    if correlation.low <= 0:
        raise BadInput(
            f"no ranker: on sites it did not see its order has a rank correlation of {correlation.value:.2f} "
            f"({correlation.low:.2f} to {correlation.high:.2f}) with the labels: give more labels, or more careful ones"
        )
    offset, slope = (round(value, WEIGHT_DECIMALS) for value in calibration_of(held_out, learned.labels))
    model = _as_written(fit_ridge(learned.features, learned.labels, shared, PENALTY))
    expected = bounded(offset + slope * held_out)
    threshold = choose_threshold(expected / BEST, learned.labels >= good, "precision", precision)
    kept_from = round(threshold.value * BEST, 2) if threshold.reached else None
    ranker = Ranker(model, offset, slope, GUIDE_VERSION, good, kept_from)
    figures = _figures(learned, expected, ranker) | _figures_of_readers(pages)
    if audit.any():
        figures |= _figures_of_audit(everything.only(audit), ranker)
    counts = {
        "learned_from": len(learned),
        "sites": len(set(learned.families)),
        "audit": int(audit.sum()),
        "of_audited_sites": int(away.sum() - audit.sum()),
        "annotators": len({name for page in pages for name in page.scores}),
        "read_twice": sum(len(page.scores) > 1 for page in pages),
        "by_judge": sum(set(page.scores) == {JUDGE} for page in pages),
    }
    return replace(ranker, labels=counts, figures={name: _rounded(figure) for name, figure in figures.items()})


def _as_written(model: LinearModel) -> LinearModel:
    """A model with the numbers that its files hold."""
    means, scales, weights = (np.round(part, WEIGHT_DECIMALS) for part in (model.means, model.scales, model.weights))
    words = model.words.astype(np.float32).astype(np.float64)
    return LinearModel(means, scales, weights, words, round(model.intercept, WEIGHT_DECIMALS))


def _rounded(figure: Interval) -> Interval:
    return Interval(*(round(value, FIGURE_DECIMALS) for value in (figure.value, figure.low, figure.high)))


def _fewer(pages: Sequence[LabelledPage], chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """At most MOST of the chosen pages."""
    ranked = sorted(np.flatnonzero(chosen).tolist(), key=lambda at: (priority(0, pages[at].url or pages[at].text), at))
    fewer = np.zeros(len(pages), dtype=bool)
    fewer[ranked[:MOST]] = True
    return fewer


def _check(learned: RankedPages, given: int) -> None:
    sites = len(set(learned.families))
    if len(learned) < FEWEST or sites < FEWEST_SITES:
        raise BadInput(
            f"no ranker: it needs {FEWEST} labelled pages of {FEWEST_SITES} registered domains that no audit page is "
            f"of; of {given} pages with labels there are {len(learned)} of {sites}"
        )
    if len(set(learned.labels.tolist())) < 2:
        raise BadInput(f"no ranker: all labels are {learned.labels[0]:g}")


def out_of_fold(pages: RankedPages, shared: Floats) -> Floats:
    """Each page's prediction by models that saw no page of its registered domain: the mean over several divisions.

    shared: the pages' `shared_words`. There are SEEDS divisions, one of more than a third of MOST.
    """
    kinds = [str(round(label)) for label in pages.labels.tolist()]
    total, seeds = np.zeros(len(pages)), SEEDS if len(pages) <= MOST // 3 else 1
    for seed in range(seeds):
        folds = group_folds(pages.families, kinds, min(FOLDS, len(set(pages.families))), seed)
        for fold in range(int(folds.max()) + 1):
            inside, away = folds != fold, folds == fold
            within = shared[np.ix_(inside, inside)]
            model = fit_ridge(pages.features.only(inside), pages.labels[inside], within, PENALTY)
            total[away] += model.predict(pages.features.only(away))
    return total / seeds


def calibration_of(predictions: Floats, labels: Floats) -> tuple[float, float]:
    """Offset and slope of the line of least squares from predictions to labels."""
    middle, mean = (math.fsum(values.tolist()) / len(values) for values in (predictions, labels))
    together = math.fsum(((predictions - middle) * (labels - mean)).tolist())
    slope = together / math.fsum(((predictions - middle) ** 2).tolist())
    return mean - slope * middle, slope


def _interval(figure: Callable[[NDArray[np.intp]], float], families: Sequence[str]) -> Interval:
    return interval_over_groups(figure, families, DRAWS)


def fifth_right(scores: Floats, labels: Floats, *, best: bool) -> float:
    """Share of the best (or worst) fifth by scores whose label is one of the best (or worst) fifth's."""
    count, border = max(1, round(FIFTH * len(labels))), border_of(labels, FIFTH, best=best)
    ranked = labels[np.argsort(-scores if best else scores, kind="stable")[:count]]
    return float(np.mean(ranked >= border if best else ranked <= border))


def _figures(pages: RankedPages, expected: Floats, ranker: Ranker) -> dict[str, Interval]:
    """What cross-validation says, beside the text's length alone and beside chance."""
    labels, length = pages.labels, pages.features.rows[:, NAMES.index("chars")]
    best, worst = border_of(labels, FIFTH, best=True), border_of(labels, FIFTH, best=False)
    figures = {
        "rank_correlation": lambda rows: rank_correlation(expected[rows], labels[rows]),
        "rank_correlation_of_length": lambda rows: rank_correlation(length[rows], labels[rows]),
        "error": lambda rows: float(np.mean(np.abs(expected[rows] - labels[rows]))),
        "best_fifth_right": lambda rows: fifth_right(expected[rows], labels[rows], best=True),
        "best_fifth_by_chance": lambda rows: float(np.mean(labels[rows] >= best)),
        "worst_fifth_right": lambda rows: fifth_right(expected[rows], labels[rows], best=False),
        "worst_fifth_by_chance": lambda rows: float(np.mean(labels[rows] <= worst)),
        "good": lambda rows: float(np.mean(labels[rows] >= ranker.good)),
    }
    if ranker.threshold is not None:
        kept = expected >= ranker.threshold
        figures |= {
            "kept_at_threshold": lambda rows: float(np.mean(kept[rows])),
            "good_at_threshold": lambda rows: (
                float(np.mean(labels[rows][kept[rows]] >= ranker.good)) if kept[rows].any() else 0.0
            ),
        }
    return {name: _interval(figure, pages.families) for name, figure in figures.items()}


def _figures_of_readers(pages: Sequence[LabelledPage]) -> dict[str, Interval]:
    """How two readers of the same page agree: the most that a ranker can be asked for; nothing below ten such pages."""
    twice = [page for page in pages if len(page.scores) > 1]
    if len(twice) < 10:
        return {}
    first, second = (np.array([list(page.scores.values())[at] for page in twice]) for at in (0, 1))
    families = [page.family for page in twice]
    return {
        "rank_correlation_of_readers": _interval(lambda rows: rank_correlation(first[rows], second[rows]), families),
        "error_of_readers": _interval(lambda rows: float(np.mean(np.abs(first[rows] - second[rows]))), families),
    }


def _figures_of_audit(pages: RankedPages, ranker: Ranker) -> dict[str, Interval]:
    """What the audit pages say: of the pages that a random draw shows, of sites the ranker did not see."""
    expected, labels = ranker.qualities(pages.features), pages.labels
    return {
        "audit_rank_correlation": _interval(
            lambda rows: rank_correlation(expected[rows], labels[rows]), pages.families
        ),
        "audit_error": _interval(lambda rows: float(np.mean(np.abs(expected[rows] - labels[rows]))), pages.families),
        "audit_mean_difference": _interval(lambda rows: float(np.mean(expected[rows] - labels[rows])), pages.families),
    }
