from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recall.model.fasttext import Recipe
from recall.run.rounds import Run
from recall.steps.train.cross_validation import Material, trusted

CODE, PROSE = np.arange(0, 20), np.arange(20, 40)


@pytest.fixture
def material() -> Material:
    """60 positive and 60 random pages of 120 families; the first ten random ones are positive in truth."""
    random = np.random.default_rng(5)
    about = [CODE] * 70 + [PROSE] * 50
    lines = [random.permutation(words)[:12].astype(np.uint32) for words in about]
    labels = ["C"] * 60 + ["other"] * 60
    families = [f"site{number}" for number in range(120)]
    recipe = Recipe(epochs=20, shrinkage=0)
    return Material(lines, lines, labels, families, np.full(120, -1), recipe, 40, "C", 2)


SOURCES = ["structure"] * 60 + ["random"] * 60


def test_random_pages_that_look_positive_are_not_learned_from(played: Run, material: Material) -> None:
    doubted = np.flatnonzero(~trusted(played.round(1), material, SOURCES))
    assert set(doubted.tolist()) <= set(range(60, 70))
    assert len(doubted) >= 5


def test_pages_that_people_labelled_are_always_believed(played: Run, material: Material) -> None:
    assert trusted(played.round(1), material, ["structure"] * 60 + ["label"] * 60).all()


def test_a_model_that_cannot_tell_them_doubts_nobody(played: Run, material: Material) -> None:
    blind = replace(material, lines=[material.lines[0]] * 120, text_lines=[material.lines[0]] * 120)
    assert trusted(played.round(1), blind, SOURCES).all()


def test_doubt_can_be_switched_off(fresh: Any, material: Material) -> None:
    run = fresh("round 1 train", train={"doubtful": 0.0})
    assert trusted(run.round(1), material, SOURCES).all()


def test_only_keeps_rows_in_step(material: Material) -> None:
    part = material.only(np.array([59, 60]))
    assert part.labels == ["C", "other"]
    assert part.families == ["site59", "site60"]
    assert np.array_equal(part.lines[1], material.lines[60])
