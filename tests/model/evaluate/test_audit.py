"""Estimates from one round's audit sample, and from several rounds' samples."""

import sys
from argparse import Namespace
from collections.abc import Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike

from recall.errors import BadInput
from recall.model.evaluate import AuditEstimate, AuditSample, Cell, estimate_pooled, pooled_shares

BENCHMARK = Path(__file__).parent.parent.parent / "benchmarks" / "audit.py"


def sample(truth: list[bool], chance: list[float], cells: list[str], share: list[float] | None = None) -> AuditSample:
    return AuditSample(np.array(truth), np.array(chance), np.array(share or [1.0] * len(truth)), cells)


def estimate_audit(
    kept: ArrayLike, truth: ArrayLike, probabilities: ArrayLike, strata: Sequence[str], draws: int = 4000, seed: int = 0
) -> AuditEstimate:
    """Estimates from one round's sample alone, cells being its strata."""
    chance = np.asarray(probabilities, dtype=np.float64)
    flags = np.asarray(kept, dtype=np.bool_)
    names = [f"{int(flag)} {stratum}" for flag, stratum in zip(flags, strata, strict=True)]
    cells: dict[str, Cell] = {}
    for name, flag, probability in zip(names, flags, chance, strict=True):
        pages = cells[name].pages if name in cells else 0.0
        cells[name] = Cell(pages + 1 / max(probability, 1e-9), bool(flag))
    sample = AuditSample(np.asarray(truth, dtype=np.bool_), chance, np.ones(len(chance)), names)
    return estimate_pooled(sample, cells, draws, seed)


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


def test_a_full_count_has_no_uncertainty() -> None:
    kept, truth = [True, True, False, False], [True, False, True, False]
    estimate = estimate_audit(kept, truth, [1.0] * 4, ["a", "a", "b", "b"])
    for interval, value in ((estimate.precision, 0.5), (estimate.recall, 0.5), (estimate.positives, 2.0)):
        assert (interval.low, interval.value, interval.high) == (value, value, value)


def test_a_page_stands_for_as_many_as_its_probability_says() -> None:
    kept = [True] * 10 + [False] * 10
    truth = [True] * 9 + [False] + [True] + [False] * 9
    estimate = estimate_audit(kept, truth, [0.5] * 10 + [0.01] * 10, ["high"] * 10 + ["low"] * 10)
    assert estimate.precision.value == pytest.approx(0.9)
    assert estimate.recall.value == pytest.approx(18 / 118)
    assert estimate.positives.value == pytest.approx(118)


def test_a_stratum_without_positives_still_makes_the_share_found_uncertain() -> None:
    kept = [True] * 20 + [False] * 50
    estimate = estimate_audit(kept, [True] * 20 + [False] * 50, [1.0] * 20 + [0.001] * 50, ["high"] * 20 + ["low"] * 50)
    assert estimate.recall.value == 1.0
    assert estimate.recall.low < 0.2


def test_an_empty_sample_says_nothing() -> None:
    estimate = estimate_audit([], [], [], [])
    assert estimate.positives.value == estimate.recall.value == 0.0


def test_an_impossible_probability_is_refused() -> None:
    with pytest.raises(BadInput, match="probability"):
        estimate_audit([True], [True], [0.0], ["a"])


@pytest.mark.slow
def test_intervals_cover_the_truth_of_simulated_crawls() -> None:
    """150 crawls of 30,000 pages, 3 % code; strata by score, 320 labels each."""
    random = np.random.default_rng(1)
    edges, labels = [0, 0.005, 0.02, 0.1, 0.5, 0.9, 1.01], [60, 60, 60, 60, 40, 40]
    covered = np.zeros(3)
    for crawl in range(150):
        truth = random.random(30_000) < 0.03
        scores = 1 / (1 + np.exp(-np.where(truth, random.normal(1, 1.6, 30_000), random.normal(-5, 1.6, 30_000))))
        kept = scores >= 0.5
        drawn, chance, strata = [], [], []
        for stratum in range(6):
            rows = np.flatnonzero((scores >= edges[stratum]) & (scores < edges[stratum + 1]))
            count = min(labels[stratum], len(rows))
            drawn.append(random.choice(rows, count, replace=False))
            chance += [count / len(rows)] * count
            strata += [str(stratum)] * count
        pages = np.concatenate(drawn)
        estimate = estimate_audit(kept[pages], truth[pages], chance, strata, draws=1000, seed=crawl)
        found = (kept & truth).sum()
        true = (found / kept.sum(), found / truth.sum(), truth.sum())
        said = (estimate.precision, estimate.recall, estimate.positives)
        covered += [interval.low <= value <= interval.high for interval, value in zip(said, true, strict=True)]
    assert (covered / 150 >= 0.93).all()


@pytest.mark.slow
def test_intervals_cover_the_truth_of_three_rounds_over_simulated_crawls() -> None:
    spec = spec_from_file_location("audit_benchmark", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    benchmark = module_from_spec(spec)
    sys.modules[spec.name] = benchmark
    spec.loader.exec_module(benchmark)
    options = Namespace(pages=60_000, draws=600, copies=1)
    outcomes = [benchmark.simulate(300, seed, options) for seed in range(60)]
    for name in outcomes[0]:
        covered = [outcome[name][0][0] for outcome in outcomes]
        assert np.mean(covered) >= 0.9, name
