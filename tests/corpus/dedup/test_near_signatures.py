import random
import re

import numpy as np
import pytest

from recall.corpus.dedup.signatures import NO_HASH, agreement, band_keys, ngram_hashes, signature

WORDS = [f"word{number}" for number in range(3000)]


def ngrams(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[at : at + 5]) for at in range(len(words) - 4)}


def test_signatures_estimate_the_similarity_of_sets_of_ngrams() -> None:
    chance = random.Random(3)
    errors = []
    for _ in range(60):
        words = [chance.choice(WORDS) for _ in range(200)]
        changed = [word if chance.random() > 0.03 else chance.choice(WORDS) for word in words]
        one, other = " ".join(words), " ".join(changed)
        exact = len(ngrams(one) & ngrams(other)) / len(ngrams(one) | ngrams(other))
        left, right = (signature(text, 5, 256)[None].astype(np.uint16) for text in (one, other))
        errors.append(agreement(left, right)[0] - exact)
    assert abs(np.mean(errors)) < 0.01
    assert np.std(errors) < 0.04


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Call foo(x); then BAR_2.", "call FOO x then bar_2"),
        ("a\u00a0b\u2003c\u2014d e", "a b c d e"),
        ("ein Wörterbuch für alle hier", "ein  wörterbuch... für alle, hier"),
    ],
)
def test_case_white_space_and_punctuation_are_no_difference(one: str, other: str) -> None:
    assert ngram_hashes(one, 3).tolist() == ngram_hashes(other, 3).tolist()


def test_each_cjk_character_is_a_word() -> None:
    assert len(ngram_hashes("如何对列表排序", 5)) == 3
    assert len(ngram_hashes("𠀀𠀁𠀂𠀃𠀄𠀅", 5)) == 2
    assert len(ngram_hashes("Как отсортировать список строк по длине", 5)) == 2


def test_a_text_shorter_than_an_ngram_is_one_and_one_without_words_none() -> None:
    assert len(ngram_hashes("two words", 5)) == 1
    assert (signature("... --- ...", 5, 16) == NO_HASH).all()
    assert (signature("", 5, 16) == NO_HASH).all()


def test_signatures_are_the_same_on_every_machine() -> None:
    assert signature("for item in items: print(item.name)", 5, 4).tolist() == GOLDEN


GOLDEN = [1636596243, 77307770, 1176678271, 1448396948]


def test_a_band_is_equal_where_all_its_rows_are() -> None:
    signatures = np.arange(24, dtype=np.uint16).reshape(2, 12)
    signatures[1, 4:8] = signatures[0, 4:8]
    keys = band_keys(signatures, 3)
    assert (keys[0] == keys[1]).tolist() == [False, True, False]
    same = band_keys(np.zeros((1, 12), np.uint16), 3)[0]
    assert len(set(same.tolist())) == 3
