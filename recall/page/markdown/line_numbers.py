"""Line numbers in and beside a code block: proven by counting and by where they stand, never by being numbers.

In: a block's lines with the elements on them, a text whose lines may begin with typed numbers, or two neighbouring
blocks. Out: which elements, or which numbers, are a gutter. Columns of numbers in data, output, links and tables stay.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.code_hints import looks_like_code
from recall.page.markdown.tree import BLOCKS, classes, holds_more, text_of, words

NUMBER_CLASS: Final = re.compile(
    r"line-?_?no|line-?_?nu?m|linenr|lnum\b"
    r"|(?:^|[ -])ln[at]?(?:$| )|ln-n|(?:blob|lines)-num|gutter|line-?_?count|rownum"
    r"|ltx_tag|src-line|code-?line-?num|line-index|crayon-num",
    re.I,
)
_FOLD_MARKS: Final = re.compile(r"[\d\s\u00a0.:|▸▾▶▼⊞⊟]*")
_DIGITS: Final = 10
"""Numbers of so many digits or more count no lines."""

_STYLES: Final = ("style", "script")
_FEW_PARTS: Final = 6
"""Elements of a line at most, style sheets among them, whose number is one of two."""

_LITERAL_CLASSES: Final = words("mi m mf mh mo mb il number hljs-number token constant numeric literal lit num nu0")


@dataclass(slots=True)
class Marked:
    """An element on a line. before: pieces of text in front of it. last, following: the letters around it."""

    element: HtmlElement
    before: int
    last: str
    following: str = ""


@dataclass(slots=True)
class CodeLine:
    """A line of a block: how many pieces of text it shows outside the marked elements, its last letter, and these."""

    shown: int = 0
    last: str = ""
    marked: list[Marked] = field(default_factory=list)

    def add(self, text: str) -> None:
        """Add a piece of text."""
        if text:
            for mark in reversed(self.marked):
                if mark.following:
                    break
                mark.following = text[0]
            self.shown += bool(text.strip())
            self.last = text[-1]


def is_literal(element: HtmlElement) -> bool:
    """Whether a highlighter calls an element a number of the code."""
    return not _LITERAL_CLASSES.isdisjoint(classes(element))


def are_line_numbers(text: str) -> bool:
    """Whether a text is nothing but consecutive line numbers, at least two of them."""
    if not text.lstrip()[:1].isdecimal():
        return False
    found = [word.rstrip(".:)|") for word in text.split()]
    if len(found) < 2 or not all(word.isdecimal() and len(word) < _DIGITS for word in found):
        return False
    first = int(found[0])
    return all(int(word) == first + index for index, word in enumerate(found))


def is_number_text(text: str) -> bool:
    """Whether a text holds numbers and the marks that gutters set beside them, and nothing else."""
    return _FOLD_MARKS.fullmatch(text) is not None


def counting(lines: Sequence[CodeLine], claims: set[HtmlElement]) -> set[HtmlElement]:
    """Those of the claimed numbers that count the lines.

    claims: elements of numbers that a class, an anchor or the like calls line numbers. A single number must begin its
    line and agree with its place; a column of numbers must be as long as the code beside it.
    """
    shown = [index for index, line in enumerate(lines) if line.shown]
    height = shown[-1] - shown[0] + 1 if shown else 0
    singles: list[tuple[int, HtmlElement, int]] = []
    proven: set[HtmlElement] = set()
    for index, line in enumerate(lines):
        for mark in line.marked:
            if mark.element not in claims:
                continue
            text = " ".join(mark.element.itertext())
            digits = text.strip(" \t\r\n\u00a0.:|)▸▾▶▼⊞⊟")
            if not digits or any("line" in name and value == digits for name, value in mark.element.items()):
                proven.add(mark.element)
            elif digits.isdecimal() and len(digits) < _DIGITS and not mark.before:
                singles.append((index, mark.element, int(digits)))
            elif are_line_numbers(text) and height and height <= len(text.split()) <= max(height, len(lines)) + 2:
                proven.add(mark.element)
    return proven | _columns(singles, len(shown))


def _columns(singles: list[tuple[int, HtmlElement, int]], shown: int) -> set[HtmlElement]:
    """The numbers that count, as one column or as several (old and new numbers of a patch)."""
    keys: tuple[Callable[[HtmlElement], object], ...] = (
        lambda _: None,  # all one column
        lambda element: (element.tag, element.get("class")),
    )
    if not singles:
        return set()
    for key in keys:
        columns: dict[object, list[tuple[int, int]]] = {}
        for index, element, number in singles:
            columns.setdefault(key(element), []).append((index, number))
        if all(counts_up(column, shown) for column in columns.values()):
            return {element for _, element, _ in singles}
    return set()


def counts_up(column: Sequence[tuple[int, int]], shown: int) -> bool:
    """Whether numbers, each with its line's place, count: in step with lines, or upwards with gaps as in a patch."""
    if len(column) == 1:
        index, number = column[0]
        return shown <= 1 or number == index + 1
    if len({number - index for index, number in column}) == 1:
        return True
    steps = [after[1] - before[1] for before, after in pairwise(column)]
    return all(step > 0 for step in steps) and sum(step == 1 for step in steps) * 2 >= len(steps)


