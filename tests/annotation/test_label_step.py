"""The label step: waits for people, goes on from a file, ends the same however often it was interrupted."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annotation.answers import FILE, Answer, add_answers, read_tasks
from annotation.label_state import label_state_of
from annotation.label_step import LABELS, advance, conclude
from annotation.tasks import PREFIXES, TASKS
from recall.errors import AlreadyPublished
from recall.labels.decisions import accepted_prefixes, audit_urls, page_labels, shown_urls
from recall.records import Done, Waiting


def test_the_step_waits_until_every_task_is_answered(loop: Any) -> None:
    waiting = advance(loop.first)
    tasks = read_tasks(loop.first)
    assert waiting == Waiting(len(tasks), loop.run.store.url("rounds/1/label"))
    assert advance(loop.first) == waiting
    value = {"page": "C", "prefix": "accept"}
    answers = [Answer(task.key, task.target, task.kind, value[task.kind], "ann") for task in tasks]
    add_answers(loop.first, answers[:-1])
    assert advance(loop.first) == Waiting(1, loop.run.store.url("rounds/1/label"))
    add_answers(loop.first, answers[-1:])
    done = advance(loop.first)
    assert isinstance(done, Done)
    assert done.counts["pages"] == done.counts["positive"] == 32
    assert done.counts["audit"] == 12
    assert (done.counts["accepted"], done.counts["undecided"]) == (5, 0)
    assert advance(loop.first) == done


def test_a_file_answers_the_round_without_waiting(make_loop: Callable[..., Any], tmp_path: Path) -> None:
    loop = make_loop(answers=str(tmp_path / "labels.jsonl"))
    done = advance(loop.first)
    assert isinstance(done, Done)
    assert (done.counts["accepted"], done.counts["rejected"], done.counts["undecided"]) == (4, 1, 0)
    step = loop.first.step("label")
    rows = {output.file: output.rows for output in step.outputs()}
    assert rows[TASKS] == 32
    assert rows[PREFIXES] == 5
    assert rows[LABELS] == 37
    assert any(file.startswith("answers/") for file in rows)
    table = loop.run.store.read_table(step.key(LABELS)).to_pylist()
    assert {tuple(row["annotators"]) for row in table} == {(FILE,)}
    assert loop.run.verify() == []


@pytest.mark.parametrize("written", range(9))
def test_a_step_killed_at_any_write_ends_with_the_same_digest(
    make_loop: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    whole = make_loop(answers=str(tmp_path / "labels.jsonl"), name="whole")
    killed = make_loop(answers=str(tmp_path / "labels.jsonl"), name="killed")
    advance(whole.first)
    publish, left = type(killed.run.store).publish, [written]

    def die_after(self: Any, key: str, data: bytes, rows: int | None = None) -> Any:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return publish(self, key, data, rows)

    with monkeypatch.context() as patch:
        patch.setattr(type(killed.run.store), "publish", die_after)
        try:
            advance(killed.first)
        except KeyboardInterrupt:
            assert not killed.first.step("label").done
    assert isinstance(advance(killed.first), Done)
    assert killed.run.digest() == whole.run.digest()


def test_a_conclusion_that_was_killed_takes_later_answers_in(loop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    advance(loop.first)
    tasks = read_tasks(loop.first)
    add_answers(loop.first, [Answer(task.key, task.target, task.kind, "N", "ann") for task in tasks])
    with monkeypatch.context() as patch:
        patch.setattr("recall.run.step_folder.Step.finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            advance(loop.first)
    page = next(task for task in tasks if task.kind == "page")
    add_answers(loop.first, [Answer(page.key, page.target, page.kind, "C", "ann")])
    done = advance(loop.first)
    assert isinstance(done, Done)
    assert done.counts["positive"] == 1


def test_the_next_round_asks_only_what_was_not_asked(
    make_loop: Callable[..., Any], next_round: Callable[[Any], None], tmp_path: Path
) -> None:
    loop = make_loop(answers=str(tmp_path / "labels.jsonl"))
    advance(loop.first)
    next_round(loop)
    done = advance(loop.run.round(2))
    assert isinstance(done, Done)
    first, second = (shown_urls(loop.run, [number]) for number in (1, 2))
    assert first
    assert second
    assert not first & second
    assert [done.counts[name] for name in ("accepted", "rejected", "unsure")] == [0, 0, 1]
    assert len(audit_urls(loop.run, [1, 2])) == 24
    labels = page_labels(loop.run, [1, 2])
    assert set(labels) == first | second
    assert {url for url, label in labels.items() if label.use == "audit"} == audit_urls(loop.run, [1, 2])
    assert len(accepted_prefixes(loop.run, [1, 2])) == 4


def test_a_finished_step_takes_no_more_files(make_loop: Callable[..., Any], tmp_path: Path) -> None:
    loop = make_loop(answers=str(tmp_path / "labels.jsonl"))
    advance(loop.first)
    with pytest.raises(AlreadyPublished):
        loop.first.begin("label").publish("more", b"x")


ERRORS = {"ann": 0.0, "bob": 0.1, "eve": 0.6}
MEASURED = "overlap = 0.5\ngold_share = 1.0\ngold_min = 8\ngold_accuracy = 0.85"


def labelled_by_people(loop: Any, chance: Any) -> None:
    """Let three people answer a round, each task by as many of them as are wanted."""
    code = {site.url: site.code for site in loop.sites}
    for number, task in enumerate(read_tasks(loop.first)):
        right = code.get(task.target, "/docs/" in task.target)
        for place in range(min(task.votes, len(ERRORS))):
            name = sorted(ERRORS)[(number + place) % len(ERRORS)]
            value = right != (chance.random() < ERRORS[name])
            said = ("C" if value else "N") if task.kind == "page" else ("accept" if value else "reject")
            add_answers(loop.first, [Answer(task.key, task.target, task.kind, said, name)])


def test_who_errs_too_often_is_found_left_out_and_told_about(make_loop: Callable[..., Any], tmp_path: Path) -> None:
    plain = make_loop()
    known = [{"url": site.url, "label": "C" if site.code else "N"} for site in plain.sites[:60]]
    (tmp_path / "gold.jsonl").write_text("".join(json.dumps(row) + "\n" for row in known))
    loop = make_loop(name="people", label=f'{MEASURED}\nsuspect_share = 0.0\ngold = "{tmp_path}/gold.jsonl"')
    advance(loop.first)
    labelled_by_people(loop, np.random.default_rng(2))
    state = label_state_of(loop.first)
    assert state.excluded == {"eve"}
    assert not state.open
    assert {ballot.reason for ballot in state.queue} == {"disagreement", "left_out"}
    assert advance(loop.first) == Waiting(len(state.queue), loop.run.store.url("rounds/1/label"))
    decided = [ballot.task for ballot in state.queue]
    values = {"page": "C", "prefix": "accept"}
    add_answers(
        loop.first,
        [Answer(task.key, task.target, task.kind, values[task.kind], "lead", adjudicates=True) for task in decided],
    )
    done = advance(loop.first)
    assert isinstance(done, Done)
    assert (done.counts["left_out"], done.counts["decided"], done.counts["undecided"]) == (1, len(decided), 0)
    step = loop.first.step("label")
    summary = loop.run.store.read_json(step.key("agreement.json"))
    assert summary["left_out"] == ["eve"]
    assert summary["annotators"]["eve"]["gold"]["high"] < 0.85 <= summary["annotators"]["ann"]["gold"]["high"]
    assert summary["pages"]["alpha"]["low"] <= summary["pages"]["alpha"]["value"] <= summary["pages"]["alpha"]["high"]
    assert any("eve is left out: right on" in note for note in step.manifest.notes)
    labels = loop.run.store.read_table(step.key(LABELS)).to_pylist()
    assert not any(row["annotators"] == ["eve"] for row in labels)
    assert {row["source"] for row in labels} >= {"vote", "decision", "gold"}
    assert loop.run.verify() == []


def test_a_round_may_be_ended_with_what_is_there(make_loop: Callable[..., Any]) -> None:
    loop = make_loop()
    advance(loop.first)
    page = read_tasks(loop.first)[0]
    add_answers(loop.first, [Answer(page.key, page.target, page.kind, "C", "ann")])
    assert isinstance(conclude(label_state_of(loop.first)), Waiting)
    done = conclude(label_state_of(loop.first), now=True)
    assert isinstance(done, Done)
    assert (done.counts["pages"], done.counts["undecided"]) == (1, 36)
