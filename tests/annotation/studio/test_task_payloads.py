"""What a card says: confidence, and pages and prefixes whose words come from anywhere."""

import re
from html import unescape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.studio.screens import PAGE_CHOICES, labels_of, page_labels, screen
from annotation.studio.tabs import SHOWN, TABS
from annotation.studio.task_payloads import (
    ModelView,
    example_html,
    first_lines,
    head_html,
    page_data,
    prefix_data,
    signals_html,
)
from annotation.tasks import confidence
from recall.config import Config

SHARES = st.floats(0, 1)
LENS = ModelView(None, 0.5, "round 1")


@given(SHARES, SHARES, SHARES)
def test_confidence_is_lowest_at_the_threshold_and_grows_on_both_sides(one: float, two: float, edge: float) -> None:
    assert confidence(edge, edge) == pytest.approx(0.5, abs=1e-6)
    assert 0.5 - 1e-9 <= confidence(one, edge) <= 1
    near, far = sorted((one, two), key=lambda score: abs(score - edge))
    if (near - edge) * (far - edge) > 0:
        assert confidence(near, edge) <= confidence(far, edge) + 1e-9


def test_hostile_titles_and_urls_stay_text() -> None:
    html = head_html("<script>x</script>", "javascript:alert(1)")
    assert "<script" not in html
    assert "href" not in html
    row: dict[str, Any] = {
        "url": "http://a.org/<img src=x>",
        "title": "<b onclick=x>",
        "markdown": "<svg>",
        "score": 0.4,
    }
    shown = example_html(row, 0.5)
    assert "<img" not in shown
    assert "<svg" not in shown
    assert "<b onclick" not in shown


def test_examples_with_low_scores_come_first() -> None:
    row = {"key": "k", "prefix": "a.org/<x>/", "host": "a.org", "pages": 4, "kept": 3}
    examples = [
        {"url": f"http://a.org/{score}", "title": "", "markdown": "text", "score": score} for score in (0.9, 0.1)
    ]

    class Numbered:
        number = 1

    data = prefix_data(Numbered(), row, examples, LENS)  # type: ignore[arg-type]
    assert str(data["page"]).index("0.100") < str(data["page"]).index("0.900")
    assert "75%" in str(data["signals"])
    assert "would add" not in str(data["signals"])
    assert "<x>" not in str(data["head"])
    assert (data["host"], data["score"], data["reason"]) == ("a.org", 0.75, "3 of 4 pages recalled")


@pytest.mark.parametrize(
    ("stratum", "blind", "score", "reason"),
    [
        ("uncertain", False, 0.4, "near the threshold"),
        ("gold", False, 0.4, "spread over hosts"),
        ("spread", False, 0.4, "spread over hosts"),
        ("gold", True, None, "shown blind"),
        ("high", True, None, "shown blind"),
    ],
)
def test_a_blind_page_tells_neither_score_nor_reason(stratum: str, blind: bool, score: float, reason: str) -> None:
    row = {"key": "k", "url": "https://www.a.org/x", "title": "", "markdown": "text", "text": "text", "blind": blind}

    class Numbered:
        number = 1

    data = page_data(Numbered(), {**row, "score": 0.4, "stratum": stratum}, LENS)  # type: ignore[arg-type]
    assert (data["host"], data["score"], data["reason"]) == ("www.a.org", score, reason)


def test_columns_of_html_are_hidden_in_every_tab() -> None:
    for tab in TABS:
        for hidden in tab["hiddenColumns"].values():
            assert {"tasks:data.head", "tasks:data.page", "tasks:data.signals"} <= set(hidden)
            assert not {f"tasks:data.{name}" for name in SHOWN} & set(hidden)


def test_a_prefix_says_how_many_code_pages_it_would_add_and_a_pattern_has_no_address() -> None:
    class Numbered:
        number = 1

    figures = {"pages": 4000, "kept": 30, "added": 1234.4, "low": 80.2, "high": 2500.0, "gain": 300.0}
    for prefix, host in (("a.org/x/", "a.org"), ("*/viewtopic.php", "*")):
        row = {"key": "k", "prefix": prefix, "host": host, **figures}
        data = prefix_data(Numbered(), row, [], LENS)  # type: ignore[arg-type]
        assert "would add about <b>1,234</b> code pages (80 to 2,500)" in str(data["signals"])
        assert ("<a " in str(data["head"])) is (host != "*")


def test_first_lines_lose_their_markup() -> None:
    assert first_lines("# Title\n\nSee [the docs](http://x) `code`\n") == "Title See the docs code"


def test_the_side_of_the_threshold_is_told() -> None:
    assert "above the threshold of 0.500" in signals_html(0.5, LENS, "")
    assert "below the threshold" in signals_html(0.49, LENS, "")


def test_choices_mean_the_runs_labels() -> None:
    config = Config.model_validate({"train": {"positive": "1"}, "studio": {"other_labels": ["a", "0", "x"]}})
    assert page_labels(config) == dict(zip(PAGE_CHOICES, ("1", "a", "0", "x"), strict=True))
    assert labels_of("prefix", config)["split"] == "split"


def test_each_further_topic_is_a_choice_of_its_own() -> None:
    train = {"labels": "all", "topics": {"C": "Code", "<M>": "Maths & more"}}
    config = Config.model_validate({"train": train})
    assert page_labels(config) == {**page_labels(Config()), "topic-<M>": "<M>"}
    shown = dict(re.findall(r'<Choice value="([^"]*)" alias="([^"]*)"', screen("page", config)))
    assert {unescape(alias): unescape(value) for value, alias in shown.items()} == {
        "code": "Code",
        "topic-<M>": "Maths & more",
        "adjacent": "Adjacent",
        "not_code": "Not code",
        "junk": "Junk",
    }
    assert "What is this page about?" in screen("page", config)
    assert "Is this page about code?" in screen("page", Config())
    assert "topic" not in screen("page", Config())
    assert "/*" not in screen("page", config)
    assert 'value="blog post or article"' in screen("page", config)
