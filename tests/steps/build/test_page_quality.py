"""Rules take pages out by name, one's own before the preset's; rules over blocks only mark."""

import pytest

from recall.config import QualitySection
from recall.config.corpus_sections import CODE_SIGNALS, SIGNALS
from recall.corpus.fences import fences_of
from recall.steps.build.page_quality import DropReason, judged

FINE = "Words of a page about code.\n\n```python\nab = cd + ef\n```\n"
DUMP = "Words of a page.\n\n```\n" + "0x1f, 0x2a, " * 40 + "\n```\n"
MIXED = FINE * 30 + "\n```\n" + "0x1f, 0x2a, " * 8 + "\n```\n\n```python\ndef (:\n```\n"


def test_nothing_is_dropped_or_marked_by_default() -> None:
    for text in (FINE, DUMP, MIXED, "words"):
        found = judged(text, QualitySection())
        assert not isinstance(found, DropReason)
        assert set(found) == {*SIGNALS, *CODE_SIGNALS, "broken_rules", "fences"}
        assert found["broken_rules"] == []


def test_a_rule_over_the_page_drops_it_and_is_named() -> None:
    assert judged(DUMP, QualitySection(preset="refinecode")) == DropReason(
        "quality", "breaks the rule data of refinecode", "data (code_hex_share <= 0.4): code_hex_share is 1"
    )


def test_a_rule_over_blocks_marks_the_page() -> None:
    found = judged(MIXED, QualitySection(preset="refinecode"))
    assert not isinstance(found, DropReason)
    assert found["broken_rules"] == ["data-block", "unparsed-block"]


def test_ones_own_rules_take_signals_of_code_and_come_first() -> None:
    settings = QualitySection(keep=("code_hex_share <= 0.2",), preset="refinecode")
    assert judged(DUMP, settings) == DropReason(
        "quality", "breaks the rule code_hex_share <= 0.2", "code_hex_share is 1"
    )


def test_a_page_without_code_breaks_no_rule_over_code() -> None:
    found = judged("words", QualitySection(keep=("code_identifiers >= 9",), preset="refinecode"))
    assert not isinstance(found, DropReason)


def test_switched_off_nothing_is_measured() -> None:
    assert judged(DUMP, QualitySection(enabled=False, preset="refinecode")) == {"fences": fences_of(DUMP)}


@pytest.mark.parametrize("text", [FINE, DUMP, MIXED, "words", "```python\n \u00a0\n```\n\n```python\n\n```\n"])
def test_fences_say_the_same_whether_or_not_signals_are_measured(text: str) -> None:
    measured = judged(text, QualitySection(), guessed=(0, 2))
    assert not isinstance(measured, DropReason)
    assert measured["fences"] == fences_of(text, (0, 2))


def test_a_preset_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="refinecode"):
        QualitySection.model_validate({"preset": "refined"})
