"""Main content by trafilatura, for comparison and for those who want it: `[build] extractor = "trafilatura"`.

Code is detected and replaced by place-holders, trafilatura works on the prose, then the code is put back and checked.
In: the tree of a page. Out: Markdown, and the reason where it is the full page instead.
"""

import re
from typing import Final

import trafilatura
from lxml.html import HtmlElement

from recall.page.markdown.by_trafilatura.full_page import render, render_thread
from recall.page.markdown.by_trafilatura.lift import Lifted, lift
from recall.page.markdown.by_trafilatura.reinsert import add_headings_and_lists, blocks_in, complete
from recall.page.markdown.markdown_writer import fence
from recall.page.markdown.threads import find_posts
from recall.page.markdown.tree import (
    FAILURES,
    Fallback,
    broken_bound,
    drop_control_characters,
    may_hold_controls,
    text_of,
)

MAX_NODES: Final = 60_000
"""Above this, trafilatura takes minutes on some pages; 99.9 % of pages have fewer than 20,000."""

MIN_PROSE: Final = 200
SHARE: Final = 0.2
"""Extractions shorter than this many characters or this share of the page's text are compared with the full page."""


def by_trafilatura(root: HtmlElement, text: str, url: str | None) -> tuple[str, Fallback | None]:
    """The Markdown of a tree, empty where nothing was extracted, and why it is the full page instead of main content.

    text: the page that the tree was parsed from. The tree is changed.
    """
    bound = broken_bound(root, MAX_NODES)
    controls = may_hold_controls(text)
    if controls:
        drop_control_characters(root, in_code=False)
    lifted = lift(root, text)
    if controls:
        drop_control_characters(root, in_code=True)
    posts = find_posts(root)
    if posts is not None:
        prose = render_thread(root, posts)
    elif bound is not None:
        prose = render(root)
    else:
        main = _main_content(root, url, lifted)
        bound = Fallback.EXTRACTOR if main is None else None
        prose = render(root) if main is None else main
    if posts is None and bound is None and len(prose) < max(MIN_PROSE, SHARE * len(text_of(root))):
        full = render(root)
        if len(full) > 3 * len(prose):
            prose = full
    prose = complete(prose, root, lifted)
    if posts is None and bound is None:
        prose = add_headings_and_lists(prose, root)
    restored = restore(prose, lifted)
    if not restored.strip():
        return "", Fallback.EXTRACTOR
    if lost_blocks(restored, prose, lifted):
        return restore(render(root), lifted), Fallback.BLOCK_LOST
    return restored, bound


def _main_content(root: HtmlElement, url: str | None, lifted: Lifted) -> str | None:
    """The main content with its place-holders, None where the library fails on the page.

    Options are new for each page: no state is carried over.
    """
    try:
        content = trafilatura.extract(
            root,
            url=url,
            output_format="markdown",
            include_formatting=True,
            include_tables=True,
        )
    except FAILURES:
        return None
    if content and not (lifted.blocks or lifted.inlines):
        return content.replace(lifted.stem[0], "")
    return content or ""


def lost_blocks(restored: str, prose: str, lifted: Lifted) -> list[int]:
    """Numbers of the blocks whose place-holder is in the prose and whose code is not in the Markdown."""
    placed = set(blocks_in(prose, lifted))
    return [number for number in sorted(placed) if f"\n{lifted.blocks[number].text}\n" not in restored]


_ONLY_MARKUP: Final = re.compile(r"[\s>#*_|+~`:.\-–•]*(?:\d+[.)])?[\s*_|>`]*")
_BLANKS: Final = re.compile(r"\n{3,}")


def restore(markdown: str, lifted: Lifted) -> str:
    """Put all code back; of a block that occurs twice only the first occurrence counts."""
    segments: list[str] = []
    prose: list[str] = []
    done: set[int] = set()
    for line in markdown.split("\n"):
        if f"{lifted.stem}b" not in line:
            prose.append(line)
            continue
        for part in _parts(line, lifted):
            if isinstance(part, str):
                prose.append(part)
            elif part not in done:
                done.add(part)
                _close(prose, segments, lifted)
                block = lifted.blocks[part]
                segments.append(fence(block.text, block.language))
    _close(prose, segments, lifted)
    return "\n\n".join(segments) + "\n" if segments else ""


def _parts(line: str, lifted: Lifted) -> list[str | int]:
    """A line with place-holders as texts and block numbers, without the markup that only held a place-holder."""
    parts: list[str | int] = []
    position = 0
    for match in lifted.block_token.finditer(line):
        parts.append(line[position : match.start()])
        parts.append(int(match[1]))
        position = match.end()
    parts.append(line[position:])
    return [_clean(part) if isinstance(part, str) else part for part in parts if part != ""]


def _clean(text: str) -> str:
    if _ONLY_MARKUP.fullmatch(text):
        return ""
    if text.lstrip().startswith("|") or text.rstrip().endswith("|"):
        text = text.strip().strip("|").replace(" | ", " ")
    for mark in ("**", "`"):
        if text.count(mark) % 2:
            text = text.removesuffix(mark) if text.endswith(mark) else text.removeprefix(mark)
    return text.rstrip()


def _close(prose: list[str], segments: list[str], lifted: Lifted) -> None:
    """End a run of prose: put its inline code back."""
    text = _BLANKS.sub("\n\n", "\n".join(prose)).strip("\n")
    prose.clear()
    if not text.strip():
        return
    text = text.replace(lifted.ampersand, "&")
    text = lifted.inline_token.sub(lambda match: _inline(int(match[1]), lifted), text)
    if lifted.stem in text:
        text = re.sub(rf"{lifted.stem}[bi]\d+x*z?|{lifted.filler}", "", text)
    if text.strip():
        segments.append(text)


def _inline(number: int, lifted: Lifted) -> str:
    return lifted.inlines[number] if number < len(lifted.inlines) else ""
