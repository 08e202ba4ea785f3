from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from recall.errors import BadInput, Transient
from recall.model.fasttext import Recipe, fit, predict, read_rows

SIZE = 50
RECIPES = [Recipe(epochs=5, shrinkage=7), Recipe(epochs=5, shrinkage=2, ngrams=3, buckets=100)]


def make_lines() -> tuple[list[NDArray[np.uint32]], list[str]]:
    """Lines of label "code page" draw on the lower half of the ids, the others on the upper."""
    random = np.random.default_rng(3)
    lines = [(random.permutation(30)[: random.integers(1, 25)] + 20 * (i % 2)).astype(np.uint32) for i in range(60)]
    return lines, ["other" if i % 2 else "code page" for i in range(60)]


@pytest.fixture(params=RECIPES, ids=["unigrams", "trigrams"])
def recipe(request: pytest.FixtureRequest) -> Recipe:
    chosen: Recipe = request.param
    return chosen


def test_training_twice_gives_the_same_bytes(recipe: Recipe, tmp_path: Path) -> None:
    lines, labels = make_lines()
    fit(lines, labels, recipe, SIZE, tmp_path / "a.bin")
    fit(lines, labels, recipe, SIZE, tmp_path / "b.bin")
    assert (tmp_path / "a.bin").read_bytes() == (tmp_path / "b.bin").read_bytes()


def test_training_learns_as_it_did(tmp_path: Path) -> None:
    """Guards against builds of fastText that train on uninitialised memory."""
    lines, labels = make_lines()
    recipe = Recipe(epochs=10, learning_rate=0.5, shrinkage=7, seed=1)
    fit(lines, labels, recipe, SIZE, tmp_path / "model.bin")
    held = [np.arange(first, first + 10, dtype=np.uint32) for first in (0, 15, 40)]
    shares = [answer["code page"] for answer in predict(tmp_path / "model.bin", held, recipe, SIZE)]
    assert shares == pytest.approx([0.984, 0.840, 0.012], abs=0.01)


def test_the_file_is_read_as_fasttext_reads_it(recipe: Recipe, tmp_path: Path) -> None:
    import fasttext

    lines, labels = make_lines()
    fit(lines, labels, recipe, SIZE, tmp_path / "model.bin")
    rows = read_rows(tmp_path / "model.bin")
    model = fasttext.load_model(str(tmp_path / "model.bin"))
    assert list(rows.words) == model.words
    assert set(rows.labels) == {"code page", "other"}
    assert (rows.ngrams, rows.buckets) == (recipe.ngrams, recipe.buckets)
    np.testing.assert_array_equal(rows.input, model.get_input_matrix())
    np.testing.assert_array_equal(rows.output, model.get_output_matrix())


def test_constants_survive_a_high_min_count(tmp_path: Path) -> None:
    lines, labels = make_lines()
    recipe = Recipe(epochs=1, shrinkage=4, min_count=1000)
    fit(lines, labels, recipe, SIZE, tmp_path / "model.bin")
    assert set(read_rows(tmp_path / "model.bin").words) == {"50", "51", "52", "53", "</s>"}


def test_more_words_than_one_reading_holds(tmp_path: Path) -> None:
    lines = [np.arange(start, start + 60_000, dtype=np.uint32) for start in (100_000, 100_000)]
    fit(lines, ["a", "b"], Recipe(epochs=1, dim=1, shrinkage=0), 200_000, tmp_path / "model.bin")
    assert {str(token) for token in lines[0]} | {"</s>"} == set(read_rows(tmp_path / "model.bin").words)


@pytest.mark.parametrize(
    ("labels", "recipe", "message"),
    [
        (["a"], Recipe(), "2 token lines but 1 labels"),
        (["a", "a"], Recipe(), "at least two labels"),
        (["a", "b"], Recipe(ngrams=2), "need buckets"),
    ],
)
def test_unfit_examples_are_refused(labels: list[str], recipe: Recipe, message: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=message):
        fit([np.zeros(1, dtype=np.uint32)] * 2, labels, recipe, SIZE, tmp_path / "model.bin")


def test_a_damaged_file_is_refused_by_name(tmp_path: Path) -> None:
    lines, labels = make_lines()
    fit(lines, labels, RECIPES[0], SIZE, tmp_path / "model.bin")
    whole = (tmp_path / "model.bin").read_bytes()
    for length in (0, 3, 50, 90, 200, len(whole) - 1):
        (tmp_path / "cut.bin").write_bytes(whole[:length])
        with pytest.raises(BadInput, match=r"cut.bin: not a whole supervised fastText model"):
            read_rows(tmp_path / "cut.bin")
    with pytest.raises(BadInput, match=r"none.bin: cannot be read"):
        read_rows(tmp_path / "none.bin")


def test_an_unsupervised_model_is_refused(tmp_path: Path) -> None:
    import fasttext

    (tmp_path / "words.txt").write_text("a b c a b c\n" * 20)
    model = fasttext.train_unsupervised(str(tmp_path / "words.txt"), min_count=1, dim=2, epoch=1, thread=1, verbose=0)
    model.save_model(str(tmp_path / "words.bin"))
    with pytest.raises(BadInput, match=r"words.bin"):
        read_rows(tmp_path / "words.bin")


def test_a_full_disk_is_noticed_though_fasttext_does_not() -> None:
    lines, labels = make_lines()
    with pytest.raises(Transient, match="make room on the disk"):
        fit(lines, labels, RECIPES[0], SIZE, Path("/dev/full"))
