"""A tiny corpus and models trained on it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from recall.model.fasttext import Recipe, fit
from recall.model.scorer import ModelCard, Scorer, write_model
from recall.model.tokens import Tokenizer
from recall.records import MARK

CODE = ["def", "return", "import", "class", "public", "static", "void", "print", "function", "code"]
TRAVEL = ["hotel", "beach", "food", "sun", "code", "flight", "museum", "ticket"]
OTHERS = ("N", "A", "J")


@dataclass(frozen=True)
class Corpus:
    """Scoring texts with labels, and a tokenizer of them."""

    texts: list[str]
    labels: list[str]
    tokenizer: Tokenizer


def make_texts(pages: int) -> list[str]:
    """Even pages travel, odd ones code, a third of them with a mark."""
    random = np.random.default_rng(7)
    texts = [" ".join(random.choice(CODE if i % 2 else TRAVEL, random.integers(1, 60))) for i in range(pages)]
    return [text + (f"{MARK}pre1{MARK}code2" if i % 3 == 0 else "") for i, text in enumerate(texts)]


@pytest.fixture(scope="session")
def texts() -> list[str]:
    return make_texts(120)


@pytest.fixture(scope="session")
def corpus(texts: list[str]) -> Corpus:
    return Corpus(texts, ["C" if i % 2 else "N" for i in range(len(texts))], Tokenizer.train(texts, 400))


@dataclass(frozen=True)
class Trained:
    """A model folder and what it was made from."""

    folder: Path
    scorer: Scorer
    recipe: Recipe


@pytest.fixture(scope="session")
def train(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Callable[[int, Recipe], Trained]:
    """Train a model of a number of labels by a recipe and write its folder."""

    def run(label_count: int, recipe: Recipe) -> Trained:
        labels = ["C" if i % 2 else OTHERS[(i // 2) % (label_count - 1)] for i in range(len(corpus.texts))]
        folder = tmp_path_factory.mktemp("model")
        fit(corpus.tokenizer.lines(corpus.texts), labels, recipe, corpus.tokenizer.size, folder / "model.bin")
        card = ModelCard(("C", *OTHERS[: label_count - 1]), "C", "html", recipe, 0.5)
        return Trained(folder, write_model(folder, corpus.tokenizer, folder / "model.bin", card), recipe)

    return run


@pytest.fixture(scope="session")
def trained(train: Callable[[int, Recipe], Trained]) -> Trained:
    """The default kind of model: two labels, unigrams, shrinkage."""
    return train(2, Recipe(epochs=10, shrinkage=20))
