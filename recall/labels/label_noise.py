"""Label noise: the chance that a label is wrong, and weights that correct figures for it.

In: how annotators answered gold tasks, as agreement.json holds it. Out: error rates, error chances, corrected weights.
An annotator who errs on one page in ten makes a good model look worse than it is: of the pages that it keeps rightly,
one in ten counts as a mistake, and the threshold for a wanted precision comes out too high. Whether a label or a score
is the mistake is estimated by Bayes' rule, from the annotators' error rates and the share of positive pages among those
of the same score (expectation maximisation).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.model.evaluate import fit_calibration
from recall.records import JUDGE
from recall.run.rounds import Run

SHRINKAGE = 10.0
"""Gold answers that the pooled error rate counts as: the rate of an annotator with few of them is shrunk to it."""

MOST = 0.4
"""Upper bound of an error chance: above it figures would rest on the correction more than on the labels."""

PASSES = 5
"""EM passes; each moves the calibration less than the one before."""


def error_rates(run: Run, rounds: Iterable[int]) -> dict[str, float]:
    """Share of gold tasks that each annotator got wrong, shrunk to that of all, from the last of some rounds.

    Excluded annotators and a judge have no rate here; empty where nobody answered a gold task.
    """
    for number in sorted(rounds, reverse=True):
        key = run.round(number).step("label").key("agreement.json")
        if run.store.exists(key):
            people = run.store.read_json(key)["annotators"]
            gold = {name: person["gold"] for name, person in people.items() if not person["left_out"] and name != JUDGE}
            answered = {name: counts for name, counts in gold.items() if counts}
            return shrunk_rates({name: (row["asked"] - row["right"], row["asked"]) for name, row in answered.items()})
    return {}


def shrunk_rates(measured: Mapping[str, tuple[int, int]]) -> dict[str, float]:
    """Error rates of annotators from the gold tasks they got wrong and answered, shrunk to that of all."""
    asked = sum(count for _, count in measured.values())
    if not asked:
        return {}
    pooled = sum(wrong for wrong, _ in measured.values()) / asked
    return {name: (wrong + SHRINKAGE * pooled) / (count + SHRINKAGE) for name, (wrong, count) in measured.items()}


def label_error_chance(source: str, annotators: Sequence[str], agreement: float, rates: Mapping[str, float]) -> float:
    """The chance that a label is wrong, by its annotators' error rates; 0 for what is no vote and without rates.

    Votes are taken to err independently; an annotator without a rate errs like the average of the others.
    """
    if source != "vote" or not rates or not annotators:
        return 0.0
    usual = sum(rates.values()) / len(rates)
    rate = min(max(sum(rates.get(name, usual) for name in annotators) / len(annotators), 1e-6), MOST)
    lead = 2 * round(agreement * len(annotators)) - len(annotators)
    odds = (rate / (1 - rate)) ** lead
    return min(odds / (1 + odds), MOST)


def reweight_noisy_labels(
    scores: NDArray[Any], truth: NDArray[Any], weights: NDArray[Any] | None, error_chance: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Scores, truth and weights whose weighted sums are those expected under the right labels.

    A page whose label may be wrong is there twice, with weights that add up to its own: with its label, and with the
    opposite one by the chance that the label is wrong given the score. error_chance: of each label, shape (pages,).
    """
    weight = np.ones(len(scores)) if weights is None else weights
    rows = np.flatnonzero(error_chance)
    if not len(rows):
        return scores, truth, weight
    wrong = error_posteriors(scores, truth, weight > 0, error_chance)[rows]
    return *_twice(scores, truth, rows), _parts(weight, rows, wrong)


def error_posteriors(
    scores: NDArray[Any], truth: NDArray[Any], counts: NDArray[Any], error_chance: NDArray[Any]
) -> NDArray[Any]:
    """The posterior chance that each label is wrong given its page's score; 0 where the prior `error_chance` is 0.

    Expectation maximisation (Dempster, Laird and Rubin 1977): a calibration, fitted first to the labels and then to
    the reweighted ones, estimates the share of positive pages at a score. Each page that `counts` (bool) has weight 1
    there, as that share does not depend on how many pages of the crawl a page represents.
    """
    chances, rows = np.zeros(len(scores)), np.flatnonzero(error_chance)
    if not len(rows):
        return chances
    wrong, weight = np.zeros(len(rows)), counts.astype(np.float64)
    for _ in range(PASSES):
        calibration = fit_calibration(*_twice(scores, truth, rows), _parts(weight, rows, wrong))
        positive = calibration.apply(scores[rows])
        same = np.where(truth[rows], positive, 1 - positive)
        odds = error_chance[rows] * (1 - same), (1 - error_chance[rows]) * same
        wrong = odds[0] / (odds[0] + odds[1])
    chances[rows] = wrong
    return chances


def _twice(scores: NDArray[Any], truth: NDArray[Any], rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """All pages with their labels, then some rows with the opposite one."""
    return np.concatenate([scores, scores[rows]]), np.concatenate([truth, ~truth[rows]])


def _parts(weight: NDArray[Any], rows: NDArray[Any], wrong: NDArray[Any]) -> NDArray[Any]:
    """Weights of all pages with their labels, then of some rows with the opposite one."""
    called = weight.copy()
    called[rows] *= 1 - wrong
    return np.concatenate([called, weight[rows] * wrong])
