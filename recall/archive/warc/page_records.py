"""A WARC record's header and block → the page it holds, or why it holds none; for both ways of reading a WARC.

In: what the header says (`Head`) and the block. Out: a `Draft` of a capture, or a `Skip`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from recall.archive.warc.http_response import MAX_BODY, MAX_HEAD, Content, clean_url, read_response
from recall.records import PLAIN_TEXT, Capture, Skip, WarcRef

BLOCK_LIMIT = MAX_BODY + MAX_HEAD
"""Bytes of a block that are read; a page's is never longer."""


@dataclass(frozen=True, slots=True)
class Head:
    """The fields of a record's header that are used. length: of the block; truncated: why the crawler cut it."""

    length: int
    url: bytes | None
    content_type: bytes | None
    date: str
    truncated: str | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A capture whose length in the file is not known yet."""

    url: str
    content: Content
    fetched: str
    truncated: str | None

    def capture(self, ref: WarcRef) -> Capture:
        """The capture, now that its byte range is known."""
        content = self.content
        return Capture(ref, self.url, content.body, content.charset, self.fetched, self.truncated, content.robots)


@dataclass(frozen=True, slots=True)
class Record:
    """A record that was read: bytes [start, end) of the file. outcome: None for what was not asked for."""

    start: int
    end: int
    outcome: Draft | Skip | None


def read_page(head: Head, block: bytes | bytearray, start: int = 0, stop: int | None = None) -> Draft | Skip:
    """The outcome of a response record. block: holds it at [start, stop), at least BLOCK_LIMIT bytes of it."""
    kind = head.content_type
    if kind is not None and not kind.lower().startswith(b"application/http"):
        return Skip.NOT_HTTP
    url = clean_url(head.url)
    if url is None:
        return Skip.BAD_URL
    cut = head.truncated is not None or head.length > BLOCK_LIMIT
    content = read_response(block, cut=cut, start=start, stop=stop)
    if isinstance(content, Skip):
        return content
    if head.length > BLOCK_LIMIT:
        return Skip.TOO_LARGE
    return Draft(url, content, head.date, head.truncated)


def read_text(head: Head, block: bytes | bytearray, start: int = 0, stop: int | None = None) -> Draft | Skip:
    """The outcome of a conversion record: Common Crawl's text of a page."""
    text = bytes(memoryview(block)[start:stop][:MAX_BODY])
    url = clean_url(head.url)
    if url is None:
        return Skip.BAD_URL
    if not text or text.isspace():
        return Skip.EMPTY
    if head.length > MAX_BODY:
        return Skip.TOO_LARGE
    return Draft(url, Content(PLAIN_TEXT + text, "utf-8"), head.date, None)


Readings = Mapping[str, Callable[..., Draft | Skip]]
RESPONSES: Readings = {"response": read_page}
CONVERSIONS: Readings = {"conversion": read_text}