def counters(root: HtmlElement, numbers: Sequence[HtmlElement]) -> set[HtmlElement]:
    """Those elements of numbers that count the lines without a class name to say so.

    They share tag and class, each is the first thing in a parent of its own, they hold 1, 2, 3 … in order, and beside
    them stands code: by its look, as a block of its own, or indented with no space between it and its number.
    """
    groups: dict[tuple[str, str | None], list[HtmlElement]] = {}
    for element in numbers:
        groups.setdefault((element.tag, element.get("class")), []).append(element)
    return {element for group in groups.values() if _is_counter(group) or _counts_few(root, group) for element in group}


def _counts_few(root: HtmlElement, group: list[HtmlElement]) -> bool:
    """Whether one or two numbers count all lines of a block: before each lies nothing, behind it one element.

    What that holds must be a block of its own, or words that no number is written together with.
    """
    if len(group) > 2 or is_literal(group[0]) or group[0].get("style"):
        return False
    if [text_of(number).strip() for number in group] != ["1", "2"][: len(group)]:
        return False
    shown = 0
    for number in group:
        parent = number.getparent()
        parts = [part for part in islice(parent, _FEW_PARTS) if part.tag not in _STYLES]
        if holds_more(parent, _FEW_PARTS) or len(parts) != 2 or parts[0] is not number or (parent.text or "").strip():
            return False
        line = parts[1]
        if any((part.tail or "").strip() for part in parent):
            return False
        words = text_of(line).split()
        if line.tag not in BLOCKS and not (len(words) > 1 and words[0][:1].isalpha()):
            return False
        shown += len("".join(words)) + 1
    unseen = sum(len("".join(text_of(part).split())) for part in root.iter(*_STYLES))
    return shown == len("".join(text_of(root).split())) - unseen


def _is_counter(group: list[HtmlElement]) -> bool:
    parents = {element.getparent() for element in group}
    if len(group) < 3 or len(parents) < len(group) or is_literal(group[0]):
        return False
    if not are_line_numbers(" ".join(text_of(part) for part in group)) or not all(map(_comes_first, group)):
        return False
    rests = [_behind(element) for element in group]
    if sum(1 for rest in rests if rest.strip()) * 2 <= len(rests):
        return False
    if all(element.getnext() is not None and element.getnext().tag in BLOCKS for element in group):
        return not any((element.tail or "").strip() for element in group)
    glued = all(not rest[:1].isspace() for rest in rests if rest.strip())
    return looks_like_code("\n".join(rests)) or (glued and _laid_out(rests))


def _behind(element: HtmlElement) -> str:
    """What follows an element in its parent."""
    return (element.tail or "") + "".join(text_of(part) + (part.tail or "") for part in element.itersiblings())


def _laid_out(texts: Sequence[str]) -> bool:
    """Whether some of the lines are empty or indented."""
    return any(not text.strip() or text[:1].isspace() for text in texts)


def _comes_first(element: HtmlElement) -> bool:
    parent = element.getparent()
    if (parent.text or "").strip():
        return False
    return all(not text_of(before).strip() or before.tag == "style" for before in element.itersiblings(preceding=True))


_TYPED: Final = re.compile(r"[ \t]*(\d{1,9})[:|]?(?:[ \t]|$)")


def without_typed_numbers(text: str) -> str:
    """Strip line numbers that were typed into the lines themselves.

    Only where every line has one, they count up by one from the first of at least four, and what remains reads as code
    and is laid out as code (an indented or an empty line): tables, output, numbered lists and BASIC stay as they are.
    """
    lines = text.split("\n")
    if len(lines) < 4:
        return text
    matches = [_TYPED.match(line) for line in lines]
    numbers = [int(match[1]) for match in matches if match]
    if len(numbers) < len(lines) or any(b - a != 1 for a, b in pairwise(numbers)):
        return text
    rest = [line[match.end() :].rstrip() for line, match in zip(lines, matches, strict=True) if match]
    margin = min((len(line) - len(line.lstrip(" ")) for line in rest if line), default=0)
    rest = [line[margin:] for line in rest]
    return "\n".join(rest) if _laid_out(rest) and looks_like_code("\n".join(rest)) else text


_GUTTER_STYLE: Final = re.compile(r"float|position|user-select|text-align\s*:\s*right|border-right|width", re.I)


def stands_beside(gutter: HtmlElement, code: HtmlElement) -> bool:
    """Whether a block of numbers is set beside a block of code, and not above or below it.

    They are the only text of their wrapper, the numbers come first, and the markup says that they are no text: a class,
    or a style that floats them or keeps them from being selected.
    """
    above = set(islice(code.iterancestors(), 8))
    parts = [gutter]
    for around in islice(gutter.iterancestors(), 8):
        if around in above:
            return any(map(_marked_as_gutter, parts)) and _holds_only(around, gutter, code)
        parts.append(around)
    return False


def _holds_only(around: HtmlElement, first: HtmlElement, second: HtmlElement) -> bool:
    """Whether an element has no text but that of two inside it; looks at little more than these hold."""
    texts = [*first.itertext(), *second.itertext()]
    rest = sum(len("".join(text.split())) for text in texts)
    for count, text in enumerate(around.itertext()):
        rest -= len("".join(text.split()))
        if rest < 0 or count > len(texts) + 200:
            return False
    return rest == 0


def _marked_as_gutter(element: HtmlElement) -> bool:
    told = element.get("aria-hidden") == "true" or element.get("unselectable") == "on"
    named = NUMBER_CLASS.search(f"{element.get('class') or ''} {element.get('id') or ''}") is not None
    return told or named or _GUTTER_STYLE.search(element.get("style") or "") is not None
