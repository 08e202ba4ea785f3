"""Makes room for a paragraph where a block stood: tables of layout, figures and inline elements become divisions.

In: a place-holder in the tree. Out: its ancestors changed such that main-content extraction neither drops it nor sets
it in a table or a sentence.
"""

from typing import Final

from lxml import etree
from lxml.html import HtmlElement

from recall.page.markdown.tree import BLOCKS

_INLINE_HOLDERS: Final = ("p", "span", "font", "b", "strong", "i", "em", "a", "center", "code", "tt", "samp", "kbd",
                          "small", "big", "u", "label", "figure", "fieldset", "button")  # fmt: skip
_TABLE_PARTS: Final = frozenset({"table", "tbody", "thead", "tfoot", "tr", "td", "th", "caption"})


def clear_way(place: HtmlElement) -> None:
    """Make the ancestors of a block such that a paragraph may stand in them and extraction does not drop them."""
    inline = True
    for ancestor in place.iterancestors():
        tag = ancestor.tag
        if tag == "table":
            _undo_table(ancestor)
        elif tag == "figure" or (inline and tag in _INLINE_HOLDERS):
            ancestor.tag = "div"
        elif tag in ("aside", "header"):
            if next(ancestor.iterancestors("article", "main"), None) is not None:
                ancestor.tag = "div"
        elif tag not in _TABLE_PARTS:
            inline = False


def undo_section_lists(root: HtmlElement) -> None:
    """Turn lists whose items are sections with headings into divisions: extraction would set them as one line."""
    for part in list(root.iter("ul", "ol")):
        if any(item.find(f".//{tag}") is not None for item in part.iterchildren("li") for tag in ("h2", "h3", "h4")):
            for item in part.iterchildren("li"):
                item.tag = "div"
            part.tag = "div"


def _undo_table(table: HtmlElement) -> None:
    """Turn a table that lays out text and code into divisions; loose text in its cells becomes paragraphs."""
    own = [
        part for part in table.iter(*_TABLE_PARTS) if part is table or next(part.iterancestors("table"), None) is table
    ]
    for part in own:
        if part.tag in ("td", "th", "caption"):
            _wrap_loose_text(part)
    for part in own:
        part.tag = "div"


def _wrap_loose_text(cell: HtmlElement) -> None:
    """Put runs of text and inline elements of a cell into paragraphs: extraction drops text without one."""
    children = list(cell)
    run = _paragraph(cell.text)
    cell.text = None
    place = 0
    for child in children:
        tail, child.tail = child.tail, None
        if child.tag in BLOCKS or any(inner.tag in BLOCKS for inner in child.iterdescendants()):
            place = _place(cell, run, place) + 1
            run = _paragraph(tail)
        else:
            run.append(child)
            child.tail = tail
    _place(cell, run, place)


def _paragraph(text: str | None) -> HtmlElement:
    paragraph = etree.Element("p")
    paragraph.text = text
    return paragraph


def _place(cell: HtmlElement, run: HtmlElement, place: int) -> int:
    """Insert a paragraph that holds anything before the child at a place; the child's place afterwards."""
    if not len(run) and not (run.text or "").strip():
        return place
    cell.insert(place, run)
    return place + 1
