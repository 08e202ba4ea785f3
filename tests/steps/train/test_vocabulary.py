"""What the tokenizer learns from: languages that few pages are in count more often."""

from collections import Counter

import pytest

from recall.model.tokens import Tokenizer
from recall.records import MARK
from recall.steps.train.vocabulary import FIRST, MOST_TIMES, vocabulary_texts

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
