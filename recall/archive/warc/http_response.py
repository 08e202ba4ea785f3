"""A WARC record → the page it holds, or why it holds none.

In: a record's header and block (HTTP head and body). Out: a `Capture`, or a `Skip`. The head is read here where it is
written as crawlers write it, else by `http_head`; `http_codings` undoes what the body is packed in. A page is HTML by
its Content-Type as browsers extract it (Fetch, "extract a MIME type"; where that refuses a value, as Chromium reads
it), or, where that says nothing, by how the body begins (MIME Sniffing, 7.1); what is none may be text of another kind
(`file_types`).
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial

from recall.archive.warc.body_type import HEADER, HTML_START
from recall.archive.warc.file_types import FileType, file_type, resolved
from recall.archive.warc.http_codings import MAX_BODY, decode_body
from recall.archive.warc.http_head import MAX_HEAD, HttpHead, read_head
from recall.archive.warc.record_head import RecordFields
from recall.records import PLAIN_TEXT, BodyKind, Capture, Skip, WarcRef

MAX_URL = 8 << 10

_HTML_TYPES = {b"text/html", b"application/xhtml+xml"}
_SILENT_TYPES = {b"", b"application/unknown", b"unknown/unknown"}
"""Types that say nothing (MIME Sniffing, 7), as `media_type` gives them."""

_WELL = (b"HTTP/1.1 200 ", b"HTTP/1.0 200 ", b"HTTP/1.1 200\r")
_OTHER = re.compile(rb"HTTP/1\.[01] ([2-5]\d\d)(?!\d)")
_FIELDS = re.compile(
    rb"\n(?:(content-(?:type|encoding|length|usage)|transfer-encoding|x-robots-tag|tdm-reservation)"
    rb"[ \t]*:[ \t]*([^\r]*)|[ \t])"
)
_USUAL = {b"content-type", b"content-encoding", b"content-length", b"transfer-encoding"}
_ITEM = re.compile(rb'(?:[^",]|"(?:[^"\\]|\\.)*+"?)++', re.DOTALL)
_TYPE = re.compile(rb"[ \t]*([^ \t;(]*)")
_ESSENCE = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+/[!#$%&'*+.^_`|~0-9a-z-]+")
_PARAMETER = re.compile(rb';[ \t]*([^;=]*)(?:=(?:(")((?:[^"\\]|\\.)*+)"?[^;]*|([^;]*)))?', re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_LABEL = re.compile(rb"[a-z0-9_.:+-]{2,40}")
_NUMBER = re.compile(rb"\d{1,18}")
_RESPONSE = re.compile(rb"(?i)[\r\n]*HTTP/\d")
_CACHED = 200
_URL = re.compile(r"(?i)https?://[^\s/?#][^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]*")


@dataclass(frozen=True, slots=True)
class Content:
    """What a page's server sent. body: decoded; charset: of the HTTP header, unverified; robots: as in Capture.

    cut: the body's bytes show that it ended too early; kind, language: as in Capture.
    """

    body: bytes
    charset: str | None
    robots: str = ""
    cut: bool = False
    kind: BodyKind = BodyKind.HTML
    language: str = ""


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


def read_response(
    block: bytes | bytearray, start: int = 0, stop: int | None = None, url: str = "", detected: bytes = b""
) -> Content | Skip:
    """The page in the response block block[start:stop]. url, detected: by which a body that is no HTML is told."""
    stop = len(block) if stop is None else stop
    head = usual_head(block, start, stop) or read_head(block, start, stop)
    if head is None:
        return _without_head(bytes(memoryview(block)[start:stop]))
    if head.status != 200:
        return Skip.STATUS
    fields = head.fields
    declared = fields.get(b"content-type", b"")
    kind, charset = _known_type(declared) if len(declared) <= _CACHED else media_type(declared)
    named = kind in _HTML_TYPES
    silent = kind in _SILENT_TYPES and not named and not _says_no_sniffing(block, start, stop)
    claimed = None if named else file_type(kind, detected, url)
    if not named and not silent and claimed is None:
        return Skip.NOT_HTML
    body, whole = bytes(memoryview(block)[head.begin : stop]), True
    transfer, coding = fields.get(b"transfer-encoding"), fields.get(b"content-encoding")
    if transfer or coding:
        decoded = decode_body(body, transfer or b"", coding or b"")
        if isinstance(decoded, Skip):
            return decoded
        body, whole = decoded
    elif (length := fields.get(b"content-length")) and length != b"%d" % len(body):
        body = _within(body, length)
    if claimed is not None and not (silent and _begins_as_html(body)):
        return _file(claimed, body, Content(b"", charset, head.robots, not whole))
    return _why_no_page(body, named=named) or Content(body, charset, head.robots, not whole)


def _file(claimed: FileType, body: bytes, said: Content) -> Content | Skip:
    """A body that claims to be text of some kind."""
    found = _why_no_page(body, named=True) or resolved(claimed, body)
    return found if isinstance(found, Skip) else replace(said, body=body, kind=found.kind, language=found.language)


def _without_head(block: bytes) -> Content | Skip:
    """HTTP/0.9 (RFC 1945, 6) is a page alone."""
    if not _begins_as_html(block):
        return Skip.BAD_HTTP
    return _why_no_page(block, named=False) or Content(block, None)


def usual_head(block: bytes | bytearray, start: int, stop: int) -> HttpHead | None:
    """`read_head` for a head as crawlers write it, in a fraction of its time; None for any other.

    Usual are lines that end with CR LF, none folded, no field twice, and none that says how crawlers may use the page.
    """
    if not block.startswith(_WELL, start, stop):
        status = _OTHER.match(block, start, stop)
        return HttpHead(int(status[1]), {}, stop) if status and status[1] != b"200" else None
    end = block.find(b"\r\n\r\n", start, min(stop, start + MAX_HEAD))
    if end < 0:
        return None
    head = bytes(memoryview(block)[start:end]).lower()
    breaks = len(head.split(b"\r\n")) - 1
    if breaks != head.count(b"\n") or breaks != head.count(b"\r") or 0 in head:
        return None
    found = _FIELDS.findall(head)
    fields = dict(found)
    return HttpHead(200, fields, end + 4) if len(fields) == len(found) and fields.keys() <= _USUAL else None


def media_type(value: bytes) -> tuple[bytes, str | None]:
    """The essence and the charset of a Content-Type, all its fields joined by commas (Fetch, "extract a MIME type").

    Lower case; the essence is empty where there is none. A type is read up to white space, `;` or `(`, as Chromium
    does: so it is known where a parameter follows without a semicolon, which Fetch refuses.
    """
    essence, charset = b"", None
    for item in _ITEM.findall(value):
        found = _TYPE.match(item)
        kind = found[1].lower() if found else b""
        if kind == b"*/*" or not found or not _ESSENCE.fullmatch(kind):
            continue
        said = _charset(item[found.end() :])
        if kind != essence:
            essence, charset = kind, said
        elif said is not None:
            charset = said
    return essence, None if charset is None else _label(charset)


_known_type = lru_cache(maxsize=1024)(media_type)


def _charset(parameters: bytes) -> bytes | None:
    """The first value of the parameter (MIME Sniffing, 4.4); empty where that is an empty string in quotes."""
    for name, quote, quoted, plain in _PARAMETER.findall(parameters):
        value = _ESCAPED.sub(rb"\1", quoted) if quote else plain.strip(b" \t")
        if name.lower() == b"charset" and (quote or value):
            return value
    return None


def _label(charset: bytes) -> str | None:
    """A charset as the label of an encoding, None where it is none."""
    label = charset.strip(b" \t\n\x0c\r").lower()
    return label.decode("ascii") if _LABEL.fullmatch(label) else None


def _says_no_sniffing(block: bytes | bytearray, start: int, stop: int) -> bool:
    """Whether the first X-Content-Type-Options is nosniff (Fetch, 3.6)."""
    head = read_head(block, start, stop)
    options = head.fields[b"x-content-type-options"] if head else b""
    return options.partition(b",")[0].strip(b" \t").lower() == b"nosniff"


def _within(stored: bytes, declared: bytes) -> bytes:
    """The body within its Content-Length (RFC 9112, 6.3), which may be repeated (RFC 9110, 8.6).

    Crawlers that store decoded bodies often keep the length of what was sent. So a body that is shorter need not be
    cut, and what lies behind it is taken off only where it is another response, or where the page ends there.
    """
    lengths = {each.strip(b" \t") for each in declared.split(b",")}
    number = lengths.pop()
    if lengths or not _NUMBER.fullmatch(number):
        return stored
    length = int(number)
    ends = length < len(stored) and (
        _RESPONSE.match(stored, length) or stored[:length].rstrip()[-7:].lower() == b"</html>"
    )
    return stored[:length] if ends else stored


def _begins_as_html(body: bytes) -> bool:
    return HTML_START.match(body, 0, HEADER) is not None


def _why_no_page(body: bytes, *, named: bool) -> Skip | None:
    if not body or body.isspace():
        return Skip.EMPTY
    if len(body) > MAX_BODY:
        return Skip.TOO_LARGE
    return None if named or _begins_as_html(body) else Skip.NOT_HTML


BLOCK_LIMIT = MAX_BODY + MAX_HEAD
"""Bytes of a block that are read; a page's is never longer."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A capture whose length in the file is not known yet."""

    url: str
    content: Content
    fetched: str
    truncated: str | None
    record_id: str = ""

    def capture(self, ref: WarcRef) -> Capture:
        """The capture, now that its byte range is known."""
        content = self.content
        said = (content.body, content.charset, self.fetched, self.truncated, content.robots, self.record_id)
        return Capture(ref, self.url, *said, kind=content.kind, language=content.language)


