"""The loops of MinHash equal their plain definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from recall.corpus.dedup.near import functions
from recall.kernels.minhash_signature import (
    leaders,
    minima,
    ngram_hashes,
    plain_leaders,
    plain_minima,
    plain_ngram_hashes,
)


@pytest.mark.parametrize("text", ["", "...", "two words", "Call foo(x); then BAR_2.", "a 列表排序 b", "\u30c6\u30ad x"])
@pytest.mark.parametrize("size", [1, 3, 5])
def test_hashes_of_ngrams_are_those_of_pythons_integers(text: str, size: int) -> None:
    assert ngram_hashes(text.encode(), size).tolist() == plain_ngram_hashes(text, size)


@given(st.text(alphabet="aB_1 .,-()\n列テ", max_size=60), st.integers(1, 6))
def test_any_text_has_the_hashes_of_its_definition(text: str, size: int) -> None:
    assert ngram_hashes(text.encode(), size).tolist() == plain_ngram_hashes(text, size)


@given(st.binary(max_size=60))
def test_bytes_that_are_no_text_have_some_hashes(data: bytes) -> None:
    assert len(ngram_hashes(data, 1)) <= len(data)


@given(st.lists(st.integers(0, (1 << 64) - 1), max_size=20))
def test_minima_are_those_of_numpy(hashes: list[int]) -> None:
    ngrams = np.array(hashes, np.uint64)
    assert minima(ngrams, *functions(16)).tolist() == plain_minima(ngrams, *functions(16)).tolist()


@given(arrays(np.uint16, st.tuples(st.integers(1, 8), st.just(6)), elements=st.integers(0, 2)), st.integers(1, 6))
def test_pages_are_represented_as_by_definition(signatures: NDArray[np.uint16], enough: int) -> None:
    chosen, equal = leaders(signatures, enough)
    assert (chosen.tolist(), equal.tolist()) == plain_leaders(signatures, enough)


def test_a_series_of_similar_pages_is_divided_so_that_each_is_like_the_page_that_represents_it() -> None:
    pages = np.tile(np.arange(100, dtype=np.uint16), (5, 1))
    for page in range(1, 5):
        pages[page:, 20 * page - 20 : 20 * page] = 1000 + page
    chosen, equal = leaders(pages, 75)
    assert chosen.tolist() == [0, 0, 2, 2, 4]
    assert equal.tolist() == [100, 80, 100, 80, 100]
