"""Tags and quality signals of a page, its fenced and inline code; and rules over the signals.

In: URL, Markdown and the page as it was sent. Out: an ISO 639-1 code, a kind of site, the languages that fences name, a
number for each signal; and the first rule that a page breaks. Nothing is refused here: a signal is a fact, a rule is
the user's. Signals of prose are computed outside code blocks, so that braces, indentation and short lines of code
change none of them.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import filterfalse

import numpy as np
from numpy.typing import NDArray

from recall.config.corpus_sections import parse_rule
from recall.page.files.notebook import OUTPUT
from recall.page.text.prose_language import language_of
from recall.sites.kinds import kind_of

Measured = dict[str, int | float | None]
"""Signals by name, None where there is nothing to say."""

TAGS: Mapping[str, str] = {"language": "string", "category": "string", "code_languages": "list<string>"}

_DECLARED = re.compile(rb"(?i)<html\b[^>]{0,1000}?\b(?:xml:)?lang\s*=\s*[\"']?\s*([a-z]{2,3})(?![a-z])")
_HEAD = 8_192
_WORDS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_PART_WORDS = bytes(byte if byte >= 128 or byte in b"'" or bytes([byte]).isalpha() else 32 for byte in range(256))
"""Of UTF-8, the ASCII that is in no word becomes spaces."""
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_CHARACTERS = {
    "cjk": _CJK,
    "letters": re.compile(r"[^\W\d_]"),
    "symbols": re.compile(r"[^\w\s]|_"),
    "blank": re.compile("[ \n\t]"),
    "upper": re.compile(r"[A-Z\u00c0-\u00de\u0391-\u03a9\u0410-\u042f]"),
}
_FUNCTION_WORD = "function word"
"""A kind of character: one that is a word of `stop_words` in a language without spaces."""

_KINDS = (*_CHARACTERS, "digits", _FUNCTION_WORD)

_LINK = re.compile(
    r"\[([^\[\]\n]{1,1000})\]\([^()\s]{0,2000}(?:\([^()\s]{0,200}\)[^()\s]{0,2000})?\)|https?://[^\s)\]>]{4,2000}"
)


def declared_language(body: bytes) -> str:
    """The language that a page's `<html lang>` names, "" where it names none."""
    match = _DECLARED.search(body, 0, _HEAD)
    return match[1].decode("ascii").lower() if match else ""


def language(text: str, declared: str = "") -> str:
    """ISO 639-1 code of a Markdown page's prose, "" when there is too little to tell.

    declared: what the page declares, as `declared_language` gives it; used only where there is too little prose.
    """
    return language_of(prose(text).lstrip("`~ \n")) or declared


def code_languages(text: str) -> list[str]:
    """The words that a page's fences name their languages by, the one with the most characters first."""
    sizes: Counter[str] = Counter()
    for block in blocks(text):
        if block.language and block.language != OUTPUT:
            sizes[block.language] += block.end - block.start
    return sorted(sizes, key=lambda word: (-sizes[word], word))


def tags(url: str, text: str, declared: str = "") -> dict[str, object]:
    """All of TAGS for a page."""
    return {
        "language": language(text, declared),
        "category": kind_of(url),
        "code_languages": code_languages(text),
    }


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
    outside = "".join([*pieces, text[at:]])
    lines = text.split("\n")
    lengths = [len(line) for line in lines if line and not line.isspace()]
    code_chars = sum(map(len, code))
    return {
        "chars": len(text),
        "lines": len(lengths),
        "code_blocks": len(code),
        "code_lines": sum(1 for block in code for line in block.split("\n") if line.strip()),
        "code_share": _share(code_chars, len(text)),
        "mean_line_length": _share(sum(lengths), len(lengths)),
        "max_line_length": max(lengths, default=0),
        "entropy": _entropy(text),
        **_of_prose(outside),
    }


def _of_prose(text: str) -> dict[str, int | float]:
    """Signals of the text outside code blocks."""
    words = _words(text)
    occurs = _characters(text)
    cjk = occurs["cjk"]
    letters = occurs["letters"]
    ink = len(text) - occurs["blank"]
    lowered = list(map(str.lower, words))
    stops = sum(map(stop_words().__contains__, lowered)) + occurs[_FUNCTION_WORD]
    lines = [line for raw in text.split("\n") if (line := raw.strip()) and not line.startswith(("```", "~~~"))]
    links = sum(len(link[0]) for link in _LINK.finditer(text)) if "](" in text or "://" in text else 0
    count = len(words) + cjk
    return {
        "words": count,
        "alphabetic_share": _share(letters, ink),
        "symbol_share": _share(occurs["symbols"], ink),
        "digit_share": _share(occurs["digits"], ink),
        "uppercase_share": _share(occurs["upper"], letters),
        "stop_word_share": min(1.0, _share(stops, count)),
        "unique_word_share": _share(len(set(lowered)), len(lowered)),
        "mean_word_length": _share(sum(map(len, words)), len(words)),
        "link_share": _share(links, len(text)),
        "duplicate_line_share": _share(len(lines) - len(set(lines)), len(lines)),
    }


