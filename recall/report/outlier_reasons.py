"""Why a page may lie far from the others of its corpus: rules that it breaks, its length, another language.

In: the sampled texts of a corpus. Out: names of reasons, a list a text. The rules are those of [quality] preset;
nothing is measured here that is not a signal of the corpus.
"""

import re
from collections import Counter
from collections.abc import Sequence

from recall.config.quality_rules import PRESETS
from recall.corpus.rule_trial import rules_broken
from recall.corpus.signals import blocks, language
from recall.page.markdown.code_hints import looks_like_code
from recall.report.corpus_figures import NAMES

UNPARSED = "unparsed-block"
RULES = tuple(rule for preset in ("refinecode", "fineweb-code") for rule in PRESETS[preset] if rule.name != UNPARSED)
"""Rules that give reasons: all but the one that the cut end of a long text breaks by itself."""

CODE_RULES = tuple(rule for rule in PRESETS["refinecode"] if rule in RULES)
NONE = "none of these"
IN = "in "
"""Before the name of a language."""

GROUP = 8
"""Pages in a language from which on it is a reason: what is told of fewer is often wrong where a page is a list."""

SHORT = "very short"
SHORTEST = 0.05
"""Share of a corpus' texts that are very short for it."""

_MEANINGS = {rule.name: f"not {rule.rule}: {rule.why}" for rule in RULES}
_MEANINGS |= {SHORT: f"Among the shortest {SHORTEST:.0%} of its corpus.", NONE: ""}
_ORDER = {name: index for index, name in enumerate(_MEANINGS)}
_TICKS = re.compile("`{3,}")


def reasons_of(texts: Sequence[str]) -> list[list[str]]:
    """Of each text of a corpus: the rules that it breaks, its length, its language where a group has another than most.

    Of a corpus of source files (most have no fence and look like code) each text is measured as one block of code.
    """
    source = sum(1 for text in texts if not blocks(text) and looks_like_code(text))
    if 2 * source > len(texts):
        broken = [rules_broken(_fenced(text), CODE_RULES) for text in texts]
    else:
        broken = [
            rules_broken(text, RULES) + spoken for text, spoken in zip(texts, _other_languages(texts), strict=True)
        ]
    short = sorted(map(len, texts))[int(SHORTEST * len(texts))]
    return [reasons + [SHORT] * (len(text) < short) for text, reasons in zip(texts, broken, strict=True)]


def _other_languages(texts: Sequence[str]) -> list[list[str]]:
    languages = [language(text) for text in texts]
    known = Counter(filter(None, languages))
    most = max(known, key=lambda code: (known[code], code), default="")
    others = {code for code, pages in known.items() if pages >= GROUP and code != most}
    return [[f"{IN}{NAMES.get(code, code)}"] if code in others else [] for code in languages]


def meaning_of(reason: str) -> str:
    """What a reason says of a page."""
    return _MEANINGS.get(reason, "Prose in another language than most pages of the corpus.")


def in_order(reasons: set[str]) -> list[str]:
    """Reasons in the order of the rules, languages after them."""
    return sorted(reasons, key=lambda reason: (_ORDER.get(reason, len(_ORDER)), reason))


def _fenced(code: str) -> str:
    ticks = "`" * (1 + max((len(run) for run in _TICKS.findall(code)), default=2))
    return f"{ticks}\n{code}\n{ticks}\n"
