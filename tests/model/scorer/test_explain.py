from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest

from recall.model.fasttext import Recipe
from recall.model.features import FEATURES
from recall.model.scorer import Scorer
from recall.records import MARK

TEXTS = ["", "def", "def return the hotel def", f"İ Def RETURN zzz{MARK}pre1{MARK}code2", "def " * 3000, "\ud800 日本"]


class Trained(Protocol):
    folder: Path
    scorer: Scorer
    recipe: Recipe


@pytest.mark.parametrize("label_count", [2, 3, 4])
@pytest.mark.parametrize("ngrams", [1, 3])
@pytest.mark.parametrize("shrinkage", [0, 2])
def test_contributions_add_up_to_the_logit_of_the_score(
    train: Callable[[int, Recipe], Trained], label_count: int, ngrams: int, shrinkage: int
) -> None:
    recipe = Recipe(epochs=15, ngrams=ngrams, buckets=500 if ngrams > 1 else 0, shrinkage=shrinkage)
    scorer = train(label_count, recipe).scorer
    for text, score in zip(TEXTS, scorer.score(TEXTS), strict=True):
        explanation = scorer.explain(text)
        total = explanation.base + sum(part.contribution for part in explanation.parts)
        assert total == pytest.approx(explanation.logit)
        assert 1 / (1 + np.exp(-total)) == pytest.approx(score, abs=1e-9)
        assert explanation.score == pytest.approx(score, abs=1e-12)


def test_two_labels_have_no_base_and_one_weight_a_token(trained: Trained) -> None:
    explanation = trained.scorer.explain("def return")
    assert explanation.base == 0.0
    for part in explanation.parts:
        assert part.contribution == pytest.approx(part.weight / explanation.rows)


def test_every_occurrence_is_marked_in_the_original_text(trained: Trained) -> None:
    text = f"İ DEF return Def{MARK}pre1"
    parts = {part.name: part for part in trained.scorer.explain(text).parts if part.kind == "token"}
    named = {text[start:end].lower() for start, end in parts[" def"].spans}
    assert named == {" def"}
    assert len(parts[" def"].spans) == 2


def test_marks_the_end_and_the_constants_are_parts_without_a_place(trained: Trained) -> None:
    parts = trained.scorer.explain(f"def{MARK}pre1").parts
    marks = [part for part in parts if part.kind == "mark"]
    assert marks[0].name == "pre1"
    assert {part.name for part in marks[1:]} <= set(FEATURES)
    assert not any(part.spans for part in marks)
    assert [part.spans for part in parts if part.kind in {"end", "constant"}] == [(), ()]


def test_tokens_that_training_never_saw_are_no_parts(trained: Trained) -> None:
    assert not any(part.kind == "token" for part in trained.scorer.explain("日本").parts)


def test_an_ngram_points_at_its_tokens(train: Callable[[int, Recipe], Trained]) -> None:
    scorer = train(2, Recipe(epochs=5, ngrams=2, buckets=500, shrinkage=0)).scorer
    pairs = [part for part in scorer.explain("def return").parts if part.kind == "ngram"]
    assert pairs[-1].name.endswith("</s>")
    assert len(pairs[0].spans) == 2
