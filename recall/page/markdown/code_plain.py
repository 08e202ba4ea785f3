"""The quick way for most blocks of code: text in spans of colour, whose lines are its line feeds.

In: the element of a block. Out: whether it is so plain that its text is its code. What may be a line number, a control,
a line of its own or anything that is drawn otherwise is left to the walk of `code_lines`.
"""

import re
from functools import lru_cache
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.block_labels import links_to_run
from recall.page.markdown.block_noise import LINE_CLASSES, told_by_class
from recall.page.markdown.line_numbers import is_literal
from recall.page.markdown.tree import text_of

BLOCK_SPANS: Final = frozenset({"xtra", "gatsby-highlight-code-line"})
"""Classes of spans that style sheets draw as blocks."""

_PLAIN_TAGS: Final = frozenset({"span", "b", "i", "em", "strong", "u", "font", "code", "var", "tt", "a"})
_PLAIN_STYLE: Final = re.compile(
    r"\s*(?:(?:--[\w-]+|color|background(?:-color)?|font-(?:style|weight)|text-decoration)\s*:[^;:()]{0,60}"
    r"(?:\([^;:()]{0,40}\)\s*)?;?\s*)*",
    re.I,
)
_SILENT: Final = frozenset({"data-lang", "data-language", "lang", "id", "href", "title", "target", "rel", "translate"})
_NUMBER_LENGTH: Final = 32


@lru_cache(maxsize=8192)
def _look(attribute: str, value: str) -> str:
    """What an attribute says of a part of code: 'p' plain, no more than its colour; 'l' it is a line; 'o' any other."""
    if attribute == "style":
        return "p" if _PLAIN_STYLE.fullmatch(value) else "o"
    if attribute in _SILENT:
        return "p"
    if attribute != "class" or told_by_class(value):
        return "o"
    names = frozenset(value.lower().split())
    if not names.isdisjoint(BLOCK_SPANS):
        return "o"
    return "p" if names.isdisjoint(LINE_CLASSES) else "l"


def is_plain(root: HtmlElement) -> bool:
    """Whether an element holds nothing but text in spans of colour: all of it is shown, and lines are its line feeds.

    A quick answer for most blocks: the walk over the others finds the same lines in these.
    """
    for element in root.iterdescendants():
        tag = element.tag
        if tag not in _PLAIN_TAGS or (tag == "code" and not is_only_child(element)):
            return False
        for attribute, value in element.items():
            look = _look(attribute, value)
            if look == "o" or (look == "l" and not _is_fed_line(element)):
                return False
        if tag == "a" and links_to_run(element):
            return False
        text = element.text if tag != "a" else text_of(element)
        if text and len(text) < _NUMBER_LENGTH and text.strip().isdecimal() and (tag == "a" or _may_count(element)):
            return False
    return True


def is_plain_leaf(element: HtmlElement) -> bool:
    """Whether an element is a span of colour that holds text alone."""
    return element.tag in _PLAIN_TAGS and not len(element) and all(_look(*item) == "p" for item in element.items())


def _is_fed_line(line: HtmlElement) -> bool:
    """Whether the lines of a highlighter are divided by one line feed each and hold none."""
    if line.tail != "\n" and (line.tail or line.getnext() is not None):
        return False
    before = line.getprevious()
    if before is None:
        if line.getparent().text:
            return False
    elif before.get("class") != line.get("class"):
        return False
    return "\n" not in text_of(line)


def _may_count(number: HtmlElement) -> bool:
    """Whether a number is the first thing in its parent, as all are that count lines, and none of the code's own."""
    return number.getprevious() is None and not (number.getparent().text or "").strip() and not is_literal(number)


def is_only_child(element: HtmlElement) -> bool:
    """Whether an element has no sibling."""
    return element.getprevious() is None and element.getnext() is None
