"""Code in sibling elements of one line each: `<tt>` and `<br>`, or a paragraph per line.

In: the first sibling. Out: all of them and the lines they show, or None where there is only one line.
"""

from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.code_lines import code_text
from recall.page.markdown.tree import BLOCKS, classes, text_of

_BY_BREAK: Final = frozenset({"code", "tt", "samp", "kbd", "font", "span", "b"})
_BY_BLOCK: Final = frozenset({"p", "div"})


def line_run(first: HtmlElement) -> tuple[tuple[HtmlElement, ...], str] | None:
    """The run that starts at an element, at least two lines, else None."""
    if first.tag in _BY_BREAK:
        return _broken(first)
    if first.tag in _BY_BLOCK:
        return _stacked(first)
    return None


def _blank(text: str | None) -> bool:
    return not (text or "").replace("\u00a0", "").strip()


def _starts_line(element: HtmlElement) -> bool:
    previous = element.getprevious()
    if previous is None:
        return not (element.getparent().text or "").strip()
    return not (previous.tail or "").strip() and (previous.tag == "br" or previous.tag in BLOCKS)


def _broken(first: HtmlElement) -> tuple[tuple[HtmlElement, ...], str] | None:
    """`<tt>line</tt><br>` again and again."""
    if not _starts_line(first):
        return None
    parts: list[HtmlElement] = [first]
    lines = [_line(first)]
    pending: list[HtmlElement] = []
    current = first
    while (current.tail or "").strip(" \t\r\n") == "" or _blank(current.tail):
        following = current.getnext()
        if following is None or not isinstance(following.tag, str):
            break
        if following.tag == "br":
            pending.append(following)
        elif following.tag == first.tag and following.get("class") == first.get("class") and pending:
            if not _ends_line(following):
                break
            lines.extend([""] * (len(pending) - 1))
            lines.append(_line(following))
            parts.extend([*pending, following])
            pending = []
        else:
            break
        current = following
    return (tuple(parts), "\n".join(lines)) if len(lines) > 1 and _ends_line(first) else None


def _ends_line(element: HtmlElement) -> bool:
    if not _blank(element.tail):
        return False
    following = element.getnext()
    return following is None or following.tag == "br" or following.tag in BLOCKS


def _stacked(first: HtmlElement) -> tuple[tuple[HtmlElement, ...], str] | None:
    """One paragraph or division per line, all of one class and style; empty ones between are empty lines."""
    parts: list[HtmlElement] = [first]
    lines = [_line(first)]
    empty: list[HtmlElement] = []
    current = first
    while _blank(current.tail):
        following = current.getnext()
        if following is None or following.tag != first.tag:
            break
        if _same(first, following):
            lines.extend([""] * len(empty))
            lines.append(_line(following))
            parts.extend([*empty, following])
            empty = []
        elif _blank(text_of(following)) and len(following) <= 1:
            empty.append(following)
        else:
            break
        current = following
    return (tuple(parts), "\n".join(lines)) if len(lines) > 1 else None


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
