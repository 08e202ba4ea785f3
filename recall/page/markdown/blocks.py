"""Detects code on a page: blocks and inline code, in reading order.

In: the tree. Out: CodeSpan values; the tree is not changed. Code in a layout that is not known here stays prose. Each
rule names the elements that it takes: that of a block, or a run of siblings of one line each.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.block_labels import is_copying, titled_code
from recall.page.markdown.block_noise import bar_language
from recall.page.markdown.code_boxes import BOXES, LAYOUTS, box, parts_of_listing
from recall.page.markdown.code_elements import CodeSpan, attribute_code, inline, may_sign, script, signature, textarea
from recall.page.markdown.code_hints import declared_language, looks_like_code, strong_class
from recall.page.markdown.code_lines import code_text
from recall.page.markdown.code_monospaced import monospaced
from recall.page.markdown.code_runs import stacked
from recall.page.markdown.code_tables import code_table
from recall.page.markdown.line_numbers import are_line_numbers, stands_beside, without_typed_numbers
from recall.page.markdown.prose_in_pre import is_prose
from recall.page.markdown.tree import HEADINGS, MONOSPACED, ancestors, classes, holds_more, squashed, text_of

_SKIPPED: Final = frozenset({"head", "style", "button", "select", "svg", "math", "iframe", "object"})
_CONTROLS: Final = frozenset({"a", "em", "button", "span", "div", "p", "small", "h4", "h5", "h6"})
_SIGNATURES: Final = frozenset({"memname", "mdtable"})
"""Tables in which Doxygen, new and old, sets a declaration."""

_SAYS_CODE: Final = re.compile(r"code|c[oó]d|код|kod|コード|코드|代码|代碼|程式碼", re.I)


def find_code(root: HtmlElement) -> list[CodeSpan]:
    """All code of a page in document order."""
    spans: list[CodeSpan] = []
    taken: set[HtmlElement] = set()
    seen: set[HtmlElement] = set()
    walked = root.iter(*_WALKED)
    for element in walked:
        if element in taken or element.tag in _SKIPPED:
            _skip_inside(element, walked)
            continue
        hit = _at(element, seen)
        if hit is not None:
            spans.append(hit)
            taken.update(hit.elements)
            _skip_inside(element, walked)
    return list(_without_gutters(spans))


def _skip_inside(element: HtmlElement, walked: Iterator[HtmlElement]) -> None:
    """Move a walk in document order past what is inside the element that it is at.

    Compares tags itself: to tell lxml so many takes as long as to look at dozens of elements.
    """
    for inner in element.iterdescendants() if len(element) else ():
        if inner.tag in _TAGS_WALKED:
            next(walked)


def _at(element: HtmlElement, seen: set[HtmlElement]) -> CodeSpan | None:
    tag = element.tag
    if tag in MONOSPACED:
        return monospaced(element, seen)
    rule = _RULES.get(tag)
    if rule is not None:
        return rule(element)
    name = element.get("class")
    if name:
        span = signature(element) if tag == "dt" or may_sign(name) else None
        if span is None and strong_class(name):
            span = parts_of_listing(element)
        if span is not None:
            return span
    return box(element, name, seen) if tag in BOXES or tag in LAYOUTS else None


def _preformatted(element: HtmlElement) -> CodeSpan | None:
    table = next(element.iterdescendants("table"), None)
    if table is not None:
        hit = code_table(table)
        if hit is not None:
            return CodeSpan((element,), hit[0], declared_language(element))
    titled = titled_code(element)
    text = code_text(element if titled is None else titled[0], keep=True)
    if not text:
        return _behind(element) or attribute_code(element)
    if are_line_numbers(text):
        return CodeSpan((element,), text, gutter=True)
    language = declared_language(element) or (titled[1] if titled else bar_language(element))
    if not language and titled is None and is_prose(element, text):
        return CodeSpan((element,), text, prose=True)
    return CodeSpan((element,), without_typed_numbers(text), language)


def _behind(empty: HtmlElement) -> CodeSpan | None:
    """The code that a script moved out of a `<pre>`, a division or paragraph for each line behind it."""
    first = empty.getnext()
    if first is None or first.tag not in ("div", "p") or (empty.tail or "").strip():
        return None
    run = stacked(first)
    if run is None or not looks_like_code(run[1]):
        return None
    return CodeSpan((empty, *run[0]), run[1].rstrip("\n"), declared_language(empty))


def _table(element: HtmlElement) -> CodeSpan | None:
    if not _SIGNATURES.isdisjoint(classes(element)):
        return inline(element)
    hit = code_table(element)
    return CodeSpan((element,), without_typed_numbers(hit[0]), declared_language(element, hit[1])) if hit else None


def _ordered(element: HtmlElement) -> CodeSpan | None:
    """A list whose items hold one preformatted line each is a block with numbered lines."""
    items = [child for child in element if child.tag == "li"]
    if len(items) > 1 and all(_is_line_item(item) for item in items):
        text = code_text(element, keep=True)
        return CodeSpan((element,), text, declared_language(element)) if text else None
    if items and _is_copied(element):
        text = code_text(element, keep=False)
        return CodeSpan((element,), text, declared_language(element)) if text else None
    return box(element, element.get("class"), set())


def _is_copied(element: HtmlElement) -> bool:
    """Whether a control for copying code, of a text that says so, stands beside an element or what holds it alone."""
    for part in (element, *ancestors(element, 2)):
        for beside in (part.getprevious(), part.getnext()):
            if beside is not None and len(beside) <= 3 and beside.tag in _CONTROLS:
                text = squashed(text_of(beside))
                if is_copying(text) and _SAYS_CODE.search(text):
                    return True
        if part.getparent() is None or holds_more(part.getparent(), 3):
            return False
    return False


def _is_line_item(item: HtmlElement) -> bool:
    inner = item.find("pre")
    return inner is not None and len(item) == 1 and not (item.text or "").strip() and "\n" not in text_of(inner).strip()


def _without_gutters(spans: list[CodeSpan]) -> Iterator[CodeSpan]:
    """Mark as gutters the blocks of numbers that count the lines of the block behind them and stand beside it."""
    blocks = [item for item in spans if not item.inline]
    behind = {id(item): following for item, following in pairwise(blocks)}
    for item in spans:
        code = behind.get(id(item))
        if not item.gutter or (code is not None and _counts(item, code)):
            yield item
        else:
            yield replace(item, gutter=False)


def _counts(gutter: CodeSpan, code: CodeSpan) -> bool:
    height = code.text.count("\n") + 1
    return height <= len(gutter.text.split()) <= height + 1 and stands_beside(gutter.elements[0], code.elements[0])


_RULES: Final[dict[str, Callable[[HtmlElement], CodeSpan | None]]] = {
    **dict.fromkeys(("pre", "xmp", "listing", "plaintext"), _preformatted),
    "table": _table,
    "ol": _ordered,
    "textarea": textarea,
    "script": script,
}
_WALKED: Final = tuple(sorted({*_RULES, *MONOSPACED, *_SKIPPED, *BOXES, *LAYOUTS, *HEADINGS, "dt"}))
"""Elements that are looked at: no rule begins at any other."""

_TAGS_WALKED: Final = frozenset(_WALKED)
