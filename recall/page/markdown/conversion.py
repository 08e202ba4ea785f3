"""Converts a page's bytes to Markdown whose code is exact.

Code is detected and replaced by place-holders, main-content extraction works on the prose, then the code is put back
and checked. In: the body as served, its URL and the charset of its HTTP header. Out: Markdown, and the reason
where a page came out as plain text instead. Refuses nothing; only bytes without text give an empty string.
"""

import re
from dataclasses import dataclass
from typing import Final

import trafilatura
from lxml import etree
from lxml.html import HtmlElement

from recall.page.markdown.full_page import render
from recall.page.markdown.lift import Lifted, lift
from recall.page.markdown.reinsert import add_headings_and_lists, complete
from recall.page.markdown.restore import blocks_in, restore
from recall.page.markdown.threads import find_posts, render_thread
from recall.page.markdown.tree import (
    CONTROL,
    Fallback,
    broken_bound,
    drop_control_characters,
    flatten,
    parse,
    text_of,
    words,
)
from recall.page.text import decode
from recall.page.text.definition import unescape

_FAILURES: Final = (
    AttributeError,
    AssertionError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
    RecursionError,
    etree.LxmlError,
)
"""Exceptions of extraction on unusual trees; nothing else is caught."""

MIN_PROSE: Final = 200
SHARE: Final = 0.2
"""Extractions shorter than this many characters or this share of the page's text are compared with the full page."""

_UNSEEN: Final = re.compile(r"(?is)<(script|style|head|noscript|template)\b.*?(?:</\1\s*>|\Z)|<!--.*?-->")
_TAG: Final = re.compile(r"(?s)<(/?)([a-zA-Z][a-zA-Z0-9]*)[^>]*>|<[!?][^>]*>")
_INLINE_TAGS: Final = words("a abbr b big code em font i kbd s samp small span strong sub sup tt u var")


@dataclass(frozen=True, slots=True)
class Conversion:
    """A page as Markdown. fallback: why it is plain text or the full page instead, None for main content."""

    text: str
    fallback: Fallback | None = None


def markdown(body: bytes, url: str | None = None, charset: str | None = None) -> str:
    """Return the main content of a page as Markdown with exact fenced code.

    url: of the page. charset: from the HTTP header, unverified; None when there was none.
    """
    return convert(body, url, charset).text


def convert(body: bytes, url: str | None = None, charset: str | None = None) -> Conversion:
    """Return what `markdown` does, and why a page fell back to plain text or the full page."""
    text = decode(body, charset)
    root = parse(text)
    if root is None:
        return Conversion(plain_text(text), Fallback.NO_TREE)
    bound = broken_bound(root)
    if bound is Fallback.TOO_DEEP:
        flatten(root)
        bound = broken_bound(root)
    if bound is Fallback.TOO_DEEP:
        return Conversion(plain_text(text), bound)
    try:
        return _converted(root, text, url, bound)
    except _FAILURES:
        return Conversion(plain_text(text), Fallback.EXTRACTOR)


def _converted(root: HtmlElement, text: str, url: str | None, bound: Fallback | None) -> Conversion:
    controls = CONTROL.search(text) is not None or "&#" in text
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
        prose = _main_content(root, url)
    if posts is None and bound is None and len(prose) < max(MIN_PROSE, SHARE * len(text_of(root))):
        full = render(root)
        if len(full) > 3 * len(prose):
            prose = full
    prose = complete(prose, root, lifted)
    if posts is None and bound is None:
        prose = add_headings_and_lists(prose, root)
    restored = restore(prose, lifted)
    if not restored.strip():
        return Conversion(plain_text(text), Fallback.EXTRACTOR)
    if lost_blocks(restored, prose, lifted):
        return Conversion(restore(render(root), lifted), Fallback.BLOCK_LOST)
    return Conversion(restored, bound)


def _main_content(root: HtmlElement, url: str | None) -> str:
    """The main content with its place-holders. Options are new for each page: no state is carried over."""
    content = trafilatura.extract(
        root,
        url=url,
        output_format="markdown",
        include_formatting=True,
        include_tables=True,
    )
    return content or ""


def plain_text(text: str) -> str:
    """All text of a page in order, without looking at its structure."""
    shown = _UNSEEN.sub(" ", text)
    shown = _TAG.sub(lambda tag: "" if (tag[2] or "").lower() in _INLINE_TAGS else "\n", shown)
    lines = [line.rstrip() for line in unescape(shown).replace("\x00", "").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n" if any(lines) else ""


def lost_blocks(restored: str, prose: str, lifted: Lifted) -> list[int]:
    """Numbers of the blocks whose place-holder is in the prose and whose code is not in the Markdown."""
    placed = set(blocks_in(prose, lifted))
    return [number for number in sorted(placed) if f"\n{lifted.blocks[number].text}\n" not in restored]
