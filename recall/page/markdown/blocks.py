"""Detects code on a page: blocks and inline code, in reading order.

In: the tree. Out: CodeSpan values; the tree is not changed. Code in a layout that is not known here stays prose. Each
rule names the elements that it takes: that of a block, or a run of siblings of one line each.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Final

from lxml import etree
from lxml.html import HtmlElement

from recall.page.markdown.block_labels import titled_code
from recall.page.markdown.block_noise import bar_language, is_aside
from recall.page.markdown.code_elements import (
    CodeSpan,
    editor_text,
    inline,
    is_editor,
    line_run,
    script,
    signature,
    textarea,
)
from recall.page.markdown.code_hints import code_share, declared_language, looks_like_code, strong_class, weak_class
from recall.page.markdown.code_lines import code_text, keeps_spaces
from recall.page.markdown.code_tables import code_table
from recall.page.markdown.line_numbers import are_line_numbers, stands_beside, without_typed_numbers
from recall.page.markdown.tree import BLOCKS, HEADINGS, classes, hidden, monospace, preformatted, text_of

_NAMED: Final = frozenset({"div", "p", "td", "span"})
_PROSE: Final = frozenset({"p", "blockquote", "font"})
_SKIPPED: Final = frozenset({"head", "style", "button", "select", "svg", "math", "iframe", "object"})
_CONTAINERS: Final = frozenset(
    {
        "div",
        "figure",
        "ol",
        "ul",
        "dl",
        "section",
        "td",
        "p",
        "span",
        "blockquote",
        "font",
        "dd",
        "b",
        "center",
        "article",
    }
)
_INNER_BLOCK: Final = ("pre", "xmp", "listing", "textarea", "article", "main", "nav", *sorted(HEADINGS))
_NO_PLAIN_TEXT: Final = ("a", "img", "table", "code", "div", "ul", "ol", *_INNER_BLOCK)


def find_code(root: HtmlElement) -> list[CodeSpan]:
    """All code of a page in document order."""
    spans: list[CodeSpan] = []
    taken: set[HtmlElement] = set()
    walker = etree.iterwalk(root, events=("start",))
    for _, element in walker:
        if element in taken or element.tag in _SKIPPED:
            walker.skip_subtree()
            continue
        hit = _at(element)
        if hit is not None:
            spans.append(hit)
            taken.update(hit.elements)
            walker.skip_subtree()
    return list(_without_gutters(spans))


def _at(element: HtmlElement) -> CodeSpan | None:
    rule = _RULES.get(element.tag)
    if rule is not None:
        return rule(element)
    if element.get("class") or element.get("style") or element.get("face"):
        return signature(element) or (_container(element) if element.tag in _CONTAINERS else None)
    return _typed_lines(element) if element.tag in _PROSE else None


def _preformatted(element: HtmlElement) -> CodeSpan | None:
    table = element.find(".//table")
    if table is not None:
        hit = code_table(table)
        if hit is not None:
            return CodeSpan((element,), hit[0], declared_language(element))
    titled = titled_code(element)
    text = code_text(element if titled is None else titled[0], keep=True)
    if not text:
        return None
    if are_line_numbers(text):
        return CodeSpan((element,), text, gutter=True)
    language = declared_language(element) or (titled[1] if titled else bar_language(element))
    return CodeSpan((element,), without_typed_numbers(text), language)


def _table(element: HtmlElement) -> CodeSpan | None:
    if "memname" in classes(element):
        return inline(element)
    hit = code_table(element)
    return CodeSpan((element,), without_typed_numbers(hit[0]), declared_language(element, hit[1])) if hit else None


def _ordered(element: HtmlElement) -> CodeSpan | None:
    """A list whose items hold one preformatted line each is a block with numbered lines."""
    items = [child for child in element if child.tag == "li"]
    if len(items) > 1 and all(_is_line_item(item) for item in items):
        text = code_text(element, keep=True)
        return CodeSpan((element,), text, declared_language(element)) if text else None
    return _container(element) if element.get("class") or element.get("style") else None


def _is_line_item(item: HtmlElement) -> bool:
    inner = item.find("pre")
    return inner is not None and len(item) == 1 and not (item.text or "").strip() and "\n" not in text_of(inner).strip()


def _monospaced(element: HtmlElement) -> CodeSpan | None:
    """`<code>`, `<tt>`, `<samp>`, `<kbd>` outside `<pre>`: a block where it shows several lines."""
    if next(element.iter("pre", "xmp", "listing", "textarea"), None) is not None:
        return None
    table = element.find(".//table")
    if table is not None:
        hit = code_table(table)
        return CodeSpan((element,), hit[0], declared_language(element)) if hit else None
    text = _several_lines(element)
    if text:
        return CodeSpan((element,), text, declared_language(element))
    run = line_run(element)
    if run is not None:
        return CodeSpan(run[0], run[1], declared_language(element))
    if _stands_alone(element) and strong_class(element.get("class") or "") and _in_block(element):
        text = code_text(element, keep=True)
        return CodeSpan((element,), text, declared_language(element)) if text else None
    return inline(element)


def _several_lines(element: HtmlElement) -> str:
    """The lines of a monospaced element that shows more than one or is laid out by blocks, else nothing."""
    blocks = next(element.iter("div", "p", "li", "ol"), None) is not None
    linked = element.find(".//a[@href]") is not None
    if blocks or element.find(".//br") is not None:
        text = without_typed_numbers(code_text(element, keep=preformatted(element)))
        return text if blocks or ("\n" in text and (not linked or looks_like_code(text))) else ""
    if "\n" not in text_of(element).strip():
        return ""
    text = _dedented(code_text(element, keep=True))
    return text if "\n" in text and ((_stands_alone(element) and not linked) or looks_like_code(text)) else ""


def _in_block(element: HtmlElement) -> bool:
    """Whether the parent is a block that no sentence is set in."""
    parent = element.getparent().tag
    return parent in BLOCKS and parent not in ("p", "li")


def _stands_alone(element: HtmlElement) -> bool:
    """Whether the element's parent holds nothing else."""
    parent = element.getparent()
    if parent is None or (parent.text or "").strip() or (element.tail or "").strip():
        return False
    return all(child is element or is_aside(child) or not text_of(child).strip() for child in parent) and not any(
        (child.tail or "").strip() for child in parent if child is not element
    )


