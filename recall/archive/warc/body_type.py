"""What a body is by its bytes alone: HTML, text, or what a coding made of text.

In: a body, and what its coding makes of it. Out: yes or no. After MIME Sniffing (3, 5.2, 7.1).
"""

import codecs
import re

HEADER = 1445
"""Bytes by which the type of a body is told (MIME Sniffing, 5.2)."""

HTML_START = re.compile(
    rb"(?i)[\t\n\x0c\r ]*<(?:!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|"
    rb"body|br|p|\?xml[^>]{0,200}>\s*<(?:!doctype html|html))[\s>]|[\t\n\x0c\r ]*<!--"
)
"""How HTML begins (MIME Sniffing, 7.1), and XML that holds HTML."""

_UNICODE = (b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe", b"<\0", b"\0<")
_BINARY = bytes((*range(9), 0x0B, *range(0x0E, 0x1B), *range(0x1C, 0x20)))
_BINARY_SHARE = 20
"""Text holds less than one binary data byte (MIME Sniffing, 3) in so many bytes; compressed data, one in ten."""

_SHORTEST = 8
"""Bytes of the shortest Unicode that is believed to be no chance: half the bytes of a compressed stream are none."""

_LONG = 256
"""Bytes from which on a compressed stream does not look like text: 28 of so many are binary data bytes on average."""


def looks_like_text(data: bytes) -> bool:
    """True for what no compression makes: HTML, a byte order mark, or hardly any binary data byte at the start."""
    start = data[:HEADER]
    if start.startswith(_UNICODE) or HTML_START.match(start):
        return True
    return binary_bytes(start) * _BINARY_SHARE <= len(start)


def binary_bytes(data: bytes) -> int:
    """Binary data bytes (MIME Sniffing, 3) within the bytes by which a type is told."""
    start = data[:HEADER]
    return len(start) - len(start.translate(None, _BINARY))


def has_unicode_mark(data: bytes) -> bool:
    """Whether data begins with a byte order mark."""
    return data.startswith(_UNICODE[:3])


def is_text_itself(body: bytes, decoded: bytes | None) -> bool:
    """Whether a body is text that was stored without the coding of its header.

    decoded: what the coding makes of it up to its early end, or before further bytes; None where it contradicts the
    coding. A part of a compressed stream may look like text by chance, and text may be read as a stream for a while.
    """
    if not looks_like_text(body):
        return False
    if decoded is None:
        return True
    if len(decoded) >= 2 * _SHORTEST and _is_unicode(decoded):
        return False
    return len(body) >= _LONG or (len(body) >= _SHORTEST and _is_unicode(body))


def _is_unicode(data: bytes) -> bool:
    """Whether the start of data is Unicode text; it may end within a character."""
    if data.startswith(_UNICODE):
        return True
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data[:HEADER])
    except UnicodeDecodeError:
        return False
    return looks_like_text(data)
