"""The language model that scores pages for the seed, against a server on loopback."""

from collections.abc import Iterator
from typing import Any

import pytest

from recall.config import Config, JudgeSection
from recall.records import MARK
from recall.steps.seed.collect import SeedPage
from recall.steps.seed.judged_pages import judge_pages, pages_to_judge, questions_about
from tests.steps.seed.conftest import yes_with


def page(number: int, text: str = "text") -> SeedPage:
    return SeedPage(f"https://a.org/{number:03}", None, "a.org", "sample", "p", number, 1, text)


def test_the_score_is_the_product_of_the_shares_of_yes(fresh: Any, stub: Any) -> None:
    stub.say = yes_with(lambda prompt: 0.8 if "First?" in prompt else 0.9)
    run = fresh(judge={"url": stub.url, "questions": ["First?", "Second?"]})
    examples, scores = judge_pages(run, lambda: [page(1)])
    assert scores == {"https://a.org/001": pytest.approx(0.72, abs=1e-3)}
    assert [(one.label, one.source) for one in examples] == [("C", "judge")]


def test_the_judge_sees_the_first_characters_and_no_marks() -> None:
    first, _ = questions_about([page(1, "x" * 5000 + f"end{MARK}pre3")], JudgeSection())
    assert "x" * 4096 in first.prompt
    assert "x" * 4097 not in first.prompt
    assert MARK not in first.prompt


def test_half_of_the_pages_have_marks_where_there_are_such_whatever_their_order() -> None:
    pages = [page(number, f"t{MARK}pre1" if number % 4 == 0 else "t") for number in range(100)]
    config = Config(judge=JudgeSection(pages=20))
    chosen = pages_to_judge(lambda: pages, config)
    assert len(chosen) == 20
    assert sum(int(url[-3:]) % 4 == 0 for url in chosen) == 10
    assert pages_to_judge(lambda: pages[::-1], config) == chosen


def test_pages_stream_past_the_judge(fresh: Any, stub: Any) -> None:
    """No more pages are taken from the sample than a few a worker ahead of the answers."""
    taken: list[int] = []

    def sample() -> Iterator[SeedPage]:
        for number in range(90):
            taken.append(number)
            yield page(number, f"text {number}")

    run = fresh(judge={"url": stub.url, "pages": 90, "workers": 4})
    ahead: list[int] = []
    answer = stub.answer

    def note(body: Any) -> bytes:
        ahead.append(len(taken) - 90 - len(stub.requests) // 2)
        return bytes(answer(body))

    stub.answer = note
    judge_pages(run, sample)
    assert len(stub.requests) == 180
    assert max(ahead) <= 4 * 4


def test_a_page_without_a_usable_answer_has_no_score(fresh: Any, stub: Any) -> None:
    run = fresh(judge={"url": stub.url, "workers": 1})
    stub.raw = [b"<html>busy</html>"]
    examples, scores = judge_pages(run, lambda: [page(1, "return 1"), page(2, "return 2")])
    assert list(scores) == ["https://a.org/002"] == [one.url for one in examples]
