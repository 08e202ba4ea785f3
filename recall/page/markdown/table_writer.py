"""Tells tables of data from those that lay out a page, and writes them as GFM tables.

In: segments. Out: the table of data around each, and lines of Markdown: a row a line, a delimiter row behind the first,
`<br>` where a cell has several lines. Each node is looked at a bounded number of times.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from recall.page.markdown.inline_text import without_html
from recall.page.markdown.marks import inline_code
from recall.page.markdown.segments import Segments
from recall.page.markdown.threads import POST
from recall.page.markdown.tree import BLOCK, HEADINGS, words

MAX_CELL: Final = 400
"""Characters of a piece of a cell from which on a table lays the page out."""

MAX_LINES: Final = 6
"""Code of more lines in a cell is a block."""

MAX_SINGLE: Final = 80
"""Characters of a piece of a cell up to which a table of one row with a head is a line of text."""

MAX_COLUMNS: Final = 100
MAX_SPAN: Final = 20
_INLINE_CODE: Final = frozenset({"code", "tt", "samp", "kbd"})
_LAYOUT: Final = HEADINGS | words("form blockquote") | {BLOCK}
_LISTS: Final = words("ul ol menu dir")
_STRONG: Final = re.compile(r"\*\*[^*]+\*\*")
_CELLS: Final = frozenset({"td", "th"})
_PIPE: Final = re.compile(r"(?<!\\)((?:\\\\)*)\|")
"""A pipe that no back-slash escapes: an even number of them stands before it."""


def data_tables(segments: Segments) -> dict[int, int]:
    """The table of data around each segment that lies in one, by the segment's index."""
    inside: dict[int, list[int]] = {}
    innermost: list[int] = []
    layout: set[int] = set()
    listed: set[int] = set()
    headed: set[int] = set()
    titled: set[int] = set()
    for node, (tag, parent) in enumerate(zip(segments.tags, segments.parents, strict=True)):
        around = innermost[parent] if parent >= 0 else -1
        if POST in tag.attributes:
            layout.add(around)
        if tag.name == "table":
            layout.add(around)
            inside[node] = []
            around = node
        elif around >= 0 and tag.name == "th":
            headed.add(around)
        elif around >= 0 and tag.name == "thead":
            titled.add(around)
        elif around >= 0 and (tag.name in _LISTS or _is_cell_code(segments, node)):
            listed.add(around)
        elif around >= 0 and tag.name in _LAYOUT:
            layout.add(around)
        innermost.append(around)
    for index, node in enumerate(segments.nodes):
        if (table := innermost[node]) >= 0:
            inside[table].append(index)
    layout |= listed - headed
    data: dict[int, int] = {}
    for table, indices in inside.items():
        if table in layout or any(_too_large(segments, index) for index in indices):
            continue
        rows = _rows(segments, table)
        single = table in headed and all(len(segments.texts[index]) <= MAX_SINGLE for index in indices)
        least = 1 if table in headed & titled and len(rows) >= 2 else 2
        if rows and least <= max(map(len, rows)) <= MAX_COLUMNS and (len(rows) >= 2 or single):
            data.update(dict.fromkeys(indices, table))
    return data


def _is_cell_code(segments: Segments, node: int) -> bool:
    """Whether a node is a line of code in a cell, or in place of one, or what the page does not mark as a block."""
    tag, parent = segments.tags[node], segments.parents[node]
    return (
        tag.name == BLOCK
        and tag.attributes["type"] in _INLINE_CODE
        and (segments.tags[parent].name == "tr" or segments.tags[parent].name in _CELLS)
    )


def _is_cell(segments: Segments, node: int) -> bool:
    """Whether a node is a cell, or the code that is all of one."""
    name = segments.tags[node].name
    return name in _CELLS or (name == BLOCK and segments.tags[segments.parents[node]].name == "tr")


def _too_large(segments: Segments, index: int) -> bool:
    """Whether a segment is more than the cell of a table of data holds."""
    text = segments.texts[index]
    return len(text) > MAX_CELL or (segments.code[index] >= 0 and text.count("\n") >= MAX_LINES)


