"""Ballots: what is open, what waits for a decision, what becomes a label."""

from dataclasses import replace
from typing import Any

import pytest

from annotation.adjudication import GOLD, adjudication_queue, count_ballots, decide, open_tasks
from annotation.answers import FILE, NO_LABEL, Answer, Task, add_answers, in_force, last_answers, read_tasks
from annotation.tasks import push

TASK = Task("k", "http://a.org/1", "page", "train", votes=2)


def vote(annotator: str, value: str, task: Task = TASK, **more: Any) -> Answer:
    return Answer(task.key, task.target, task.kind, value, annotator, **more)


def decision(annotator: str, value: str) -> Answer:
    return vote(annotator, value, adjudicates=True)


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ([], "open"),
        ([vote("ann", "C")], "open"),
        ([vote("ann", "C"), vote("bob", "C")], "C"),
        ([vote("ann", "C"), vote("bob", "N")], "disagreement"),
        ([vote("ann", "C"), vote("bob", "N"), vote("cat", "N")], "N"),
        ([vote("ann", "C"), vote("bob", "N"), vote("cat", "A")], "disagreement"),
        ([vote("ann", "C"), vote("bob", NO_LABEL)], "C"),
        ([vote("ann", NO_LABEL), vote("bob", NO_LABEL)], "skipped"),
        ([vote("ann", "C"), vote("bad", "N")], "C"),
        ([vote("bad", "N"), vote("worse", "N")], "left_out"),
        ([vote("bad", "N"), vote("bob", NO_LABEL)], "left_out"),
        ([vote("ann", "C"), vote("bob", "N"), decision("eve", "A")], "A"),
        ([vote("ann", "C"), vote("bob", "C"), decision("eve", "N")], "N"),
        ([decision("eve", "A"), decision("dan", "N")], "N"),
        ([vote("ann", "C"), vote("bob", "N"), decision("eve", NO_LABEL)], "none"),
        ([vote(FILE, "C")], "C"),
        ([vote(FILE, NO_LABEL)], "none"),
        ([vote("ann", "C"), vote(FILE, "N")], "C"),
        ([vote("ann", "C"), vote("bob", "N"), vote(FILE, "N")], "N"),
    ],
    ids=range(19),
)
def test_answers_leave_a_task_open_queued_or_labelled(answers: list[Answer], state: str) -> None:
    ballots = count_ballots([TASK], answers, frozenset({"bad", "worse"}))
    queue, labels = adjudication_queue(ballots), decide(ballots)
    if open_tasks(ballots):
        found = "open"
    elif queue:
        found = str(queue[0].reason)
    else:
        found = labels[0].value if labels else "none"
    assert found == state
    assert len(labels) == (state in "CAN")


def test_a_label_names_who_gave_it_how_and_how_many_agreed() -> None:
    votes = [vote("cat", "C"), vote("ann", "C", category="tutorial"), vote("bob", "N", category="news")]
    (by_vote,) = decide(count_ballots([TASK], votes))
    assert (by_vote.value, by_vote.annotators, by_vote.source, by_vote.category) == (
        "C",
        ("ann", "bob", "cat"),
        "vote",
        "tutorial",
    )
    assert by_vote.agreement == pytest.approx(2 / 3)
    (decided,) = decide(count_ballots([TASK], [*votes, decision("eve", "N")]))
    assert (decided.value, decided.annotators, decided.source) == ("N", ("ann", "bob", "cat", "eve"), "decision")
    assert decided.agreement == pytest.approx(1 / 3)
    (filed,) = decide(count_ballots([TASK], [vote(FILE, "A")]))
    assert (filed.value, filed.annotators, filed.source, filed.agreement) == ("A", (FILE,), "file", 1.0)


def test_gold_measures_and_gives_a_label_only_where_the_run_has_none() -> None:
    known = replace(TASK, gold="C", votes=5)
    (new,) = decide(count_ballots([known], [vote("ann", "N", known)]))
    assert (new.value, new.annotators, new.source) == ("C", (GOLD,), "gold")
    seed = replace(known, use="gold")
    ballots = count_ballots([seed], [vote("ann", "N", seed), vote("bob", "C", seed)])
    assert (decide(ballots), adjudication_queue(ballots), open_tasks(ballots)) == ([], [], [])
    assert open_tasks(count_ballots([seed], [])) == [seed]


def test_a_decision_that_is_withdrawn_puts_the_task_back(loop: Any) -> None:
    push(loop.first)
    task = replace(read_tasks(loop.first)[0], votes=2)
    decided = vote("eve", "A", task, adjudicates=True)
    add_answers(loop.first, [vote("ann", "C", task), vote("bob", "N", task), decided])
    assert [label.value for label in decide(count_ballots([task], in_force(last_answers(loop.first))))] == ["A"]
    add_answers(loop.first, [replace(decided, withdrawn=True)])
    assert [one.reason for one in adjudication_queue(count_ballots([task], in_force(last_answers(loop.first))))] == [
        "disagreement"
    ]


AGAIN = Task("k2", "http://a.org/1", "page", "train", again=True)


@pytest.mark.parametrize(
    ("before", "now", "state", "agreement"),
    [
        (["C"], [], "open", 0.0),
        (["C"], [("bob", "C")], "C", 1.0),
        (["C"], [("bob", "N")], "disagreement", 0.0),
        (["C"], [("old0", "N")], "disagreement", 0.0),
        (["C", "C"], [("bob", "N")], "C", 2 / 3),
        (["C"], [("bob", NO_LABEL)], "C", 1.0),
        (["C"], [("bad", "N")], "C", 1.0),
        ([], [("bob", "N")], "N", 1.0),
    ],
)
def test_votes_of_an_earlier_round_count_with_those_of_a_page_asked_again(
    before: list[str], now: list[tuple[str, str]], state: str, agreement: float
) -> None:
    earlier = [vote(f"old{number}", value) for number, value in enumerate(before)]
    said = [vote(name, value, AGAIN) for name, value in now]
    (ballot,) = count_ballots([AGAIN], said, frozenset({"bad"}), {AGAIN.key: [*earlier, vote("bad", "N")]})
    label = ballot.label()
    assert ("open" if ballot.open else ballot.reason or (label and label.value)) == state
    if label is not None:
        assert label.agreement == pytest.approx(agreement)
        assert label.annotators == tuple(sorted({one.annotator for one in ballot.counted}))
        assert "bad" not in label.annotators
