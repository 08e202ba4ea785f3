"""Tables that are cut otherwise than they read: headings in rows of their own, a table a row, a signature in cells.

In: the tree. Out: the tree with a table between two headings, one table for rows that stand in tables of their own, and
a line for a signature (Doxygen's). Nested tables are left as they are.
"""

import re
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.tree import BLOCK, BLOCKS, HEADINGS, holds, holds_more, remove, text_of, words

MAX_CELL: Final = 200
"""Characters of a cell from which on rows lay the page out."""

MAX_NAME, MAX_TOLD = 60, 400
"""Characters of a name, and of what is told of it, in a table of a row each that no class names."""

MIN_CELLS, MAX_ROWS = 3, 60
"""Cells, and rows, of a signature."""

_SYNOPSIS: Final = "Nm"
"""The class of the table in which mandoc sets a command."""

_NAME_CLASS: Final = re.compile(r"(?:param(?:eter)?|field|option|property|attribute)[-_]?name|^term$", re.I)
_LAYOUT: Final = (*HEADINGS, BLOCK, "table", "pre", "form", "img", "ul", "ol", "blockquote")
_GROUPS: Final = words("tbody thead tfoot")
_PARTS: Final = _GROUPS | {"tr", "td", "th"}


def set_shapes(root: HtmlElement) -> None:
    """Set right all tables of a page."""
    for table in list(root.iter("table")):
        _lift_heading(table)
        rows = _rows(table)
        if not rows:
            continue
        if len(rows) == 1:
            _join_rows(table, rows[0])
            if _tells_a_name(table, rows[0]):
                _write_in_a_line(table)
            elif _is_named(rows[0]):
                rows[0][0].tag = "th"  # else one row would lay out the page
        elif holds(table, *HEADINGS):
            _split_at_headings(table, rows)
        if len(rows) <= MAX_ROWS and _is_signature(rows):
            _write_in_a_line(table)


def _lift_heading(table: HtmlElement) -> None:
    """Set a caption that holds a heading in front of its table: a heading in a table would lay out the page."""
    caption = next(table.iterchildren("caption"), None)
    if caption is not None and table.getparent() is not None and holds(caption, *HEADINGS):
        caption.tag = "div"
        remove(caption)
        caption.tail = None
        table.addprevious(caption)


def _rows(table: HtmlElement) -> list[HtmlElement]:
    """The rows of a table itself, none where its parts are others."""
    rows: list[HtmlElement] = []
    for part in table:
        if part.tag == "tr":
            rows.append(part)
        elif part.tag in _GROUPS:
            rows.extend(row for row in part if row.tag == "tr")
    return rows


def _split_at_headings(table: HtmlElement, rows: list[HtmlElement]) -> None:
    """Set each heading that fills a row in front of a table of the rows behind it."""
    titles = {row: heading for row in rows if (heading := _heading_of(row)) is not None}
    inside = sum(1 for _ in table.iterdescendants(*HEADINGS))
    if not titles or len(titles) != inside or holds(table, "table", "form") or table.getparent() is None:
        return
    if rows[0] in titles and holds(table, "caption"):
        return
    if sum(holds_more(row, 1) for row in rows) < 2:
        return
    last, body = table, None
    for row in rows:
        heading = titles.get(row)
        if heading is not None:
            heading.tail = None
            last.addnext(heading)
            last = body = heading
            remove(row)
        elif body is not None:
            if body.tag != "table":
                body = table.makeelement("table", dict(table.attrib))
                last.addnext(body)
                last = body
            body.append(row)
    if not holds(table, "tr"):
        last.tail = table.tail if last.tail is None else last.tail
        table.getparent().remove(table)


def _heading_of(row: HtmlElement) -> HtmlElement | None:
    """The heading that is all of a row, None where there is none."""
    heading = next(row.iterdescendants(*HEADINGS), None)
    return heading if heading is not None and text_of(heading).strip() == text_of(row).strip() else None


