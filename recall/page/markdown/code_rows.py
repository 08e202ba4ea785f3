"""Code laid out in divisions beside their line numbers: a column of numbers and one of lines, or a row for each line.

In: an element. Out: the code, or None. The numbers are proven by counting: each is one more than the last, and there
are as many as lines. What they number must be code by its look, its layout or its font: steps and rankings are not.
"""

import re
from itertools import pairwise
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.code_hints import looks_like_code, strong_class
from recall.page.markdown.code_lines import raw_lines
from recall.page.markdown.tree import ancestors, monospace, text_of

MAX_ROWS: Final = 40_000
_INDENTED: Final = re.compile(r"(?m)^(?: {2,}|\t)\S")
_NUMBER_LENGTH: Final = 9


def counted_rows(element: HtmlElement) -> str | None:
    """The code of an element that lays out numbered lines; None for any other."""
    if not 2 <= len(element) <= MAX_ROWS or not _only_elements(element):
        return None
    cells = _columns(element) or _row_each(element) or _in_turn(element)
    if cells is None:
        return None
    text = "\n".join(_line(cell) for cell in cells).rstrip("\n")
    if not text.strip():
        return None
    told = any(strong_class(part.get("class") or "") or monospace(part) for part in (element, *ancestors(element, 2)))
    told = told or all(cell is None or monospace(cell) for cell in cells)
    return text if told or looks_like_code(text) or _INDENTED.search(text) else None


def _only_elements(element: HtmlElement) -> bool:
    return not (element.text or "").strip() and not any((child.tail or "").strip() for child in element)


def _count(texts: list[str]) -> bool:
    """Whether texts are numbers that count, at least two."""
    numbers = [int(text) for text in texts if text.isdecimal() and len(text) < _NUMBER_LENGTH]
    return len(numbers) == len(texts) > 1 and all(after - before == 1 for before, after in pairwise(numbers))


def _columns(element: HtmlElement) -> list[HtmlElement | None] | None:
    """One column of numbers, one of lines, each in an element of its own."""
    if len(element) != 2:
        return None
    numbers = [text.strip() for text in element[0].itertext() if text.strip()]
    lines = element[1]
    while len(lines) == 1 and _only_elements(lines):
        lines = lines[0]
    if len(lines) != len(numbers) or not _only_elements(lines) or not _count(numbers):
        return None
    return list(lines)


def _row_each(element: HtmlElement) -> list[HtmlElement | None] | None:
    """A row for each line: its number, then the line."""
    if any(not 1 <= len(row) <= 2 or not _only_elements(row) or len(row[0]) > 1 for row in element):
        return None
    if not _count([text_of(row[0]).strip() for row in element]):
        return None
    return [row[1] if len(row) > 1 else None for row in element]


def _in_turn(element: HtmlElement) -> list[HtmlElement | None] | None:
    """A number, a line, a number, a line."""
    if len(element) % 2 or any(len(number) > 1 for number in element[::2]):
        return None
    if not _count([text_of(number).strip() for number in element[::2]]):
        return None
    return list(element[1::2])


def _line(cell: HtmlElement | None) -> str:
    if cell is None:
        return ""
    text = raw_lines(cell, keep="\n" not in text_of(cell).strip("\n"))
    return text.strip("\n").replace("\u00a0", " ").rstrip()
