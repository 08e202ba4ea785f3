"""An element that shows code → its lines, as a browser breaks them.

In: the element and whether white space counts in it. Out: text whose lines, blank lines and indentation are those of
the page. A `<br>`, a block (`<div>`, `<li>`, `<p>`, a row) and a span that highlighters use for one line each end a
line; a line feed in the markup between two such blocks is layout, not a line.
"""

import re
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.block_noise import LINE_CLASSES, is_aside, noise_in
from recall.page.markdown.code_plain import BLOCK_SPANS, is_only_child, is_plain, is_plain_leaf
from recall.page.markdown.tree import BLOCKS, SPACE, classes, holds, preformatted, text_of

_RUN: Final = re.compile(f"[{SPACE}]+")
_LAYOUT: Final = re.compile(r"[ \t]*\n")
_BLOCK_STYLE: Final = re.compile(r"display\s*:\s*block", re.I)
_BLANK_LINE: Final = re.compile(r"(?m)^[ \t]*\u00a0[ \t\u00a0]*$")
_SHIFTED: Final = {"sup": "^", "sub": "_"}
_SHORT_SHIFT: Final = re.compile(r"[^\s\[\]]{1,20}")
_ORDINALS: Final = frozenset({"st", "nd", "rd", "th", "tm", "®", "™", "er", "o", "a", "e"})
_LINE_END: Final = re.compile(r"(?m)[ \u00a0]+$")
_FIRST_BLANKS: Final = re.compile(r"(?:[ \t\f\u00a0]*\n)+")


class Lines:
    """Text that grows by runs, breaks and blocks."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.due = False  # a block ended: the next content starts a new line
        self.closed = False  # a block ended just now: a line feed of the markup is layout
        self.fresh = True  # nothing stands on the current line
        self.soft = False  # the block that ended is a line span: a <br> behind it is its line's end
        self.held = ""  # white space behind it: the next line's indentation where text follows

    def text(self, run: str, keep: bool) -> None:
        """Add a run of text; white space counts where `keep`."""
        if keep:
            if self.closed:
                layout = _LAYOUT.match(run)
                if layout:
                    run = run[layout.end() :]
                    self.closed = False
                elif not run.strip(" \t"):
                    self.held = run if self.soft else ""
                    return
        else:
            run = _RUN.sub(" ", run)
            if self.due or self.fresh or (self.parts and self.parts[-1].endswith(" ")):
                run = run.lstrip(" ")
        if not run:
            return
        held = self.held if keep else ""
        self._settle()
        self.parts.append(held + run)
        self.fresh = run.endswith("\n")

    def line_break(self, keep: bool) -> None:
        """A `<br>`."""
        if self.due and self.soft:
            self._settle()
            self.fresh = True
            return
        self._settle()
        if not keep and self.parts:
            self.parts[-1] = self.parts[-1].rstrip(" ")
        self.parts.append("\n")
        self.fresh = True

    def start_block(self) -> None:
        """A block begins: it stands on a line of its own."""
        if self.due:
            self._settle()
        elif not self.fresh:
            self.parts.append("\n")
        self.fresh = True
        self.closed, self.held = False, ""

    def end_block(self, empty: bool, soft: bool) -> None:
        """A block ends; an empty one is an empty line."""
        if empty and self.parts and self.parts[-1] == " ":
            self.parts[-1] = ""
        if not self.fresh or empty:
            self.due = True
        self.closed, self.soft, self.held = True, soft, ""

    def _settle(self) -> None:
        if self.due:
            self.parts.append("\n")
            self.fresh = True
        self.due = self.closed = self.soft = False
        self.held = ""


def _holds_lines(element: HtmlElement) -> bool:
    """Whether all children are one line each by class, with nothing but layout between."""
    children = [child for child in element if isinstance(child.tag, str)]
    marked = sum(1 for child in children if _is_line_span(child))
    if not marked or (element.text or "").strip():
        return False
    if marked == 1 and "\n" in "".join(children[0].itertext()):
        return False
    if children[0].tag == "code" and any(child.tail and "\n" not in child.tail for child in children[:-1]):
        return False
    for child in children:
        if (child.tail or "").strip() or not (_is_line_span(child) or child.tag == "br" or is_aside(child)):
            return False
    return True


def _is_line_span(element: HtmlElement) -> bool:
    if element.tag == "code" and element.getparent().tag == "pre" and not is_only_child(element):
        return True
    return element.tag in ("span", "code") and not LINE_CLASSES.isdisjoint(classes(element))


def _drawn_as_block(element: HtmlElement) -> bool:
    """Whether a span among others stands on a line of its own, by its style or a class that style sheets set so."""
    style = element.get("style")
    return bool(style and _BLOCK_STYLE.search(style)) or not BLOCK_SPANS.isdisjoint(classes(element))


def raw_lines(root: HtmlElement, keep: bool) -> str:
    """Walk an element and return its text with the page's line breaks."""
    if is_plain(root):
        text = text_of(root)
        return text if keep else _RUN.sub(" ", text).lstrip(" ")
    lines = Lines()
    noise = noise_in(root, keep) if len(root) else set()
    # entries: (element, keep, is a line) to enter; (None, keep, text) as text; (element, ..., True) to leave
    stack: list[tuple[HtmlElement | None, bool, bool, str | None, int]] = [(root, keep, False, None, -1)]
    while stack:
        element, keep, line, run, mark = stack.pop()
        if element is None:
            lines.text(run or "", keep)
        elif mark >= 0:
            lines.end_block(empty=_is_empty(lines.parts, mark), soft=line and element.tag not in BLOCKS)
        elif element in noise:
            continue
        elif element.tag in ("select", "math"):
            lines.text(_chosen(element) if element.tag == "select" else formula_text(element), keep)
        elif element.tag == "br":
            lines.line_break(keep)
        elif element.tag in _SHIFTED and (shifted := _shifted(element, lines.parts)):
            lines.text(shifted, keep)
        elif element is not root and not line and is_plain_leaf(element):
            if element.text:
                lines.text(element.text, keep)
        else:
            _enter(lines, stack, element, (keep, line, element is root))
    return "".join(lines.parts)