def _join_rows(table: HtmlElement, row: HtmlElement) -> None:
    """Move the row of a table to the table in front of it, where both are of one shape and hold little."""
    before = table.getprevious()
    if before is None or before.tag != "table" or (before.tail or "").strip():
        return
    last = _last_row(before)
    if (
        last is None
        or before.get("class") != table.get("class")
        or [one.tag for one in last] != [one.tag for one in row]
    ):
        return
    if table.get("class") is None:
        if dict(before.attrib) != dict(table.attrib) or not (_is_pair(last) and _is_pair(row)):
            return
    elif not (_is_small(last) and _is_small(row)):
        return
    if _letters(text_of(table)) != _letters(text_of(row)):
        return
    last.addnext(row)
    before.tail = table.tail
    table.getparent().remove(table)


def _last_row(table: HtmlElement) -> HtmlElement | None:
    """The last row of a table; looks at no others, as a table may be joined to many."""
    last = next(table.iterchildren(reversed=True), None)
    if last is not None and last.tag in _GROUPS:
        last = next(last.iterchildren(reversed=True), None)
    return last if last is not None and last.tag == "tr" else None


def _letters(text: str) -> str:
    return "".join(text.split())


def _is_small(row: HtmlElement) -> bool:
    """Whether a row holds a few words in each of two cells or more."""
    return holds_more(row, 1) and not holds(row, *_LAYOUT) and all(len(text_of(cell)) <= MAX_CELL for cell in row)


def _is_pair(row: HtmlElement) -> bool:
    """Whether a row holds a name and what is said of it, and nothing that lays a page out."""
    if holds_more(row, 2) or not holds_more(row, 1) or holds(row, *_LAYOUT):
        return False
    name, told = (text_of(cell).strip() for cell in row)
    return 0 < len(name) <= MAX_NAME and len(name) < len(told) <= MAX_TOLD


def _tells_a_name(table: HtmlElement, row: HtmlElement) -> bool:
    """Whether a lone row holds a name, a colon and what is said of it, or a command and its options."""
    if row.getparent() is None or holds_more(row, 2) or not holds_more(row, 1) or holds(row, *_LAYOUT, "th"):
        return False
    beside = (other for other in (table.getprevious(), table.getnext()) if other is not None)
    if table.get("class") != _SYNOPSIS and any(other.tag == "table" for other in beside):
        return False
    name, told = (text_of(cell).strip() for cell in row)
    told_of = name.endswith((":", "：")) or table.get("class") == _SYNOPSIS
    return 1 < len(name) <= MAX_NAME and told_of and 0 < len(told) <= MAX_TOLD


def _is_named(row: HtmlElement) -> bool:
    """Whether the class of the first of two or three small cells says that it is a name."""
    cells = 1 < len(row) <= MIN_CELLS and _is_small(row)
    return cells and row[0].tag == "td" and _NAME_CLASS.search(row[0].get("class") or "") is not None


def _is_signature(rows: list[HtmlElement]) -> bool:
    """Whether the cells of rows are the parts of a signature: one opens a parenthesis and one closes it.

    Only the first row begins with words, those of what is declared.
    """
    if holds(rows[0], *_LAYOUT, "th"):
        return False
    texts = [[text_of(cell).strip() for cell in row] for row in rows]
    cells = [text for row in texts for text in row]
    if not texts[0] or len(cells) < MIN_CELLS or any(row and row[0] for row in texts[1:]):
        return False
    opened = "(" in texts[0][1:3] and bool(texts[0][0]) and cells.count("(") == 1
    closed = any(text.startswith(")") for row in texts for text in row[1:]) or cells[-1].endswith(")")
    return opened and closed and all(len(cell) <= MAX_CELL for cell in cells)


def _write_in_a_line(table: HtmlElement) -> None:
    """Set what the cells of a table hold as a paragraph."""
    if holds(table, *(BLOCKS - _PARTS)):
        return
    for part in list(table.iterdescendants(*_PARTS)):
        part.tag = "span"
        part.tail = f"{part.tail or ''} "
    table.tag = "p"
