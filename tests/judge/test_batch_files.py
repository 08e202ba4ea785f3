"""Questions out as files, answers in from files, in any order."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import recall.judge.batch_files as module
from recall.cli import verbs
from recall.errors import BadInput
from recall.judge import AnswersWanted, Question, answer_log, consult, take_answers
from recall.run.rounds import Run
from tests.judge.conftest import MakeRun
from tests.judge.test_consultation import RIGHT, yes
from tests.judge_server import JudgeServer, completion


def requests_of(run: Run) -> list[dict[str, Any]]:
    return [json.loads(line) for key in run.store.keys("judge/requests-") for line in run.store.read(key).splitlines()]


def answer_to(request: dict[str, Any]) -> dict[str, Any]:
    code = "code" in request["body"]["messages"][0]["content"]
    body = completion({"YES": 0.9, "NO": 0.1} if code else {"YES": 0, "NO": 1})
    return {"id": "b", "custom_id": request["custom_id"], "response": {"status_code": 200, "body": body}, "error": None}


def write(path: Path, lines: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


@pytest.fixture
def run(make_run: MakeRun, questions: list[Question]) -> Run:
    """A run whose questions lie in files."""
    made = make_run(batch=True)
    with pytest.raises(AnswersWanted, match=r"30 questions .*requests-\*\.jsonl; .* recall judge .*run0 ANSWERS"):
        list(consult(made, questions, yes))
    return made


def test_requests_have_the_form_of_a_batch_and_no_request_is_sent(run: Run, server: JudgeServer) -> None:
    listed = requests_of(run)
    assert len(listed) == 30
    for request in listed:
        assert set(request) == {"custom_id", "method", "url", "body"}
        assert (request["method"], request["url"]) == ("POST", "/v1/chat/completions")
        assert (request["body"]["model"], request["body"]["temperature"]) == ("small", 0)
    assert server.requests == []


def test_answers_may_come_in_any_order_in_several_files(run: Run, questions: list[Question], tmp_path: Path) -> None:
    answers = [answer_to(request) for request in requests_of(run)]
    random.Random(1).shuffle(answers)
    files = [write(tmp_path / "a", answers[:11]), write(tmp_path / "b", answers[11:])]
    assert take_answers(run, files).lines() == ["30 answers taken, 0 questions still without one"]
    assert [value for _, value in consult(run, questions, yes)] == pytest.approx([v for _, v in RIGHT], abs=1e-6)
    assert requests_of(run) == []


def test_what_is_missing_or_failed_is_told_and_stays_wanted(
    run: Run, questions: list[Question], tmp_path: Path
) -> None:
    answers = [answer_to(request) for request in requests_of(run)[:-5]]
    answers[0] |= {"response": None, "error": {"code": "batch_expired", "message": "not run in\n24 h"}}
    answers[1]["response"] = {"status_code": 429, "body": {"error": {"message": "too many"}}}
    answers[2]["response"]["body"] = {"choices": []}
    answers.append(answer_to({**requests_of(run)[5], "custom_id": "stranger"}))
    answers.append(answers[9])
    file = write(tmp_path / "a", answers)
    lines = take_answers(run, [file]).lines()
    assert lines == [
        "22 answers taken, 8 questions still without one; 1 were answered before; "
        "1 lines are of no question of this run",
        f"{file}:1: custom_id {answers[0]['custom_id']}: not run in\\n24 h",
        f"{file}:2: custom_id {answers[1]['custom_id']}: answered 429: too many",
        f"{file}:3: custom_id {answers[2]['custom_id']}: no choices[0].message.content",
    ]
    with pytest.raises(AnswersWanted, match="8 questions"):
        list(consult(run, questions, yes))
    assert len(requests_of(run)) == 8


def test_many_failures_are_counted_by_reason(run: Run, tmp_path: Path) -> None:
    failed = [{"custom_id": request["custom_id"], "error": "expired"} for request in requests_of(run)]
    lines = take_answers(run, [write(tmp_path / "a", failed)]).lines()
    assert len(lines) == 1 + 10 + 1
    assert lines[-1] == "30 failed: expired"


def test_who_gives_up_does_without(run: Run, questions: list[Question], tmp_path: Path) -> None:
    file = write(tmp_path / "a", [answer_to(request) for request in requests_of(run)[:20]])
    take_answers(run, [file], give_up=True)
    assert sum(value is None for _, value in consult(run, questions, yes)) == 10


def test_taking_answers_again_changes_nothing(run: Run, tmp_path: Path) -> None:
    file = write(tmp_path / "a", [answer_to(request) for request in requests_of(run)])
    take_answers(run, [file])
    before = run.store.keys("judge/")
    assert take_answers(run, [file]).again == 30
    assert run.store.keys("judge/") == before


@pytest.mark.parametrize("rows", [3, 10_000])
def test_answers_before_a_line_that_is_none_are_kept(
    run: Run, rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_log, "ROWS", rows)
    file = write(tmp_path / "a", [*(answer_to(request) for request in requests_of(run)[:7]), {"custom_id": 7}])
    with pytest.raises(BadInput, match=":8: no custom_id"):
        take_answers(run, [file])
    assert take_answers(run, []).left == 30 - 7


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("no json\n", ":1: not a JSON object on one line"),
        ('{"custom_id": 7}\n', ":1: no custom_id"),
        ("[]\n", ":1: not a JSON object"),
        ('{"custom_id": "x", "response": null}\n', "no custom_id is of a question in"),
    ],
)
def test_a_file_that_is_no_output_of_a_batch_is_refused_with_its_line(
    run: Run, content: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "a").write_text(content)
    with pytest.raises(BadInput, match=said):
        take_answers(run, [str(tmp_path / "a")])


def test_files_hold_no_more_than_a_batch_may(
    make_run: MakeRun, questions: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REQUESTS", 12)
    run = make_run(batch=True)
    with pytest.raises(AnswersWanted):
        list(consult(run, questions, yes))
    sizes = [len(run.store.read(key).splitlines()) for key in run.store.keys("judge/requests-")]
    assert sizes == [12, 12, 6]
    assert {request["custom_id"] for request in requests_of(run)} == {question.id for question in questions}


def test_the_verb_takes_answers_and_shows_what_they_cost(run: Run, tmp_path: Path) -> None:
    file = write(tmp_path / "a", [answer_to(request) for request in requests_of(run)])
    shown = CliRunner().invoke(verbs, ["judge", run.store.root, file])
    assert shown.output.splitlines() == [
        "30 answers taken, 0 questions still without one",
        "judge: 30 answers; 3000 tokens of prompts, 30 of answers",
    ]


def test_the_verb_says_that_nothing_was_answered(run: Run) -> None:
    shown = CliRunner().invoke(verbs, ["judge", run.store.root])
    assert isinstance(shown.exception, BadInput)
