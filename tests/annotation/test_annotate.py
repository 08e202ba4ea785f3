"""`recall annotate`, called as a user calls it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from annotation.annotate import annotate
from recall.cli import verbs
from recall.errors import BadInput, OutOfOrder, RecallError


def call(*arguments: str) -> Result:
    result = CliRunner().invoke(annotate, list(arguments))
    if isinstance(result.exception, RecallError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def test_tasks_are_pushed_answered_and_counted(loop: Any, tmp_path: Path) -> None:
    run = loop.run.store.root
    assert "no tasks yet" in call("status", run).output
    pushed = "round 1: 0 of 37 tasks answered, 32 pages and 5 prefixes open\n"
    assert call("push", run).output == pushed
    assert call("push", run).output == pushed
    assert call("status", run).output.startswith(pushed + "  pages: 0 of 32 tasks answered; ")
    rows = [{"url": entry.url, "label": entry.label} for entry in loop.labels]
    labels = tmp_path / "labels.jsonl"
    labels.write_text("".join(json.dumps(row) + "\n" for row in rows))
    lines = call("answer", run, "--from", str(labels)).output.splitlines()
    assert lines[0] == "37 new answers; round 1: 37 of 37 tasks answered, done"
    assert {"accepted 4", "rejected 1", "undecided 0"} <= set(lines[1].split(", "))
    assert call("status", run).output.startswith("round 1: 37 of 37 tasks answered, done\n  pages: 32 of 32 tasks ")
    with pytest.raises(OutOfOrder, match="nothing to label now, the next step is harvest"):
        call("push", run)


def test_answering_pushes_first(make_loop: Callable[..., Any], tmp_path: Path) -> None:
    loop = make_loop()
    labels = tmp_path / "labels.jsonl"
    labels.write_text(json.dumps({"url": loop.labels[0].url, "label": "C"}))
    counts = call("answer", loop.run.store.root, "--from", str(labels)).output.splitlines()[1]
    assert {"accepted 0", "rejected 0", "unsure 5"} <= set(counts.split(", "))


def test_a_file_about_other_pages_is_refused_and_answers_nothing(make_loop: Callable[..., Any], tmp_path: Path) -> None:
    loop = make_loop()
    labels = tmp_path / "labels.jsonl"
    labels.write_text(json.dumps({"url": "https://nowhere.org/", "label": "C"}))
    with pytest.raises(BadInput, match="labels no page of this round"):
        call("answer", loop.run.store.root, "--from", str(labels))
    assert not loop.first.step("label").done


@pytest.mark.parametrize("verb", [[], ["setup"], ["push"], ["pull"], ["wait"], ["serve"], ["answer"], ["status"]])
def test_every_verb_has_help(verb: list[str]) -> None:
    assert "Usage" in call(*verb, "--help").output


def test_serving_a_demo_makes_its_run_by_the_demo_verb(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made: list[dict[str, Any]] = []
    demo = verbs.get_command(click.Context(verbs), "demo")
    assert demo is not None
    monkeypatch.setattr(demo, "callback", lambda **options: made.append(options))

    def stop(environment: Path) -> bool:
        raise BadInput(f"{environment}: no server in this test")

    monkeypatch.setattr("annotation.annotate.install", stop)
    monkeypatch.setenv("RECALL_STUDIO_VENV", str(tmp_path))
    called = CliRunner().invoke(verbs, ["annotate", "serve", "--demo"])
    assert str(called.exception) == f"{tmp_path}: no server in this test"
    assert [(one["folder"], one["crawl"], one["people"]) for one in made] == [(Path("runs/people"), "", True)]
    with pytest.raises(BadInput, match="recall annotate serve --demo"):
        call("serve", "--demo")
