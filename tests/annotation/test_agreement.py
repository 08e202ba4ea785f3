"""Agreement beyond chance: worked examples of the formulas' authors, a library, and simulated annotators."""

from collections.abc import Callable

import krippendorff
import numpy as np
import pytest
from numpy.typing import NDArray

from annotation.agreement import (
    Numbers,
    Votes,
    alpha_of,
    alphas,
    annotator_kappa,
    cohen_kappas,
    fleiss_kappas,
    fleiss_of,
    label_alpha,
    ordinal_alpha,
    vote_counts,
)

TWO_BINARY = ("0100000010", "1110010000")
TWO_NOMINAL = ("aabbdcccedda", "babbbcccedda".replace("edda", "eddd"))
FOUR_WITH_GAPS = ("123321412...", "1233224125.3", ".333234225" + "1.", "12332441251.")
"""Examples A, B and C of Krippendorff, Computing Krippendorff's Alpha-Reliability (2011); "." is no vote."""

FLEISS = (
    *("0 0 0 0 14", "0 2 6 4 2", "0 0 3 5 6", "0 3 9 2 0", "2 2 8 1 1"),
    *("7 7 0 0 0", "3 2 6 3 0", "2 5 3 2 2", "6 5 2 1 0", "0 2 2 3 7"),
)


def tasks_of(rows: tuple[str, ...]) -> list[Votes]:
    return [{str(who): vote for who, vote in enumerate(column) if vote != "."} for column in zip(*rows, strict=True)]


def whole(figure: Callable[[Numbers, Numbers], Numbers], items: Numbers) -> float:
    """A coefficient over all tasks, each drawn once."""
    return float(figure(items, np.ones((1, len(items))))[0])


def counts_of(rows: tuple[str, ...]) -> NDArray[np.float64]:
    return vote_counts(tasks_of(rows), sorted(set("".join(rows)) - {"."}))


@pytest.mark.parametrize(
    ("rows", "alpha"), [(TWO_BINARY, 0.095), (TWO_NOMINAL, 0.692), (FOUR_WITH_GAPS, 0.743)], ids=["A", "B", "C"]
)
def test_alpha_is_that_of_its_author(rows: tuple[str, ...], alpha: float) -> None:
    counts = counts_of(rows)
    assert whole(alphas, counts[counts.sum(axis=1) > 1]) == pytest.approx(alpha, abs=5e-4)
    interval = alpha_of(tasks_of(rows), sorted(set("".join(rows)) - {"."}))
    assert interval is not None
    assert interval.value == pytest.approx(alpha, abs=5e-4)


def test_alpha_is_that_of_the_library_on_random_votes_and_on_bootstrap_draws_of_them() -> None:
    chance = np.random.default_rng(3)
    for _ in range(30):
        counts = chance.integers(0, 4, size=(chance.integers(2, 30), chance.integers(2, 5))).astype(np.float64)
        counts = counts[counts.sum(axis=1) >= 2]
        if len(counts) > 1:
            draws = chance.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), size=3)
            for weights, alpha in zip(draws, alphas(counts, draws.astype(np.float64)), strict=True):
                drawn = np.repeat(counts, weights, axis=0)
                if np.isnan(alpha):
                    assert (drawn.sum(axis=0) > 0).sum() == 1
                else:
                    expected = krippendorff.alpha(value_counts=drawn, level_of_measurement="nominal")
                    assert alpha == pytest.approx(expected, abs=1e-12)


def test_figures_and_intervals_are_those_of_before() -> None:
    """Golden values: votes of up to four annotators on 60 tasks, a fifth of them wrong, seed 7."""
    chance = np.random.default_rng(11)
    votes: list[Votes] = []
    for _ in range(60):
        truth = "CNA"[int(chance.integers(3))]
        people = list("abcd")[: int(chance.integers(1, 5))]
        votes.append({who: truth if chance.random() < 0.8 else "CNA"[int(chance.integers(3))] for who in people})
    figures = {
        alpha_of(votes, "ACN", 7): (0.686214150121, 0.543284004108, 0.812614644934),
        label_alpha(votes, "C", 7): (0.758837562351, 0.589692556634, 0.884867894786),
        fleiss_of(votes, "ACN", 7): (0.563636363636, 0.030303030303, 1.0),
        annotator_kappa(votes, "b", "ACN", 7): (0.650813516896, 0.46860849136, 0.801687522874),
    }
    for interval, golden in figures.items():
        assert interval is not None
        assert (interval.value, interval.low, interval.high) == pytest.approx(golden, abs=1e-11)


