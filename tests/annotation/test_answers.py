"""Answers: the log, answering from a labels file, votes to labels."""

from dataclasses import replace
from typing import Any

import pytest

from annotation.adjudication import count_ballots, decide, open_tasks
from annotation.answers import (
    FILE,
    NO_LABEL,
    Answer,
    Task,
    add_answers,
    answer_from,
    concerns,
    in_force,
    last_answers,
    prefix_value,
    read_history,
    read_tasks,
)
from annotation.tasks import push
from recall.config import Config
from recall.errors import Damaged
from recall.run.label_files import LabelledUrl, usable
from recall.sites.holdout import Holdout

PAGE = Task("k1", "http://a.org/1", "page", "train")
AUDIT = Task("k2", "http://a.org/2", "page", "audit")
PREFIX = Task("k3", "a.org/", "prefix", "train")


def answer(task: Task, value: str, annotator: str) -> Answer:
    return Answer(task.key, task.target, task.kind, value, annotator)


@pytest.mark.parametrize(
    ("values", "judgement"),
    [
        ("", "unsure"),
        ("CC", "unsure"),
        ("CCC", "accept"),
        ("CCCCN", "accept"),
        ("CCCN", "reject"),
        ("NNN", "reject"),
        ("CCA", "reject"),
    ],
)
def test_a_prefix_needs_three_labels_and_four_fifths_of_them_positive(values: str, judgement: str) -> None:
    assert prefix_value(list(values), Config()) == judgement


def test_held_out_rows_of_a_file_are_not_used() -> None:
    labels = [
        LabelledUrl("http://a.org/1", "C", "pool"),
        LabelledUrl("http://b.org/1", "C"),
        LabelledUrl("http://b.org/2", "C", "measure"),
        LabelledUrl("http://www.c.org/1", "N"),
    ]
    assert usable(labels, Holdout(frozenset({"c.org"}))) == {"http://a.org/1": "C", "http://b.org/1": "C"}


def test_the_majority_decides_and_ties_decide_nothing() -> None:
    answers = [
        answer(PAGE, "C", "ann"),
        answer(PAGE, "N", "bob"),
        answer(PAGE, "C", "cat"),
        answer(PAGE, NO_LABEL, "dan"),
        answer(AUDIT, "C", "ann"),
        answer(PREFIX, "accept", "ann"),
        answer(PREFIX, "reject", "bob"),
    ]
    first, second = decide(count_ballots([PAGE, AUDIT, PREFIX], answers))
    assert (first.target, first.value, first.annotators, first.use) == (
        PAGE.target,
        "C",
        ("ann", "bob", "cat"),
        "train",
    )
    assert first.agreement == pytest.approx(2 / 3)
    assert (second.target, second.use, second.agreement) == (AUDIT.target, "audit", 1.0)
    assert decide(count_ballots([PAGE], [])) == []


def test_a_task_is_open_until_someone_answers_even_without_a_label() -> None:
    assert open_tasks(count_ballots([PAGE, AUDIT], [answer(AUDIT, NO_LABEL, FILE)])) == [PAGE]


def test_the_last_answer_of_an_annotator_counts_and_repeats_add_nothing(loop: Any) -> None:
    push(loop.first)
    task = read_tasks(loop.first)[0]
    assert len(add_answers(loop.first, [answer(task, "N", "ann")])) == 1
    assert len(add_answers(loop.first, [answer(task, "C", "ann"), answer(task, "C", "bob")])) == 2
    assert len(add_answers(loop.first, [answer(task, "C", "ann")])) == 0
    assert len(add_answers(loop.first, [answer(task, "N", "ann")])) == 1
    assert [(one.annotator, one.value) for one in in_force(last_answers(loop.first))] == [("ann", "N"), ("bob", "C")]
    files = loop.run.store.keys(loop.first.step("label").key("answers/"))
    assert [file.rpartition("/")[2][:7] for file in files] == ["000001-", "000002-", "000003-"]


def test_a_line_that_is_no_answer_is_named(loop: Any) -> None:
    push(loop.first)
    loop.run.store.publish(loop.first.step("label").key("answers/000001-x.jsonl"), b'{"key": "k"}\n')
    with pytest.raises(Damaged, match=r"000001-x\.jsonl:1: not an answer"):
        in_force(last_answers(loop.first))


def test_a_labels_file_answers_pages_and_prefixes(loop: Any) -> None:
    push(loop.first)
    tasks = {task.key: task for task in read_tasks(loop.first)}
    assert len(answer_from(read_history(loop.first), loop.labels)[1]) == len(tasks)
    truth = {entry.url: entry.label for entry in loop.labels}
    for one in in_force(last_answers(loop.first)):
        expected = truth[one.target] if one.kind == "page" else ("reject" if "/news/" in one.target else "accept")
        assert (one.value, one.annotator, one.time) == (expected, FILE, "")


def test_a_labels_file_may_spell_urls_otherwise(loop: Any) -> None:
    push(loop.first)
    spelled = [replace(entry, url=entry.url.replace("https://", "HTTP://u@") + "#top") for entry in loop.labels]
    assert {entry.url for entry in spelled}.isdisjoint(entry.url for entry in loop.labels)
    history = read_history(loop.first)
    assert concerns(history, spelled)
    assert answer_from(history, spelled)[1] == answer_from(history, loop.labels)[1]


def test_a_page_without_a_label_is_answered_unless_a_person_did(loop: Any) -> None:
    push(loop.first)
    pages = [task for task in read_tasks(loop.first) if task.kind == "page"]
    add_answers(loop.first, [answer(pages[0], "C", "ann")])
    answer_from(read_history(loop.first), [])
    answers = in_force(last_answers(loop.first))
    assert [one.annotator for one in answers if one.key == pages[0].key] == ["ann"]
    assert [one.value for one in answers if one.key == pages[1].key] == [NO_LABEL]
    assert {one.value for one in answers if one.kind == "prefix"} == {"unsure"}


def test_a_withdrawn_answer_opens_the_task_again_until_it_is_given_anew(loop: Any) -> None:
    push(loop.first)
    task = read_tasks(loop.first)[0]
    assert len(add_answers(loop.first, [answer(task, "C", "ann"), answer(task, "N", "bob")])) == 2
    assert len(add_answers(loop.first, [replace(answer(task, "C", "ann"), withdrawn=True)])) == 1
    assert [(one.annotator, one.value) for one in in_force(last_answers(loop.first))] == [("bob", "N")]
    assert [(one.annotator, one.withdrawn) for one in last_answers(loop.first)] == [("ann", True), ("bob", False)]
    assert len(add_answers(loop.first, [answer(task, "C", "ann")])) == 1
    assert len(in_force(last_answers(loop.first))) == 2


def test_who_votes_and_adjudicates_the_same_task_is_heard_twice(loop: Any) -> None:
    push(loop.first)
    task = read_tasks(loop.first)[0]
    vote, decision = answer(task, "N", "ann"), replace(answer(task, "C", "ann"), adjudicates=True)
    assert len(add_answers(loop.first, [vote, decision])) == 2
    assert len(add_answers(loop.first, [vote, decision])) == 0
    assert in_force(last_answers(loop.first)) == [vote, decision]
