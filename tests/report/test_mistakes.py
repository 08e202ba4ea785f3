"""Where a round errs."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from recall.cli import verbs
from recall.labels.examples import gather
from recall.page.text.prose_language import language_of
from recall.report.mistakes import shown, worst_errors
from recall.report.round_figures import shares_by
from recall.run.rounds import Run
from recall.sites.kinds import kind_of


def test_mistakes_are_labelled_pages_on_the_wrong_side_of_the_threshold(played: Run) -> None:
    found = worst_errors(played.round(2), 5)
    labels = {example.url: example.label for example in gather(played.round(2))}
    assert found.mistakes
    for mistake in found.mistakes:
        assert mistake.label == labels[mistake.url]
        assert (mistake.label == "C") == (mistake.kind == "miss")
        assert (mistake.score >= found.threshold) == (mistake.kind == "false positive")
        assert not played.holdout.covers(mistake.url)
    misses = [mistake.score for mistake in found.mistakes if mistake.kind == "miss"]
    assert misses == sorted(misses)
    assert len(misses) <= 5


def test_a_mistake_names_what_pushed_its_score(played: Run) -> None:
    for mistake in worst_errors(played.round(2), 3).mistakes:
        assert all(push.contribution > 0 for push in mistake.towards)
        assert all(push.contribution < 0 for push in mistake.against)
        assert [push.contribution for push in mistake.towards] == sorted(
            (push.contribution for push in mistake.towards), reverse=True
        )


def test_what_comes_from_pages_cannot_steer_a_terminal() -> None:
    assert shown("a\x1b[31m\n\u202eb") == "a\\x1b[31m\\n\\u202eb"
    assert shown("中文") == "中文"


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://stackoverflow.com/questions/1/x", "qa"),
        ("https://forum.example.org/viewtopic.php?t=1", "forum"),
        ("https://example.org/docs/intro", "docs"),
        ("https://lists.example.org/pipermail/x/1.html", "mail"),
        ("https://example.org/blog/post", "blog"),
        ("https://example.org/shop", "other"),
    ],
)
def test_a_url_tells_the_kind_of_place(url: str, kind: str) -> None:
    assert kind_of(url) == kind


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The compiler reads the file and writes the object code for the linker to use.", "en"),
        ("这是一个关于编程的网页，我们在这里讨论如何使用编译器来生成代码并且运行它，谢谢大家的支持和帮助。", "zh"),
        ("Это страница о программировании, здесь мы обсуждаем компиляторы и языки.", "ru"),
        ("short", ""),
    ],
)
def test_a_text_tells_its_language(text: str, language: str) -> None:
    assert language_of(text) == language


def test_groups_are_counted_apart_the_largest_first() -> None:
    kept, truth = np.array([True, True, False]), np.array([True, False, True])
    groups = shares_by(["b", "a", "b"], kept, truth)
    assert list(groups) == ["b", "a"]
    assert (groups["b"].found, groups["b"].precision, groups["a"].precision) == (0.5, 1.0, 0.0)


def test_the_verb_prints_tables_or_json(played: Run) -> None:
    shown_tables = CliRunner().invoke(verbs, ["report", played.store.root, "--count", "2"])
    assert shown_tables.exit_code == 0
    assert "by language" in shown_tables.output
    record = json.loads(CliRunner().invoke(verbs, ["report", played.store.root, "--round", "1", "--json"]).output)
    assert record["round"] == 1
    assert {mistake["kind"] for mistake in record["mistakes"]} <= {"miss", "false positive"}
