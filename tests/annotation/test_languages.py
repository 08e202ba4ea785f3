"""Candidates of rare languages come to the front."""

import random
from collections import Counter

from annotation.bottom_k import Seen
from annotation.languages import ByLanguage


def page(number: int) -> Seen:
    return Seen(0, number, f"https://a.example/{number}", 0, 1, 0.5)


PAGES = [("en", number) for number in range(50)] + [("de", 50 + number) for number in range(8)]
PAGES += [("ja", 70), ("ja", 71), ("", 80)]


def given(pages: list[tuple[str, int]], capacity: int = 5) -> ByLanguage:
    found = ByLanguage(capacity)
    for language, number in pages:
        found.offer(language, (number,), page(number))
    return found


def test_all_but_the_commonest_language_have_their_turn_the_rarest_first() -> None:
    assert [seen.row for seen in given(PAGES).in_turn()] == [70, 50, 71, 51, 52, 53, 54]


def test_neither_order_nor_who_looked_matters() -> None:
    mixed = random.Random(1).sample(PAGES, len(PAGES))
    one = given(mixed[:20])
    one.merge(given(mixed[20:]))
    assert one.in_turn() == given(PAGES).in_turn()


def test_one_language_alone_is_the_commonest() -> None:
    assert given(PAGES[:50]).in_turn() == []
    assert given(PAGES, capacity=0).in_turn() == []
    assert Counter(seen.row for seen in given(PAGES * 2).in_turn()).most_common(1)[0][1] == 1
