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

from recall.page.markdown.full_page import find_posts, render, render_thread
from recall.page.markdown.lift import Lifted, lift
from recall.page.markdown.reinsert import add_headings_and_lists, blocks_in, complete
from recall.page.markdown.templates import without_templates
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
"""Exceptions on unusual trees; nothing else is caught. Of trafilatura they are expected, of the rest of this room they
are bugs: one page must not end the others' stage, so it comes out as plain text, and its reason names the exception."""

MIN_PROSE: Final = 200
SHARE: Final = 0.2
"""Extractions shorter than this many characters or this share of the page's text are compared with the full page."""

_UNSEEN: Final = re.compile(r"(?is)<(script|style|head|noscript)\b.*?(?:</\1\s*>|\Z)|<!--.*?-->")
_TAG: Final = re.compile(r"(?s)<(/?)([a-zA-Z][a-zA-Z0-9]*)[^>]*>|<[!?][^>]*>")
_INLINE_TAGS: Final = words("a abbr b big code em font i kbd s samp small span strong sub sup tt u var")


@dataclass(frozen=True, slots=True)
class Conversion:
    """A page as Markdown. fallback: why it is plain text or the full page instead, None for main content.

    error: the exception's name where the fallback is a bug of ours.
    """

    text: str
    fallback: Fallback | None = None
    error: str = ""

    @property
    def reason(self) -> str:
        """Why the page fell back, as it is counted: "" where it did not."""
        if self.fallback is None:
            return ""
        return f"{self.fallback}: {self.error}" if self.error else str(self.fallback)


def markdown(body: bytes, url: str | None = None, charset: str | None = None) -> str:
    """Return the main content of a page as Markdown with exact fenced code.

    url: of the page. charset: from the HTTP header, unverified; None when there was none.
    """
    return convert(body, url, charset).text


def convert(body: bytes, url: str | None = None, charset: str | None = None) -> Conversion:
    """Return what `markdown` does, and why a page fell back to plain text or the full page."""
    text = without_templates(decode(body, charset))
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
    except _FAILURES as error:
        return Conversion(plain_text(text), Fallback.ERROR, type(error).__name__)


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
        return Conversion(plain_text(text), Fallback.EXTRACTOR)
    if lost_blocks(restored, prose, lifted):
        return Conversion(restore(render(root), lifted), Fallback.BLOCK_LOST)
    return Conversion(restored, bound)


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
    except _FAILURES:
        return None
    if content and not (lifted.blocks or lifted.inlines):
        return content.replace(lifted.stem[0], "")
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


_ONLY_MARKUP: Final = re.compile(r"[\s>#*_|+~`:.\-–•]*(?:\d+[.)])?[\s*_|>`]*")
_BLANKS: Final = re.compile(r"\n{3,}")


def fence(code: str, language: str) -> str:
    """A fenced block, its fence longer than any run of back-ticks in the code."""
    longest = max((len(run) for run in re.findall("`{3,}", code)), default=2)
    ticks = "`" * (longest + 1)
    return f"{ticks}{language}\n{code}\n{ticks}"


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
