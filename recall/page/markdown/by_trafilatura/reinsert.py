"""Puts back what main-content extraction dropped: code blocks outside the page frame, headings and lists.

In: Markdown with place-holders, the tree it was made from, what was lifted. Out: the Markdown with each missing block
in reading order, together with the dropped part of the page around it; with each heading whose following text was
kept; with each list between texts that were kept. Texts are found in the Markdown by their letters and digits alone,
because extraction changes white space and adds marks.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.by_trafilatura.full_page import in_frame, render, render_block
from recall.page.markdown.by_trafilatura.lift import Lifted
from recall.page.markdown.tree import BLOCKS, HEADINGS, squashed, text_of

_WORD: Final = re.compile(r"[^\W_]+")
_MIN: Final = 12
"""Shorter texts occur by chance."""

_PIECE: Final = 60


def letters_of(text: str) -> str:
    """The letters and digits of a text."""
    return "".join(_WORD.findall(text))


@dataclass(frozen=True, slots=True)
class MarkdownIndex:
    """The letters and digits of a Markdown text. offsets, starts: of each word among them, and in the Markdown."""

    letters: str
    offsets: list[int]
    starts: list[int]

    @classmethod
    def of(cls, markdown: str) -> "MarkdownIndex":
        """Index a Markdown text."""
        words = [(word.start(), word[0]) for word in _WORD.finditer(markdown)]
        offsets = list(accumulate((len(word) for _, word in words), initial=0))
        return cls("".join(word for _, word in words), offsets, [start for start, _ in words])

    def _position(self, letter: int) -> int:
        word = bisect_right(self.offsets, letter) - 1
        return self.starts[word] + letter - self.offsets[word]

    def find(self, text: str, last: bool) -> int | None:
        """Position of a text of the page in the Markdown; None if it is too short to be unique or not there."""
        letters = letters_of(text)
        if len(letters) < _MIN:
            return None
        piece = letters[-_PIECE:] if last else letters[:_PIECE]
        start = self.letters.find(piece)
        return None if start < 0 else self._position(start + len(piece) - 1 if last else start)


def own_text(element: HtmlElement) -> str:
    """Text of an element outside its block children: a block's first words, or what follows its inline children."""
    if element.tag not in BLOCKS:
        return ""
    parts = [element.text or ""]
    for child in element:
        if isinstance(child.tag, str) and child.tag not in BLOCKS:
            parts.append(text_of(child) if len(child) < 50 else "")
        elif child.tag in BLOCKS and "".join(parts).strip():
            break
        parts.append(child.tail or "")
    text = "".join(parts)
    return text if text.strip() else ""


def insertion_point(markdown: str, positions: list[int | None], first: int) -> int:
    """End of the line of the nearest kept text before number `first`, else start of the line of the next."""
    for position in reversed(positions[:first]):
        if position is not None:
            end = markdown.find("\n", position)
            return len(markdown) if end < 0 else end
    for position in positions[first:]:
        if position is not None:
            return markdown.rfind("\n", 0, position) + 1
    return len(markdown)


_TOP: Final = frozenset({"body", "html"})


def in_order(numbers: list[int]) -> set[int]:
    """The longest increasing subsequence: blocks in the order of the page; the others are misplaced."""
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for index, number in enumerate(numbers):
        length = bisect_left(tails, number)
        before.append(ends[length - 1] if length else -1)
        tails[length : length + 1] = [number]
        ends[length : length + 1] = [index]
    kept: set[int] = set()
    index = ends[-1] if ends else -1
    while index >= 0:
        kept.add(numbers[index])
        index = before[index]
    return kept


def complete(markdown: str, root: HtmlElement, lifted: Lifted) -> str:
    """Add the blocks that are missing and belong to the content."""
    numbers = blocks_in(markdown, lifted)
    kept = in_order(numbers)
    for number in set(numbers) - kept:
        markdown = _token(lifted, number).sub("", markdown)
    size = len(text_of(root))
    missing = [number for number in range(len(lifted.blocks)) if number not in kept]
    wanted = [number for number in missing if not in_frame(lifted.elements[number], size)]
    if wanted:
        markdown = _insert(markdown, root, lifted, wanted)
    return markdown


def _token(lifted: Lifted, number: int) -> re.Pattern[str]:
    return re.compile(lifted.block_token.pattern.replace(r"(\d+)", f"({number})"))


def _insert(markdown: str, root: HtmlElement, lifted: Lifted, wanted: list[int]) -> str:
    kept = MarkdownIndex.of(markdown)
    leaves = [leaf for leaf in root.iter(*BLOCKS) if own_text(leaf)]
    order = {leaf: index for index, leaf in enumerate(leaves)}
    positions = [kept.find(own_text(leaf), last=True) for leaf in leaves]
    present = {leaf for leaf, position in zip(leaves, positions, strict=True) if position is not None}
    pieces: list[tuple[int, str]] = []
    covered: set[int] = set()
    for number in wanted:
        if number in covered:
            continue
        region = _region(lifted.elements[number], present)
        text = render(region) if region is not lifted.elements[number] else lifted.elements[number].text or ""
        inside = set(blocks_in(text, lifted))
        if number not in inside:
            text, inside = lifted.elements[number].text or "", {number}
        covered |= inside
        first = next((order[leaf] for leaf in region.iter() if leaf in order), 0)
        pieces.append((insertion_point(markdown, positions, first), text))
    for position, text in reversed(pieces):
        markdown = f"{markdown[:position]}\n\n{text}\n\n{markdown[position:]}"
    return markdown


