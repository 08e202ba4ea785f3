"""Readies the tree for main-content extraction: what it would drop or set wrongly gets tags that it knows.

In: the tree, or a block's place-holder in it. Out: the tree changed in place. Tables of layout, figures and inline
elements around a block become divisions; words that a browser shows in a sentence, an item or a cell stand in spans.
"""

from typing import Final

from lxml import etree
from lxml.html import HtmlElement

from recall.page.markdown.tree import BLOCKS, HEADINGS, text_of, words

_INLINE_HOLDERS: Final = ("p", "span", "font", "b", "strong", "i", "em", "a", "center", "code", "tt", "samp", "kbd",
                          "small", "big", "u", "label", "figure", "fieldset", "button")  # fmt: skip
_TABLE_PARTS: Final = frozenset({"table", "tbody", "thead", "tfoot", "tr", "td", "th", "caption"})


def make_room(element: HtmlElement) -> None:
    """Change the ancestors of a block so that they may hold a paragraph and extraction does not drop them."""
    inline = True
    for ancestor in element.iterancestors():
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
    index = 0
    for child in children:
        tail, child.tail = child.tail, None
        if child.tag in BLOCKS or any(inner.tag in BLOCKS for inner in child.iterdescendants()):
            index = _insert_paragraph(cell, run, index) + 1
            run = _paragraph(tail)
        else:
            run.append(child)
            child.tail = tail
    _insert_paragraph(cell, run, index)


def _paragraph(text: str | None) -> HtmlElement:
    paragraph = etree.Element("p")
    paragraph.text = text
    return paragraph


def _insert_paragraph(cell: HtmlElement, run: HtmlElement, index: int) -> int:
    """Insert a non-empty paragraph before the child at an index; returns the child's new index."""
    if not len(run) and not (run.text or "").strip():
        return index
    cell.insert(index, run)
    return index + 1


_WORDS: Final = (
    "time",
    "output",
    "label",
    "legend",
    "progress",
    "meter",
    "data",
    "marquee",
    "blink",
    "noindex",
    "q",
    "slot",
    "button",
)
_SENTENCES: Final = frozenset({"p", "blockquote", "figcaption", "summary", *HEADINGS})
_CELLS: Final = words("li td th caption dd dt")
_CUSTOM: Final = etree.XPath(".//*[contains(local-name(), '-')]")
_FIELDS: Final = ("input", "select", "textarea")


def keep_words(root: HtmlElement) -> None:
    """Turn the inline elements whose words extraction drops into spans, where they stand in a text."""
    for ruby in list(root.iter("ruby")):
        _write_ruby(ruby)
    sizes: dict[HtmlElement, int] = {}
    fields: dict[HtmlElement, bool] = {}
    for element in list(root.iter(*_WORDS)):
        holder = _holder(element)
        if holder is None or not text_of(element).strip():
            continue
        if holder not in sizes:
            sizes[holder] = len(text_of(holder).strip())
            fields[holder] = any(field.get("disabled") is None for field in holder.iter(*_FIELDS))
        alone = len(text_of(element).strip()) >= sizes[holder]
        if _is_word(element, alone and holder.tag not in _CELLS, fields[holder]):
            _to_span(element)
    for element in _CUSTOM(root):
        if _holder(element) is not None:
            _to_span(element)


def _to_span(element: HtmlElement) -> None:
    """A span, or a division where blocks are inside; no class stays that might make it frame."""
    element.attrib.clear()
    element.tag = "div" if any(part.tag in BLOCKS for part in element.iterdescendants()) else "span"


def _holder(element: HtmlElement) -> HtmlElement | None:
    """The paragraph, item or cell that an inline element stands in."""
    for ancestor in element.iterancestors():
        if ancestor.tag in _SENTENCES or ancestor.tag in _CELLS:
            return ancestor
        if ancestor.tag in BLOCKS or ancestor.tag in ("button", "label"):
            return None
    return None


def _is_word(element: HtmlElement, alone: bool, fields: bool) -> bool:
    """Whether an element belongs to a text: a caption of a field to fill in and a button by itself do not.

    alone: nothing else stands in its paragraph. fields: there are fields to fill in.
    """
    if element.tag == "button":
        return _in_midst(element)
    if element.tag == "label":
        return not fields and (element.get("for") is None or _in_midst(element))
    return not alone


def _in_midst(element: HtmlElement) -> bool:
    """Whether words stand right before and right behind an element."""
    before = element.getprevious()
    text = element.getparent().text if before is None else before.tail
    return bool((text or "").strip()) and bool((element.tail or "").strip())


def _write_ruby(ruby: HtmlElement) -> None:
    """Set the reading behind its word in parentheses, the page's own or new ones, as text has no ruby."""
    own = ruby.find(".//rp") is not None
    for part in list(ruby.iter("rt", "rp", "rb", "rtc")):
        if part.tag == "rt" and not own and text_of(part).strip():
            part.text = f"({part.text or ''}"
            if len(part):
                part[-1].tail = f"{part[-1].tail or ''})"
            else:
                part.text += ")"
        part.tag = "span"
