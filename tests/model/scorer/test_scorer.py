import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Protocol

import numpy as np
import pytest

from recall.errors import BadInput, Damaged
from recall.model.fasttext import Recipe, fit, predict
from recall.model.scorer import ModelCard, Scorer, write_model
from recall.model.tokens import Tokenizer
from recall.records import MARK


class Trained(Protocol):
    folder: Path
    scorer: Scorer
    recipe: Recipe


HOSTILE = [
    "",
    " ",
    "x",
    "\n\n\r\n",
    "</s> def return",
    "__label__C __label__N",
    "İSTANBUL ǅ",
    "\ud800 def \udfff",
    "\x00\x01\x02",
    "def " * 20_000,
    "日本語のコード 中文 русский",
    f"{MARK}pre1",
    f"def{MARK}{MARK}pre9 {MARK}code2",
]


@pytest.mark.parametrize("label_count", [2, 3, 4])
@pytest.mark.parametrize("ngrams", [1, 2, 3])
@pytest.mark.parametrize("shrinkage", [0, 1, 5])
def test_scores_equal_fasttexts_predict(
    train: Callable[[int, Recipe], Trained], texts: list[str], label_count: int, ngrams: int, shrinkage: int
) -> None:
    recipe = Recipe(epochs=15, ngrams=ngrams, buckets=500 if ngrams > 1 else 0, shrinkage=shrinkage)
    trained = train(label_count, recipe)
    tokenizer = trained.scorer.tokenizer
    random = np.random.default_rng(1)
    lines = [
        *tokenizer.lines(texts[:30] + HOSTILE),
        np.zeros(0, dtype=np.uint32),
        random.integers(0, tokenizer.size, 100000).astype(np.uint32),
    ]
    expected = [row["C"] for row in predict(trained.folder / "model.bin", lines, recipe, tokenizer.size)]
    np.testing.assert_allclose(trained.scorer.score_lines(lines), expected, atol=1e-4)


def test_a_score_does_not_depend_on_its_batch(trained: Trained, texts: list[str]) -> None:
    many = (texts * 5)[:300]
    np.testing.assert_array_equal(trained.scorer.score(many), [trained.scorer.score([text])[0] for text in many])
    assert trained.scorer.score([]).shape == (0,)


def test_code_scores_above_travel(trained: Trained, texts: list[str]) -> None:
    scores = trained.scorer.score(texts)
    assert scores[1::2].mean() > scores[::2].mean() + 0.3


def test_probabilities_rise_strictly_with_scores(trained: Trained, texts: list[str]) -> None:
    scores = np.unique(trained.scorer.score(texts))
    assert (np.diff(trained.scorer.calibrate(scores)) > 0).all()
    np.testing.assert_array_equal(
        trained.scorer.probability(texts), trained.scorer.calibrate(trained.scorer.score(texts))
    )


def test_a_folder_loads_without_model_bin_fasttext_and_numba(trained: Trained, tmp_path: Path) -> None:
    folder = copytree(trained.folder, tmp_path / "model")
    (folder / "model.bin").unlink()
    program = (
        "import sys; from recall.model.scorer import Scorer; scorer = Scorer.load(sys.argv[1]);"
        "print(scorer.digest, sorted({'fasttext', 'numba'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", program, folder], capture_output=True, text=True, check=True)
    assert run.stdout.split(maxsplit=1) == [trained.scorer.digest, "[]\n"]
    assert Scorer.load(str(folder)).score(["def return"]) == trained.scorer.score(["def return"])


def test_the_card_tells_what_the_model_is(trained: Trained) -> None:
    scorer = Scorer.load(trained.folder)
    assert scorer.labels == ("C", "N")
    assert (scorer.positive, scorer.threshold, scorer.card.input) == ("C", 0.5, "html")
    assert scorer.card.recipe == trained.recipe
    assert set(scorer.card.digests) == {"tokenizer.json", "scorer.npz", "model.bin"}


def test_the_same_training_gives_the_same_digest(train: Callable[[int, Recipe], Trained], trained: Trained) -> None:
    assert train(2, trained.recipe).scorer.digest == trained.scorer.digest
    assert train(2, Recipe(epochs=9, shrinkage=20)).scorer.digest != trained.scorer.digest


@pytest.mark.parametrize("name", ["tokenizer.json", "scorer.npz"])
def test_a_flipped_byte_is_found_and_named(trained: Trained, tmp_path: Path, name: str) -> None:
    folder = copytree(trained.folder, tmp_path / "model")
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(Damaged, match=name):
        Scorer.load(folder)


@pytest.mark.parametrize("name", ["tokenizer.json", "scorer.npz", "model.json"])
def test_a_missing_file_is_named(trained: Trained, tmp_path: Path, name: str) -> None:
    folder = copytree(trained.folder, tmp_path / "model")
    (folder / name).unlink()
    with pytest.raises(BadInput, match=f"{name}: a model folder needs this file"):
        Scorer.load(folder)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"labels": ["C"]}', "\xff"])
def test_a_broken_card_is_refused_by_name(trained: Trained, tmp_path: Path, content: str) -> None:
    folder = copytree(trained.folder, tmp_path / "model")
    (folder / "model.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(BadInput, match=r"model.json: not a model card"):
        Scorer.load(folder)


def test_lines_of_another_tokenizer_are_refused(trained: Trained) -> None:
    with pytest.raises(BadInput, match="does not have"):
        trained.scorer.score_lines([np.array([trained.scorer.tokenizer.size], dtype=np.uint32)])


def test_a_tokenizer_that_does_not_fit_the_model_is_refused(trained: Trained, texts: list[str]) -> None:
    other = Tokenizer.train(texts, 290)
    with pytest.raises(BadInput, match="do not belong together"):
        Scorer(other, trained.scorer.weights, trained.scorer.card, "")


def test_a_card_must_know_its_positive_label() -> None:
    with pytest.raises(BadInput, match="'X' is none of C, N"):
        ModelCard(("C", "N"), "X", "html", Recipe(), 0.5)


def test_model_bin_may_lie_elsewhere(trained: Trained, tmp_path: Path, texts: list[str]) -> None:
    tokenizer = trained.scorer.tokenizer
    labels = ["C" if i % 2 else "N" for i in range(len(texts))]
    fit(tokenizer.lines(texts), labels, trained.recipe, tokenizer.size, tmp_path / "elsewhere.bin")
    card = ModelCard(("C", "N"), "C", "html", trained.recipe, 0.5)
    scorer = write_model(tmp_path / "model", tokenizer, tmp_path / "elsewhere.bin", card)
    assert scorer.digest == trained.scorer.digest