def _shifted(element: HtmlElement, parts: list[str]) -> str:
    """A raised or lowered text behind a sign that says so, as code writes it: `2^3`, `a_(i+1)`.

    Nothing where the text is long, a link, an ordinal's ending, or stands behind no word, which it would be a part of.
    """
    text = text_of(element)
    before = parts[-1][-1:] if parts else ""
    if not before or not (before.isalnum() or before in ")]}") or not _SHORT_SHIFT.fullmatch(text):
        return ""
    if text.lower() in _ORDINALS or holds(element, "a") or holds(element, "br"):
        return ""
    return _SHIFTED[element.tag] + (text if text.removeprefix("-").isalnum() else f"({text})")


def _chosen(field: HtmlElement) -> str:
    """The option that a browser draws in a field of choices."""
    options = list(field.iter("option"))
    return text_of(next((one for one in options if one.get("selected") is not None), options[0])) if options else ""


def formula_text(formula: HtmlElement) -> str:
    """The signs of a formula in MathML; white space between its elements is none of them, nor are annotations."""
    tokens = (part for part in formula.iter() if part.tag not in ("annotation", "annotation-xml"))
    return "".join(" ".join((part.text or "").split()) for part in tokens)


def _is_empty(parts: list[str], mark: int) -> bool:
    """Whether a block added nothing, or the one space that Doxygen puts on an empty line."""
    return len(parts) == mark or (len(parts) == mark + 1 and parts[mark] == " ")


def _enter(
    lines: Lines,
    stack: list[tuple[HtmlElement | None, bool, bool, str | None, int]],
    element: HtmlElement,
    state: tuple[bool, bool, bool],
) -> None:
    """Push an element's end, its children and its texts, last first."""
    keep, line, is_root = state
    keep = keep or preformatted(element)
    line = line or (element.tag == "span" and _drawn_as_block(element))
    if not is_root and (line or element.tag in BLOCKS):
        lines.start_block()
        stack.append((element, keep, line, None, len(lines.parts)))
    by_line = _holds_lines(element)
    blocks = by_line or any(child.tag in BLOCKS for child in element)
    for child in reversed(element):
        tail = child.tail
        if tail and not (blocks and _is_layout(tail, child)):
            stack.append((None, keep, False, _after_number(tail, child), -1))
        if isinstance(child.tag, str):
            stack.append((child, keep, by_line and _is_line_span(child), None, -1))
    if element.text and not (blocks and not element.text.strip()):
        stack.append((None, keep, False, element.text, -1))


def _is_layout(tail: str, child: HtmlElement) -> bool:
    """White space beside a block, one line feed at most: the markup's, not the code's."""
    following = child.getnext()
    beside = child.tag in BLOCKS or (following is not None and following.tag in BLOCKS)
    return beside and not tail.strip(SPACE) and tail.count("\n") <= 1


def _after_number(tail: str, child: HtmlElement) -> str:
    """Doxygen puts one no-break space between the number and the line."""
    if tail[:1] == "\u00a0" and "lineno" in classes(child):
        return tail[1:]
    return tail


def tidy(text: str, keep: bool) -> str:
    """Turn layout no-break spaces into spaces and drop blank lines at both ends."""
    if "\u00a0" in text:
        text = _BLANK_LINE.sub("", text)
        text = text.replace("\u00a0", " ") if not keep or _spaced_by_nbsp(text) else _indent_spaces(text)
    if not text.strip():
        return ""
    end = text.find("\n", len(text.rstrip(" \t\f\u00a0\n")))
    blanks = _FIRST_BLANKS.match(text)
    return text[blanks.end() if blanks else 0 : end if end >= 0 else None]


def _spaced_by_nbsp(text: str) -> bool:
    """Whether no-break spaces stand for the spaces between words throughout."""
    inner = [line.strip(" \t\u00a0") for line in text.split("\n")]
    return sum(line.count("\u00a0") for line in inner) >= max(1, sum(line.count(" ") for line in inner))


_NBSP_RUN: Final = re.compile(r"(?m)^[ \t\u00a0]+|[ \u00a0]*(?:\u00a0[ \u00a0]|[ ]\u00a0)[ \u00a0]*|\u00a0+$")


def _indent_spaces(text: str) -> str:
    """Replace no-break spaces that indent, pad or end a line; one alone between words is the author's."""
    return _NBSP_RUN.sub(lambda run: run[0].replace("\u00a0", " "), text)


def keeps_spaces(element: HtmlElement) -> bool:
    """Whether an element has a block for each line and no line feed within one: then style sheets keep its spaces."""
    if next(element.iterdescendants("div", "li", "p"), None) is None or holds(element, "br"):
        return False
    stack = [element]
    while stack:
        part = stack.pop()
        if "\n" in (part.text or "").strip() or any("\n" in (child.tail or "").strip() for child in part):
            return False
        stack.extend(child for child in part if not is_aside(child))
    return True


def code_text(element: HtmlElement, keep: bool) -> str:
    """The code an element shows, ready for a fence."""
    text = raw_lines(element, keep)
    if keep and element.tag in ("pre", "listing", "textarea") and text.startswith("\n"):
        text = text[1:]
    if not preformatted(element):
        text = _LINE_END.sub("", text)
    return tidy(text, keep)
