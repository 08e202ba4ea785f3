"""A language model among a round's annotators: against a server of known errors."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import annotation.judging as module
from annotation.answers import Answer, add_answers, read_tasks
from annotation.judge_votes import JudgeRecord
from annotation.judging import CHECKED, choices_of, guideline_text, judge_tasks
from annotation.label_state import LabelState, label_state_of
from annotation.label_step import advance, conclude
from annotation.progress_lines import progress_lines
from annotation.tasks import JUDGED, push
from recall.config import parse_config
from recall.errors import Transient
from recall.judge import Completion, take_answers
from recall.labels import page_labels
from recall.records import JUDGE, Done, Waiting
from recall.run.rounds import Run
from tests.annotation.conftest import PLAIN, Loop, MakeLoop, invent_crawl
from tests.judge.test_batch_files import write
from tests.judge_server import JudgeServer, annotator, completion, serving

TRUTH = {site.url: site.code for site in invent_crawl()}


@pytest.fixture
def server() -> Iterator[JudgeServer]:
    with serving(JudgeServer(annotator(TRUTH, 0.0))) as one:
        yield one


MakeJudged = Callable[..., Loop]


@pytest.fixture
def make_judged(make_loop: MakeLoop, server: JudgeServer) -> MakeJudged:
    """A run whose first round is pushed, with a judge. label: further lines of [label]; attempts: of a request."""

    def make(label: str = PLAIN, name: str = "run", attempts: int = 6, **judge: Any) -> Loop:
        settings = {"url": f'"{server.url}"', "model": '"small"', "people": 4, **judge}
        section = "".join(f"{key} = {value}\n" for key, value in settings.items())
        loop = make_loop(name=name, label=label, more=f"[access]\nattempts = {attempts}\n[judge]\n{section}")
        push(loop.first)
        return loop

    return make


def answer_by_people(state: LabelState, error: Callable[[str], bool] = lambda _: False) -> None:
    """People answer what is open, as TRUTH has it, or the opposite."""
    answers = [
        Answer(task.key, task.target, "page", "C" if TRUTH[task.target] != error(task.target) else "N", "ann")
        for task in state.open
        if task.kind == "page"
    ]
    add_answers(state.round, answers)


def judged_rows(loop: Loop) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = loop.run.store.read_table(loop.first.step("label").key(JUDGED)).to_pylist()
    return rows


def test_the_judge_sees_the_guideline_the_url_and_the_text(make_judged: MakeJudged, server: JudgeServer) -> None:
    loop = make_judged()
    judge_tasks(loop.first)
    prompts = {body["messages"][0]["content"] for body in server.requests}
    assert len(prompts) == len(loop.run.store.read_table("rounds/1/label/tasks.parquet").to_pylist())
    for prompt in prompts:
        assert prompt.startswith(
            "Guideline\nWould this page's main content help someone who learns, writes or runs code?"
        )
        assert "\nURL: https://" in prompt
        assert "def main(): return 0" in prompt or "lovely shoes & socks" in prompt
        assert prompt.endswith("1: code\n2: adjacent\n3: not code\n4: junk\nAnswer with the number alone.\nAnswer:")


def test_no_markup_is_left_in_the_guideline() -> None:
    assert "<" not in guideline_text()
    assert "- Junk: error, login" in guideline_text()


def test_all_audit_pages_and_as_many_others_as_configured_go_to_people(make_judged: MakeJudged) -> None:
    loop = make_judged(people=8)
    judge_tasks(loop.first)
    tasks = [task for task in read_tasks(loop.first) if task.kind == "page"]
    asked = [task for task in tasks if task.votes]
    assert sum(task.use == "audit" for task in asked) == sum(task.use == "audit" for task in tasks) == 12
    assert sum(task.use == "train" for task in asked) == 8
    assert sum(task.checked for task in asked) == 8 * CHECKED


def test_people_are_asked_where_judge_and_model_disagree(make_judged: MakeJudged) -> None:
    """The judge knows the truth here; gold pages have shown it."""
    loop = make_judged(PLAIN, people=4)
    always = JudgeRecord(50, 50, 49, 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "label_state", lambda _: type("State", (), {"judge": always, "excluded": frozenset()}))
        judge_tasks(loop.first)
    rows = {row["key"]: row for row in judged_rows(loop)}
    tasks = {task.key: task for task in read_tasks(loop.first) if task.kind == "page" and task.use == "train"}
    sure = sorted(rows[key]["confidence"] for key in tasks)
    chosen = [rows[key]["confidence"] for key, task in tasks.items() if task.votes and not task.checked]
    assert max(chosen) <= sure[4]


def test_with_as_many_as_there_are_everything_goes_to_people_and_measures(make_judged: MakeJudged) -> None:
    loop = make_judged(people=300)
    judge_tasks(loop.first)
    assert all(row["people"] for row in judged_rows(loop))
    assert all(task.checked for task in read_tasks(loop.first) if task.use == "train" and task.kind == "page")


def test_a_round_ends_with_labels_of_people_and_of_the_judge(make_judged: MakeJudged) -> None:
    loop = make_judged(people=4)
    judge_tasks(loop.first)
    state = label_state_of(loop.first)
    assert len([task for task in state.open if task.kind == "page"]) == 12 + 4
    answer_by_people(state)
    ended = conclude(label_state_of(loop.first), now=True)
    assert isinstance(ended, Done)
    labels = page_labels(loop.run, [1])
    assert all(label.value == ("C" if TRUTH[url] else "N") or not TRUTH[url] for url, label in labels.items())
    alone = [label for label in labels.values() if label.annotators == (JUDGE,)]
    assert len(alone) == ended.counts["judged_alone"]
    assert len(alone) > 8
    assert all(label.use == "train" and label.error_chance is not None for label in alone)


def test_the_judge_never_decides_an_audit_page(make_judged: MakeJudged) -> None:
    loop = make_judged(people=0)
    judge_tasks(loop.first)
    state = label_state_of(loop.first)
    assert {task.use for task in state.open if task.kind == "page"} == {"audit"}
    ended = conclude(state, now=True)
    assert isinstance(ended, Done)
    assert ended.counts["audit"] == 0


@pytest.mark.parametrize(("error", "worth"), [(0.0, True), (1.0, False)])
def test_a_judge_is_found_out(error: float, worth: bool, make_judged: MakeJudged, server: JudgeServer) -> None:
    server.say = annotator(TRUTH, error)
    loop = make_judged(people=300)
    judge_tasks(loop.first)
    answer_by_people(label_state_of(loop.first))
    state = label_state_of(loop.first)
    assert (JUDGE in state.excluded) is not worth
    (line,) = [line for line in progress_lines(state) if line.startswith("  judge: wrong on")]
    assert ("its votes are worth nothing" in line) is not worth
    ended = conclude(state, now=True)
    assert isinstance(ended, Done)
    summary = loop.run.store.read_json("rounds/1/label/agreement.json")
    assert summary["judge"]["error"]["value"] == pytest.approx(error / 2, abs=0.01)
    assert (JUDGE in summary["left_out"]) is not worth
    if not worth:
        assert any("the judge is left out" in note for note in loop.first.step("label").manifest.notes)


def test_a_judge_that_was_not_measured_labels_nothing_alone(make_judged: MakeJudged) -> None:
    loop = make_judged(people=0)
    judge_tasks(loop.first)
    ended = conclude(label_state_of(loop.first), now=True)
    assert isinstance(ended, Done)
    assert ended.counts["judged_alone"] == 0


def test_a_killed_round_asks_for_the_rest_only_and_ends_the_same(make_judged: MakeJudged, server: JudgeServer) -> None:
    loop = make_judged(workers=1, attempts=1)
    server.failures = [200] * 10 + [500]
    with pytest.raises(Transient):
        judge_tasks(loop.first)
    judge_tasks(loop.first)
    judge_tasks(loop.first)
    assert len(server.requests) == 32 + 1
    assert len(judged_rows(loop)) == 32


def test_the_result_does_not_depend_on_the_order_of_answers(make_judged: MakeJudged) -> None:
    results = set()
    for workers in (1, 8):
        loop = make_judged(name=f"run{workers}", workers=workers, people=6)
        judge_tasks(loop.first)
        results.add(str((judged_rows(loop), label_state_of(loop.first).answers)))
    assert len(results) == 1


def test_offline_questions_are_waited_for(make_judged: MakeJudged, tmp_path: Any, server: JudgeServer) -> None:
    loop = make_judged(batch="true")
    waiting = advance(loop.first)
    assert isinstance(waiting, Waiting)
    assert (waiting.count, waiting.url.endswith("/judge/")) == (32, True)
    requests = [
        json.loads(line) for key in loop.run.store.keys("judge/") for line in loop.run.store.read(key).splitlines()
    ]
    say = annotator(TRUTH, 0.0)
    answers = [
        {
            "custom_id": one["custom_id"],
            "response": {"status_code": 200, "body": completion(say(one["body"]["messages"][0]["content"]))},
        }
        for one in requests
    ]
    take_answers(loop.run, [write(tmp_path / "a", answers)])
    advance(loop.first)
    assert len(judged_rows(loop)) == 32
    assert server.requests == []


def test_choices_of_a_run_with_topics_have_their_tags() -> None:
    config = parse_config('[train]\nlabels = "all"\ntopics = { C = "Code", M = "Math" }\n', "c")
    choices = choices_of(config)
    assert choices.lines().splitlines()[-1] == "5: Math"
    assert choices.read(Completion("5")) == module.Judgement("M", 1.0)
    mixed = {"1": -1.2, "5": -1.2, "3": -0.9, "2": -9.0, "4": -9.0}
    said = choices.read(Completion("3", mixed))
    assert said is not None
    assert said.value in {"C", "M"}  # the likelier class, though the likeliest label is of the other
    assert choices.read(Completion("perhaps")) is None


def test_without_a_judge_nothing_changes(loop: Loop) -> None:
    push(loop.first)
    judge_tasks(loop.first)
    assert not loop.run.store.exists(loop.first.step("label").key(JUDGED))
    assert label_state_of(loop.first).judge is None
    assert isinstance(Run.open(loop.run.store.root), Run)
