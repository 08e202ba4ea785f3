"""Signals of the code of a page: of each fenced block, and of all of them together.

In: a page's Markdown. Out: a number for each signal of CODE_SIGNALS, None where there is nothing to say; and which
rules a block breaks by itself. Blocks weigh as many characters as they have that are no white space ("ink"). A block
that its grammar takes is measured by its tree, every other one by `code_scanner`. Time grows with the text: patterns
never look twice at a character without a bound, and lines are judged by their first LINE characters.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from recall.config.corpus_sections import CODE_SIGNALS
from recall.config.quality_rules import QualityRule
from recall.corpus.code_scanner import scanned, signs_are_told
from recall.corpus.signals import Measured, blocks, broken_rule
from recall.corpus.syntax import Parts, parsed

LINE = 300
"""Characters of a line that tell whether it is output."""

OUTPUT = 0.9
"""Share of a block's lines that look like output from which on it is nothing else."""

OF_STRINGS = frozenset(("json", "json5", "jsonc", "geojson"))
"""Languages whose strings are all there is, so that they are no share of something else."""

OUTPUT_LINES = 3
"""Lines of output that tell enough."""

_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_WORD = re.compile(r"\w")
_DATA = re.compile(
    r"(?:\\x[0-9a-fA-F]{2}){4,}+"
    r"|(?<![A-Za-z0-9])(?=[-\da-fA-F]|^[ \t]|[A-Za-z0-9+/]{32})(?:"  # nearly everywhere this is all that is tried
    r"(?<!\w)(?:0[xX][0-9a-fA-F]{1,16}+[uUlL]{0,3}+[, \t\r\n]{1,40}+){8,}+"
    r"|^[ \t]{0,8}+(?:0x)?[0-9a-fA-F]{4,16}+:?[ \t]{1,4}+(?:[0-9a-fA-F]{2,4}+[ \t]{1,3}+){4,64}+[^\n]*+"
    r"|(?<!\w)(?:[0-9a-fA-F]{2}[ \t\r\n,:]{1,4}+){16,}+"
    r"|(?<![\w.])(?:-?\d{1,20}+(?:\.\d{1,20}+)?+[,; \t\r\n]{1,40}+){20,}+"
    r"|(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{32,}+={0,2})",
    re.MULTILINE,
)
"""Each quantifier keeps what it took, so that no run is divided in two ways."""

_HEXADECIMAL = re.compile(r"(?=[a-fA-F]{0,64}[0-9])[0-9a-fA-F]+")
_WORD_LIKE = re.compile("[A-Za-z0-9+/]+")
_BASE64 = 60
"""Characters of a run that is no hexadecimal number but data in base64."""

