"""Code laid out in neighbours of a line each, without a `<pre>`: the same element again and again.

In: the first of them. Out: the elements and their text, or None. A run is proven by its elements: one class or font
throughout, or nothing but monospaced text; empty elements between are empty lines.
"""

import re
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.code_hints import looks_like_code
from recall.page.markdown.code_lines import code_text
from recall.page.markdown.tree import BLOCKS, classes, monospace, text_of

Run = tuple[tuple[HtmlElement, ...], str]

MAX_PARTS: Final = 400
"""Elements of one line at most: a longer one is no line."""

LONG_RUN: Final = 40
"""Elements, breaks too, of a run up to which code may begin at any of its lines."""

_BY_BREAK: Final = frozenset({"code", "tt", "samp", "kbd", "font", "span", "b"})
_BY_BLOCK: Final = frozenset({"p", "div"})
_TARGETS: Final = frozenset({"a", "span"})
_WITH_BREAKS: Final = frozenset({"p", "div", "td", "dd", "blockquote", "section"})
_NO_LINE: Final = frozenset({"pre", "table", "ul", "ol", "img", "h1", "h2", "h3", "textarea", "input", "button"})
_CELLS: Final = ("td", "th")
_MARGIN: Final = re.compile(r"(?:margin-left|padding-left|text-indent)\s*:\s*(\d{1,4}(?:\.\d+)?)(px|em|pt)", re.I)
_UNITS: Final = {"px": 0.1, "em": 2.0, "pt": 0.133}
"""Spaces for each unit of a margin: a letter of code is about ten pixels or half an em wide."""


def line_run(first: HtmlElement, seen: set[HtmlElement]) -> Run | None:
    """The run that starts at an element, at least two lines, else None.

    seen: elements of long runs that this function gave before, to which it adds. One that is asked for again was in a
    run that is no code, and starts none: else each line of it would walk over all behind.
    """
    if first in seen:
        return None
    run = _broken(first) if first.tag in _BY_BREAK else stacked(first) if first.tag in _BY_BLOCK else None
    if run is not None and len(run[0]) > LONG_RUN:
        seen.update(run[0][1:])
    return run


def blank(text: str | None) -> bool:
    """Whether a text shows nothing."""
    return not text or text.isspace()


def is_target(element: HtmlElement) -> bool:
    """Whether an element shows nothing: a place that links lead to, such as `<a name>`."""
    return element.tag in _TARGETS and not len(element) and blank(element.text)


def starts_line(element: HtmlElement) -> bool:
    """Whether an element is the first on its line."""
    previous = element.getprevious()
    while previous is not None and is_target(previous) and blank(previous.tail):
        previous = previous.getprevious()
    if previous is None:
        return blank(element.getparent().text)
    return blank(previous.tail) and (previous.tag == "br" or previous.tag in BLOCKS)


def ends_line(element: HtmlElement) -> bool:
    """Whether an element is the last on its line."""
    if not blank(element.tail):
        return False
    following = _shown_behind(element)
    return following is None or following.tag == "br" or following.tag in BLOCKS


def _shown_behind(element: HtmlElement) -> HtmlElement | None:
    """The element behind another, past targets of links with no text behind them."""
    following = element.getnext()
    while following is not None and is_target(following) and blank(following.tail):
        following = following.getnext()
    return following


def _broken(first: HtmlElement) -> Run | None:
    """`<tt>line</tt><br>` again and again."""
    if not blank(first.tail) or not starts_line(first):
        return None
    parts: list[HtmlElement] = [first]
    lines = [_line(first)]
    pending: list[HtmlElement] = []  # breaks, and targets of links between them
    breaks = 0
    current = first
    while blank(current.tail):
        following = current.getnext()
        if following is None or not isinstance(following.tag, str):
            break
        if following.tag == "br" or is_target(following):
            pending.append(following)
            breaks += following.tag == "br"
        elif following.tag == first.tag and following.get("class") == first.get("class") and breaks:
            if not ends_line(following):
                break
            lines.extend([""] * (breaks - 1))
            lines.append(_line(following))
            parts.extend([*pending, following])
            pending, breaks = [], 0
        else:
            break
        current = following
    return (tuple(parts), "\n".join(lines)) if len(lines) > 1 and ends_line(first) else None


