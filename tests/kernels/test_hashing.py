"""The hash functions give the published numbers, and the same ones as arrays and in compiled code."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recall.kernels.hashing import GOLDEN_RATIO, fasttext_hash, line_rows, ngram_hash, splitmix64, token_hashes

END_HASH = fasttext_hash("</s>")


def splitmix64_of(number: int) -> int:
    """The finaliser over Python's integers."""
    mask = (1 << 64) - 1
    number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9 & mask
    number = (number ^ number >> 27) * 0x94D049BB133111EB & mask
    return number ^ number >> 31


def test_a_generator_that_starts_at_0_gives_the_published_numbers() -> None:
    """The first outputs of splitmix64 with seed 0."""
    states = np.arange(1, 4, dtype=np.uint64) * GOLDEN_RATIO
    assert splitmix64(states).tolist() == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]


@given(st.lists(st.integers(0, (1 << 64) - 1), min_size=1))
def test_any_number_is_mixed_as_by_pythons_integers(numbers: list[int]) -> None:
    assert splitmix64(np.array(numbers, np.uint64)).tolist() == [splitmix64_of(number) for number in numbers]


def test_hashes_are_fasttexts() -> None:
    assert fasttext_hash("") == 0xFFFFFFFF811C9DC5
    assert fasttext_hash("a") == 0xFFFFFFFFE40C292C
    assert fasttext_hash("foobar") == 0xFFFFFFFFBF9CF968
    assert fasttext_hash("é") != fasttext_hash("Ã©")
    assert token_hashes(1001)[1000] == fasttext_hash("1000")


def test_an_ngram_hash_wraps_at_64_bit() -> None:
    assert ngram_hash((1 << 64) - 1, (1 << 64) - 1) == (1 << 64) - 116049371 - 1


def test_the_rows_of_a_line_are_tokens_then_the_ngrams_that_end_there() -> None:
    first, second = fasttext_hash("5"), fasttext_hash("6")
    rows = line_rows([5, 6], [], 1000, 3, END_HASH)
    assert rows == [
        (0, -1),
        (1, -1),
        (1, ngram_hash(first, second) % 1000),
        (2, -1),
        (2, ngram_hash(second, END_HASH) % 1000),
        (2, ngram_hash(ngram_hash(first, second), END_HASH) % 1000),
    ]