def _rows(segments: Segments, table: int) -> list[list[int]]:
    """The cells of each row of a table, as node numbers."""
    rows: dict[int, list[int]] = {}
    for node in range(table + 1, len(segments.tags)):
        if segments.parents[node] < table:
            break
        name = segments.tags[node].name
        if name == "tr":
            rows[node] = []
        elif _is_cell(segments, node):
            rows.setdefault(segments.parents[node], []).append(node)
    return [cells for cells in rows.values() if cells]


def table_lines(segments: Segments, table: int, indices: Sequence[int]) -> tuple[str, list[str]]:
    """What stands in a table outside its cells, such as a caption, and the table's lines. indices: of its segments."""
    texts: dict[int, list[str]] = {}
    begun: set[int] = set()
    numbers = _item_numbers(segments, table)
    for index in indices:
        node, text = segments.nodes[index], segments.texts[index]
        if segments.code[index] >= 0:
            text = "\n".join(inline_code(line) if line.strip() else "" for line in text.split("\n"))
        while node != table and not _is_cell(segments, node):
            if segments.tags[node].name == "li" and node not in begun:
                begun.add(node)
                text = f"{numbers.get(node, '-')} {text}"
            elif segments.tags[node].name == "li":
                text = f"  {text}"
            node = segments.parents[node]
        texts.setdefault(node, []).append(text)
    rows = [row for row in _grid(segments, _rows(segments, table), texts) if any(row)]
    width = max(map(len, rows), default=0)
    if rows and all(_STRONG.fullmatch(cell) for cell in rows[0] if cell):
        rows[0] = [cell.strip("*") for cell in rows[0]]  # the first row is the head, which is strong anyhow
    if len(rows) == 1:
        return "\n\n".join(texts.get(table, ())), [" ".join(cell for cell in rows[0] if cell)]
    if rows:
        rows[0] += [""] * (width - len(rows[0]))  # other rows may be shorter than the head
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    if lines:
        lines.insert(1, "|" + " --- |" * width)
    return "\n\n".join(texts.get(table, ())), lines


def _item_numbers(segments: Segments, table: int) -> dict[int, str]:
    """The numbers of the items of ordered lists in a table."""
    counts: Counter[int] = Counter()
    numbers: dict[int, str] = {}
    for node in range(table + 1, len(segments.tags)):
        parent = segments.parents[node]
        if parent < table:
            break
        if segments.tags[node].name == "li" and segments.tags[parent].name == "ol":
            counts[parent] += 1
            numbers[node] = f"{counts[parent]}."
    return numbers


def _grid(segments: Segments, rows: list[list[int]], texts: Mapping[int, list[str]]) -> list[list[str]]:
    """The text of each cell; those that another one spans are empty."""
    grid: list[list[str]] = []
    spanned: dict[int, int] = {}  # column → how many more rows a cell reaches down into
    for cells in rows:
        row: list[str] = []
        following: dict[int, int] = {column: left - 1 for column, left in spanned.items() if left > 1}
        for cell in cells:
            while spanned.get(len(row), 0) and len(row) < MAX_COLUMNS:
                row.append("")
            attributes = segments.tags[cell].attributes
            height = _span(attributes.get("rowspan", "1"))
            for number in range(_span(attributes.get("colspan", "1"))):
                if number and len(row) >= MAX_COLUMNS:
                    break
                if height > 1:
                    following[len(row)] = height - 1
                row.append("" if number else _cell("\n".join(texts.get(cell, ()))))
        grid.append(row)
        spanned = following
    return grid


def _span(value: str) -> int:
    return min(max(int(value), 1), MAX_SPAN) if value.isdecimal() and len(value) < 4 else 1


def _cell(text: str) -> str:
    """The text of a cell in one line."""
    lines = (without_html(line) for line in text.split("\n") if line)
    return _PIPE.sub(r"\1\|", "<br>".join(lines))
