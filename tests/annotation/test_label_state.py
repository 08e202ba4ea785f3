"""Late answers: a sealed round stays as it is, later ones learn what came after its end."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from annotation.answers import Answer, Task, add_answers, read_history, read_tasks
from annotation.label_state import answers_after_end, label_state, label_state_of
from annotation.label_step import conclude
from annotation.progress_lines import progress_lines, state_line
from annotation.tasks import push
from recall.labels.decisions import page_labels, prefix_labels
from recall.records import Done, Waiting


def say(task: Task, value: str, annotator: str = "ann", **more: Any) -> Answer:
    return Answer(task.key, task.target, task.kind, value, annotator, **more)


@pytest.fixture
def second(loop: Any, next_round: Callable[[Any], None]) -> Any:
    """Round 2 at its label step; round 1 ended with its first ten pages answered N, by ann."""
    loop.first.begin("label")
    push(loop.first)
    add_answers(loop.first, [say(task, "N") for task in read_tasks(loop.first)[:10]])
    assert isinstance(conclude(label_state_of(loop.first), now=True), Done)
    next_round(loop)
    round_ = loop.run.round(2)
    round_.begin("label")
    push(round_)
    return round_


def end(round_: Any) -> Any:
    """Answer all of a round's own tasks, and end it."""
    value = {"page": "N", "prefix": "reject"}
    add_answers(round_, [say(task, value[task.kind]) for task in read_tasks(round_)])
    return conclude(label_state_of(round_))


def test_late_answers_label_what_a_round_ended_without(second: Any) -> None:
    run = second.run
    tasks = read_tasks(run.round(1))
    sealed = run.store.read_json("rounds/1/round.json")
    train = [task for task in tasks if task.use == "train" and task.kind == "page"]
    early = next(task for task in train if task in tasks[:10])
    new = next(task for task in train if task not in tasks[:10])
    audit = next(task for task in tasks[10:] if task.use == "audit")
    prefix = next(task for task in tasks if task.kind == "prefix")
    add_answers(second, [say(early, "C"), say(new, "C", "bob"), say(audit, "C"), say(prefix, "accept")])
    state = label_state_of(second)
    assert {answer.key for answer in state.answers} == set()
    assert {label.target for label in state.after_end.labels} == {early.target, new.target, prefix.target}
    expected = "  4 answers to tasks of rounds that had ended; they give or renew 3 labels from here on"
    assert expected in list(progress_lines(label_state_of(second)))
    done = end(second)
    assert isinstance(done, Done)
    assert (done.counts["late"], done.counts["undecided"]) == (3, 0)
    assert page_labels(run, [1])[early.target].value == "N"
    labelled = page_labels(run, [1, 2])
    assert {labelled[task.target].value for task in (early, new)} == {"C"}
    assert labelled[new.target].text
    assert audit.target not in labelled
    assert prefix_labels(run, [1, 2])[prefix.target] == "accept"
    assert run.store.read_json("rounds/1/round.json") == sealed
    assert run.verify() == []


def test_a_late_vote_against_an_earlier_one_changes_nothing_until_it_is_decided(second: Any) -> None:
    task = next(one for one in read_tasks(second.run.round(1))[:10] if one.use == "train")
    against = say(task, "C", "bob")
    assert answers_after_end(read_history(second), [against], set()).labels == []
    decided = say(task, "C", "eve", adjudicates=True)
    assert [label.value for label in answers_after_end(read_history(second), [against, decided], set()).labels] == ["C"]
    assert answers_after_end(read_history(second), [say(task, "C")], {"ann"}).labels == []


def test_a_late_gold_answer_counts_once_in_its_annotators_accuracy(make_loop: Any, next_round: Any) -> None:
    loop = make_loop(label="gold_share = 0.1\nsuspect_share = 0.0")
    loop.first.begin("label")
    push(loop.first)
    gold = next(task for task in read_tasks(loop.first) if task.gold)
    add_answers(loop.first, [say(gold, "N" if gold.gold == "C" else "C")])
    conclude(label_state_of(loop.first), now=True)
    next_round(loop)
    second = loop.run.round(2)
    second.begin("label")
    push(second)
    add_answers(second, [say(gold, gold.gold), say(gold, gold.gold, "bob")])
    measured = label_state_of(second).accuracies
    assert [(measured[name].right, measured[name].asked) for name in ("ann", "bob")] == [(1, 1), (1, 1)]


def test_a_poll_reads_each_file_of_the_label_folders_once(second: Any, reads: Counter[str]) -> None:
    """Read, counted, added to, concluded, printed: tasks and answers of both rounds are read from the folder once."""
    tasks = read_tasks(second)
    add_answers(second, [say(task, "N") for task in tasks[:3]])
    reads.clear()
    history, fresh = read_history(second).add([say(task, "N", "bob") for task in tasks[2:5]])
    state = label_state(history)
    waiting = conclude(state)
    assert isinstance(waiting, Waiting)
    assert [*progress_lines(state), state_line(state)]
    of_tasks = {f"rounds/{number}/label/{name}.parquet" for number in (1, 2) for name in ("tasks", "prefixes")}
    assert of_tasks <= set(reads)
    assert sum(key.endswith(".jsonl") for key in reads) == 2
    assert {key: count for key, count in reads.items() if count > 1} == {}
    assert label_state_of(second) == state
    assert len(fresh) == 3
