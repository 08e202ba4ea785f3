"""Writes the segments that were chosen as CommonMark with GFM tables, in the order of the page.

In: segments, code, and which segments are kept. Out: Markdown. Lists, quotes and definition lists nest as on the page,
at most `MAX_NESTING` deep; items that are deeper are items of the deepest list. Code, headings and tables stand at the
left margin, so that each line of code keeps its own indentation; they end what is open, and what follows in the same
item begins at the margin too.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from recall.page.markdown.definition_lists import HOLDERS, captions, definitions, siblings_inside
from recall.page.markdown.fence_signs import language_by_signs
from recall.page.markdown.inline_text import without_html
from recall.page.markdown.marks import Marked
from recall.page.markdown.segments import Segments
from recall.page.markdown.table_writer import table_lines
from recall.page.markdown.threads import POST
from recall.page.markdown.tree import HEADINGS

MAX_NESTING: Final = 8
MAX_INDENT: Final = 3
"""Spaces by which definitions in definitions are indented at most: four begin code (CommonMark 0.31, 4.4)."""

_LISTS: Final = frozenset({"ul", "ol", "menu", "dir"})
_MARKUP_LIKE: Final = re.compile(r"```|~~~|#{1,6}(?:[ ]|$)|>|</?[a-zA-Z]|<[!?]")
"""How a line begins where it would begin a fence, heading, quote or HTML block."""

_UNDERLINE: Final = re.compile(r"-+|=+")
"""What makes a heading of the line before it."""

_TICKS: Final = re.compile("`{3,}")


def fence(code: str, language: str) -> str:
    """A fenced block, its fence longer than any run of back-ticks in the code."""
    ticks = "`" * (max((len(run) for run in _TICKS.findall(code)), default=2) + 1)
    return f"{ticks}{language}\n{code}\n{ticks}"


@dataclass(frozen=True, slots=True)
class Written:
    """A page as Markdown. guessed: numbers of the fences, from 0, whose language the page does not name."""

    text: str
    guessed: tuple[int, ...] = ()


def write(
    segments: Segments, marked: Marked, keep: Sequence[bool], tables: dict[int, int], title: str, posts: Sequence[int]
) -> Written:
    """The Markdown of the kept segments.

    tables: `data_tables`; title: put first, as a heading; posts: of each segment, -1 for none; a rule parts them.
    """
    writer = _Writer(segments, set(tables.values()))
    if title:
        writer.put_block(f"# {without_html(title)}")
    cells: dict[int, list[int]] = {}
    for index, table in tables.items():
        cells.setdefault(table, []).append(index)
    guessed: list[int] = []
    fences, post = 0, -1
    for index, text in enumerate(segments.texts):
        if not keep[index]:
            continue
        if posts[index] != post:
            if post >= 0 and posts[index] >= 0:
                writer.put_block("---")
            post = posts[index]
        table = tables.get(index, -1)
        if table < 0 and segments.code[index] >= 0:
            named = marked.blocks[segments.code[index]].language
            language = named or language_by_signs(text)
            writer.put_block(fence(text, language))
            if language and not named:
                guessed.append(fences)
            fences += 1
        elif table < 0:
            writer.put(segments.nodes[index], text)
        elif table in cells:
            beside, lines = table_lines(segments, table, cells.pop(table))
            if beside:
                writer.put(table, beside)
            if lines:
                writer.put_block("\n".join(lines))
    return Written("\n".join(writer.lines) + "\n" if writer.lines else "", tuple(guessed))


@dataclass(slots=True)
class _Holder:
    """A list item, quote or definition. owner: the list around it; marker: what its first line begins with.

    rest: what its other lines begin with. variant: whether the marker is the second of its kind.
    """

    node: int
    kind: str
    owner: int
    marker: str
    rest: str
    variant: bool = False


class _Writer:
    """Lines so far, and the holders that are open in them, outermost first."""

    def __init__(self, segments: Segments, data: set[int]) -> None:
        self._segments = segments
        self._ordinals, layout = _lists(segments, data)
        self._around, self._owners = _holders(segments, layout | captions(segments))
        self._open: list[_Holder] = []
        self._begun: set[int] = set()
        self._defining, self._terms = definitions(segments)
        self._kind = ""
        self.lines: list[str] = []

    def put_block(self, text: str) -> None:
        """A heading, code, table or rule at the left margin."""
        if self.lines:
            self.lines.append("")
        self.lines.extend(text.split("\n"))
        self._open, self._kind = [], "block"

    def put(self, node: int, text: str) -> None:
        """A run of inline text in a node."""
        name = self._segments.tags[node].name
        if name in HEADINGS:
            self.put_block(f"{'#' * int(name[1])} {without_html(' '.join(text.split()))}")
            return
        around = self._around[node]
        same = 0
        while same < min(len(around), len(self._open)) and around[same] == self._open[same].node:
            same += 1
        holders = self._open[:same]
        for at in range(same, len(around)):
            number = around[at]
            name_of = self._segments.tags[number].name
            if name_of != "blockquote" and number in self._begun:
                continue  # code or a heading ended the item, which goes on at the margin
            self._begun.add(number)
            last = at == len(around) - 1
            # CommonMark has no definitions for a list or a quote to begin in
            if name_of != "dd" or last or self._segments.tags[around[at + 1]].name == "dd":
                holders.append(self._holder(number, holders, last and node not in self._terms))
        self._separate(holders, same)
        first = "".join(holder.rest for holder in holders[:same]) + _markers(holders[same:])
        rest = "".join(holder.rest for holder in holders)
        text = without_html("\n".join(_as_text(line, number > 0) for number, line in enumerate(text.split("\n"))))
        for number, line in enumerate(text.split("\n")):
            self.lines.append(((rest if number else first) + line).rstrip())
        self._open, self._kind = holders, "dt" if name == "dt" else "text"

    def _holder(self, node: int, outer: list[_Holder], begins: bool) -> _Holder:
        """A holder that opens. begins: whether its first line is text of its own, no term or definition in it."""
        tags, owner = self._segments.tags, self._owners.get(node, self._segments.parents[node])
        kind = tags[node].name
        if kind == "blockquote":
            return _Holder(node, kind, node, "> ", "> ")
        if kind == "dd":
            room = MAX_INDENT  # what is left of it in the item or quote around
            for holder in reversed(outer):
                if holder.kind != "dd":
                    break
                room -= len(holder.rest)
            rest = " " * min(2, room)
            return _Holder(node, kind, owner, ": " if begins and node in self._defining else rest, rest)
        ordinal = self._ordinals.get(node)
        before = next((holder for holder in self._open[len(outer) :] if holder.kind != "dd"), None)
        variant = False
        if before is not None and before.kind == "li" and (before.node in self._ordinals) == (ordinal is not None):
            variant = before.variant if before.owner == owner else not before.variant
        marker = ("*-"[not variant] if ordinal is None else f"{ordinal}{'.)'[variant]}") + " "
        return _Holder(node, kind, owner, marker, " " * len(marker), variant)

    def _separate(self, holders: list[_Holder], same: int) -> None:
        """An empty line, save between the items of a tight list; inside a quote it is one of the quote."""
        if not self.lines:
            return
        opens = holders[same:]
        if opens and self._kind != "block" and self._tight(opens[0], same):
            return
        self.lines.append("".join(holder.rest for holder in holders[:same]).rstrip())

    def _tight(self, opened: _Holder, depth: int) -> bool:
        """Whether a holder goes on with no empty line before it: the next item, a list in an item, a definition."""
        if opened.kind == "dd":
            return self._kind == "dt" and opened.marker == ": "
        if opened.kind != "li" or not self._open:
            return False
        if len(self._open) > depth:
            before = self._open[depth]
            return before.kind == "li" and before.owner == opened.owner
        return self._open[-1].kind == "li" and opened.marker in ("- ", "* ", "1. ")


def _as_text(line: str, follows: bool) -> str:
    """A line of text behind a backslash where it would be markup. follows: whether it has a line before it."""
    return f"\\{line}" if _MARKUP_LIKE.match(line) or (follows and _UNDERLINE.fullmatch(line)) else line


def _markers(opened: Sequence[_Holder]) -> str:
    """What the first line in holders begins with. Spaces right behind the marker of an item would count for it."""
    markers: list[str] = []
    item = False
    for holder in opened:
        indents = holder.kind == "dd" and not holder.marker.strip()
        if not (item and indents):
            markers.append(holder.marker)
        item = holder.kind == "li" or (item and indents)
    return "".join(markers)


def _holders(segments: Segments, layout: set[int]) -> tuple[list[tuple[int, ...]], dict[int, int]]:
    """The items, quotes and definitions around each node, itself included, outermost first.

    Also the list of each item that is too deep to be one of its own: it becomes one of the deepest list around it.
    """
    around: list[tuple[int, ...]] = []
    owners: dict[int, int] = {}
    siblings = siblings_inside(segments)
    for node, (tag, parent) in enumerate(zip(segments.tags, segments.parents, strict=True)):
        outer = around[parent] if parent >= 0 else ()
        if tag.name == "dd" and outer and outer[-1] == siblings[node]:
            outer = outer[:-1]
        if POST in tag.attributes:
            outer = ()  # what is around a post lays the thread out
        elif tag.name in HOLDERS and node not in layout:
            if len(outer) < MAX_NESTING:
                outer = (*outer, node)
            elif tag.name == "li" == segments.tags[outer[-1]].name:
                owners[node] = owners.get(outer[-1], segments.parents[outer[-1]])
                outer = (*outer[:-1], node)
        around.append(outer)
    return around, owners


def _lists(segments: Segments, data: set[int]) -> tuple[dict[int, int], set[int]]:
    """The number of each item of an ordered list, and the items that lay the page out: their list holds headings.

    data: the tables of data, which an item may hold.
    """
    tags, parents = segments.tags, segments.parents
    layout: set[int] = set()
    for node, tag in enumerate(tags):
        if tag.name in HEADINGS or (tag.name == "table" and node not in data):
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
