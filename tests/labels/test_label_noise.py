"""Doubt: labels count by how often their annotators err, and figures come out as the right labels would give them."""

from pathlib import Path

import numpy as np
import pytest

from recall.config import parse_config
from recall.labels.label_noise import MOST, error_posteriors, error_rates, label_error_chance, reweight_noisy_labels
from recall.model.evaluate import choose_threshold, precision_recall
from recall.records import Shard
from recall.run.rounds import Run

TEXT = '[run]\nrounds = 3\n[crawl]\nwarcs = ["unused"]\n'
RATES = {"ann": 0.05, "bob": 0.1}


@pytest.mark.parametrize(
    ("source", "annotators", "agreement", "error_chance"),
    [
        ("vote", ["ann"], 1.0, 0.05),
        ("vote", ["bob"], 1.0, 0.1),
        ("vote", ["stranger"], 1.0, 0.075),
        ("vote", ["bob", "bob2"], 1.0, 0.0875**2 / (0.0875**2 + 0.9125**2)),
        ("vote", ["ann", "bob", "stranger"], 2 / 3, 0.075),
        ("decision", ["ann", "bob"], 0.5, 0.0),
        ("gold", ["gold"], 1.0, 0.0),
        ("file", ["file"], 1.0, 0.0),
    ],
)
def test_a_labels_error_chance_comes_from_its_votes(
    source: str, annotators: list[str], agreement: float, error_chance: float
) -> None:
    assert label_error_chance(source, annotators, agreement, RATES) == pytest.approx(error_chance)
    assert label_error_chance(source, annotators, agreement, {}) == 0.0


def test_an_error_chance_is_bounded() -> None:
    assert label_error_chance("vote", ["mad"], 1.0, {"mad": 0.9}) == MOST


def test_without_error_chances_nothing_changes() -> None:
    scores, truth, weights = np.array([0.1, 0.9]), np.array([False, True]), np.array([2.0, 3.0])
    same = reweight_noisy_labels(scores, truth, weights, np.zeros(2))
    assert [array.tolist() for array in same] == [scores.tolist(), truth.tolist(), weights.tolist()]


def test_sums_and_thresholds_are_those_of_the_right_labels_on_average() -> None:
    chance = np.random.default_rng(0)
    right_values, raw_values, allowed_values, shares = [], [], [], []
    for _ in range(60):
        scores = chance.beta(0.5, 0.5, 1000)
        truth = chance.random(1000) < scores
        error_chance = chance.choice([0.0, 0.05, 0.15], 1000)
        labels = truth ^ (chance.random(1000) < error_chance)
        right_values.append(choose_threshold(scores, truth, "precision", 0.85).value)
        raw_values.append(choose_threshold(scores, labels, "precision", 0.85).value)
        allowed = reweight_noisy_labels(scores, labels, None, error_chance)
        allowed_values.append(choose_threshold(*allowed[:2], "precision", 0.85, allowed[2]).value)
        assert allowed[2].sum() == pytest.approx(1000)
        curve = precision_recall(*allowed)
        shares.append(float(curve.precision[-1]) - truth.mean())
    assert np.mean(shares) == pytest.approx(0.0, abs=0.005)
    right, raw, allowed_mean = (float(np.mean(values)) for values in (right_values, raw_values, allowed_values))
    assert abs(allowed_mean - right) < 0.02
    assert raw - right > 0.05


def test_a_wrong_label_that_stands_for_many_pages_does_not_move_the_threshold() -> None:
    scores = np.concatenate([np.linspace(0.8, 0.95, 40), np.linspace(0.01, 0.2, 160)])
    truth = scores > 0.5
    weights, error_chance = np.where(truth, 1.0, 20.0), np.full(200, 0.1)
    labels = truth.copy()
    labels[[3, 45]] ^= True
    right = choose_threshold(scores, truth, "recall", 0.9, weights)
    allowed = reweight_noisy_labels(scores, labels, weights, error_chance)
    assert choose_threshold(*allowed[:2], "recall", 0.9, allowed[2]).value == pytest.approx(right.value, abs=0.02)
    assert choose_threshold(scores, labels, "recall", 0.9, weights).value < 0.2
    assert np.all(allowed[2] >= 0)
    assert allowed[2][:200] + allowed[2][200:] == pytest.approx(weights)


def test_thresholds_lie_near_that_of_the_right_labels_draw_by_draw() -> None:
    chance = np.random.default_rng(0)
    distances = []
    for _ in range(60):
        truth = chance.random(400) < 0.15
        logits = np.where(truth, 1.5, -1.5) + chance.normal(0, 1, 400)
        scores, weights = 1 / (1 + np.exp(-logits)), np.where(logits < -1, 20.0, 1.0)
        labels = truth ^ (chance.random(400) < 0.1)
        allowed = reweight_noisy_labels(scores, labels, weights, np.full(400, 0.1))
        right = choose_threshold(scores, truth, "precision", 0.9, weights).value
        found = choose_threshold(*allowed[:2], "precision", 0.9, allowed[2]).value
        distances.append(abs(np.log(found / (1 - found)) - np.log(right / (1 - right))))
    assert np.mean(distances) < 0.2


def test_pages_that_do_not_count_change_nothing() -> None:
    chance = np.random.default_rng(1)
    scores, labels, error_chance = chance.random(80), chance.random(80) < 0.5, np.full(80, 0.1)
    weights = np.arange(80) < 60
    counted = reweight_noisy_labels(scores[:60], labels[:60], np.ones(60), error_chance[:60])
    every = reweight_noisy_labels(scores, labels, weights.astype(float), error_chance)
    assert every[2][:60] == pytest.approx(counted[2][:60])
    assert not every[2][60:80].any()


def test_rates_come_from_the_last_round_and_are_pulled_to_that_of_all(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", parse_config(TEXT, "c"), TEXT, [Shard(0, "", "w", "w")])
    people = {
        "ann": {"gold": {"right": 38, "asked": 40}, "left_out": False},
        "eve": {"gold": {"right": 28, "asked": 40}, "left_out": False},
        "mad": {"gold": {"right": 8, "asked": 40}, "left_out": True},
        "new": {"gold": None, "left_out": False},
    }
    run.store.publish_json("rounds/1/label/agreement.json", {"annotators": {"ann": people["eve"]}})
    run.store.publish_json("rounds/2/label/agreement.json", {"annotators": people})
    assert error_rates(run, [1, 2]) == pytest.approx({"ann": 3.75 / 50, "eve": 13.75 / 50})
    assert error_rates(run, [3]) == {}


def test_chances_say_how_many_labels_are_wrong_and_which() -> None:
    chance = np.random.default_rng(5)
    scores = chance.beta(0.3, 0.3, 5000)
    truth = chance.random(5000) < scores
    error_chance = chance.choice([0.0, 0.05, 0.15], 5000)
    wrong = chance.random(5000) < error_chance
    chances = error_posteriors(scores, truth ^ wrong, np.ones(5000, dtype=bool), error_chance)
    assert np.all(chances[error_chance == 0] == 0)
    assert chances.sum() == pytest.approx(wrong.sum(), rel=0.1)
    for low, high in ((0.2, 0.5), (0.5, 0.8), (0.8, 1.0)):
        rows = (chances >= low) & (chances < high)
        assert wrong[rows].mean() == pytest.approx(chances[rows].mean(), abs=0.15)
    assert wrong[chances >= 0.2].mean() > 4 * wrong[error_chance > 0].mean()
