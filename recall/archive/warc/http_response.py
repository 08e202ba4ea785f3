"""A WARC record → the page it holds, or why it holds none.

In: a record's header and block (HTTP head and body). Out: a `Capture`, or a `Skip`. Undoes chunked transfer and
gzip, deflate, br and zstd content encodings in bounded memory. A page is HTML by its HTTP type, or, where that says
nothing, by how the body begins (WHATWG MIME Sniffing, 7.1). A header that claims an encoding the body does not have
is ignored, as crawlers often store decoded bodies under the original header.
"""

import io
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fastwarc.stream_io import BrotliReader, ZstdReader

from recall.records import PLAIN_TEXT, Capture, Skip, WarcRef

MAX_BODY = 8 << 20
"""Largest decoded body of a page; Common Crawl cuts at 1 MiB (5 MiB since 2025), larger pages are data dumps."""

MAX_HEAD = 64 << 10
MAX_URL = 8 << 10

_HTML_TYPES = {b"text/html", b"application/xhtml+xml"}
_SILENT_TYPES = {b"", b"application/octet-stream", b"application/unknown", b"unknown/unknown", b"*/*", b"unknown"}
_STATUS = re.compile(rb"(?i:HTTP)/\d+(?:\.\d+)?[ \t]+(\d{3})(?!\d)")
_FIELDS = re.compile(rb"(?i)\n(content-type|content-encoding|transfer-encoding)[ \t]*:[ \t]*([^\r\n]*)")
_ROBOTS = re.compile(rb"(?im)^(x-robots-tag|tdm-reservation|content-usage)[ \t]*:[ \t]*([^\r\n]{0,500})")
_CHARSET = re.compile(rb"(?i);\s*charset\s*=\s*[\"']?\s*([a-z0-9_.:-]{2,40})")
_HTML_START = re.compile(
    rb"(?i)(?:\xef\xbb\xbf)?[\t\n\x0c\r ]*<(?:!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|"
    rb"body|br|p|\?xml[^>]{0,200}>\s*<(?:!doctype html|html))[\s>]|(?:\xef\xbb\xbf)?[\t\n\x0c\r ]*<!--"
)
_URL = re.compile(r"(?i)https?://[^\s/?#][^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]*")
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]{0,1000})?\r?\n")


@dataclass(frozen=True, slots=True)
class Content:
    """What a page's server sent. body: decoded; charset: of the HTTP header, unverified; robots: as in Capture."""

    body: bytes
    charset: str | None
    robots: str = ""


def clean_url(raw: bytes | None) -> str | None:
    """The URL of a WARC-Target-URI: http or https, no control characters; None otherwise.

    Angle brackets are taken off: WARC 1.0 was read that way by wget.
    """
    if raw is None or len(raw) > MAX_URL:
        return None
    try:
        url = raw.strip().decode("utf-8")
    except UnicodeDecodeError:
        return None
    if url.startswith("<") and url.endswith(">"):
        url = url[1:-1]
    return url if _URL.fullmatch(url) else None


def read_response(block: bytes | bytearray, *, cut: bool, start: int = 0, stop: int | None = None) -> Content | Skip:
    """The HTML page in the response block block[start:stop].

    cut: the crawler stored only the first part (WARC-Truncated).
    """
    stop = len(block) if stop is None else stop
    status = _STATUS.match(block, start, stop)
    if status is None or status[1] != b"200":
        return Skip.BAD_HTTP if status is None else Skip.STATUS
    end, begin = _split_head(block, start, stop)
    head = bytes(memoryview(block)[start:end])
    fields = {name.lower(): value.strip() for name, value in _FIELDS.findall(head)}
    declared = fields.get(b"content-type", b"")
    kind = declared.partition(b";")[0].strip().lower()
    named = kind in _HTML_TYPES
    if not named and kind not in _SILENT_TYPES and b"/" in kind:
        return Skip.NOT_HTML
    stored = bytes(memoryview(block)[begin:stop])
    coded = b"transfer-encoding" in fields or b"content-encoding" in fields
    body = _decode(stored, fields, cut=cut) if coded else stored
    if isinstance(body, Skip):
        return body
    reason = _why_no_page(body, named=named)
    charset = _CHARSET.search(declared)
    return reason or Content(body, charset[1].decode("ascii").lower() if charset else None, _robots(head))


