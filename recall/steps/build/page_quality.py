"""What a page is measured by, and whether it stays: the user's rules, then those of the preset.

In: a text and the settings. Out: the columns of its fences, its signals and the rules that single blocks break, or why
it goes.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from recall.config import QualitySection
from recall.config.corpus_sections import QUALITY, parse_rule
from recall.config.quality_rules import PRESETS
from recall.corpus.code_signals import broken_by_blocks, code_signals, measured_blocks
from recall.corpus.fences import fences_of
from recall.corpus.ranking.ranker import Ranker
from recall.corpus.schema import Row
from recall.corpus.signals import broken_rule, signals


@dataclass(frozen=True, slots=True)
class DropReason:
    """Why a page is not in the corpus, as dropped.parquet says it."""

    stage: str
    reason: str
    detail: str = ""


def judged(
    text: str, settings: QualitySection, ranker: Ranker | None = None, guessed: Collection[int] = ()
) -> Row | DropReason:
    """Columns of a text's fences, signals and broken_rules, or the rule that takes its page out; only fences where off.

    ranker: gives the page its quality, without one it has none; guessed: as for `fences_of`.
    """
    if not settings.enabled:
        return {"fences": fences_of(text, guessed)}
    rules, code = PRESETS[settings.preset], measured_blocks(text)
    measured = {**signals(text), **code_signals(code)}
    if ranker is not None:
        measured[QUALITY] = ranker.quality(text, measured)
    if rule := broken_rule(settings.keep, measured):
        return DropReason("quality", f"breaks the rule {rule}", _value(rule, measured))
    for each in rules:
        if each.scope == "page" and broken_rule((each.rule,), measured):
            why = f"{each.name} ({each.rule}): {_value(each.rule, measured)}"
            return DropReason("quality", f"breaks the rule {each.name} of {settings.preset}", why)
    fences = fences_of(text, guessed, [block.parses for block in code])
    return {**measured, "broken_rules": broken_by_blocks(rules, code), "fences": fences}


def _value(rule: str, measured: Mapping[str, int | float | None]) -> str:
    name = parse_rule(rule)[0]
    return f"{name} is {measured[name]:.4g}"
