"""Token lines: ids without repeats, and compiled sums that equal their definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recall.kernels.hashing import fasttext_hash
from recall.kernels.plain_twins import Tables, plain_line_sketches, plain_margins, plain_unique
from recall.kernels.token_lines import UniqueIds, line_margins, line_sketches


@given(st.lists(st.lists(st.integers(0, 20))))
def test_each_id_stays_once_where_it_came_first(lines: list[list[int]]) -> None:
    unique = UniqueIds(21)
    for line in lines:
        assert unique(np.array(line, dtype=np.uint32)).tolist() == plain_unique(line)


def test_lines_are_told_apart_however_many_there_are() -> None:
    unique = UniqueIds(3)
    line = np.array([2, 0, 2], dtype=np.uint32)
    assert all(unique(line).tolist() == [2, 0] for _ in range(600))


@pytest.mark.parametrize("margins", [1, 3])
@pytest.mark.parametrize("ngrams", [1, 2, 3, 4])
@pytest.mark.parametrize("constants", [0, 1, 5])
def test_compiled_sums_equal_their_definition(margins: int, ngrams: int, constants: int) -> None:
    random = np.random.default_rng(ngrams)
    tokens = random.normal(size=(40, margins)).astype(np.float32)
    tokens[random.permutation(40)[:10]] = np.nan
    tables = Tables(
        tokens=tokens,
        buckets=random.normal(size=(97 if ngrams > 1 else 0, margins)).astype(np.float32),
        end=np.full((1, margins), np.nan, dtype=np.float32) if constants == 1 else tokens[:1],
        prefix=random.normal(size=margins) * bool(constants),
        rolling=np.array([fasttext_hash(str(i)) for i in range(constants)][: ngrams - 1], dtype=np.uint64),
        prefix_rows=constants,
        ngrams=ngrams,
        hashes=np.array([fasttext_hash(str(i)) for i in range(40 if ngrams > 1 else 0)], dtype=np.uint64),
        end_hash=np.uint64(fasttext_hash("</s>")),
    )
    lines = [random.integers(0, 40, length).astype(np.uint32) for length in (0, 1, 2, 3, 30, 0)]
    starts = np.cumsum([0, *map(len, lines)])
    expected = [plain_margins(line.tolist(), tables) for line in lines]
    np.testing.assert_allclose(line_margins(np.concatenate(lines), starts, tables), expected, rtol=1e-12, atol=1e-12)


@given(st.lists(st.lists(st.integers(0, 60), max_size=12), min_size=1), st.integers(0, 50))
def test_compiled_sketches_equal_their_definition(lines: list[list[int]], vocabulary: int) -> None:
    ids = np.array([token for line in lines for token in line], dtype=np.uint32)
    starts = np.cumsum([0, *map(len, lines)])
    expected = plain_line_sketches(ids, starts, vocabulary).tolist()
    assert line_sketches(ids, starts, vocabulary).tolist() == expected
