"""Code that its author typed without a `<pre>`: `<br>` or a paragraph a line, no-break spaces as indentation.

In: the tree. Out: the tree, each run of such lines in a `<pre>` of its own; the sentences around it stay. A run is
proven by its lines: three at least, one of them indented by no-break spaces, half of them code by their look or by a
remark (a third where spaces indent them; labels do not count), none a sentence or a line of verse. Paragraphs of code
of which one goes on in the next are one `<pre>`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.code_hints import code_share, strong_class, weak_class
from recall.page.markdown.code_lines import raw_lines, tidy
from recall.page.markdown.prose_in_pre import reads_as_sentence, reads_as_verse
from recall.page.markdown.tree import BLOCKS, MONOSPACED, PREFORMATTED, ancestors, monospace, remove, text_of, words

MIN_LINES: Final = 3
MAX_LINE: Final = 240
LEAST_PROVEN: Final = 2
LEAST: Final = 0.5
LEAST_INDENTED: Final = 0.3
"""Lines of a run that must look like code, their share, and their share where lines are indented."""

MAX_PARTS: Final = 200
"""Elements of one line at most."""

_DEPTH: Final = 5
_INDENTED: Final = re.compile(r"[ \n\t]*\u00a0[ \u00a0]+")
_RULE: Final = re.compile(r"[ \n\t\u00a0]*\+(?:[-=]{2,}\+)+\s*")
"""A rule of a table that is drawn with letters."""

_PARAGRAPHS: Final = ("p", "div")
_NO_LINE: Final = words("img input button textarea select code tt kbd samp object iframe svg") | BLOCKS
_HOLDERS: Final = PREFORMATTED | MONOSPACED | words("textarea script button nav table tr ul ol dl html")
_REMARKED: Final = re.compile(
    r"(?:^|\s)/\*[^\n]*\*/\s*$"  # C
    r"|^\s*;+ ?\w|\S {2,}; ?\w"  # assembly, Lisp
    r"|\S {2,}// ?\w[^/]*$"
)
_TARGET: Final = re.compile(r"\s*[A-Za-z_.$][\w.$]*:\s*")
"""The label of a line of assembly, a name and a colon, which proves nothing alone."""

_LABEL: Final = re.compile(r"[^{}()\[\];=<>]{1,60}[:：]\s*")


@dataclass(slots=True)
class _Line:
    """What stands between two breaks. before: the `<br>` in front of it; parts: its elements."""

    before: HtmlElement | None
    text: str
    parts: list[HtmlElement] = field(default_factory=list)
    plain: bool = True

    def may_be_code(self) -> bool:
        """Whether nothing but text is in the line, no sentence and no verse."""
        lines = self.text.replace("\u00a0", " ").split("\n")
        return self.plain and len(max(lines, key=len)) <= MAX_LINE and not any(map(_is_prose, lines))

    def shown(self) -> str:
        """The text without the line feeds of the source in front of it."""
        return self.text.strip("\n").replace("\u00a0", " ").rstrip()


def _is_prose(line: str) -> bool:
    return not _REMARKED.search(line) and (reads_as_sentence(line) or reads_as_verse(line))


def wrap_typed_lines(root: HtmlElement) -> None:
    """Put each run of typed lines in a `<pre>`."""
    broken: dict[HtmlElement, None] = {}
    stacked: dict[HtmlElement, None] = {}
    for element in root.iter("br", *_PARAGRAPHS):
        parent = element.getparent()
        if parent is not None and _is_indented(element):
            (broken if element.tag == "br" else stacked)[parent] = None
    for parent in broken:
        if not _is_told(parent):
            lines = _broken_lines(parent)
            for first, last in reversed(list(_runs(lines))):
                _wrap_broken(parent, lines[first : last + 1])
    for parent in broken:
        _join_behind(parent)
    for parent in stacked:
        if not _is_told(parent):
            for lines in list(_stacked_lines(parent)):
                for first, last in _runs(lines):
                    _wrap_stacked(lines[first : last + 1])


def _join_behind(paragraph: HtmlElement) -> None:
    """Take the code of the paragraphs behind one into its own, while a brace is open or their first line indented."""
    block = _only_block(paragraph)
    if block is None:
        return
    texts = [block.text]
    opened = 0
    while True:
        opened += texts[-1].count("{") - texts[-1].count("}")
        following = paragraph.getnext()
        behind = None if following is None else _only_block(following)
        if behind is None or not (opened > 0 or behind.text.startswith("\n  ")):
            break
        texts.append(behind.text.removeprefix("\n"))
        remove(following)
    block.text = "\n\n".join(texts)


def _only_block(paragraph: HtmlElement) -> HtmlElement | None:
    """The `<pre>` of a paragraph, as no page can write one, where breaks alone stand beside it and nothing behind."""
    parts = [part for part in paragraph if part.tag != "br"] if paragraph.tag == "p" else []
    if (
        len(parts) != 1
        or parts[0].tag != "pre"
        or any((text or "").strip() for text in (paragraph.text, paragraph.tail))
    ):
        return None
    return None if any((part.tail or "").strip() for part in paragraph) else parts[0]


def _is_indented(element: HtmlElement) -> bool:
    """Whether no-break spaces indent the line that a `<br>` or a paragraph begins, or it is the rule of a table."""
    text = (element.tail if element.tag == "br" else element.text) or ""
    if _RULE.fullmatch(text):
        return True
    if not text.strip(" \n\t\u00a0"):
        first = element.getnext() if element.tag == "br" else next(iter(element), None)
        text += "" if first is None or first.tag in _NO_LINE else text_of(first)[:40]
    indent = _INDENTED.match(text)
    return indent is not None and indent.end() < len(text)


def _is_told(parent: HtmlElement) -> bool:
    """Whether an element is no place for text, or its tag, class or font says that it is code already."""
    if parent.tag in _HOLDERS:
        return True
    around = (parent, *ancestors(parent, _DEPTH))
    return any(part.tag in PREFORMATTED or monospace(part) or _has_class_of_code(part) for part in around)


def _has_class_of_code(element: HtmlElement) -> bool:
    name = element.get("class") or ""
    return strong_class(name) or weak_class(name, element.tag != "body")


def _broken_lines(parent: HtmlElement) -> list[_Line]:
    """The lines between the breaks of an element."""
    lines = [_Line(None, _run(parent.text))]
    for child in parent:
        if child.tag == "br":
            lines.append(_Line(child, _run(child.tail).lstrip(" ")))
            continue
        line = lines[-1]
        line.parts.append(child)
        line.plain = line.plain and len(line.parts) <= MAX_PARTS and _is_text(child)
        if line.plain:
            line.text += _inline(child) + _run(child.tail)
    return lines


def _is_text(element: HtmlElement) -> bool:
    """Whether nothing but text is in an element of a line."""
    inner = list(islice(element.iter(), MAX_PARTS + 1))
    return len(inner) <= MAX_PARTS and not any(part.tag in _NO_LINE or monospace(part) for part in inner)


def _stacked_lines(parent: HtmlElement) -> Iterator[list[_Line]]:
    """Paragraphs of a line each that follow each other in an element."""
    for is_line, children in groupby(parent, key=_is_line):
        if is_line:
            yield [_Line(None, _inline(child), [child]) for child in children]


def _is_line(element: HtmlElement) -> bool:
    """Whether a paragraph holds one line of text or is an empty one, and nothing stands behind it."""
    if element.tag not in _PARAGRAPHS or (element.tail or "").strip():
        return False
    inner = list(islice(element.iterdescendants(), MAX_PARTS + 1))
    if len(inner) > MAX_PARTS or _has_class_of_code(element) or monospace(element):
        return False
    return all(part.tag not in _NO_LINE and not monospace(part) and not _breaks(part, element) for part in inner)


def _breaks(part: HtmlElement, element: HtmlElement) -> bool:
    """Whether a part breaks the line of an element, which is empty but for a break where it is an empty line."""
    return part.tag == "br" and (len(element) > 1 or bool(text_of(element).strip()))


def _run(text: str | None) -> str:
    return re.sub(r"[ \t]*\n[ \t]*", " ", text) if text else ""


def _inline(element: HtmlElement) -> str:
    text = text_of(element)
    if "\n" not in text and next(element.iter("br"), None) is None:
        return text
    return (" " if text[:1] == " " else "") + raw_lines(element, keep=False)


def _runs(lines: list[_Line]) -> Iterator[tuple[int, int]]:
    """The first and last line of each run of code."""
    ruled = sum(_RULE.fullmatch(line.text) is not None for line in lines) > 1

    def kind(index: int) -> int:
        """0: no code, 1: a line of code, 2: of a table that is drawn with letters."""
        return lines[index].may_be_code() * (1 + (ruled and _is_drawn(lines[index].text)))

    for may_be, group in groupby(range(len(lines)), key=kind):
        if not may_be:
            continue
        places = list(group)
        first, last = places[0], places[-1]
        while first <= last and _is_outside(lines, first, last):
            first += 1
        while first <= last and not lines[last].text.strip():
            last -= 1
        if first <= last and _is_code(lines[first : last + 1]):
            yield first, last


def _is_outside(lines: list[_Line], place: int, last: int) -> bool:
    """Whether the first line of a run is empty, or a label in front of what it announces. last: of the run."""
    text = lines[place].text
    if not text.strip():
        return True
    indented = place < last and _INDENTED.match(lines[place + 1].text) is not None
    return not indented and _LABEL.fullmatch(text) is not None


def _is_code(lines: list[_Line]) -> bool:
    texts = [line.text for line in lines if line.text.strip()]
    if _is_drawn_table(texts):
        return True
    height = sum(text.count("\n") + 1 for text in texts)
    indented = any(_INDENTED.match(text) for text in texts)
    if height < MIN_LINES or not indented:
        return False
    shown = [text for line in lines for text in line.shown().split("\n") if text.strip()]
    judged = [text for text in shown if not _TARGET.fullmatch(text)]
    proven = sum(1 for text in judged if _REMARKED.search(text) or code_share(text))
    least = LEAST_INDENTED if any(text.startswith(("  ", "\t")) for text in shown) else LEAST
    return proven >= LEAST_PROVEN and proven >= least * len(judged)


def _is_drawn_table(texts: list[str]) -> bool:
    """Whether lines are a table drawn with letters: rules around rows that begin and end with a stroke."""
    rules = [index for index, text in enumerate(texts) if _RULE.fullmatch(text)]
    return len(rules) > 1 and rules[-1] - rules[0] > 1 and all(map(_is_drawn, texts))


def _is_drawn(text: str) -> bool:
    """Whether a line begins and ends with a stroke."""
    row = text.strip()
    return row[:1] in ("+", "|") and row[-1] in "+|"


def _wrap_broken(parent: HtmlElement, lines: list[_Line]) -> None:
    block = _block(parent, lines)
    for index, line in enumerate(lines):
        for part in line.parts:
            parent.remove(part)
        if index and line.before is not None:
            parent.remove(line.before)
    first = lines[0].before
    if first is None:
        parent.text = None
        parent.insert(0, block)
    else:
        first.tail = None
        first.addnext(block)


def _wrap_stacked(lines: list[_Line]) -> None:
    first = lines[0].parts[0]
    parent = first.getparent()
    first.addprevious(_block(parent, lines))
    for line in lines:
        parent.remove(line.parts[0])


def _block(parent: HtmlElement, lines: list[_Line]) -> HtmlElement:
    block: HtmlElement = parent.makeelement("pre")
    block.text = "\n" + tidy("\n".join(line.shown() for line in lines), keep=True)
    return block