def _dedented(text: str) -> str:
    """Undo the indentation that the markup gave to all lines behind the first."""
    first, *rest = text.split("\n")
    margins = [len(line) - len(line.lstrip(" ")) for line in rest if line.strip()]
    own = len(first) - len(first.lstrip(" "))
    margin = min(margins, default=0)
    if own and own <= margin:
        return "\n".join(line[own:] for line in (first, *rest))
    return text


def _container(element: HtmlElement) -> CodeSpan | None:
    """An element whose class or font says that it shows code."""
    if is_editor(element):
        text = editor_text(element)
        return CodeSpan((element,), text, declared_language(element)) if text else None
    strong = strong_class(element.get("class") or "")
    weak = weak_class(element.get("class") or "", element.tag in _NAMED)
    if not (strong or weak or monospace(element) or preformatted(element)):
        return _typed_lines(element) if element.tag in _PROSE else None
    if hidden(element) or _wraps_container(element) or _holds_blocks(element):
        return None
    run = line_run(element)
    if run is not None and (strong or looks_like_code(run[1])):
        return CodeSpan(run[0], run[1], declared_language(element))
    keep = preformatted(element) or keeps_spaces(element) or (strong and _has_typed_lines(element))
    text = without_typed_numbers(code_text(element, keep=keep))
    return (
        CodeSpan((element,), text, declared_language(element))
        if text and _is_block_text(element, text, strong)
        else None
    )


def _wraps_container(element: HtmlElement) -> bool:
    """Whether an element holds only another of its kind, which is examined instead."""
    if len(element) != 1 or (element.text or "").strip() or (element[0].tail or "").strip():
        return False
    return element[0].tag in _CONTAINERS and element[0].get("class") == element.get("class")


def _holds_blocks(element: HtmlElement) -> bool:
    """Whether blocks are to be looked for inside: the element is their wrapper."""
    if next(element.iter(*_INNER_BLOCK), None) is not None:
        return True
    inner = element.find(".//code")
    if inner is not None and _several_lines(inner):
        return True
    if any(element is not ol and strong_class(ol.get("class") or "") for ol in element.iter("ol")):
        return True
    tables = element.findall(".//table")
    return len(tables) == 1 and code_table(tables[0]) is not None


def _is_block_text(element: HtmlElement, text: str, strong: bool) -> bool:
    if element.find(".//img") is not None and not strong:
        return False
    several = "\n" in text
    if strong and element.tag not in ("span", "b"):
        return code_share(text) > 0 or (several and element.find(".//a") is None)
    if preformatted(element) and several and monospace(element):
        return True
    if not several and element.tag not in ("p", "div", "td"):
        return False
    return looks_like_code(text) and len(text) < 50_000


def _has_typed_lines(element: HtmlElement) -> bool:
    """Whether the lines are line feeds of the text: no `<br>` and no block inside."""
    if "\n" not in text_of(element).strip():
        return False
    return next(element.iterdescendants("br", "div", "p", "li", "tr"), None) is None


def _typed_lines(element: HtmlElement) -> CodeSpan | None:
    """Old pages: code in a paragraph or quotation, a `<br>` behind each line, in the font of the text."""
    if element.find("br") is None or next(element.iterdescendants(*_NO_PLAIN_TEXT), None) is not None:
        return None
    text = code_text(element, keep=False)
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) < 3 or code_share(text) < 0.7 or max(map(len, lines)) > 160:
        return None
    return CodeSpan((element,), text)


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
    **dict.fromkeys(("code", "tt", "samp", "kbd"), _monospaced),
    "table": _table,
    "ol": _ordered,
    "textarea": textarea,
    "script": script,
}
