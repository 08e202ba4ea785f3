"""Doubted labels: asked about once more, blind, and decided by both votes or by somebody."""

from collections.abc import Callable
from typing import Any

import pytest

from annotation.answers import Answer, Task, add_answers, read_tasks
from annotation.label_state import label_state_of
from annotation.label_step import conclude
from annotation.pool_rules import MIN_CHANCE, known_answers, suspected_errors
from annotation.tasks import TASKS, push
from recall.labels.decisions import page_labels
from recall.labels.examples import gather
from recall.records import Done

MEASURED = "overlap = 0.0\ngold_votes = 1\nsuspect_share = 0.0\nlanguage_share = 0.0\ndoubted_share = {}"


def say(task: Task, value: str, annotator: str, **more: Any) -> Answer:
    return Answer(task.key, task.target, task.kind, value, annotator, **more)


@pytest.fixture
def go(make_loop: Callable[..., Any], next_round: Callable[[Any], None], tmp_path: Any) -> Callable[[float], Any]:
    """To round 2 at its label step. In round 1 ann called all pages what they are, but two; on gold pages she erred
    once in seven."""

    def make(share: float) -> Any:
        known = [f"https://www.shop{number}.com/news/1.html" for number in range(8)]
        (tmp_path / "gold.jsonl").write_text("".join(f'{{"url": "{url}", "label": "N"}}\n' for url in known))
        gold = f'gold = "{tmp_path}/gold.jsonl"\ngold_share = 0.3'
        loop = make_loop(rounds=3, label=f"{MEASURED.format(share)}\n{gold}")
        loop.first.begin("label")
        push(loop.first)
        code = {site.url: "C" if site.code else "N" for site in loop.sites}
        tasks = read_tasks(loop.first)
        slip = next(task.key for task in tasks if task.gold == "N")
        wrong = {task.key for task in slips(loop, tasks)} | {slip}
        for task in tasks:
            right = code.get(task.target, "accept")
            value = {"C": "N", "N": "C"}[right] if task.key in wrong else right
            add_answers(loop.first, [say(task, value, "ann")])
        assert isinstance(conclude(label_state_of(loop.first)), Done)
        next_round(loop)
        second = loop.run.round(2)
        second.begin("label")
        push(second)
        return loop

    return make


def slips(loop: Any, tasks: list[Task]) -> list[Task]:
    """The page of the highest and that of the lowest score among those that train."""
    score = {site.url: site.score for site in loop.sites}
    train = [task for task in tasks if task.kind == "page" and task.use == "train" and not task.gold]
    ranked = sorted(train, key=lambda task: score[task.target])
    return [ranked[0], ranked[-1]]


def test_pages_whose_label_is_probably_wrong_are_asked_about_again_blind(go: Callable[[float], Any]) -> None:
    loop = go(0.1)
    second, wrong = loop.run.round(2), slips(loop, read_tasks(loop.first))
    doubted = suspected_errors(second)
    ranked = sorted(doubted.values(), key=lambda one: one.chance)
    assert {one.url for one in ranked[-2:]} == {task.target for task in wrong}
    assert ranked[0].chance >= MIN_CHANCE
    rows = {row["url"]: row for row in second.run.store.read_table(second.step("label").key(TASKS)).to_pylist()}
    again = {url for url, row in rows.items() if row["stratum"] == "doubted"}
    assert again == {task.target for task in wrong}
    shown = {task.target for task in read_tasks(loop.first)}
    assert {url for url in rows if url in shown and rows[url]["use"] != "gold"} == again
    assert {(rows[url]["votes"], rows[url]["blind"], rows[url]["use"]) for url in again} == {(1, True, "train")}
    assert len([row for row in rows.values() if row["use"] == "train" and not row["answer"]]) == 20


def test_without_a_share_nothing_is_asked_about_again(go: Callable[[float], Any]) -> None:
    second = go(0.0).run.round(2)
    assert suspected_errors(second) == {}
    assert not any(task.again for task in read_tasks(second))


def test_both_votes_make_the_label_and_a_contradiction_waits_for_a_decision(go: Callable[[float], Any]) -> None:
    loop = go(0.1)
    second = loop.run.round(2)
    one, other = (task for task in read_tasks(second) if task.again)
    said = {label.url: label.value for label in page_labels(loop.run, [1]).values()}
    opposite = {"C": "N", "N": "C"}
    add_answers(second, [say(task, "N", "bob") for task in read_tasks(second) if not task.again])
    add_answers(second, [say(one, said[one.target], "bob"), say(other, opposite[said[other.target]], "bob")])
    (case,) = label_state_of(second).queue
    assert (case.task, case.reason) == (other, "disagreement")
    assert [answer.annotator for answer in case.counted] == ["ann", "bob"]
    add_answers(second, [say(other, opposite[said[other.target]], "eve", adjudicates=True)])
    first = {task.target: task for task in read_tasks(loop.first)}
    add_answers(second, [say(first[other.target], said[other.target], "cat")])  # late: changes nothing any more
    assert isinstance(conclude(label_state_of(second)), Done)
    before, labels = page_labels(loop.run, [1]), page_labels(loop.run, [1, 2])
    assert labels[one.target].annotators == ("ann", "bob")
    assert (labels[one.target].value, labels[one.target].agreement) == (said[one.target], 1.0)
    assert (labels[other.target].value, labels[other.target].source) == (opposite[said[other.target]], "decision")
    assert labels[one.target].stratum == before[one.target].stratum != "doubted"
    assert loop.run.verify() == []


def test_nothing_is_asked_about_a_third_time(go: Callable[[float], Any], next_round: Callable[..., None]) -> None:
    loop = go(0.1)
    second = loop.run.round(2)
    again = {task.target for task in read_tasks(second) if task.again}
    said = {label.url: label.value for label in page_labels(loop.run, [1]).values()}
    for task in read_tasks(second):
        add_answers(second, [say(task, said[task.target] if task.again else "N", "ann")])
    decided = next(task for task in read_tasks(second) if task.again)
    add_answers(second, [say(decided, "A", "eve", adjudicates=True)])
    conclude(label_state_of(second))
    next_round(loop, 2)
    third = loop.run.round(3)
    still = {example.url for example in gather(third) if example.error_chance > 0}
    assert again - still == {decided.target}  # the other one only ann ever labelled
    assert not {*suspected_errors(third), *known_answers(loop.run, 3)} & again
