"""What is read of an answer, whatever a server sends."""

import json
import math
from typing import Any

import pytest

from recall.judge.completions import MAX_CONTENT, Completion, Question, completion_of, shares_of
from tests.judge_server import completion

YES_NO = ("YES", "NO")


def answer(content: Any = "YES", logprobs: Any = None, **more: Any) -> bytes:
    return json.dumps({"choices": [{"message": {"content": content}, "logprobs": logprobs}], **more}).encode()


def position(token: str, **tokens: float) -> dict[str, Any]:
    return {"token": token, "top_logprobs": [{"token": name, "logprob": value} for name, value in tokens.items()]}


def test_spellings_are_added_and_a_missing_option_is_as_likely_as_the_last() -> None:
    assert shares_of(Completion("", {"YES": -1.0, " yes": -1.0, "No": -1.0}), YES_NO) == pytest.approx([2 / 3, 1 / 3])
    shares = shares_of(Completion("", {"YES": 0.0, "Oui": -10.0}), YES_NO)
    assert shares == pytest.approx([1 / (1 + math.exp(-10)), 1 / (1 + math.exp(10))])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("YES", 0),
        (" no.", 1),
        ("**Yes**", 0),
        ("Answer: NO", 1),
        ("The answer is yes", 0),
        ("No, it is a shop", 1),
        ("Maybe", None),
        ("", None),
        ("Yesterday", None),
        ("\u0000\ud800", None),
    ],
)
def test_a_plain_answer_names_its_option_first(content: str, said: int | None) -> None:
    shares = shares_of(completion_of(answer(content)), YES_NO)
    assert shares == (None if said is None else [1.0 - said, float(said)])


def test_log_probabilities_without_an_option_leave_the_answer_to_its_text() -> None:
    first = {"content": [position("Sure", Sure=-0.1, Well=-2.0)]}
    assert shares_of(completion_of(answer("yes", first)), YES_NO) == [1.0, 0.0]


def test_where_an_option_starts_another_the_text_decides() -> None:
    options = [str(number) for number in range(1, 13)]
    shares = shares_of(Completion("12", {"1": -0.1, "3": -4.0}), options)
    assert shares == [float(option == "12") for option in options]


def test_the_first_token_that_is_a_word_counts() -> None:
    logprobs = {"content": [position("\n", YES=-9.0, NO=-0.1), position(" NO", YES=-3.0, NO=-0.1)]}
    kept = completion_of(answer("\nNO", logprobs)).logprobs
    assert kept == {"YES": -3.0, "NO": -0.1}


HOSTILE = {
    "nothing": b"",
    "no JSON": b"<html>busy</html>",
    "half": answer()[:40],
    "an array": b"[1, 2]",
    "a number": b"7",
    "no choices": b"{}",
    "empty choices": b'{"choices": []}',
    "choices of another kind": b'{"choices": {"0": 1}}',
    "no content": b'{"choices": [{"message": {}}]}',
    "a refusal": b'{"choices": [{"message": {"content": null, "refusal": "no"}}]}',
    "content of parts": answer([{"type": "text", "text": "YES"}]),
    "nested too deep": b'{"choices":' + b"[" * 200_000,
    "not UTF-8": b'{"choices": "\xff"}',
    "an integer too long": b'{"choices": ' + b"9" * 10_000 + b"}",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_completion_has_its_problem_in_words(data: bytes) -> None:
    read = completion_of(data)
    assert read.problem
    assert shares_of(read, YES_NO) is None


@pytest.mark.parametrize(
    "logprobs",
    [
        [],
        {},
        {"content": None},
        {"content": [{}]},
        {"content": [position("YES")]},
        {"content": [{"token": "YES", "top_logprobs": [{"token": "YES", "logprob": "much"}]}]},
        {"content": [{"token": "YES", "top_logprobs": [{"token": "YES", "logprob": float("nan")}]}]},
        "text",
    ],
)
def test_broken_log_probabilities_leave_the_answer_to_its_text(logprobs: Any) -> None:
    assert shares_of(completion_of(answer("YES", logprobs)), YES_NO) == [1.0, 0.0]


def test_impossible_log_probabilities_are_bounded() -> None:
    logprobs = {"content": [position("YES", YES=5.0, NO=float("-inf"))]}
    assert completion_of(answer("YES", logprobs)).logprobs == {"YES": 0.0, "NO": -100.0}


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 7, "completion_tokens": 2}, (7, 2)),
        ({"prompt_tokens": -7, "completion_tokens": 10**30}, (0, 10**9)),
        ({"prompt_tokens": "7", "completion_tokens": True}, (0, 0)),
        (None, (0, 0)),
        ([1], (0, 0)),
    ],
)
def test_tokens_are_counted_as_far_as_they_are_numbers(usage: Any, tokens: tuple[int, int]) -> None:
    read = completion_of(answer(usage=usage))
    assert (read.prompt_tokens, read.completion_tokens) == tokens


def test_long_answers_and_lone_surrogates_are_kept_as_bounded_text() -> None:
    read = completion_of(answer("\ud800" + "x" * 10_000))
    assert read.content.encode()
    assert len(read.content) <= MAX_CONTENT + 10


def test_the_local_server_gives_shares_as_it_was_told() -> None:
    data = json.dumps(completion({"YES": 0.8, "NO": 0.2})).encode()
    assert shares_of(completion_of(data), YES_NO) == pytest.approx([0.8, 0.2])


def test_a_question_is_known_by_model_and_prompt() -> None:
    same = Question("m", "p\ud800", "one"), Question("m", "p\ud800", "two")
    assert same[0].id == same[1].id
    assert len({same[0].id, Question("n", "p").id, Question("m", "q").id, Question("mp", "").id}) == 4
    assert json.dumps(same[0].body()).encode()
