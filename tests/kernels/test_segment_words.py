"""Counts of signs and sums of words: compiled code held against regular expressions, sets and zlib."""

import re
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recall.kernels.segment_words import CAPITAL, CODE_POINTS, DIGIT, PUNCTUATION, WORD, sign_counts, word_sums

BITS = 6
PATTERNS = ((WORD, r"\w+"), (PUNCTUATION, r"[.,。]"), (CAPITAL, "[A-Z]"), (DIGIT, r"\d"))
SIGNS = st.text(st.sampled_from("aAzZ09.,。 \n_éßж中٣\U0001f600\U00020000\ud800\u07ff\u0800\uffff"), max_size=40)
TEXTS = st.lists(SIGNS | st.text(max_size=20), max_size=6)


def kinds() -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    table = np.zeros(CODE_POINTS, np.uint8)
    for bit, pattern in PATTERNS:
        for code in range(0x3000):
            table[code] |= bit if re.match(pattern, chr(code)) else 0
        for sign in "中。\U0001f600\U00020000\ud800\uffff":
            table[ord(sign)] |= bit if re.match(pattern, sign) else 0
    return table


KINDS = kinds()
WEIGHTS = np.random.default_rng(5).integers(-99, 99, 1 << BITS)


def words_of(text: str) -> list[str]:
    return re.findall(r"\x00+", "".join("\x00" if KINDS[ord(sign)] & WORD else " " for sign in text))


def split(text: str) -> list[str]:
    """The words of a text by the table."""
    return "".join(sign if KINDS[ord(sign)] & WORD else " " for sign in text).split(" ")


@given(TEXTS, st.integers(0, 50))
def test_signs_are_counted_as_patterns_count_them(texts: list[str], start: int) -> None:
    expected = [
        [len(words_of(text)) for text in texts],
        *([sum(bool(KINDS[ord(sign)] & bit) for sign in text[:start]) for text in texts] for bit in (2, 4, 8)),
    ]
    assert sign_counts(texts, KINDS, start).tolist() == expected


@given(TEXTS, st.integers(1, 6))
def test_each_distinct_word_weighs_once_by_the_crc_of_its_bytes(texts: list[str], most: int) -> None:
    firsts = [list(dict.fromkeys(word for word in split(text) if word))[:most] for text in texts]
    expected = [
        sum(int(WEIGHTS[zlib.crc32(word.encode("utf-8", "replace")) % (1 << BITS)]) for word in words)
        for words in firsts
    ]
    sums = word_sums(texts, KINDS, WEIGHTS, most)
    assert sums.tolist() == [expected, [len(words) for words in firsts]]


@pytest.mark.parametrize("texts", [[], [""], ["", "a", ""], ["a" * 100_000], ["a b " * 50_000]])
def test_empty_and_long_texts_count(texts: list[str]) -> None:
    assert sign_counts(texts, KINDS, 300)[0].tolist() == [len(text.split()) for text in texts]
    assert word_sums(texts, KINDS, WEIGHTS, 40)[1].tolist() == [len(set(text.split())) for text in texts]
