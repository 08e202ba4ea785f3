"""Many questions at a time: order, kills, retries, what is kept."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recall.errors import BadInput, Refused, Transient
from recall.judge import Completion, Question, account_of, consult, shares_of
from recall.judge.answer_log import ROWS, AnswerLog, read_answers
from recall.judge.endpoint import KEY_VARIABLE, Endpoint, Pace
from recall.run.rounds import Run
from tests.judge.conftest import MakeRun
from tests.judge_server import JudgeServer


def yes(completion: Completion) -> float | None:
    shares = shares_of(completion, ("YES", "NO"))
    return None if shares is None else round(shares[0], 6)


def asked(run: Run, questions: list[Question]) -> list[tuple[str, float | None]]:
    return list(consult(run, questions, yes))


RIGHT = [(str(number), 0.9 if number % 3 == 0 else 0.0) for number in range(30)]


def test_answers_come_in_the_order_of_the_questions(make_run: MakeRun, questions: Any, server: JudgeServer) -> None:
    run = make_run(workers=7)
    answers = asked(run, questions)
    assert [subject for subject, _ in answers] == [subject for subject, _ in RIGHT]
    assert [value for _, value in answers] == pytest.approx([value for _, value in RIGHT], abs=1e-6)
    assert len(server.requests) == 30
    assert asked(run, questions) == answers
    assert len(server.requests) == 30


def test_as_many_requests_are_under_way_as_there_are_workers(
    make_run: MakeRun, questions: Any, server: JudgeServer
) -> None:
    server.barrier = threading.Barrier(6)  # none is answered before six were asked
    asked(make_run(workers=6), questions)
    assert server.most_at_once == 6


def test_a_plain_server_answers_as_well(make_run: MakeRun, questions: Any, server: JudgeServer) -> None:
    server.plain = True
    assert [value for _, value in asked(make_run(), questions)] == [float(value > 0) for _, value in RIGHT]


def test_a_server_that_refuses_logprobs_is_asked_without(
    make_run: MakeRun, questions: Any, server: JudgeServer
) -> None:
    server.plain = server.refuses_logprobs = True
    assert None not in [value for _, value in asked(make_run(workers=1), questions)]
    assert sum("logprobs" in body for body in server.requests) == 1


def test_the_same_question_is_asked_once(make_run: MakeRun, server: JudgeServer) -> None:
    twice = [Question("small", "code", "a"), Question("small", "code", "b")]
    assert [subject for subject, _ in asked(make_run(), twice)] == ["a", "b"]
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_busy_and_broken_servers_are_asked_again(
    status: int, make_run: MakeRun, questions: Any, server: JudgeServer
) -> None:
    server.failures = [status] * 3
    assert None not in [value for _, value in asked(make_run(workers=4), questions)]


def test_all_wait_when_the_server_asks_for_a_pause(make_run: MakeRun, server: JudgeServer) -> None:
    server.failures, server.retry_after = [429], "60"
    held: list[float] = []

    class Clock(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            held.append(timeout or 0.0)
            return False

    endpoint = Endpoint(make_run().config.judge, attempts=2, gone=Clock())
    endpoint.ask(Question("small", "code"))
    assert max(held) > 59


def test_a_server_that_stays_broken_ends_it_for_now_and_what_was_answered_is_kept(
    make_run: MakeRun, questions: Any, server: JudgeServer
) -> None:
    run = make_run(workers=1)
    server.failures = [200] * 10 + [500, 500]
    with pytest.raises(Transient, match="run again"):
        asked(run, questions)
    assert asked(run, questions)[0][1] == pytest.approx(0.9, abs=1e-6)
    assert len(server.requests) == 30 + 2


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_key_or_model_that_is_not_accepted_is_not_tried_again(
    status: int, make_run: MakeRun, questions: Any, server: JudgeServer
) -> None:
    server.failures = [status] * 100
    with pytest.raises(Refused, match=f"{status}; check .* model and RECALL_JUDGE_KEY"):
        asked(make_run(workers=1), questions)
    assert len(server.requests) <= 2


HOSTILE = {
    "no JSON": b"<html>busy</html>",
    "nothing": b"",
    "another word": b'{"choices": [{"message": {"content": "Perhaps"}}]}',
    "huge": b"[" + b" " * (3 << 20),
    "another shape": b'{"answer": "YES"}',
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_an_answer_that_cannot_be_used_costs_its_page_and_no_other(
    body: bytes, make_run: MakeRun, questions: Any, server: JudgeServer
) -> None:
    run = make_run(workers=1)
    server.raw = [body]
    values = [value for _, value in asked(run, questions)]
    assert values[0] is None
    assert None not in values[1:]
    assert asked(run, questions)[0][1] is not None  # asked again by the next call
    assert account_of(run.store, run.config.judge) is not None


def test_a_page_that_the_server_refuses_is_passed_over(make_run: MakeRun, questions: Any, server: JudgeServer) -> None:
    server.failures = [413]
    assert [value for _, value in asked(make_run(workers=1), questions)].count(None) == 1


def test_a_model_that_answers_something_else_every_time_is_an_error(
    make_run: MakeRun, questions: Any, server: JudgeServer
) -> None:
    server.raw = [b'{"choices": [{"message": {"content": "Hello! How can I help?"}}]}'] * 100
    with pytest.raises(BadInput, match=r"none of the first \d+ answers can be used.*Hello"):
        asked(make_run(workers=1), questions)
    assert len(server.requests) == 20


def test_a_body_that_never_ends_is_given_up(make_run: MakeRun, server: JudgeServer) -> None:
    run = make_run(timeout_seconds=0.3)
    server.barrier = threading.Barrier(3)  # so many never come
    with pytest.raises(Transient, match="2 attempts failed"):
        asked(run, [Question("small", "code")])
    server.barrier.abort()


def test_the_key_is_sent_and_lies_nowhere(
    make_run: MakeRun, questions: Any, server: JudgeServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "s3cr3t-key\n")
    run = make_run()
    asked(run, questions)
    assert set(server.keys) == {"Bearer s3cr3t-key"}
    server.failures = [401] * 50
    with pytest.raises(Refused) as refused:
        asked(run, [Question("other", "code")])
    assert "s3cr3t" not in str(refused.value)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"s3cr3t" in path.read_bytes()]


@pytest.mark.parametrize("key", ["s3cr3t\nkey", "s3cr3t key", "s3cr3t\x7f", "s3cr3t\u00e9"])
def test_a_key_that_no_header_can_hold_is_refused_and_not_shown(
    key: str, make_run: MakeRun, server: JudgeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, key)
    with pytest.raises(Refused, match=KEY_VARIABLE) as refused:
        asked(make_run(), [Question("small", "code")])
    assert "s3cr3t" not in str(refused.value)
    assert server.requests == []


def test_a_url_with_a_password_is_refused_and_not_shown(make_run: MakeRun) -> None:
    with pytest.raises(BadInput, match=f"user name or password; give a key in {KEY_VARIABLE}") as refused:
        asked(make_run(url="http://me:s3cr3t@localhost/v1"), [Question("small", "code")])
    assert "s3cr3t" not in str(refused.value)


def test_other_schemes_are_refused(make_run: MakeRun, questions: Any) -> None:
    with pytest.raises(BadInput, match="http"):
        asked(make_run(url="file:///etc"), questions)


def test_a_stream_of_questions_is_taken_as_answers_come(make_run: MakeRun) -> None:
    taken = 0

    def stream() -> Iterator[Question]:
        nonlocal taken
        for number in range(100):
            taken += 1
            yield Question("small", f"code {number}", str(number))

    for got, _ in enumerate(consult(make_run(workers=3), stream(), yes), 1):
        assert taken - got <= 4 * 3


def test_who_stops_early_keeps_what_was_answered(make_run: MakeRun, questions: Any, server: JudgeServer) -> None:
    run = make_run(workers=2)
    answers = consult(run, questions, yes)
    next(answers)
    answers.close()  # type: ignore[attr-defined]
    kept = len(read_answers(run.store, yes))
    assert kept == len(server.requests) < 30
    asked(run, questions)
    assert len(server.requests) == 30


def test_answers_lie_in_few_files(make_run: MakeRun, questions: Any) -> None:
    run = make_run()
    asked(run, questions)
    assert len(run.store.keys("judge/")) == 1


def test_parts_are_gathered_and_a_kill_between_loses_and_doubles_nothing(make_run: MakeRun) -> None:
    run = make_run()
    log = AnswerLog(run.store)
    for start in range(0, ROWS, ROWS // 4):
        log.add((f"{number:06}", Completion("YES", {}, 2, 1)) for number in range(start, start + ROWS // 4 - 1))
    parts = run.store.keys("judge/part-")
    assert len(parts) == 4
    killed = AnswerLog(run.store)
    killed._parts = []  # as if it had died before it removed them
    killed.gather()
    assert len(read_answers(run.store, yes)) == ROWS - 4
    account = account_of(run.store, run.config.judge)
    assert account is not None
    assert (account.answers, account.prompt_tokens) == (ROWS - 4, 2 * (ROWS - 4))
    AnswerLog(run.store).gather()
    assert len(run.store.keys("judge/")) == 1


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_answers_the_same_counts_whatever_their_order(order: tuple[int, ...], make_run: MakeRun) -> None:
    run = make_run()
    both = [("id", Completion("YES")), ("id", Completion("NO"))]
    for index in order:
        AnswerLog(run.store).add([both[index]])
    assert read_answers(run.store, lambda one: one.content) == {"id": "YES"}


def test_an_answer_counts_before_a_problem(make_run: MakeRun) -> None:
    run = make_run()
    AnswerLog(run.store).add([("id", Completion(problem="no JSON")), ("id", Completion("YES"))])
    assert read_answers(run.store, yes) == {"id": 1.0}


def test_tokens_and_cost_are_counted(make_run: MakeRun, questions: Any) -> None:
    run = make_run(price=[2.0, 10.0])
    asked(run, questions)
    account = account_of(run.store, run.config.judge)
    assert account is not None
    assert (account.answers, account.prompt_tokens, account.completion_tokens) == (30, 3000, 30)
    assert account.cost == pytest.approx((3000 * 2 + 30 * 10) / 1e6)
    assert "30 answers; 3000 tokens of prompts, 30 of answers, cost 0.01" in account.line()


def test_requests_keep_their_distance() -> None:
    import time

    pace = Pace(per_minute=1200)
    start = time.monotonic()
    for _ in range(4):
        pace.wait()
    assert time.monotonic() - start >= 0.15