_GENERATED = re.compile(
    r"(?i)\bauto(?:matically)?[- ]?generated\b|@generated\b|\bdo not (?:edit|modify)\b|\bmachine[- ]generated\b"
    r"|^\W{0,20}(?:this file (?:is|was) |code |file )?generated (?:by|from|with)\b",
    re.MULTILINE,
)
_DOCSTRING = ('"""', "'''")
_OUTPUT_LINE = re.compile(
    r"\[?\d{4}[-/]\d\d[-/]\d\d[T ,]+\d\d:\d\d"
    r"|\[?\d\d:\d\d:\d\d\b"
    r"|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d"
    r"|[\[(<]?(?:INFO|DEBUG|WARN|WARNING|ERROR|TRACE|FATAL|NOTICE|CRITICAL)\b[\])>:]"
    r"|\[ {0,8}\d{1,8}\.\d{3,6}\]"
    r"|Traceback \(most recent call last\)|  File \".{1,200}\", line \d+"
    r"|\s{1,16}at [\w$.<>\[\]/]{2,200}\s?\(|Caused by: |\s{1,16}\.\.\. \d+ more\b"
    r"|(?:[\w$]{1,60}\.){0,12}\w{0,60}(?:Error|Exception)(?::|$)"
    r"|[-+=|]{3}[-+=| ]*$"
    r"|[-+\s.,:;%|]*+\d[-+\s\d.,:;%|eE]*+$"
)
_TABLE_ROW = re.compile(r"[ \t]{0,8}\|? ?[^|\n]{1,200}(?:\|[^|\n]{1,200}){1,40}\|?$")
_UNDERLINE = re.compile(r"[ \t]*+-{3}[-+| \t]*+")
_RULER = re.compile(r"[ \t]{0,8}[|+]?-{2,}[-+|]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class BlockFacts:
    """What is measured of a block. ink: characters that are no white space, of all, of comments, strings and data.

    parses: as in the column `fences`; lines, line_chars: lines that are not blank, and their characters.
    """

    ink: int
    parses: bool | None
    comment_ink: int
    string_ink: int
    data_ink: int
    identifiers: frozenset[str] = field(repr=False)
    longest: int
    lines: int
    line_chars: int
    generated: bool
    comment_only: bool
    output_only: bool
    definitions: int


def facts_of(code: str, word: str) -> BlockFacts:
    """What is measured of a block. word: of its fence, "" where it has none."""
    verdict = parsed(code, word) if word else None
    parts = (verdict and verdict.parts) or scanned(code, word)
    if word in OF_STRINGS:
        parts = Parts(parts.comments, "", f"{parts.rest}\n{parts.strings}", parts.definitions)
    lengths = [len(line) for line in code.split("\n") if line and not line.isspace()]
    ink = _ink(code)
    only = bool(parts.comments) and not parts.strings and signs_are_told(word) and not _WORD.search(parts.rest)
    return BlockFacts(
        ink,
        verdict.parses if verdict else None,
        min(ink, _ink(parts.comments)),
        min(ink, _ink(parts.strings)),
        min(ink, sum(_ink(match[0]) for match in _DATA.finditer(code) if _is_data(match[0]))),
        frozenset(_IDENTIFIER.findall(parts.rest)),
        max(lengths, default=0),
        len(lengths),
        sum(lengths),
        _says_generated(parts.comments) or _is_generated_by_docstring(code, parts.strings),
        only,
        not only and _is_output(code),
        parts.definitions,
    )


def measured_blocks(text: str) -> list[BlockFacts]:
    """What is measured of each fenced block of a text, in order. Blank ones add nothing to any signal."""
    return [facts_of(text[block.start : block.end], block.language) for block in blocks(text)]


def code_signals(measured: Sequence[BlockFacts]) -> Measured:
    """Every signal of CODE_SIGNALS over some blocks; all None without code, the parse share where none is known."""
    ink = sum(block.ink for block in measured)
    known = sum(block.ink for block in measured if block.parses is not None)
    lines = sum(block.lines for block in measured)
    if not ink:
        return dict.fromkeys(CODE_SIGNALS)
    return {
        "code_parse_share": sum(block.ink for block in measured if block.parses) / known if known else None,
        "code_comment_share": sum(block.comment_ink for block in measured) / ink,
        "code_string_share": sum(block.string_ink for block in measured) / ink,
        "code_hex_share": sum(block.data_ink for block in measured) / ink,
        "code_identifiers": len(frozenset[str]().union(*(block.identifiers for block in measured))),
        "code_longest_line": max(block.longest for block in measured),
        "code_mean_line": sum(block.line_chars for block in measured) / lines,
        "code_generated": sum(block.generated for block in measured),
        "code_comment_only": sum(block.comment_only for block in measured),
        "code_output_only": sum(block.output_only for block in measured),
        "code_definitions": sum(block.definitions for block in measured),
    }


def broken_by_blocks(rules: Sequence[QualityRule], measured: Sequence[BlockFacts]) -> list[str]:
    """Names of the rules over single blocks that some block breaks, in the order of the rules."""
    rules = [rule for rule in rules if rule.scope == "block"]
    each = [code_signals([block]) for block in measured] if rules else []
    return [rule.name for rule in rules if any(broken_rule((rule.rule,), signals) for signals in each)]


def _is_generated_by_docstring(code: str, strings: str) -> bool:
    """Whether the string that a block begins with says that a program wrote it, as Python's docstrings do."""
    return code.lstrip().startswith(_DOCSTRING) and _says_generated(strings[:LINE])


def _says_generated(text: str) -> bool:
    """Whether a text says that a program wrote it; only few hold the words that this takes."""
    lowered = text.lower()
    return ("generated" in lowered or "do not " in lowered) and _GENERATED.search(text) is not None


def _ink(text: str) -> int:
    return sum(map(len, text.split()))


def _is_data(run: str) -> bool:
    """Whether a run that may be a long word, too, is data: hexadecimal, or base64 with signs of each kind."""
    plain = run.rstrip("=")
    if not _WORD_LIKE.fullmatch(plain) or _HEXADECIMAL.fullmatch(plain):
        return True
    size = len(plain)
    kinds = [sum(map(test, plain)) for test in (str.isdigit, str.isupper, str.islower)]
    return size >= _BASE64 and min(kinds) * 20 >= size and plain.count("/") * 10 <= size


def _is_output(code: str) -> bool:
    """Whether a block is what a program wrote: a log, a trace, a table."""
    lines = [line[:LINE] for line in code.split("\n") if line and not line.isspace()]
    if len(lines) < OUTPUT_LINES:
        return False
    rows = _TABLE_ROW if "--" in code and _RULER.search(code) else None
    count = sure = 0
    traced = False
    for left, line, following in zip(range(len(lines), 0, -1), lines, [*lines[1:], ""], strict=True):
        if count + left < OUTPUT * len(lines):
            return False
        row = _OUTPUT_LINE.match(line) is not None or (rows is not None and rows.match(line) is not None)
        sure += row and _UNDERLINE.fullmatch(line) is None
        count += row or _UNDERLINE.fullmatch(following) is not None or (traced and line.startswith("    "))
        traced = line.startswith("  File ")
    return sure > 1 and count >= OUTPUT * len(lines)