def stacked(first: HtmlElement) -> Run | None:
    """One paragraph or division per line, all of one class and style; empty ones between are empty lines."""
    parts: list[HtmlElement] = [first]
    lines = [_line(first)]
    empty: list[HtmlElement] = []
    current = first
    while blank(current.tail):
        following = current.getnext()
        if following is None or following.tag != first.tag:
            break
        if _same(first, following):
            lines.extend([""] * len(empty))
            lines.append(_line(following))
            parts.extend([*empty, following])
            empty = []
        elif _is_empty(following):
            empty.append(following)
        else:
            break
        current = following
    return (tuple(parts), "\n".join(lines)) if len(lines) > 1 else None


def _is_empty(element: HtmlElement) -> bool:
    return len(element) <= 1 and blank(text_of(element))


def _same(first: HtmlElement, other: HtmlElement) -> bool:
    """The same class, and a style that differs in nothing but the indentation."""
    if first.get("class") != other.get("class"):
        # the lines of a patch: `diff rem` beside `diff add`
        return classes(first)[:1] == classes(other)[:1] == ("diff",)
    return bool(first.get("class")) or _font(first) == _font(other)


def _font(element: HtmlElement) -> str:
    style = (element.get("style") or "").lower()
    return ";".join(sorted(part.strip() for part in style.split(";") if "font" in part or "white-space" in part))


def _line(element: HtmlElement) -> str:
    return code_text(element, keep=False)


def monospaced_lines(first: HtmlElement) -> Run | None:
    """Siblings of a line each all of whose text is monospaced, at least two; or one that breaks its lines itself."""
    if not _is_monospaced(first):
        return None
    text = _line(first)
    if "\n" in text:
        broken = first.tag in _WITH_BREAKS and first.find("br") is not None and len(first) > 2
        return ((first,), text) if broken and (first.tag not in _CELLS or looks_like_code(text)) else None
    if first.tag not in _BY_BLOCK or not text:
        return None
    parts, lines, margins, empty = [first], [text], [_margin(first)], list[HtmlElement]()
    current = first
    while blank(current.tail):
        following = current.getnext()
        if following is None or following.tag != first.tag:
            break
        if _is_empty(following):
            empty.append(following)
        elif following.get("class") != first.get("class"):  # the cells of a grid
            break
        else:
            text = _line(following) if _is_monospaced(following) else "\n"
            if "\n" in text:
                break
            lines.extend([*[""] * len(empty), text])
            margins.extend([*[0] * len(empty), _margin(following)])
            parts.extend([*empty, following])
            empty = []
        current = following
    if len(lines) < 2:
        return None
    least = min(margin for margin, line in zip(margins, lines, strict=True) if line)
    shifted = (" " * (margin - least) + line if line else "" for margin, line in zip(margins, lines, strict=True))
    return tuple(parts), "\n".join(shifted)


def _margin(element: HtmlElement) -> int:
    """The spaces for the margin that an element's beginning is given by style."""
    for _ in range(4):
        match = _MARGIN.search(element.get("style") or "")
        if match:
            return min(int(float(match[1]) * _UNITS[match[2].lower()] + 0.5), 80)
        if not len(element) or not blank(element.text):
            return 0
        element = element[0]
    return 0


def _is_monospaced(root: HtmlElement) -> bool:
    """Whether an element shows some text and all of it is monospaced."""
    stack, seen, shown = [root], 0, False
    while stack:
        element = stack.pop()
        seen += 1
        if element.tag in _NO_LINE or seen > MAX_PARTS:
            return False
        if monospace(element):
            shown = True
        else:
            if not blank(element.text) or any(not blank(child.tail) for child in element):
                return False
            stack.extend(element)
    return shown
