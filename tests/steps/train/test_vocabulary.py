"""What the tokenizer learns from: languages that few pages are in count more often; which tokens a model learns."""

from collections import Counter

import numpy as np
import pytest

from recall.model.features import Ids
from recall.model.tokens import Tokenizer
from recall.records import MARK
from recall.steps.train.vocabulary import FIRST, MOST_TIMES, PER_FAMILIES, supported, vocabulary_texts

ENGLISH = "This is a page about the weather and what people of the town said about it. " * 9
GERMAN = "Das ist eine Seite über das Wetter und was die Leute in der Stadt dazu gesagt haben. " * 9
TEXTS = [f"{number} {ENGLISH}{MARK}pre1" for number in range(16)] + [GERMAN]


@pytest.mark.parametrize(("balance", "times"), [(0.0, 1), (0.5, 4), (1.0, MOST_TIMES)])
def test_texts_of_a_rare_language_come_several_times(balance: float, times: int) -> None:
    counts = Counter(vocabulary_texts(TEXTS, balance))
    assert counts.pop(GERMAN) == times
    assert set(counts.values()) == {1}
    assert len(counts) == 16


def test_marks_and_what_stands_far_down_are_left_out() -> None:
    given = list(vocabulary_texts([f"a{MARK}pre1", "b" * (FIRST + 1), ""], 0.5))
    assert set(given) == {"a", "b" * FIRST, ""}


def test_words_of_the_rare_language_become_tokens() -> None:
    def pieces(balance: float) -> int:
        tokenizer = Tokenizer.train(vocabulary_texts(TEXTS, balance), 256 + 20)
        return len(tokenizer.encode([GERMAN])[0])

    assert pieces(1.0) < pieces(0.0)


def learned(lines: list[Ids], families: list[str], size: int, minimum: int) -> list[Ids]:
    keep = supported(lines, families, size, minimum)
    return [line[keep[line]] for line in lines]


def test_tokens_of_too_few_families_go_and_order_stays() -> None:
    families = [f"site{number}" for number in range(2 * PER_FAMILIES)]
    lines = [np.array([7, 3, number + 10], dtype=np.uint32) for number in range(len(families))]
    lines[0] = np.array([10, 7, 7, 3], dtype=np.uint32)
    kept = learned(lines, families, 100, 5)
    assert [line.tolist() for line in kept] == [[7, 7, 3], *[[7, 3]] * (len(lines) - 1)]


def test_many_pages_of_one_family_count_once() -> None:
    families = ["one"] * 50 + [f"site{number}" for number in range(2 * PER_FAMILIES)]
    lines = [np.array([1], dtype=np.uint32)] * 50 + [np.array([2], dtype=np.uint32)] * (2 * PER_FAMILIES)
    kept = learned(lines, families, 3, 2)
    assert not any(len(line) for line in kept[:50])
    assert all(line.tolist() == [2] for line in kept[50:])


def test_few_families_keep_all_their_words() -> None:
    lines = [np.array([number], dtype=np.uint32) for number in range(2 * PER_FAMILIES - 1)]
    families = [str(number) for number in range(len(lines))]
    assert [line.tolist() for line in learned(lines, families, 100, 5)] == [line.tolist() for line in lines]


def test_a_minimum_of_none_keeps_all() -> None:
    lines = [np.array([number], dtype=np.uint32) for number in range(100)]
    assert len(learned(lines, [str(number) for number in range(100)], 100, 0)[3]) == 1