def _region(element: HtmlElement, present: set[HtmlElement]) -> HtmlElement:
    """The largest part of the page around a block of which nothing was kept."""
    region = element
    for ancestor in element.iterancestors():
        if ancestor.tag in _TOP or any(leaf in present for leaf in ancestor.iter()):
            return region
        region = ancestor
    return region


_MAX_HEADING: Final = 200
_NEAR: Final = 3
"""Texts after a heading among which one that was kept is looked for."""


def add_headings_and_lists(markdown: str, root: HtmlElement) -> str:
    """Insert the missing headings and lists."""
    size = len(text_of(root))
    lines = {letters_of(part) for line in markdown.split("\n") for part in line.split("# ")}
    kept = MarkdownIndex.of(markdown)
    missing = [part for part in root.iter(*HEADINGS, "ul", "ol") if _is_missing(part, lines, kept)]
    if not missing:
        return markdown
    texts = [leaf for leaf in root.iter(*BLOCKS) if own_text(leaf)]
    order = {leaf: index for index, leaf in enumerate(texts)}
    positions: dict[int, int | None] = {}

    def position_of(index: int, last: bool) -> int | None:
        if index not in positions:
            positions[index] = kept.find(own_text(texts[index]), last=last)
        return positions[index]

    pieces: list[tuple[int, str]] = []
    for part in missing:
        first = next((order[leaf] for leaf in part.iter() if leaf in order), None)
        if first is None or in_frame(part, size):
            continue
        heading = part.tag in HEADINGS
        where = (_heading_position if heading else _list_position)(part, first, texts, position_of)
        if where is not None:
            where = _line_start(markdown, where) if heading else _line_end(markdown, where)
            pieces.append((where, render_block(part)))
    # stable: pieces of the same position stay in the order of the page
    for where, text in sorted(pieces, key=lambda piece: piece[0])[::-1]:
        markdown = f"{markdown[:where].rstrip()}\n\n{text}\n\n{markdown[where:].lstrip()}"
    return markdown


def _is_missing(part: HtmlElement, lines: set[str], kept: MarkdownIndex) -> bool:
    if part.tag in HEADINGS:
        text = squashed(text_of(part))
        linked = sum(len(text_of(link)) for link in part.findall(".//a")[1:])
        return 0 < len(text) <= _MAX_HEADING and letters_of(text) not in lines and not linked
    if next(part.iterancestors("ul", "ol"), None) is not None or part.find(".//pre") is not None:
        return False
    items = [text_of(item) for item in part.iterchildren("li")]
    shown = [item for item in items if len(letters_of(item)) >= 12]
    if len(shown) < 2 or any(kept.find(item, last=False) is not None for item in shown):
        return False
    linked = sum(len(text_of(link)) for link in part.iter("a"))
    return linked * 2 < sum(map(len, items))


def _heading_position(
    part: HtmlElement, first: int, texts: list[HtmlElement], position_of: Callable[[int, bool], int | None]
) -> int | None:
    """The start of the first kept text behind a heading and before the next one."""
    inside = set(part.iter())
    at = first
    while at < len(texts) and texts[at] in inside:
        at += 1
    for following in range(at, min(at + _NEAR, len(texts))):
        if texts[following].tag in HEADINGS:
            return None
        position = position_of(following, False)
        if position is not None:
            return position
    return None


def _list_position(
    part: HtmlElement, first: int, texts: list[HtmlElement], position_of: Callable[[int, bool], int | None]
) -> int | None:
    """The end of the kept text right before a list, where the same container goes on with kept text behind it."""
    before = position_of(first - 1, True) if first else None
    if before is None and first > 1:
        before = position_of(first - 2, True)
    if before is None:
        return None
    inside = set(part.iter())
    behind = next((at for at in range(first, len(texts)) if texts[at] not in inside), len(texts))
    parent = part.getparent()
    for at in range(behind, min(behind + 2 * _NEAR, len(texts))):
        position = position_of(at, True)
        if position is not None and position > before:
            return before if any(ancestor is parent for ancestor in texts[at].iterancestors()) else None
    return None


def _line_start(markdown: str, where: int) -> int:
    return markdown.rfind("\n", 0, where) + 1


def _line_end(markdown: str, where: int) -> int:
    end = markdown.find("\n", where)
    return len(markdown) if end < 0 else end


def blocks_in(markdown: str, lifted: Lifted) -> list[int]:
    """Numbers of the blocks whose place-holders occur, in the order of the text."""
    return [int(match[1]) for match in lifted.block_token.finditer(markdown)]
