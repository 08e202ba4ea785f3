from pathlib import Path

import numpy as np
import pytest

from recall.errors import BadInput
from recall.model.fasttext import Recipe, fit
from recall.model.scorer import collapse
from recall.model.scorer.collapse import parse_weights


@pytest.fixture
def model(tmp_path: Path) -> Path:
    lines = [np.arange(i % 2, 10 + i % 3, dtype=np.uint32) for i in range(20)]
    fit(lines, ["C", "N"] * 10, Recipe(epochs=2, shrinkage=3), 15, tmp_path / "model.bin")
    return tmp_path / "model.bin"


def test_tokens_that_never_occurred_have_no_weight(model: Path) -> None:
    weights = collapse(model, 15, Recipe(shrinkage=3), "C")
    assert np.isnan(weights.tokens[12:]).all()
    assert not np.isnan(weights.tokens[:12]).any()
    assert int(weights.prefix_rows) == 3
    assert weights.labels.tolist() == ["C", "N"]


def test_the_positive_label_decides_the_sign(model: Path) -> None:
    code, other = (collapse(model, 15, Recipe(shrinkage=3), label) for label in ("C", "N"))
    np.testing.assert_array_equal(code.tokens, -other.tokens)
    np.testing.assert_array_equal(code.prefix, -other.prefix)


def test_weights_survive_their_file_which_is_the_same_each_time(model: Path) -> None:
    weights = collapse(model, 15, Recipe(shrinkage=3), "C")
    data = weights.dump()
    assert data == collapse(model, 15, Recipe(shrinkage=3), "C").dump()
    loaded = parse_weights(data, Path("scorer.npz"))
    np.testing.assert_array_equal(loaded.tokens, weights.tokens)
    assert loaded.dump() == data


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 cut", b"\x80\x04N."], ids=["empty", "cut", "pickle"])
def test_a_file_that_holds_no_weights_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(BadInput, match=r"scorer.npz: not the weights"):
        parse_weights(data, Path("scorer.npz"))


def test_a_model_of_other_labels_or_tokens_is_refused(model: Path) -> None:
    with pytest.raises(BadInput, match="no label 'X' among"):
        collapse(model, 15, Recipe(shrinkage=3), "X")
    with pytest.raises(BadInput, match="is no token of this tokenizer"):
        collapse(model, 10, Recipe(shrinkage=3), "C")