def _robots(head: bytes) -> str:
    """Header fields that say how crawlers may use the page, each `name: value`, in order; at most eight."""
    lowered = head.lower()
    if b"robots-tag" not in lowered and b"tdm-res" not in lowered and b"content-usage" not in lowered:
        return ""
    lines = (b"%s: %s" % (name.lower(), value.strip()) for name, value in _ROBOTS.findall(head)[:8])
    return b"\n".join(lines).decode("ascii", "replace")


def _why_no_page(body: bytes, *, named: bool) -> Skip | None:
    if not body or body.isspace():
        return Skip.EMPTY
    if len(body) > MAX_BODY:
        return Skip.TOO_LARGE
    return None if named or _HTML_START.match(body) else Skip.NOT_HTML


def _split_head(block: bytes | bytearray, start: int, stop: int) -> tuple[int, int]:
    """Where the HTTP head ends and the body begins. A block without a blank line in its first 64 KiB is all head."""
    limit = min(stop, start + MAX_HEAD)
    end = block.find(b"\r\n\r\n", start, limit)
    bare = block.find(b"\n\n", start, end if end >= 0 else limit)
    if bare >= 0:
        return bare, bare + 2
    return (end, end + 4) if end >= 0 else (limit, stop)


def _decode(body: bytes, fields: dict[bytes, bytes], *, cut: bool) -> bytes | Skip:
    decoded: bytes | Skip = body
    if b"chunked" in fields.get(b"transfer-encoding", b"").lower():
        decoded = join_chunks(body, cut=cut)
    for name in reversed(fields.get(b"content-encoding", b"").lower().split(b",")):
        if isinstance(decoded, Skip):
            break
        decoded = undo_encoding(decoded, name.strip(), cut=cut)
    return decoded


def join_chunks(body: bytes, *, cut: bool) -> bytes | Skip:
    """Undo chunked transfer (RFC 9112, 7.1). A body that does not begin with a chunk was stored joined already."""
    pieces: list[bytes] = []
    position = 0
    while match := _CHUNK_SIZE.match(body, position):
        length = int(match[1], 16)
        start = match.end()
        if length == 0:
            return b"".join(pieces)
        pieces.append(body[start : start + length])
        position = start + length
        if position > len(body):
            break
        position += 2 if body.startswith(b"\r\n", position) else 1 if body.startswith(b"\n", position) else 0
    if position == 0:
        return body
    return b"".join(pieces) if cut or position >= len(body) else Skip.BAD_ENCODING


def undo_encoding(body: bytes, name: bytes, *, cut: bool) -> bytes | Skip:
    """Undo one content encoding, at most MAX_BODY + 1 bytes of it."""
    if name in (b"", b"identity", b"none", b"utf-8") or not body or _HTML_START.match(body):
        return body
    if name in (b"gzip", b"x-gzip"):
        return _inflate(body, 31, cut=cut) if body.startswith(b"\x1f\x8b") else body
    if name == b"deflate":
        decoded = _inflate(body, 15, cut=cut)
        return _inflate(body, -15, cut=cut) if isinstance(decoded, Skip) else decoded
    if name in (b"br", b"zstd"):
        return _unpack(body, BrotliReader if name == b"br" else ZstdReader)
    return Skip.BAD_ENCODING


def _inflate(body: bytes, window: int, *, cut: bool) -> bytes | Skip:
    pieces: list[bytes] = []
    room = MAX_BODY + 1
    while body and room > 0:
        inflater = zlib.decompressobj(window)
        try:
            pieces.append(inflater.decompress(body, room))
        except zlib.error:
            return b"".join(pieces) if pieces else Skip.BAD_ENCODING  # gzip: what follows the last member is ignored
        room -= len(pieces[-1])
        if room > 0 and not inflater.eof and not cut:
            return Skip.BAD_ENCODING
        body = inflater.unused_data if window == 31 else b""
    return b"".join(pieces)


def _unpack(body: bytes, reader: type[BrotliReader] | type[ZstdReader]) -> bytes | Skip:
    try:
        return bytes(reader(io.BytesIO(body)).read(MAX_BODY + 1))
    except (OSError, ValueError):
        return Skip.BAD_ENCODING


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
