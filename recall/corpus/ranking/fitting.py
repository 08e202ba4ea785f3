"""Fits a ranker to labelled pages, and says how good it is on pages of sites that it never saw.

In: pages with their features and labels. Out: a Ranker with its figures. Folds are made by registered domain, several
times anew; the calibration and the threshold follow from the out-of-fold predictions; audit pages, and other pages of
their sites, are not learned from. Refuses labels that are too few, all alike, or that do not follow from the texts.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recall.corpus.ranking.guide import GUIDE_VERSION
from recall.corpus.ranking.quality_labels import LabelledPage
from recall.corpus.ranking.ranker import BEST, NAMES, Ranker, bounded
from recall.corpus.ranking.ridge import Floats, fit_ridge
from recall.errors import BadInput
from recall.model.evaluate import (
    Interval,
    border_of,
    choose_threshold,
    group_folds,
    interval_over_groups,
    rank_correlation,
)

PENALTY = 100.0
"""Chosen by cross-validation on 300 pages; from 10 to 100 hardly anything changes (docs/quality.md)."""

FOLDS, SEEDS = 10, 5
FEWEST, FEWEST_SITES = 50, 5
"""Pages and registered domains that a ranker is fitted to, at least."""

FIFTH = 0.2


@dataclass(frozen=True, slots=True)
class RankedPages:
    """Pages as arrays. rows: features, shape (pages, len(NAMES)); labels: mean scores."""

    rows: Floats
    labels: Floats
    families: list[str]

    def only(self, rows: NDArray[np.bool_]) -> "RankedPages":
        """Some of them."""
        return RankedPages(self.rows[rows], self.labels[rows], [self.families[at] for at in np.flatnonzero(rows)])

    def __len__(self) -> int:
        return len(self.labels)


def fit_ranker(pages: Sequence[LabelledPage], rows: Floats, good: float, precision: float) -> Ranker:
    """The ranker of some pages and their features.

    good, precision: its threshold is the quality from which on so large a share of the pages has such a label. Raises
    BadInput as the module says.
    """
    everything = RankedPages(rows, np.array([page.label for page in pages]), [page.family for page in pages])
    audit = np.array([page.audit for page in pages], dtype=bool)
    audited = {family for family, drawn in zip(everything.families, audit, strict=True) if drawn}
    learned = everything.only(np.array([family not in audited for family in everything.families], dtype=bool))
    _check(learned, len(pages))
    held_out = out_of_fold(learned)
    correlation = interval_over_groups(
        lambda drawn: rank_correlation(held_out[drawn], learned.labels[drawn]), learned.families
    )
    if correlation.low <= 0:
        raise BadInput(
            f"no ranker: on sites it did not see its order has a rank correlation of {correlation.value:.2f} "
            f"({correlation.low:.2f} to {correlation.high:.2f}) with the labels: give more labels, or more careful ones"
        )
    offset, slope = calibration_of(held_out, learned.labels)
    model = fit_ridge(learned.rows, learned.labels, PENALTY)
    expected = bounded(offset + slope * held_out)
    threshold = choose_threshold(expected / BEST, learned.labels >= good, "precision", precision)
    ranker = Ranker(model, offset, slope, GUIDE_VERSION, good, round(threshold.value * BEST, 2))
    figures = _figures(learned, expected, ranker) | _figures_of_readers(pages)
    if audit.any():
        figures |= _figures_of_audit(everything.only(audit), ranker)
    counts = {
        "learned_from": len(learned),
        "sites": len(set(learned.families)),
        "audit": int(audit.sum()),
        "of_audited_sites": len(pages) - len(learned) - int(audit.sum()),
        "annotators": len({name for page in pages for name in page.scores}),
        "read_twice": sum(len(page.scores) > 1 for page in pages),
    }
    return replace(ranker, labels=counts, figures=figures)


def _check(learned: RankedPages, given: int) -> None:
    sites = len(set(learned.families))
    if len(learned) < FEWEST or sites < FEWEST_SITES:
        raise BadInput(
            f"no ranker: it needs {FEWEST} labelled pages of {FEWEST_SITES} registered domains that no audit page is "
            f"of; of {given} pages with labels there are {len(learned)} of {sites}"
        )
    if len(set(learned.labels.tolist())) < 2:
        raise BadInput(f"no ranker: all labels are {learned.labels[0]:g}")


def out_of_fold(pages: RankedPages) -> Floats:
    """Each page's prediction by models that saw no page of its registered domain: the mean over SEEDS divisions."""
    kinds = [str(round(label)) for label in pages.labels.tolist()]
    total = np.zeros(len(pages))
    for seed in range(SEEDS):
        folds = group_folds(pages.families, kinds, min(FOLDS, len(set(pages.families))), seed)
        for fold in range(int(folds.max()) + 1):
            inside = pages.only(folds != fold)
            total[folds == fold] += fit_ridge(inside.rows, inside.labels, PENALTY).predict(pages.rows[folds == fold])
    return total / SEEDS


