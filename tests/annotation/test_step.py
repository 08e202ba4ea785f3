"""The label step: waits for people, goes on from a file, ends the same however often it was interrupted."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from annotation.answers import FILE, Answer, add_answers, read_tasks
from annotation.step import LABELS, advance
from annotation.tasks import PREFIXES, TASKS
from recall.errors import AlreadyPublished
from recall.records import Done, Waiting
from recall.steps.judgements import accepted_prefixes, audit_urls, page_labels, shown_urls


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
        patch.setattr("recall.run.step.Step.finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
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