def _words(text: str) -> list[str]:
    """What _WORDS finds, in no order: most words are told by white space and ASCII signs, which takes half the time."""
    pieces = text.encode("utf-8", "replace").translate(_PART_WORDS).decode().split()
    return [*filter(str.isalpha, pieces), *_WORDS.findall(" ".join(filterfalse(str.isalpha, pieces)))]


def _characters(text: str) -> Counter[str]:
    """How many characters of a text are of each kind. Few are distinct, and each of these is looked at once."""
    occurs = np.bincount(np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8), minlength=128)
    counts = Counter(dict(zip(_KINDS, (_ascii_kinds() @ occurs[:128]).tolist(), strict=True)))
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.dtype("<u4"))
    others, often = np.unique(codes[codes >= 128], return_counts=True)
    for code, count in zip(others.tolist(), often.tolist(), strict=True):
        for kind in _kinds(chr(code)):
            counts[kind] += count
    return counts


@cache
def _ascii_kinds() -> NDArray[np.int64]:
    """Which ASCII characters are of each kind, shape (kinds, 128)."""
    return np.array([[kind in _kinds(chr(code)) for code in range(128)] for kind in _KINDS], np.int64)


@lru_cache(maxsize=1 << 15)
def _kinds(character: str) -> tuple[str, ...]:
    """The kinds that a character is of."""
    kinds = [kind for kind, pattern in _CHARACTERS.items() if pattern.match(character)]
    if character.isdigit():
        kinds.append("digits")
    if "cjk" in kinds and character in stop_words():
        kinds.append(_FUNCTION_WORD)
    return tuple(kinds)


def _share(part: float, whole: int) -> float:
    return part / whole if whole else 0.0


def _entropy(text: str) -> float:
    """Bits per byte of the text in UTF-8 (Shannon 1948, order 0)."""
    if not text:
        return 0.0
    counts = np.bincount(np.frombuffer(text.encode("utf-8", "replace"), np.uint8))
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log2(shares)).sum()) + 0.0


def broken_rule(rules: Sequence[str], measured: Mapping[str, int | float | None]) -> str:
    """The first rule, as the config spells it, that a page's signals break, "" when they meet all.

    A signal that is None breaks no rule.
    """
    for rule in rules:
        name, relation, bound = parse_rule(rule)
        value = measured[name]
        if value is not None and ((value < bound) if relation == ">=" else (value > bound)):
            return rule
    return ""


_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[ \t]*([^\n`]*)$", re.MULTILINE)
_FENCE_SIGNS, _TICKED_FENCE_SIGNS = re.compile("```|~~~"), re.compile("```")
_TICKS = re.compile(r"(?<!`)(`{1,2})(?!`)([^`\n]{1,500})\1(?!`)")


@dataclass(frozen=True, slots=True)
class FencedBlock:
    """A fenced block. start, end: characters of its code, without the fence lines; language: the fence's own word."""

    start: int
    end: int
    language: str


@lru_cache(maxsize=1)
def blocks(text: str) -> tuple[FencedBlock, ...]:
    """Every fenced block, in order. Those of the last text are remembered, as many who read it ask for them."""
    return tuple(_find_blocks(text))


def _find_blocks(text: str) -> Iterator[FencedBlock]:
    opened: re.Match[str] | None = None
    for fence in _fences(text):
        if opened is None:
            opened = fence
        elif fence[1].startswith(opened[1]) and not fence[2].strip():
            start = min(opened.end() + 1, fence.start())
            yield FencedBlock(start, max(start, fence.start() - 1), _word(opened[2]))
            opened = None
    if opened is not None:
        yield FencedBlock(min(opened.end() + 1, len(text)), len(text), _word(opened[2]))


def _fences(text: str) -> Iterator[re.Match[str]]:
    """Every line that is a fence, looked for by its signs, as few lines have them."""
    pattern = _FENCE_SIGNS if "~~~" in text else _TICKED_FENCE_SIGNS  # one of them alone is found much faster
    signs = pattern.search(text)
    while signs is not None:
        fence = _FENCE.match(text, text.rfind("\n", 0, signs.start()) + 1)
        if fence is not None:
            yield fence
        end = text.find("\n", signs.end())
        signs = pattern.search(text, end) if end >= 0 else None


def _word(information: str) -> str:
    word, *_ = information.split(None, 1) or [""]
    return word.lower()


def inline(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Start and end of each code span within characters [start, end) of prose."""
    for match in _TICKS.finditer(text, start, end):
        yield match.span(2)


def prose(text: str) -> str:
    """The text without fenced blocks, their fences kept as they are a line each."""
    pieces, at = [], 0
    for block in blocks(text):
        pieces.append(text[at : block.start])
        at = block.end
    return "".join([*pieces, text[at:]])
