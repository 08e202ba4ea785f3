"""Tables and lists that a page lays out without their elements: by roles, by classes, by columns of a grid.

In: the tree, before `mark`. Out: the tree with `table`, `tr`, `td`, `ul` and `li` in their places. The tables of a page
that are cut otherwise than they read are set right too (`table_shapes`).
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Final

from lxml import etree
from lxml.html import HtmlElement

from recall.page.markdown.table_shapes import set_shapes
from recall.page.markdown.tree import BLOCKS, classes, holds, holds_more, squashed, text_of, words

MAX_COLUMNS: Final = 12
MAX_GROUPS: Final = 3
MAX_ITEM: Final = 300
"""Characters; longer items of a list by role are boxes of a page."""

_CELL_ROLES: Final = {"cell": "td", "gridcell": "td", "columnheader": "th", "rowheader": "th"}
_ROLES: Final = ("row", "list")
_ROW_CLASS: Final = re.compile(r"(?:[a-z]+[-_]?)?table[-_]*row", re.I)
_CELL_CLASS: Final = re.compile(r"(?:[a-z]+[-_]?)?table[-_]*(?:cell|col(?:umn)?|head(?:er|ing)?(?:[-_]?cell)?)", re.I)
_GROUP_CLASS: Final = re.compile(r"(?:[a-z]+[-_]?)?table[-_]*(?:body|heading|header|head)", re.I)
_CELL_STYLE: Final = re.compile(r"display\s*:\s*table-cell", re.I)
_ROW_STYLE: Final = re.compile(r"display\s*:\s*table-row(?!-)", re.I)
_COLUMN: Final = re.compile(r"col-(?!xs|sm|md|lg|xl|auto)[a-z]+(?:-[a-z]+)*")
_MADE: Final = "MADE"
"""Attribute of a table that is made here; the parser writes names in lower case, so no page has it."""

_GENERIC: Final = words("div section span ul ol li dl dt dd p a article header")


def set_tables(root: HtmlElement) -> None:
    """Give tables and lists their elements."""
    holders: dict[HtmlElement, bool] = {}
    parts = [
        element
        for element in root.iter(*_GENERIC)
        if ((name := element.get("class")) and _kind(name))
        or ((style := element.get("style")) and _ROW_STYLE.search(style))
        or element.get("role") in _ROLES
    ]
    for element in parts:  # lists, rows and boxes in columns, perhaps
        role = element.get("role")
        if role == "list":
            _set_list(element)
        elif role == "row":
            _set_row(element, [part for part in _inside(element) if part.get("role") in _CELL_ROLES], holders)
        elif _is_row(element):
            cells = [part for part in islice(element.iterchildren(), MAX_COLUMNS + 1) if _is_cell(part)]
            if not holds_more(element, len(cells)):
                _set_row(element, cells, holders)
        elif element.getprevious() is None:
            _set_columns(element)
    set_shapes(root)


@lru_cache(maxsize=4096)
def _kind(name: str) -> str:
    """What a `class` may be that of."""
    if any(map(_ROW_CLASS.fullmatch, name.split())):
        return "row"
    return "column" if _column(name) else ""


def _inside(row: HtmlElement) -> Iterator[HtmlElement]:
    """The children of a row, and theirs where a child only holds cells together."""
    for child in islice(row.iterchildren(), 4 * MAX_COLUMNS):
        if child.get("role") in (None, "presentation", "none"):
            yield from islice(child.iterchildren(), MAX_COLUMNS)
        else:
            yield child


def _set_row(row: HtmlElement, cells: list[HtmlElement], holders: dict[HtmlElement, bool]) -> None:
    """Make elements the cells of a row, and what holds rows alone a table. holders: whether elements do."""
    if not 2 <= len(cells) <= MAX_COLUMNS or any(cell.tag not in _GENERIC for cell in cells):
        return
    if squashed("".join(map(text_of, cells))).replace(" ", "") != squashed(text_of(row)).replace(" ", ""):
        return
    groups: list[HtmlElement] = []
    table = row.getparent()
    while table is not None and len(groups) < MAX_GROUPS and _is_group(table):
        groups.append(table)
        table = table.getparent()
    if table is None or (table.tag not in _GENERIC and table.tag != "table"):
        return
    for group in groups:
        group.tag = "tbody"
    if table.tag != "table" and not groups and not _holds_rows_alone(table, holders):
        _set_apart(row)
    else:
        table.tag = "table"
    row.tag = "tr"
    for cell in cells:
        cell.tag = _CELL_ROLES.get(cell.get("role") or "", "td")
        if cell.getparent() is not row:
            cell.getparent().drop_tag()


def _holds_rows_alone(holder: HtmlElement, holders: dict[HtmlElement, bool]) -> bool:
    """Whether an element holds nothing but rows; remembers it."""
    alone = holders.get(holder)
    if alone is None:
        texts = (holder.text, *(part.tail for part in holder))
        alone = not any((text or "").strip() for text in texts) and all(
            part.get("role") in ("row", "rowgroup") or _is_row(part) for part in holder
        )
        holders[holder] = alone
    return alone


def _set_apart(row: HtmlElement) -> None:
    """Move a row, which stands among other things, to a table with the rows right in front of it."""
    table = row.getprevious()
    if table is None or table.get(_MADE) is None or (table.tail or "").strip():
        table = row.makeelement("table", {_MADE: ""})
        row.addprevious(table)
    table.tail, row.tail = row.tail, None
    table.append(row)


def _is_group(element: HtmlElement) -> bool:
    """Whether an element holds rows of a table around it."""
    if element.tag == "tbody" or element.get("role") == "rowgroup":
        return True
    return element.tag in _GENERIC and any(map(_GROUP_CLASS.fullmatch, classes(element)))


def _is_row(element: HtmlElement) -> bool:
    style = element.get("style") or ""
    return any(map(_ROW_CLASS.fullmatch, classes(element))) or _ROW_STYLE.search(style) is not None


def _is_cell(element: HtmlElement) -> bool:
    if not isinstance(element.tag, str):
        return False
    style = element.get("style") or ""
    return any(map(_CELL_CLASS.fullmatch, classes(element))) or _CELL_STYLE.search(style) is not None


def _set_list(element: HtmlElement) -> None:
    """Make a list by role one, where all it holds are short items."""
    items = list(element)
    if not items or any(item.get("role") != "listitem" or item.tag not in _GENERIC for item in items):
        return
    if any(len(text_of(item)) > MAX_ITEM or holds(item, *BLOCKS) for item in items):
        return
    element.tag = "ul"
    for item in items:
        item.tag = "li"


@lru_cache(maxsize=4096)
def _column(name: str) -> str:
    """The column that a `class` names, "" for none."""
    return next((part for part in name.lower().split() if _COLUMN.fullmatch(part)), "")


def _set_columns(first: HtmlElement) -> None:
    """Make boxes that repeat the names of a few columns the rows of a table. first: the first box of its parent."""
    grid = first.getparent()
    if grid is None or grid.tag != "div" or first.tag != "div":
        return
    cells = list(grid)
    names = [_column(cell.get("class") or "") if cell.tag == "div" else "" for cell in cells]
    width = _width(cells, names)
    if not 2 <= width <= MAX_COLUMNS or len(names) % width or "" in names:
        return
    own = names[width : 2 * width] if names[0] not in names[1:] else names[:width]  # rows may name columns otherwise
    if names[width:] != own * (len(names) // width - 1) or own[-1] != names[width - 1] or len(set(own)) < width:
        return
    if (grid.text or "").strip() or any((cell.tail or "").strip() for cell in cells):
        return
    grid.tag = "table"
    heads = [_is_head(cell) for cell in cells[:width]]
    for at in range(0, len(cells), width):
        row = etree.SubElement(grid, "tr")
        for cell in cells[at : at + width]:
            cell.tag, cell.tail = "th" if not at and all(heads) else "td", None
            row.append(cell)


def _width(cells: list[HtmlElement], names: list[str]) -> int:
    """How many boxes a row has: up to where the first one's name comes again, else as many as are heads; 0 for none."""
    if names[0] in names[1:]:
        return names.index(names[0], 1)
    return next((at for at, cell in enumerate(cells) if not _is_head(cell)), 0)


def _is_head(cell: HtmlElement) -> bool:
    return any("header" in name for name in classes(cell))
