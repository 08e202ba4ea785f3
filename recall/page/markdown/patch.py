"""Code that main-content extraction left out, put where it belongs.

In: Markdown with place-holders, the tree it was made from, what was lifted. Out: the Markdown with each missing block
at its place in reading order, together with the part of the page around it that was left out too. Blocks that stand in
the page's frame stay out.
"""

import re
from bisect import bisect_left
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.anchors import Kept, after, own_text
from recall.page.markdown.full_page import render
from recall.page.markdown.lift import Lifted
from recall.page.markdown.page_frame import in_frame
from recall.page.markdown.restore import blocks_in
from recall.page.markdown.tree import BLOCKS, text_of

_TOP: Final = frozenset({"body", "html"})


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
    size = len(text_of(root))
    missing = [number for number in range(len(lifted.blocks)) if number not in kept]
    wanted = [number for number in missing if not in_frame(lifted.places[number], size)]
    if wanted:
        markdown = _insert(markdown, root, lifted, wanted)
    return markdown


def _token(lifted: Lifted, number: int) -> re.Pattern[str]:
    return re.compile(lifted.block_token.pattern.replace(r"(\d+)", f"({number})"))


def _insert(markdown: str, root: HtmlElement, lifted: Lifted, wanted: list[int]) -> str:
    kept = Kept.of(markdown)
    leaves = [leaf for leaf in root.iter(*BLOCKS) if own_text(leaf)]
    order = {leaf: place for place, leaf in enumerate(leaves)}
    where = [kept.find(own_text(leaf), last=True) for leaf in leaves]
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
        pieces.append((after(markdown, where, first), text))
    for place, text in reversed(pieces):
        markdown = f"{markdown[:place]}\n\n{text}\n\n{markdown[place:]}"
    return markdown


def _region(place: HtmlElement, standing: set[HtmlElement]) -> HtmlElement:
    """The largest part of the page around a block of which nothing was kept."""
    region = place
    for ancestor in place.iterancestors():
        if ancestor.tag in _TOP or any(leaf in standing for leaf in ancestor.iter()):
            return region
        region = ancestor
    return region
