"""The language model that judges pages, against a server on loopback."""

import time
from typing import Any

import pytest

from recall.config import JudgeSection
from recall.errors import BadInput, Refused, Transient
from recall.records import MARK
from recall.steps.seed.judge import Judge, Pace, share_of_yes


def judge(stub: Any, attempts: int = 2, **settings: Any) -> Judge:
    return Judge(JudgeSection(url=stub.url, model="small", per_minute=0, **settings), attempts)


def test_the_score_is_the_share_of_yes_to_each_question(stub: Any) -> None:
    stub.sure = lambda prompt: 0.75 if "First?" in prompt else 0.4
    shares = judge(stub, questions=("First?", "Second?")).score("a page")
    assert shares == pytest.approx([0.75, 0.4])


def test_a_request_asks_for_one_token_and_its_log_probabilities(stub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECALL_JUDGE_KEY", "secret")
    judge(stub).score("a page")
    assert len(stub.requests) == 2
    for request in stub.requests:
        assert (request["model"], request["max_tokens"], request["temperature"]) == ("small", 1, 0)
        assert request["logprobs"] is True
        assert request["top_logprobs"] == 20
    assert stub.paths == ["/v1/chat/completions"] * 2
    assert stub.keys == ["Bearer secret"] * 2


def test_the_judge_sees_the_first_characters_and_no_marks(stub: Any) -> None:
    judge(stub).score("x" * 5000 + f"end{MARK}pre3")
    prompt = stub.requests[0]["messages"][0]["content"]
    assert "x" * 4096 in prompt
    assert "x" * 4097 not in prompt
    assert MARK not in prompt


def test_busy_and_broken_servers_are_asked_again(stub: Any) -> None:
    stub.failures = [429, 503]
    assert len(judge(stub, attempts=3).score("a page")) == 2
    assert len(stub.requests) == 4


def test_a_server_that_stays_broken_ends_the_seed_for_now(stub: Any) -> None:
    stub.failures = [500, 500]
    with pytest.raises(Transient, match="run again"):
        judge(stub).score("a page")


def test_a_key_that_is_not_accepted_is_not_tried_again(stub: Any) -> None:
    stub.failures = [401]
    with pytest.raises(Refused, match="401"):
        judge(stub).score("a page")
    assert len(stub.requests) == 1


def test_an_answer_without_log_probabilities_is_refused(stub: Any) -> None:
    stub.plain = True
    with pytest.raises(BadInput, match="log-probabilities"):
        judge(stub).score("a page")


def test_other_schemes_are_refused() -> None:
    with pytest.raises(BadInput, match="http"):
        Judge(JudgeSection(url="file:///etc"), 1).score("a page")


def test_spellings_are_added_and_a_missing_answer_is_as_likely_as_the_last() -> None:
    assert share_of_yes({"YES": -1.0, " yes": -1.0, "No": -1.0}) == pytest.approx(2 / 3)
    assert share_of_yes({"YES": 0.0, "Oui": -10.0}) == pytest.approx(1 / (1 + 2.718281828**-10))
    with pytest.raises(ValueError, match="neither"):
        share_of_yes({"Oui": -0.1})


def test_requests_keep_their_distance() -> None:
    pace = Pace(per_minute=1200)
    start = time.monotonic()
    for _ in range(4):
        pace.wait()
    assert time.monotonic() - start >= 0.15
