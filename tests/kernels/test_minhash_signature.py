"""The loops of MinHash equal their plain definitions."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from recall.corpus.dedup.signatures import functions
from recall.kernels import minhash_signature
from recall.kernels.minhash_signature import (
    MOST,
    leaders,
    minima,
    ngram_hashes,
    plain_leaders,
    plain_leaders_by_band,
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


@given(arrays(np.uint16, st.tuples(st.integers(1, 40), st.just(12)), elements=st.integers(0, 1)), st.integers(1, 12))
def test_pages_of_a_large_group_are_represented_as_by_definition(signatures: NDArray[np.uint16], enough: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(minhash_signature, "EXACT", 0)
        patch.setattr(minhash_signature, "MOST", 2)
        chosen, equal = leaders(signatures, enough)
    assert (chosen.tolist(), equal.tolist()) == plain_leaders_by_band(signatures, enough, 2)


def of_a_template(pages: int, shared: float, seed: int = 1) -> NDArray[np.uint16]:
    """Pages that share a template, three in ten of them copies of an earlier one, changed at about 15 % of indices."""
    chance = np.random.default_rng(seed)
    template = chance.integers(0, 65536, 256, dtype=np.uint16)
    own = chance.integers(0, 65536, (pages, 256), dtype=np.uint16)
    signatures = np.where(chance.random((pages, 256)) < shared, template, own)
    for page in np.flatnonzero(chance.random(pages) < 0.3)[1:]:
        signatures[page] = np.where(chance.random(256) < 0.85, signatures[chance.integers(0, page)], own[page])
    return np.ascontiguousarray(signatures)


def test_a_large_group_is_divided_as_if_each_page_had_been_compared_with_each() -> None:
    for shared in (0.0, 0.4, 0.65):
        signatures = of_a_template(3000, shared)
        exact, _ = leaders(signatures, 182)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(minhash_signature, "EXACT", 0)
            chosen, equal = leaders(signatures, 182)
        joined = exact != np.arange(3000)
        assert joined.mean() > 0.2
        assert (chosen == exact)[joined].mean() >= 0.99
        own = np.flatnonzero(chosen != np.arange(3000))
        assert equal[own].min() >= 182
        assert (equal[own] == (signatures[own] == signatures[chosen[own]]).sum(axis=1)).all()


@pytest.mark.slow
@pytest.mark.parametrize("shared", [0.65, 0.69], ids=["a template", "a template that nearly makes them one"])
def test_a_hundred_thousand_pages_of_one_site_take_seconds(shared: float) -> None:
    leaders(of_a_template(20, 0.5), 182)
    signatures = of_a_template(100_000, shared)
    began = time.process_time()
    chosen, _ = leaders(signatures, 182)
    assert time.process_time() - began < 60
    assert (chosen != np.arange(100_000)).mean() > 0.2
    assert MOST * 64 == 1024  # what a page is compared with at most
