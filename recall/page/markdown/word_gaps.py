"""Parts words that only a style sheet sets apart: `<span>id</span><span>string</span>`, links in a row, badges.

In: the tree after `mark`. Out: the tree with a space between such elements. Where an element and text of its parent
touch, a word is styled in parts (`<b>H</b>ello`), so that a space goes between elements alone, and behind what its
class calls a badge. Style sheets are not read: tags, classes and the letters on both sides decide.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.tree import INLINE, classes, words

MAX_EDGE: Final = 12
"""Elements that are looked through for the first or last letter of one."""

_LINKS: Final = words("a button label time")
_STYLED: Final = words("b strong i em u s var cite dfn mark ins del q")
_PLAIN: Final = words("span small abbr data output bdi kbd samp code font")
_ELEMENTS: Final = (*_LINKS, *_STYLED, *_PLAIN, INLINE)
_KNOWN: Final = frozenset(_ELEMENTS)
_SENTENCES: Final = _STYLED | words("p li td th dd blockquote font span a")
"""Parents whose words are as often styled in parts as they are set apart."""

_SILENT: Final = words("svg img style script template input i span")
"""What shows nothing where it is empty. A `wbr` is none: it stands within a word."""

_BOX_CLASSES: Final = words("flex inline-flex grid inline-grid d-flex d-inline-flex d-grid")
_BOX_STYLE: Final = re.compile(r"display\s*:\s*(?:inline-)?(?:flex|grid)", re.I)
_BADGE: Final = re.compile(r"(?:^|[-_])(?:badge|pill|chip|lozenge)(?:$|[-_])|^m?label$")
_NAME: Final = re.compile(r"[a-z]{4,}(?!\d)|[a-z]+[-_][a-z]+", re.I)
"""A class that a person named, not the number of a style."""

_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)
_SEPARATORS: Final = frozenset("|•·»›—–")
_NUMBERED: Final = re.compile(r"(?:\d+\.)+")


def part_words(root: HtmlElement, inlines: Sequence[str]) -> None:
    """Set a space between words in elements that touch. inlines: Markdown by the number at a mark."""
    joints = _Joints(inlines)
    for element in root.iter(*_ELEMENTS):
        if not element.tail:
            following = _next(element)
            if following is not None and joints.apart(element, following):
                element.tail = " "
        elif joints.ends_badge(element):
            element.tail = " " + element.tail


def _next(element: HtmlElement) -> HtmlElement | None:
    """The inline element right behind another one; pictures and empty elements between do not count."""
    following = element.getnext()
    for _ in range(3):
        if following is None or following.tag not in _SILENT or following.tail or not _is_empty(following):
            break
        following = following.getnext()
    return following if following is not None and following.tag in _KNOWN else None


def _is_empty(element: HtmlElement) -> bool:
    return element.tag in ("svg", "img", "style", "script", "template", "input") or (
        not element.text and next(element.iterchildren(), None) is None
    )


class _Joints:
    """Decides for pairs of elements; remembers what it learnt of their parents."""

    def __init__(self, inlines: Sequence[str]) -> None:
        self._inlines = inlines
        self._parents: dict[HtmlElement, tuple[bool, bool]] = {}

    def apart(self, left: HtmlElement, right: HtmlElement) -> bool:
        """Whether the words of two elements that touch are words of their own."""
        before, after = self._end(left), self._start(right)
        parent = left.getparent()
        if parent is None or not before or not after or before[-1].isspace() or after[0].isspace():
            return False
        alone, box = self._parent(parent)
        if not (before[-1].isalnum() and after[0].isalnum()):
            return (alone or box) and INLINE not in (left.tag, right.tag) and _signs_part(before, after, right.tag)
        if left.tag in _LINKS and right.tag in _LINKS:
            same = left.get("href") is not None and left.get("href") == right.get("href")
            return not same and (alone or box or not _is_unspaced(before[-1] + after[0]))
        if _is_unspaced(before[-1] + after[0]) or left.tag == right.tag == INLINE:
            return box or left.tag == right.tag == INLINE
        if box or not alone or _is_single(before, after):
            return box and not _is_single(before, after)
        return _words_part(left, right, lower=before[-1].islower() and after[0].islower())

    def ends_badge(self, element: HtmlElement) -> bool:
        """Whether a word stands right behind a badge that ends in one."""
        tail = element.tail or ""
        return tail[:1].isalnum() and _is_badge(element) and self._end(element)[-1:].isalnum()

    def _parent(self, parent: HtmlElement) -> tuple[bool, bool]:
        """Whether no text stands directly in a parent, and whether it is a flex or grid box."""
        found = self._parents.get(parent)
        if found is None:
            alone = not (parent.text or "").strip() and not any((child.tail or "").strip() for child in parent)
            style = parent.get("style") or ""
            box = not _BOX_CLASSES.isdisjoint(classes(parent)) or _BOX_STYLE.search(style) is not None
            found = self._parents[parent] = (alone, box)
        return found

    def _start(self, element: HtmlElement) -> str:
        """Text that an element begins with, "" where a picture or nothing does."""
        for _ in range(MAX_EDGE):
            if element.tag == INLINE:
                return self._inline(element)
            if element.text:
                return str(element.text)
            child = next(element.iterchildren(), None)
            if child is None or child.tag == "br":
                break
            if _is_empty(child) and child.tail:
                return str(child.tail)
            following = child.getnext() if _is_empty(child) else child
            if following is None:
                break
            element = following
        return ""

    def _end(self, element: HtmlElement) -> str:
        """Text that an element ends with, "" where a picture or nothing does."""
        for _ in range(MAX_EDGE):
            if element.tag == INLINE:
                return self._inline(element)
            child = next(element.iterchildren(reversed=True), None)
            if child is None:
                return str(element.text or "")
            if child.tail:
                return str(child.tail)
            if child.tag == "br":
                break
            before = child.getprevious() if _is_empty(child) else child
            if before is None:
                return str(element.text or "")
            if before is not child and before.tail:
                return str(before.tail)
            element = before
        return ""

    def _inline(self, element: HtmlElement) -> str:
        text = self._inlines[int(element.get("n") or 0)]
        return text.strip("`") if text.startswith("`") else text


def _is_badge(element: HtmlElement) -> bool:
    return any(map(_BADGE.search, classes(element)))


def _signs_part(before: str, after: str, tag: str) -> bool:
    """Whether signs part two texts, such as the colon of a label. tag: of the element that holds `after`."""
    last, first = before[-1], after[0]
    core = before.strip()
    if core in _SEPARATORS or after.strip() in _SEPARATORS:
        return True
    if not first.isalnum():
        return last.isalnum() and first == "#" and tag == "a"
    if last == ":":
        return before[-2:-1].isalnum() and not (before[-2:-1].isdigit() and first.isdigit())
    if last == ".":
        return _NUMBERED.fullmatch(core) is not None or (" " in core and first.isupper())
    picture = len(core) <= 2 and unicodedata.category(last) == "So"
    return picture or (last in ")]?!,;" and len(before) > 1 and not _is_unspaced(first))


def _words_part(left: HtmlElement, right: HtmlElement, lower: bool) -> bool:
    """Whether elements that are all of their parent hold words of their own. lower: two small letters would touch."""
    kinds = {left.tag, right.tag}
    if kinds & _STYLED:
        return not lower and left.tag != right.tag and INLINE not in kinds
    if INLINE in kinds or kinds & _LINKS or (_is_badge(left) and _is_badge(right)):
        return True
    ours, theirs = ({name for name in classes(element) if _NAME.match(name)} for element in (left, right))
    named_apart = bool(ours - theirs) and bool(theirs - ours)
    return named_apart or not (lower or left.getparent().tag in _SENTENCES)


def _is_single(before: str, after: str) -> bool:
    """Whether one of the texts is a single letter beside letters: the first of a word, set larger, or one of a row."""
    return before[-1].isalpha() and after[0].isalpha() and 1 in (len(before.strip()), len(after.strip()))


def _is_unspaced(text: str) -> bool:
    """Whether a text has a character of a script that parts no words: Han, kana, Thai, Lao, Burmese, Khmer."""
    return _UNSPACED.search(text) is not None
