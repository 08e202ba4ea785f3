"""Hyper-parameters chosen on held-out families."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.model.fasttext import Recipe
from recall.steps.train.hyperparameters import DIFFERENCE, recipes, search_recipe

TRUTH = np.array([True, False] * 20)


def scores_for(quality: float) -> NDArray[Any]:
    return quality * TRUTH + np.random.default_rng(0).random(len(TRUTH))


def test_trials_are_different_and_begin_with_the_configured_one() -> None:
    found = list(recipes(Recipe(), 10))
    assert found[0] == Recipe()
    assert len(set(found)) == len(found) == 11
    assert all(one.buckets > 0 for one in found if one.ngrams > 1)
    assert found == list(recipes(Recipe(), 10))


def test_the_best_recipe_is_taken() -> None:
    chosen, trials = search_recipe(
        Recipe(), 12, lambda recipe: scores_for(0.1 * recipe.epochs if recipe != Recipe() else 0.0), TRUTH
    )
    best = max(trials, key=lambda trial: trial.average_precision)
    assert chosen == best.recipe != Recipe()
    assert best.average_precision > trials[0].average_precision + DIFFERENCE


def test_the_configured_recipe_stays_when_none_is_better() -> None:
    chosen, trials = search_recipe(Recipe(), 5, lambda _: scores_for(0.5), TRUTH)
    assert chosen == Recipe()
    assert len(trials) == 6


def test_a_round_that_searches_publishes_its_trials(fresh: Any) -> None:
    run = fresh("round 1 train", rounds=1, train={"search": 2})
    step = run.round(1).step("train")
    trials = run.store.read_json(step.key("search.json"))
    assert len(trials) == 3
    assert trials[0]["epochs"] == 8
    card = run.store.read_json(step.key("model.json"))
    assert card["recipe"] in [{name: value for name, value in t.items() if name in card["recipe"]} for t in trials]
