"""Quality signals of a page, as columns, and rules over them.

In: Markdown. Out: a number per signal, and the rules that a page breaks. Nothing is judged here: a signal is a fact,
a rule is the user's. Signals of prose are taken outside code blocks, so braces, indentation and short lines of code
move none of them.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from recall.config.corpus import SIGNALS, parse_rule
from recall.corpus.fences import blocks

__all__ = ["SIGNALS", "Filter", "signals"]

_WORDS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_LETTERS = re.compile(r"[^\W\d_]")
_SYMBOLS = re.compile(r"[^\w\s]|_")
_UPPER = re.compile(r"[A-Z\u00c0-\u00de\u0391-\u03a9\u0410-\u042f]")
_LINK = re.compile(
    r"\[([^\[\]\n]{1,1000})\]\([^()\s]{0,2000}(?:\([^()\s]{0,200}\)[^()\s]{0,2000})?\)|https?://[^\s)\]>]{4,2000}"
)


@cache
def stop_words() -> frozenset[str]:
    """Function words of the languages that pages are mostly in, one set for all."""
    text = files("recall").joinpath("data/stop_words.txt").read_text(encoding="utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())


def signals(text: str) -> dict[str, int | float]:
    """Every signal of SIGNALS for a page's Markdown. Shares are 0 where there is nothing to share."""
    code: list[str] = []
    pieces, at = [], 0
    for block in blocks(text):
        pieces.append(text[at : block.start])
        code.append(text[block.start : block.end])
        at = block.end
    prose = "".join([*pieces, text[at:]])
    lines = text.split("\n")
    lengths = [len(line) for line in lines if line and not line.isspace()]
    code_chars = sum(map(len, code))
    return {
        "chars": len(text),
        "lines": len(lengths),
        "code_blocks": len(code),
        "code_lines": sum(1 for one in code for line in one.split("\n") if line.strip()),
        "code_share": _share(code_chars, len(text)),
        "mean_line_length": _share(sum(lengths), len(lengths)),
        "max_line_length": max(lengths, default=0),
        "entropy": _entropy(text),
        **_of_prose(prose),
    }


def _of_prose(prose: str) -> dict[str, int | float]:
    """Signals of what stands outside code blocks."""
    words = _WORDS.findall(prose)
    cjk = len(_CJK.findall(prose)) if not prose.isascii() else 0
    letters = len(_LETTERS.findall(prose)) if not prose.isascii() else sum(map(str.isalpha, prose))
    ink = len(prose) - sum(prose.count(space) for space in " \n\t")
    lowered = [word.lower() for word in words]
    known = stop_words()
    stops = sum(word in known for word in lowered)
    if cjk:
        stops += sum(prose.count(word) for word in known if len(word) == 1 and _CJK.match(word))
    lines = [line for raw in prose.split("\n") if (line := raw.strip()) and not line.startswith(("```", "~~~"))]
    links = sum(len(found[0]) for found in _LINK.finditer(prose)) if "](" in prose or "://" in prose else 0
    count = len(words) + cjk
    return {
        "words": count,
        "alphabetic_share": _share(letters, ink),
        "symbol_share": _share(len(_SYMBOLS.findall(prose)), ink),
        "digit_share": _share(sum(map(str.isdigit, prose)), ink),
        "uppercase_share": _share(len(_UPPER.findall(prose)), letters),
        "stop_word_share": min(1.0, _share(stops, count)),
        "unique_word_share": _share(len(set(lowered)), len(lowered)),
        "mean_word_length": _share(sum(map(len, words)), len(words)),
        "link_share": _share(links, len(prose)),
        "duplicate_line_share": _share(len(lines) - len(set(lines)), len(lines)),
    }


def _share(part: float, whole: int) -> float:
    return part / whole if whole else 0.0


def _entropy(text: str) -> float:
    """Bits per byte of the text in UTF-8 (Shannon 1948, order 0)."""
    if not text:
        return 0.0
    counts = np.bincount(np.frombuffer(text.encode("utf-8", "replace"), np.uint8))
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log2(shares)).sum()) + 0.0


@dataclass(frozen=True, slots=True)
class Filter:
    """Rules that a page must meet. rules: as the config spells them, in order."""

    rules: tuple[str, ...] = ()

    def broken(self, found: Mapping[str, int | float]) -> str:
        """The first rule that a page's signals break, "" when they meet all."""
        for rule in self.rules:
            name, relation, bound = parse_rule(rule)
            if (found[name] < bound) if relation == ">=" else (found[name] > bound):
                return rule
        return ""

    def all_broken(self, found: Mapping[str, int | float]) -> Iterable[str]:
        """Every rule that a page's signals break."""
        return [rule for rule in self.rules if Filter((rule,)).broken(found)]
