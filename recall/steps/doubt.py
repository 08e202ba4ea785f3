"""How likely labels are wrong, by how their annotators did on gold tasks, and figures that allow for it.

Somebody who errs on one page in ten makes a good model look worse than it is: of the pages that it keeps rightly, one
in ten is called a mistake, and the threshold for a wanted precision comes out too high. What is known of how often
people err undoes that on average, page by page, whatever the score (Rogan and Gladen 1978).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.run.rounds import Run

PULL = 10.0
"""Gold answers that everybody's rate weighs: who answered few is taken to err about as often as the others."""

MOST = 0.4
"""Chance above which a label says so little that figures would rest on its correction."""


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
    """Judged pages such that sums over them are, on average, those of the right labels.

    A page of doubt d counts (1 - d) / (1 - 2 d) times as what it is called and, as far below nothing as that is above
    one, as the opposite: with the same score, and together with its own weight.
    """
    weight = np.ones(len(scores)) if weights is None else weights
    excess = doubt / (1 - 2 * doubt)
    rows = np.flatnonzero(doubt)
    return (
        np.concatenate([scores, scores[rows]]),
        np.concatenate([truth, ~truth[rows]]),
        np.concatenate([weight * (1 + excess), -(weight * excess)[rows]]),
    )
