"""Converts a page's bytes to Markdown: its main content, whole and in order, whose code is exact.

In: the body as served, its URL and the charset of its HTTP header. Out: Markdown, and the reason
where a page came out as plain text instead. Refuses nothing; only bytes without text give an empty string.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from lxml.html import HtmlElement

from recall.page.markdown.content import choose, post_of
from recall.page.markdown.content_lines import heading_level, keep_names_above
from recall.page.markdown.content_model import content_model
from recall.page.markdown.document_title import DocumentTitle, site_names
from recall.page.markdown.hidden_addresses import reveal_addresses
from recall.page.markdown.markdown_writer import write
from recall.page.markdown.marks import Marked, mark
from recall.page.markdown.page_headings import drop_permalinks, set_headings
from recall.page.markdown.page_title import find_title
from recall.page.markdown.segment_features import word_counts
from recall.page.markdown.segments import Segments, segments_of
from recall.page.markdown.streamed_parts import fill_holes, mark_holes
from recall.page.markdown.styled_tables import set_tables
from recall.page.markdown.table_writer import data_tables
from recall.page.markdown.templates import without_templates
from recall.page.markdown.threads import mark_posts
from recall.page.markdown.tree import (
    FAILURES,
    Fallback,
    broken_bound,
    drop_control_characters,
    flatten,
    may_hold_controls,
    parse,
    text_of,
    words,
)
from recall.page.markdown.unseen_parts import drop_unseen
from recall.page.markdown.word_gaps import part_words
from recall.page.text import decode
from recall.page.text.definition import unescape
from recall.sites.urls import host_of

Extractor = Literal["recall", "trafilatura"]

MAX_NAME: Final = 1000
"""Characters of the document's title and the site's name that are read."""

_UNSEEN: Final = re.compile(r"(?is)<(script|style|head|noscript)\b.*?(?:</\1\s*>|\Z)|<!--.*?-->")
_TAG: Final = re.compile(r"(?s)<(/?)([a-zA-Z][a-zA-Z0-9]*)[^>]*>|<[!?][^>]*>")
_INLINE_TAGS: Final = words("a abbr b big code em font i kbd s samp small span strong sub sup tt u var")


@dataclass(frozen=True, slots=True)
class Conversion:
    """A page as Markdown. fallback: why it is plain text or the full page instead, None for main content.

    error: the exception's name where the fallback is a bug of ours. title: of the page, "" where it has none; guessed:
    numbers of the fenced blocks, from 0, whose language the page does not name and their code tells.
    """

    text: str
    fallback: Fallback | None = None
    error: str = ""
    title: str = ""
    guessed: tuple[int, ...] = ()

    @property
    def reason(self) -> str:
        """Why the page fell back, as it is counted: "" where it did not."""
        if self.fallback is None:
            return ""
        return f"{self.fallback}: {self.error}" if self.error else str(self.fallback)


def markdown(body: bytes, url: str | None = None, charset: str | None = None, extractor: Extractor = "recall") -> str:
    """Return the main content of a page as Markdown with exact fenced code.

    url: of the page. charset: from the HTTP header, unverified; None when there was none. extractor: who chooses what
    is main content.
    """
    return convert(body, url, charset, extractor).text


def convert(
    body: bytes, url: str | None = None, charset: str | None = None, extractor: Extractor = "recall"
) -> Conversion:
    """Return what `markdown` does, and why a page fell back to plain text or the full page."""
    text = without_templates(mark_holes(decode(body, charset)))
    root = _tree(text)
    if isinstance(root, Fallback):
        return Conversion(plain_text(text), root)
    reveal_addresses(root, text)
    try:
        if extractor == "trafilatura":
            from recall.page.markdown.by_trafilatura import by_trafilatura  # noqa: PLC0415 - takes a second to import

            content, bound = by_trafilatura(root, text, url)
            converted = Conversion(content, bound, title=_title_of(content))
        else:
            converted = _main_content(_cut(root, text, url), url)
    except FAILURES as error:
        return Conversion(plain_text(text), Fallback.ERROR, type(error).__name__)
    return converted if converted.text.strip() else Conversion(plain_text(text), Fallback.EXTRACTOR)


def _title_of(content: str) -> str:
    """The heading of the first level that Markdown begins with, "" for none."""
    first, _, _ = content.partition("\n")
    return first[2:].strip() if first.startswith("# ") else ""


@dataclass(frozen=True, slots=True)
class PageCut:
    """A page in segments. marked: its code and formulas; title: the document's; sites: names of the site."""

    segments: Segments
    marked: Marked
    title: str
    sites: frozenset[str]


def cut_page(body: bytes, url: str | None = None, charset: str | None = None) -> PageCut | None:
    """The segments that `markdown` chooses among; None where it takes the page's plain text instead."""
    text = without_templates(mark_holes(decode(body, charset)))
    root = _tree(text)
    if isinstance(root, Fallback):
        return None
    reveal_addresses(root, text)
    return _cut(root, text, url)


def _tree(text: str) -> HtmlElement | Fallback:
    """The tree of a page, or why there is none within the bounds."""
    root = parse(text)
    if root is None:
        return Fallback.NO_TREE
    bound = broken_bound(root)
    if bound is Fallback.TOO_DEEP:
        flatten(root)
        bound = broken_bound(root)
    return root if bound is None else bound


def _cut(root: HtmlElement, text: str, url: str | None) -> PageCut:
    """Cut a tree into segments, which changes it. text: the page that it was parsed from."""
    held = list(root.iter())  # else lxml makes a new object for an element whenever one is looked at
    controls = may_hold_controls(text)
    if controls:
        drop_control_characters(root, in_code=False)
    fill_holes(root)
    mark_posts(root)
    head = root.find(".//title")
    title = text_of(head) if head is not None else ""
    sites = site_names(root, host_of(url) if url else "")
    drop_permalinks(root)
    set_headings(root, text)
    set_tables(root)
    marked = mark(root)
    drop_unseen(root)
    part_words(root, marked.inlines)
    if controls:
        drop_control_characters(root, in_code=True)
    del held
    body = root.find("body")
    return PageCut(segments_of(root if body is None else body, marked), marked, title, sites)


def _main_content(cut: PageCut, url: str | None) -> Conversion:
    """A page's main content."""
    segments = cut.segments
    if not segments.texts:
        return Conversion("")
    tables = data_tables(segments)
    posts = post_of(segments)
    if max(posts) >= 0:
        keep = np.array(posts) >= 0
    else:
        keep = choose(segments, content_model().probabilities(segments), word_counts(segments), tables)
    document = DocumentTitle(cut.title[:MAX_NAME], cut.sites, host_of(url) if url else "")
    title, shown = find_title(segments, keep.tolist(), document)
    keep[shown] = False
    keep_names_above(keep, segments, [index for index in shown if heading_level(segments, index)])
    written = write(segments, cut.marked, keep.tolist(), tables, title, posts)
    return Conversion(written.text, title=title, guessed=written.guessed)


def plain_text(text: str) -> str:
    """All text of a page in order, without looking at its structure."""
    last = text.rfind("-->") + 1  # what opens a comment behind it would look for its end up to the page's
    shown = _UNSEEN.sub(" ", text[:last] + text[last:].replace("<!--", "<!\x00--"))
    last = shown.rfind(">") + 1  # of tags likewise
    tagless = _TAG.sub(lambda tag: "" if (tag[2] or "").lower() in _INLINE_TAGS else "\n", shown[:last])
    shown = tagless + shown[last:]
    lines = [line.rstrip() for line in unescape(shown).replace("\x00", "").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n" if any(lines) else ""
