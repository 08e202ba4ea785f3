"""Estimates from several rounds' audit samples."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recall.errors import BadInput
from recall.model.evaluate import AuditSample, Cell, bootstrap_difference, estimate_pooled, pooled_shares

BENCHMARK = Path(__file__).parent.parent.parent / "benchmarks" / "audit.py"


def sample(truth: list[bool], chance: list[float], cells: list[str], share: list[float] | None = None) -> AuditSample:
    return AuditSample(np.array(truth), np.array(chance), np.array(share or [1.0] * len(truth)), cells)


def test_rounds_count_by_the_pages_they_drew() -> None:
    assert pooled_shares([100, 300]).tolist() == [0.25, 0.75]
    assert pooled_shares([0, 0]).tolist() == [0.0, 0.0]


def test_cells_are_weighted_to_their_known_size() -> None:
    drawn = sample([True, False, True, False], [0.1] * 4, ["a", "a", "b", "b"])
    estimate = estimate_pooled(drawn, {"a": Cell(100, True), "b": Cell(1000, False)})
    assert estimate.positives.value == pytest.approx(550)
    assert estimate.recall.value == pytest.approx(50 / 550)
    assert estimate.precision.value == pytest.approx(0.5)


def test_a_page_that_counts_for_itself_adds_no_uncertainty() -> None:
    known = sample([True] * 3 + [False], [1.0] * 4, ["a", "a", "b", "b"])
    estimate = estimate_pooled(known, {"a": Cell(2, True), "b": Cell(2, False)})
    assert (estimate.recall.low, estimate.recall.value, estimate.recall.high) == pytest.approx((2 / 3, 2 / 3, 2 / 3))


def test_a_cell_of_which_nothing_is_known_may_hold_anything() -> None:
    estimate = estimate_pooled(sample([True], [1.0], ["a"]), {"a": Cell(1, True), "b": Cell(100, False)})
    assert estimate.recall.low < 0.05
    assert estimate.recall.high == 1.0


def test_a_chance_above_one_is_refused() -> None:
    with pytest.raises(BadInput, match="probability"):
        estimate_pooled(sample([True], [1.5], ["a"]), {"a": Cell(1, True)})


def test_a_paired_difference_is_narrower_than_its_parts() -> None:
    random = np.random.default_rng(0)
    truth = random.random(400) < 0.4
    first = truth + random.normal(0, 1, 400)
    second = first + 0.1 * truth
    groups = [str(number // 4) for number in range(400)]

    def figure(scores: NDArray[Any], true: NDArray[Any]) -> float:
        return float(scores[true].mean() - scores[~true].mean())

    interval = bootstrap_difference(figure, first, second, truth, groups, draws=200)
    assert interval.value == pytest.approx(0.1)
    assert interval.high - interval.low < 0.01


@pytest.mark.slow
def test_intervals_cover_the_truth_of_three_rounds_over_simulated_crawls() -> None:
    spec = spec_from_file_location("audit_benchmark", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    benchmark = module_from_spec(spec)
    sys.modules[spec.name] = benchmark
    spec.loader.exec_module(benchmark)
    outcomes = [benchmark.simulate(60_000, 300, seed, 600) for seed in range(60)]
    for name in outcomes[0]:
        covered = [outcome[name][0][0] for outcome in outcomes]
        assert np.mean(covered) >= 0.9, name
