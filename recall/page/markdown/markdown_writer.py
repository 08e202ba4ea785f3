"""Writes the segments that were chosen as CommonMark with GFM tables, in the order of the page.

In: segments, code, and which segments are kept. Out: Markdown. Lists, quotes and definition lists nest as on the page,
at most `MAX_NESTING` deep. Tables of data are tables; those that lay out a page are what they lay out. Code stands at
the left margin, so that each line keeps its own indentation.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from recall.page.markdown.marks import Marked
from recall.page.markdown.segments import Segments
from recall.page.markdown.tree import BLOCK, HEADINGS

MAX_NESTING: Final = 8
MAX_CELL: Final = 400
"""Characters of a cell from which on a table lays the page out."""

_LISTS: Final = frozenset({"ul", "ol", "menu", "dir"})
_CELLS: Final = frozenset({"td", "th"})
_FENCE_LIKE: Final = re.compile(r"(?m)^(```|~~~)")
_MARKUP_LIKE: Final = re.compile(r"(?m)^(#{1,6} |> )")
_TICKS: Final = re.compile("`{3,}")


def fence(code: str, language: str) -> str:
    """A fenced block, its fence longer than any run of back-ticks in the code."""
    ticks = "`" * (max((len(run) for run in _TICKS.findall(code)), default=2) + 1)
    return f"{ticks}{language}\n{code}\n{ticks}"


@dataclass(slots=True)
class _Holder:
    """A list item, quote or definition that is open. node: its number; first, rest: what its lines begin with."""

    node: int
    first: str
    rest: str


@dataclass(slots=True)
class _Structure:
    """What the nodes of a page say about its form. item: ordinal of each `li`; tables: cells of each table of data."""

    ordinals: dict[int, int] = field(default_factory=dict)
    layout: set[int] = field(default_factory=set)
    table_of: dict[int, int] = field(default_factory=dict)


def data_tables(segments: Segments) -> dict[int, int]:
    """The table of data around each segment that lies in one, by the segment's index."""
    tables: dict[int, list[int]] = {}
    innermost: dict[int, int] = {}
    nested: set[int] = set()
    for node, tag in enumerate(segments.tags):
        parent = segments.parents[node]
        around = innermost.get(parent, -1)
        if tag.name == "table":
            nested.add(around)
            tables[node] = []
            innermost[node] = node
        else:
            innermost[node] = around
            if around >= 0 and (tag.name in HEADINGS or tag.name in _LISTS or tag.name in (BLOCK, "form")):
                nested.add(around)
    for index, node in enumerate(segments.nodes):
        if (table := innermost[node]) >= 0:
            tables[table].append(index)
    found: dict[int, int] = {}
    for table, inside in tables.items():
        if table in nested or any(len(segments.texts[index]) > MAX_CELL for index in inside):
            continue
        if max((len(row) for row in _rows(segments, table)), default=0) >= 2 and len(_rows(segments, table)) >= 2:
            found.update(dict.fromkeys(inside, table))
    return found


def _rows(segments: Segments, table: int) -> list[list[int]]:
    """The cells of each row of a table, as node numbers."""
    rows: dict[int, list[int]] = {}
    for node in range(table + 1, len(segments.tags)):
        if segments.parents[node] < table:
            break
        name = segments.tags[node].name
        if name == "tr":
            rows[node] = []
        elif name in _CELLS:
            rows.setdefault(segments.parents[node], []).append(node)
    return [cells for cells in rows.values() if cells]


def write(segments: Segments, marked: Marked, keep: Sequence[bool], tables: dict[int, int], title: str = "") -> str:
    """The Markdown of the kept segments. tables: `data_tables`; title: put first, as a heading."""
    writer = _Writer(segments)
    if title:
        writer.put([], f"# {title}", "heading")
    done: set[int] = set()
    for index, text in enumerate(segments.texts):
        if not keep[index]:
            continue
        table = tables.get(index)
        if segments.code[index] >= 0:
            writer.put([], fence(text, marked.blocks[segments.code[index]].language), "code")
        elif table is None:
            writer.text(segments.nodes[index], text)
        elif table not in done:
            done.add(table)
            inside = [other for other, owner in tables.items() if owner == table]
            writer.table(table, inside)
    return "\n".join(writer.lines) + "\n" if writer.lines else ""


