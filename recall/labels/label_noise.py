"""How likely labels are wrong, by how their annotators did on gold tasks, and figures that allow for it.

Somebody who errs on one page in ten makes a good model look worse than it is: of the pages that it keeps rightly, one
in ten is called a mistake, and the threshold for a wanted precision comes out too high. But a page of a high score is
seldom one without code: whether its label or its score is the mistake is told by Bayes' rule, from how often the
annotators err and how many pages of that score are positive.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.model.evaluate import fit_calibration
from recall.run.rounds import Run

PULL = 10.0
"""Gold answers that everybody's rate weighs: who answered few is taken to err about as often as the others."""

MOST = 0.4
"""Chance above which a label says so little that figures would rest on its correction."""

PASSES = 5
"""Times that the calibration is fitted to what it made of the labels: each pass moves it less than the one before."""


def error_rates(run: Run, rounds: Iterable[int]) -> dict[str, float]:
    """Share of gold tasks that each annotator gets wrong, pulled to that of all, as the last of some rounds has it.

    Of those whose votes count; empty where none of them answered a gold task.
    """
    for number in sorted(rounds, reverse=True):
        key = run.round(number).step("label").key("agreement.json")
        if run.store.exists(key):
            people = run.store.read_json(key)["annotators"]
            gold = {name: one["gold"] for name, one in people.items() if not one["left_out"]}
            return _pulled({name: (one["asked"] - one["right"], one["asked"]) for name, one in gold.items() if one})
    return {}


def _pulled(measured: Mapping[str, tuple[int, int]]) -> dict[str, float]:
    asked = sum(count for _, count in measured.values())
    if not asked:
        return {}
    pooled = sum(wrong for wrong, _ in measured.values()) / asked
    return {name: (wrong + PULL * pooled) / (count + PULL) for name, (wrong, count) in measured.items()}


def doubt_of(source: str, annotators: Sequence[str], agreement: float, rates: Mapping[str, float]) -> float:
    """The chance that a label is wrong: of votes by the rates of those who gave them, 0 for others and without rates.

    Votes err independently; who has no rate errs like the average of the others.
    """
    if source != "vote" or not rates or not annotators:
        return 0.0
    usual = sum(rates.values()) / len(rates)
    rate = min(max(sum(rates.get(name, usual) for name in annotators) / len(annotators), 1e-6), MOST)
    lead = 2 * round(agreement * len(annotators)) - len(annotators)
    odds = (rate / (1 - rate)) ** lead
    return min(odds / (1 + odds), MOST)


def allow_for(
    scores: NDArray[Any], truth: NDArray[Any], weights: NDArray[Any] | None, doubt: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Judged pages such that sums over them are those to be expected of the right labels.

    A page of doubt counts in two parts that add up to its weight: as what it is called, and as the opposite by the
    chance that it is wrong, given its score too.
    """
    weight = np.ones(len(scores)) if weights is None else weights
    rows = np.flatnonzero(doubt)
    if not len(rows):
        return scores, truth, weight
    wrong = chances_wrong(scores, truth, weight > 0, doubt)[rows]
    return *_twice(scores, truth, rows), _parts(weight, rows, wrong)


def chances_wrong(scores: NDArray[Any], truth: NDArray[Any], counts: NDArray[Any], doubt: NDArray[Any]) -> NDArray[Any]:
    """The chance that each label is wrong, given its page's score too; 0 where it is not doubted.

    Calibration estimates which share of a score's pages is positive: from the labels as they are, then from the parts
    (expectation maximisation, Dempster, Laird and Rubin 1977). There each page that counts does so once, as that share
    does not depend on what pages stand for.
    """
    chances, rows = np.zeros(len(scores)), np.flatnonzero(doubt)
    if not len(rows):
        return chances
    wrong, weight = np.zeros(len(rows)), counts.astype(np.float64)
    for _ in range(PASSES):
        calibration = fit_calibration(*_twice(scores, truth, rows), _parts(weight, rows, wrong))
        positive = calibration.apply(scores[rows])
        same = np.where(truth[rows], positive, 1 - positive)
        odds = doubt[rows] * (1 - same), (1 - doubt[rows]) * same
        wrong = odds[0] / (odds[0] + odds[1])
    chances[rows] = wrong
    return chances


def _twice(scores: NDArray[Any], truth: NDArray[Any], rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Pages as what they are called, then some as the opposite."""
    return np.concatenate([scores, scores[rows]]), np.concatenate([truth, ~truth[rows]])


def _parts(weight: NDArray[Any], rows: NDArray[Any], wrong: NDArray[Any]) -> NDArray[Any]:
    """Weights of all pages as what they are called, then of some as the opposite."""
    called = weight.copy()
    called[rows] *= 1 - wrong
    return np.concatenate([called, weight[rows] * wrong])