def test_fleiss_kappa_is_that_of_the_worked_example() -> None:
    counts = np.array([[int(number) for number in row.split()] for row in FLEISS], dtype=np.float64)
    assert whole(fleiss_kappas, counts) == pytest.approx(0.210, abs=5e-4)
    with pytest.raises(ValueError, match="same number of votes"):
        whole(fleiss_kappas, np.array([[2.0, 0.0], [1.0, 2.0]]))


@pytest.mark.parametrize(
    ("table", "kappa"),
    [([[20, 5], [10, 15]], 0.4), ([[45, 15], [25, 15]], 0.1304), ([[25, 35], [5, 35]], 0.2593), ([[3, 0], [0, 7]], 1)],
)
def test_cohen_kappa_is_that_of_worked_examples(table: list[list[int]], kappa: float) -> None:
    assert whole(cohen_kappas, np.array([table], dtype=np.float64)) == pytest.approx(kappa, abs=5e-5)


def test_what_nobody_shared_or_everybody_called_the_same_has_no_coefficient() -> None:
    assert alpha_of([], ["C"]) is None
    assert alpha_of([{"ann": "C"}, {"bob": "N"}], ["C", "N"]) is None
    assert alpha_of([{"ann": "C", "bob": "C"}] * 3, ["C", "N"]) is None
    assert annotator_kappa([{"ann": "C"}], "ann", ["C", "N"]) is None
    assert fleiss_of([{"ann": "C", "bob": "N", "cat": "N"}], ["C", "N"]) is None


def simulated(tasks: int, errors: tuple[float, float], seed: int) -> list[Votes]:
    """Two annotators who call the other of two values by mistake; a third of the tasks are C."""
    chance = np.random.default_rng(seed)
    truth = chance.random(tasks) < 1 / 3
    votes = [truth ^ (chance.random(tasks) < error) for error in errors]
    return [{"ann": "NC"[int(one)], "bob": "NC"[int(two)]} for one, two in zip(*votes, strict=True)]


def expected_kappa(errors: tuple[float, float]) -> float:
    """Kappa of two such annotators on infinitely many tasks."""
    yes = [(1 - error) / 3 + error * 2 / 3 for error in errors]
    agreed = (1 - errors[0]) * (1 - errors[1]) + errors[0] * errors[1]
    chance = yes[0] * yes[1] + (1 - yes[0]) * (1 - yes[1])
    return (agreed - chance) / (1 - chance)


def test_intervals_hold_the_true_kappa_as_often_as_they_say() -> None:
    errors = (0.05, 0.2)
    true = expected_kappa(errors)
    held = 0
    for seed in range(100):
        interval = annotator_kappa(simulated(150, errors, seed), "ann", ["C", "N"])
        assert interval is not None
        held += interval.low <= true <= interval.high
    assert 88 <= held <= 99


def test_an_interval_depends_on_answers_and_seed_only() -> None:
    votes = simulated(60, (0.1, 0.1), 0)
    assert alpha_of(votes, ["C", "N"], 1) == alpha_of(votes, ["C", "N"], 1)
    one, two = alpha_of(votes, ["C", "N"], 1), alpha_of(votes, ["C", "N"], 2)
    assert one is not None
    assert two is not None
    assert one.value == two.value
    assert one != two


def test_a_label_is_held_against_all_others() -> None:
    votes: list[Votes] = [{"ann": "C", "bob": "C"}, {"ann": "A", "bob": "N"}, {"ann": "N", "bob": "A"}] * 5
    code, adjacent = label_alpha(votes, "C"), label_alpha(votes, "A")
    assert code is not None
    assert adjacent is not None
    assert code.value == pytest.approx(1.0)
    assert adjacent.value < 0.2


def test_ordinal_alpha_is_the_librarys_and_counts_how_far_apart_scores_are() -> None:
    values = [str(score) for score in range(6)]
    close = [{"a": str(n % 6), "b": str(min(5, n % 6 + 1))} for n in range(30)]
    far = [{"a": str(n % 6), "b": str(5 - n % 6)} for n in range(30)]
    near, apart = ordinal_alpha(close, values), ordinal_alpha(far, values)
    rows = [[int(votes[name]) for votes in close] for name in "ab"]
    assert near == pytest.approx(float(krippendorff.alpha(reliability_data=rows, level_of_measurement="ordinal")))
    assert near is not None
    assert apart is not None
    assert near > 0.7
    assert apart < 0
    assert ordinal_alpha([{"a": "3"}, {"b": "4"}], values) is None
    assert ordinal_alpha([{"a": "3", "b": "3"}], values) is None