class _Writer:
    """Lines so far, and the holders that the last text stood in."""

    def __init__(self, segments: Segments) -> None:
        self._segments = segments
        self._ordinals, self._layout = _lists(segments)
        self._begun: set[int] = set()
        self._last: list[_Holder] = []
        self._kind = ""
        self._post = -1
        self.lines: list[str] = []

    def text(self, node: int, text: str) -> None:
        """A run of inline text in a node."""
        tags, parents = self._segments.tags, self._segments.parents
        name = tags[node].name
        if name in HEADINGS:
            self.put([], f"{'#' * int(name[1])} {' '.join(text.split())}", "heading")
            return
        around = []
        while node >= 0:
            if (tags[node].name in ("blockquote", "dd", "li")) and node not in self._layout:
                around.append(node)
            node = parents[node]
        holders = [self._holder(number) for number in reversed(around)][:MAX_NESTING]
        text = _MARKUP_LIKE.sub(r"\\\1", _FENCE_LIKE.sub(r"\\\1", text))
        self.put(holders, text, "dt" if name == "dt" else "text")

    def _holder(self, node: int) -> _Holder:
        name = self._segments.tags[node].name
        if name == "blockquote":
            return _Holder(node, "> ", "> ")
        if name == "dd":
            marker = ": "
        else:
            ordinal = self._ordinals.get(node)
            marker = f"{ordinal}. " if ordinal is not None else "- "
        indent = " " * len(marker)
        return _Holder(node, indent if node in self._begun else marker, indent)

    def put(self, holders: list[_Holder], text: str, kind: str) -> None:
        """Some lines of text inside holders."""
        if self.lines:
            self._separate(holders, kind)
        first, rest = "".join(holder.first for holder in holders), "".join(holder.rest for holder in holders)
        self._begun.update(holder.node for holder in holders)
        for number, line in enumerate(text.split("\n")):
            self.lines.append(((rest if number else first) + line).rstrip() if kind != "code" else line)
        self._last, self._kind = holders, kind

    def _separate(self, holders: list[_Holder], kind: str) -> None:
        """An empty line, save between the items of a tight list; inside a quote it is one of the quote."""
        common = 0
        while common < min(len(holders), len(self._last)) and holders[common].node == self._last[common].node:
            common += 1
        opens = [holder for holder in holders[common:] if holder.first != holder.rest]
        item = bool(opens) and len(holders) - common == len(opens)
        sibling = item and self._kind == "text" and kind == "text" and len(self._last) > common - 1 and bool(self._last)
        if sibling and self._tight(holders, common):
            return
        if kind == "text" and self._kind == "dt" and opens and opens[0].first == ": ":
            return
        self.lines.append("".join(holder.rest for holder in holders[:common]).rstrip())

    def _tight(self, holders: list[_Holder], common: int) -> bool:
        """Whether the next text is an item of the list that the last one is an item of, or of a list inside that."""
        parents = self._segments.parents
        last = {parents[holder.node] for holder in self._last}
        following = holders[common]
        return parents[following.node] in last or (common > 0 and following.first.strip() != ">")

    def table(self, table: int, inside: Sequence[int]) -> None:
        """A table of data."""
        segments = self._segments
        texts: dict[int, list[str]] = {}
        for index in inside:
            node = segments.nodes[index]
            while node != table and segments.tags[node].name not in _CELLS:
                node = segments.parents[node]
            texts.setdefault(node, []).append(segments.texts[index])
        if table in texts:
            self.put([], "\n".join(texts[table]), "text")
        rows = []
        for cells in _rows(segments, table):
            row: list[str] = []
            for cell in cells:
                row.append(" ".join(" ".join(texts.get(cell, [])).split()).replace("|", "\\|"))
                span = segments.tags[cell].attributes.get("colspan", "1")
                row += [""] * (min(int(span), 20) - 1 if span.isdecimal() and len(span) < 4 else 0)
            if any(row):
                rows.append(row)
        width = max(map(len, rows), default=0)
        if not rows:
            return
        lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in rows]
        lines.insert(1, "|" + " --- |" * width)
        self.put([], "\n".join(lines), "table")


def _lists(segments: Segments) -> tuple[dict[int, int], set[int]]:
    """The number of each item of an ordered list, and the items that lay the page out: they hold headings."""
    tags, parents = segments.tags, segments.parents
    layout: set[int] = set()
    for node, tag in enumerate(tags):
        if tag.name in HEADINGS or tag.name == "table":
            up = parents[node]
            while up >= 0 and up not in layout:
                if tags[up].name in _LISTS:
                    layout.add(up)
                up = parents[up]
    ordinals: dict[int, int] = {}
    counts: dict[int, int] = {}
    items: set[int] = set()
    for node, tag in enumerate(tags):
        parent = parents[node]
        if tag.name != "li":
            continue
        if parent in layout:
            items.add(node)
        elif parent >= 0 and tags[parent].name == "ol":
            if parent not in counts:
                start = tags[parent].attributes.get("start", "1")
                counts[parent] = int(start) - 1 if start.isdecimal() and len(start) < 7 else 0
            counts[parent] += 1
            ordinals[node] = counts[parent]
    return ordinals, items
