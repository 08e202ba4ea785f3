"""Writes WARC files as Common Crawl does: for each page a request, a response and a metadata record, or its text.

Each record is its own gzip member, so that its byte range can be read alone. Record ids derive from URL, date and
kind, so that the same pages give the same bytes.
"""

import base64
import gzip
import hashlib
import io
import uuid
from typing import BinaryIO
from urllib.parse import urlsplit

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from recall.records import WarcRef

_CRLF = ("\r", "\n")


class WarcWriter:
    """Appends records to an open binary file that supports `tell`. path: the file's name in the WarcRefs returned."""

    def __init__(self, stream: BinaryIO, path: str = "") -> None:
        self._stream = stream
        self._path = path
        self._writer = WARCWriter(stream, gzip=True)

    def info(self, date: str, fields: dict[str, str]) -> None:
        """A warcinfo record: what this file is; once, first."""
        payload = "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode()
        self._record("warcinfo", "", date, "application/warc-fields", payload)

    def page(
        self, url: str, body: bytes, content_type: str, date: str, status: str = "200 OK", truncated: str | None = None
    ) -> WarcRef:
        """One page as request, response and metadata; the reference is the response's.

        date: WARC-Date, such as 2026-01-31T23:59:59Z. Raises ValueError for a URL or header with a line end.
        """
        if any(mark in value for value in (url, content_type, date, status) for mark in _CRLF):
            raise ValueError(f"line end in the URL or a header of {url!r}")
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        request = f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: text/html\r\n\r\n".encode()
        self._record("request", url, date, "application/http; msgtype=request", request)
        start = self._stream.tell()
        head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        extra = {"WARC-Payload-Digest": _sha1(body), "WARC-Identified-Payload-Type": content_type.partition(";")[0]}
        if truncated:
            extra["WARC-Truncated"] = truncated
        self._record("response", url, date, "application/http; msgtype=response", head + body, extra)
        ref = WarcRef(self._path, start, self._stream.tell() - start)
        self._record("metadata", url, date, "application/warc-fields", b"fetchTimeMs: 100\r\n")
        return ref

    def text(self, url: str, text: str, date: str, source: str) -> WarcRef:
        """A page's text as a conversion record (WARC 1.0, 6.7). source: where its page lies, in a field of our own.

        Raises ValueError as `page`.
        """
        if any(mark in value for value in (url, date, source) for mark in _CRLF):
            raise ValueError(f"line end in the URL or a header of {url!r}")
        start = self._stream.tell()
        self._record("conversion", url, date, "text/markdown", text.encode(), {"Recall-Source": source})
        return WarcRef(self._path, start, self._stream.tell() - start)

    def copy(self, data: bytes) -> WarcRef:
        """A whole record as it is stored elsewhere, with its own headers; compressed where it was not."""
        start = self._stream.tell()
        self._stream.write(data if data.startswith(b"\x1f\x8b") else gzip.compress(data, mtime=0))
        return WarcRef(self._path, start, self._stream.tell() - start)

    def _record(
        self, kind: str, url: str, date: str, content_type: str, payload: bytes, extra: dict[str, str] | None = None
    ) -> None:
        name = uuid.uuid5(uuid.NAMESPACE_URL, f"{kind} {url} {date} {len(payload)}")
        fields = {
            "WARC-Type": kind,
            "WARC-Record-ID": f"<urn:uuid:{name}>",
            "WARC-Date": date,
            **({"WARC-Target-URI": url} if url else {}),
            "Content-Type": content_type,
            "WARC-Block-Digest": _sha1(payload),
            **(extra or {}),
        }
        headers = StatusAndHeaders("", list(fields.items()), protocol="WARC/1.0")
        record = self._writer.create_warc_record(
            url,
            kind,
            payload=io.BytesIO(payload),
            length=len(payload),
            warc_content_type=content_type,
            warc_headers=headers,
        )
        self._writer.write_record(record)


def _sha1(data: bytes) -> str:
    """Digest as WARC 1.0 writes it: base32 of SHA-1."""
    return "sha1:" + base64.b32encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()