def calibration_of(predictions: Floats, labels: Floats) -> tuple[float, float]:
    """Offset and slope of the line of least squares from predictions to labels."""
    middle, mean = (math.fsum(values.tolist()) / len(values) for values in (predictions, labels))
    together = math.fsum(((predictions - middle) * (labels - mean)).tolist())
    slope = together / math.fsum(((predictions - middle) ** 2).tolist())
    return mean - slope * middle, slope


def fifth_right(scores: Floats, labels: Floats, *, best: bool) -> float:
    """Share of the best (or worst) fifth by scores whose label is one of the best (or worst) fifth's."""
    count, border = max(1, round(FIFTH * len(labels))), border_of(labels, FIFTH, best=best)
    ranked = labels[np.argsort(-scores if best else scores, kind="stable")[:count]]
    return float(np.mean(ranked >= border if best else ranked <= border))


def _figures(pages: RankedPages, expected: Floats, ranker: Ranker) -> dict[str, Interval]:
    """What cross-validation says, beside the text's length alone and beside chance."""
    labels, length = pages.labels, pages.rows[:, NAMES.index("chars")]
    kept = expected >= ranker.threshold
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
        "kept_at_threshold": lambda rows: float(np.mean(kept[rows])),
        "good_at_threshold": lambda rows: (
            float(np.mean(labels[rows][kept[rows]] >= ranker.good)) if kept[rows].any() else 0.0
        ),
    }
    return {name: interval_over_groups(figure, pages.families) for name, figure in figures.items()}


def _figures_of_readers(pages: Sequence[LabelledPage]) -> dict[str, Interval]:
    """How two readers of the same page agree: the most that a ranker can be asked for; nothing below ten such pages."""
    twice = [page for page in pages if len(page.scores) > 1]
    if len(twice) < 10:
        return {}
    first, second = (np.array([list(page.scores.values())[at] for page in twice]) for at in (0, 1))
    families = [page.family for page in twice]
    return {
        "rank_correlation_of_readers": interval_over_groups(
            lambda rows: rank_correlation(first[rows], second[rows]), families
        ),
        "error_of_readers": interval_over_groups(
            lambda rows: float(np.mean(np.abs(first[rows] - second[rows]))), families
        ),
    }


def _figures_of_audit(pages: RankedPages, ranker: Ranker) -> dict[str, Interval]:
    """What the audit pages say: of the pages that a random draw shows, of sites the ranker did not see."""
    expected, labels = ranker.qualities(pages.rows), pages.labels
    return {
        "audit_rank_correlation": interval_over_groups(
            lambda rows: rank_correlation(expected[rows], labels[rows]), pages.families
        ),
        "audit_error": interval_over_groups(
            lambda rows: float(np.mean(np.abs(expected[rows] - labels[rows]))), pages.families
        ),
        "audit_mean_difference": interval_over_groups(
            lambda rows: float(np.mean(expected[rows] - labels[rows])), pages.families
        ),
    }
