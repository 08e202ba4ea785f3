"""Code that main-content extraction left out, put where it belongs.

In: Markdown with place-holders, the tree it was made from, what was lifted. Out: the Markdown with each missing block
at its place in reading order, together with the part of the page around it that was left out too. Blocks that stand in
the page's frame stay out.
"""

import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.frame import in_frame
from recall.page.markdown.lift import Lifted
from recall.page.markdown.prose import render
from recall.page.markdown.restore import blocks_in
from recall.page.markdown.tree import BLOCKS, text_of

_WORD: Final = re.compile(r"[^\W_]+")
_MIN: Final = 12
_PIECE: Final = 60
_TOP: Final = frozenset({"body", "html"})


@dataclass(frozen=True, slots=True)
class _Kept:
    """Text of the Markdown with nothing but letters and digits, and where each of them stood."""

    letters: str
    places: list[int]

    @classmethod
    def of(cls, markdown: str) -> "_Kept":
        words = list(_WORD.finditer(markdown))
        places = [place for word in words for place in range(word.start(), word.end())]
        return cls("".join(word[0] for word in words), places)

    def find(self, text: str, last: bool) -> int | None:
        """Where a text of the page stands in the Markdown, or None where it is too short to tell or not there."""
        letters = "".join(_WORD.findall(text))
        if len(letters) < _MIN:
            return None
        piece = letters[-_PIECE:] if last else letters[:_PIECE]
        start = self.letters.find(piece)
        return None if start < 0 else self.places[start + len(piece) - 1 if last else start]


def in_order(numbers: list[int]) -> set[int]:
    """The longest run of blocks that stand in the order of the page; the others are out of place."""
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
    missing = [number for number in range(len(lifted.blocks)) if number not in kept]
    if not missing:
        return markdown
    size = len(text_of(root))
    wanted = [number for number in missing if not in_frame(lifted.places[number], size)]
    if not wanted:
        return markdown
    return _insert(markdown, root, lifted, wanted)


def _token(lifted: Lifted, number: int) -> re.Pattern[str]:
    return re.compile(lifted.block_token.pattern.replace(r"(\d+)", f"({number})"))


def _insert(markdown: str, root: HtmlElement, lifted: Lifted, wanted: list[int]) -> str:
    kept = _Kept.of(markdown)
    leaves = [leaf for leaf in root.iter() if isinstance(leaf.tag, str) and _own_text(leaf)]
    order = {leaf: place for place, leaf in enumerate(leaves)}
    where = [kept.find(_own_text(leaf), last=True) for leaf in leaves]
    standing = {leaf for leaf, place in zip(leaves, where, strict=True) if place is not None}
    pieces: list[tuple[int, str]] = []
    covered: set[int] = set()
    for number in wanted:
        if number in covered:
            continue
        region = _region(lifted.places[number], standing)
        text = render(region) if region is not lifted.places[number] else lifted.places[number].text or ""
        found = set(blocks_in(text, lifted))
        if number not in found:
            text, found = lifted.places[number].text or "", {number}
        covered |= found
        first = next((order[leaf] for leaf in region.iter() if leaf in order), 0)
        pieces.append((_after(markdown, where, first), text))
    for place, text in reversed(pieces):
        markdown = f"{markdown[:place]}\n\n{text}\n\n{markdown[place:]}"
    return markdown


def _own_text(element: HtmlElement) -> str:
    """Text that stands in the element itself: a block's first words, or what follows its inline children."""
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


def _region(place: HtmlElement, standing: set[HtmlElement]) -> HtmlElement:
    """The largest part of the page around a block of which nothing was kept."""
    region = place
    for ancestor in place.iterancestors():
        if ancestor.tag in _TOP or any(leaf in standing for leaf in ancestor.iter()):
            return region
        region = ancestor
    return region


def _after(markdown: str, where: list[int | None], first: int) -> int:
    """The end of the line that holds the nearest text before, else the start of the one behind."""
    for place in reversed(where[:first]):
        if place is not None:
            end = markdown.find("\n", place)
            return len(markdown) if end < 0 else end
    for place in where[first:]:
        if place is not None:
            return markdown.rfind("\n", 0, place) + 1
    return len(markdown)