@dataclass(frozen=True, slots=True)
class Record:
    """A record that was read: bytes [start, end) of the file. outcome: None for what was not asked for."""

    start: int
    end: int
    outcome: Draft | Skip | None


def read_page(
    fields: RecordFields,
    block: bytes | bytearray,
    start: int = 0,
    stop: int | None = None,
    types: Collection[BodyKind] = (),
) -> Draft | Skip:
    """The outcome of a response record. block: holds it at [start, stop), at least BLOCK_LIMIT bytes of it.

    types: kinds of pages that are read beside HTML; those of other kinds are the Skip of that name.
    """
    kind = fields.content_type
    if kind is not None and not kind.lower().startswith(b"application/http"):
        return Skip.NOT_HTTP
    url = clean_url(fields.url)
    if url is None:
        return Skip.BAD_URL
    content = read_response(block, start, stop, url, fields.detected)
    if isinstance(content, Skip):
        return content
    if fields.length > BLOCK_LIMIT:
        return Skip.TOO_LARGE
    if content.kind is not BodyKind.HTML and content.kind not in types:
        return Skip(content.kind.value)
    truncated = fields.truncated or ("unspecified" if content.cut else None)
    return Draft(url, content, fields.date, truncated, fields.record_id)


def read_text(fields: RecordFields, block: bytes | bytearray, start: int = 0, stop: int | None = None) -> Draft | Skip:
    """The outcome of a conversion record: Common Crawl's text of a page."""
    text = bytes(memoryview(block)[start:stop][:MAX_BODY])
    url = clean_url(fields.url)
    if url is None:
        return Skip.BAD_URL
    if not text or text.isspace():
        return Skip.EMPTY
    if fields.length > MAX_BODY:
        return Skip.TOO_LARGE
    return Draft(url, Content(PLAIN_TEXT + text, "utf-8"), fields.date, None, fields.record_id)


Readings = Mapping[str, Callable[..., Draft | Skip]]
RESPONSES: Readings = {"response": read_page}
CONVERSIONS: Readings = {"conversion": read_text}


def responses_of(types: Collection[BodyKind]) -> Readings:
    """How responses are read where pages of other kinds than HTML are asked for."""
    return {"response": partial(read_page, types=frozenset(types))} if types else RESPONSES
