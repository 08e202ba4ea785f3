"""Headings and lists that main-content extraction left out between paragraphs that it kept.

In: Markdown with place-holders and the tree it was made from. Out: the Markdown with them. A heading comes back where
the text right behind it was kept; a list where the text right before it and something behind it were.
"""

from collections.abc import Callable
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.anchors import Kept, letters_of, own_text
from recall.page.markdown.full_page import render_block
from recall.page.markdown.page_frame import in_frame
from recall.page.markdown.tree import BLOCKS, HEADINGS, squashed, text_of

_MAX_HEADING: Final = 200
_NEAR: Final = 3
"""So many texts behind a heading are looked at for one that was kept."""


def add_headings_and_lists(markdown: str, root: HtmlElement) -> str:
    """Insert what is missing."""
    size = len(text_of(root))
    lines = {letters_of(part) for line in markdown.split("\n") for part in line.split("# ")}
    kept = Kept.of(markdown)
    missing = [part for part in root.iter(*HEADINGS, "ul", "ol") if _is_missing(part, lines, kept)]
    if not missing:
        return markdown
    texts = [leaf for leaf in root.iter(*BLOCKS) if own_text(leaf)]
    order = {leaf: at for at, leaf in enumerate(texts)}
    places: dict[int, int | None] = {}

    def place(at: int, last: bool) -> int | None:
        if at not in places:
            places[at] = kept.find(own_text(texts[at]), last=last)
        return places[at]

    pieces: list[tuple[int, str]] = []
    for part in missing:
        first = next((order[leaf] for leaf in part.iter() if leaf in order), None)
        if first is None or in_frame(part, size):
            continue
        heading = part.tag in HEADINGS
        where = (_heading_place if heading else _list_place)(part, first, texts, place)
        if where is not None:
            where = _line_start(markdown, where) if heading else _line_end(markdown, where)
            pieces.append((where, render_block(part)))
    # stable: what belongs to one place stays in the order of the page
    for where, text in sorted(pieces, key=lambda piece: piece[0])[::-1]:
        markdown = f"{markdown[:where].rstrip()}\n\n{text}\n\n{markdown[where:].lstrip()}"
    return markdown


def _is_missing(part: HtmlElement, lines: set[str], kept: Kept) -> bool:
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


def _heading_place(
    part: HtmlElement, first: int, texts: list[HtmlElement], place: Callable[[int, bool], int | None]
) -> int | None:
    """The start of the first kept text behind a heading and before the next one."""
    inside = set(part.iter())
    at = first
    while at < len(texts) and texts[at] in inside:
        at += 1
    for following in range(at, min(at + _NEAR, len(texts))):
        if texts[following].tag in HEADINGS:
            return None
        found = place(following, False)
        if found is not None:
            return found
    return None


def _list_place(
    part: HtmlElement, first: int, texts: list[HtmlElement], place: Callable[[int, bool], int | None]
) -> int | None:
    """The end of the kept text right before a list, where the same container goes on with kept text behind it."""
    before = place(first - 1, True) if first else None
    if before is None and first > 1:
        before = place(first - 2, True)
    if before is None:
        return None
    inside = set(part.iter())
    behind = next((at for at in range(first, len(texts)) if texts[at] not in inside), len(texts))
    parent = part.getparent()
    for at in range(behind, min(behind + 2 * _NEAR, len(texts))):
        found = place(at, True)
        if found is not None and found > before:
            return before if any(ancestor is parent for ancestor in texts[at].iterancestors()) else None
    return None


def _line_start(markdown: str, where: int) -> int:
    return markdown.rfind("\n", 0, where) + 1


def _line_end(markdown: str, where: int) -> int:
    end = markdown.find("\n", where)
    return len(markdown) if end < 0 else end
