"""Hyper-parameters chosen on held-out families within a budget ([train] search).

In: out-of-fold scores of each recipe. Out: the recipe with the best average precision, and every trial. The configured
recipe is always the first trial and stays unless another is better by more than DIFFERENCE, which is less than what
another seed changes. The tokenizer is not searched: it stays through all rounds.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.model.evaluate import average_precision
from recall.model.fasttext import Recipe

DIFFERENCE = 0.002

CHOICES: dict[str, tuple[int | float, ...]] = {
    "dim": (2, 8, 16, 64),
    "epochs": (6, 12, 25, 50),
    "learning_rate": (0.1, 0.5, 1.0, 2.0, 4.0),
    "ngrams": (1, 1, 1, 2),
    "min_count": (1, 2, 3, 5),
    "shrinkage": (0, 100, 300, 1000),
}
"""Values that trials are drawn from, evenly; a value that is listed twice is drawn twice as often."""

BUCKETS = 200_000
"""Buckets of a trial with n-grams whose configured recipe has none."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A recipe and its average precision on held-out families."""

    recipe: Recipe
    average_precision: float

    def row(self) -> dict[str, int | float]:
        """As JSON."""
        return {**asdict(self.recipe), "average_precision": round(self.average_precision, 6)}


def recipes(configured: Recipe, budget: int) -> Iterator[Recipe]:
    """The configured recipe and `budget` others, drawn by the recipe's seed."""
    yield configured
    random = np.random.default_rng(configured.seed)
    seen = {configured}
    for _ in range(50 * budget):
        if len(seen) > budget:
            return
        drawn = {name: values[int(random.integers(len(values)))] for name, values in CHOICES.items()}
        ngrams = int(drawn["ngrams"])
        trial = replace(
            configured,
            dim=int(drawn["dim"]),
            epochs=int(drawn["epochs"]),
            learning_rate=float(drawn["learning_rate"]),
            ngrams=ngrams,
            buckets=(configured.buckets or BUCKETS) if ngrams > 1 else configured.buckets,
            min_count=int(drawn["min_count"]),
            shrinkage=int(drawn["shrinkage"]),
        )
        if trial not in seen:
            seen.add(trial)
            yield trial


def search_recipe(
    configured: Recipe, budget: int, scores_of: Callable[[Recipe], NDArray[Any]], truth: NDArray[Any]
) -> tuple[Recipe, list[Trial]]:
    """Try `budget` random recipes and the configured one.

    scores_of: out-of-fold scores of the labelled pages; truth: which of these are positive.
    """
    trials = [Trial(recipe, average_precision(scores_of(recipe), truth)) for recipe in recipes(configured, budget)]
    best = max(trials, key=lambda trial: trial.average_precision)
    better = best.average_precision > trials[0].average_precision + DIFFERENCE
    return (best.recipe if better else configured), trials
