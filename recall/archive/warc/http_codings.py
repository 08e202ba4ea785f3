"""The stored body of an HTTP response → the body that its server meant: chunks joined, codings undone.

In: the body and its Transfer-Encoding and Content-Encoding. Out: a `Body`, or Skip.BAD_ENCODING. Undoes chunked
transfer (RFC 9112, 7.1) and gzip, deflate, br and zstd (RFC 9110, 8.4), little more than MAX_BODY bytes of each.
Crawlers often store decoded bodies under the original header: a body that does not have the coding it claims, and is
text, is taken as it is. A stream that ends early gives what it holds, as in a browser; one that contradicts its format
gives nothing, as what it held before may be wrong too.
"""

import re
import zlib
from collections.abc import Callable
from typing import NamedTuple, Protocol

import brotli
import zstandard

from recall.archive.warc.body_type import HEADER, HTML_START, is_text_itself, looks_like_text
from recall.records import Skip

MAX_BODY = 8 << 20
"""Largest decoded body of a page; Common Crawl cuts at 1 MiB (5 MiB since 2025), larger pages are data dumps."""

MAX_CODINGS = 8
"""Codings of one body, one after the other."""

_CHUNK_SIZE = re.compile(
    rb"[ \t]*+(?=[0-9A-Fa-f])0*+([0-9A-Fa-f]{0,15}+)[ \t]*+(?:;[^\r\n]{0,16384}+)?\r*+\n",
)
_GZIP = b"\x1f\x8b"
_MAGIC = (_GZIP, b"\x28\xb5\x2f\xfd")
_ZSTD = re.compile(rb"(?s)\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")
_ZSTD_WINDOW = 8 << 20
"""Largest window of a zstd frame on the web (RFC 9659)."""

_MEMBERS = 1024
"""Gzip members or zstd frames of one body."""

_PORTION, _LARGEST_PORTION = 1 << 10, 1 << 20
_ZSTD_PORTION = 256
"""A block of zstd takes four bytes and holds 128 KiB at most (RFC 8878, 3.1.1.2): so no portion passes MAX_BODY far."""

_BROTLI_PORTION = 4 << 10
_BROTLI_OUTPUT = 64 << 10


class Body(NamedTuple):
    """A body without its codings. whole: False where its bytes show that it ended too early."""

    data: bytes
    whole: bool = True


class _Stream(NamedTuple):
    """What one compressed stream holds. end: of it in the stored body, None where that lies behind it.

    broken: the bytes contradict the format.
    """

    data: bytes
    end: int | None
    broken: bool = False


class _Decompressor(Protocol):
    """What zlib's decompressors are."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, room: int, /) -> bytes: ...


class _Zstd:
    """A decompressor of one zstd frame like zlib's; its output is bounded by the size of the portions it is given."""

    def __init__(self, decompressor: zstandard.ZstdDecompressor) -> None:
        self._frame = decompressor.decompressobj()

    @property
    def eof(self) -> bool:
        return self._frame.eof

    @property
    def unused_data(self) -> bytes:
        return self._frame.unused_data

    def decompress(self, data: bytes, _room: int, /) -> bytes:
        return self._frame.decompress(data)


def decode_body(body: bytes, transfer: bytes, content: bytes) -> Body | Skip:
    """The body without its transfer and content codings, which are lists as in the header."""
    transfers = [name.partition(b";")[0].strip() for name in transfer.lower().split(b",")]
    contents = [name.strip() for name in content.lower().split(b",")]
    decoded: Body | Skip = join_chunks(body) if b"chunked" in transfers else Body(body)
    names = [name for name in contents + transfers if name not in (b"", b"identity", b"none", b"chunked")]
    known = [_UNDO[name] for name in names if name in _UNDO]
    if len(known) > MAX_CODINGS:
        return Skip.BAD_ENCODING
    for undo in reversed(known):
        if isinstance(decoded, Skip):
            return decoded
        decoded = _undo(decoded, undo)
    if len(known) < len(names) and isinstance(decoded, Body) and not looks_like_text(decoded.data):
        return Skip.BAD_ENCODING
    return decoded


def join_chunks(body: bytes) -> Body | Skip:
    """Undo chunked transfer. A body that does not begin with a chunk was stored joined already.

    A first size line that ends without CR is also how a page may begin: it is believed where all chunks follow.
    """
    pieces: list[bytes] = []
    position, first = 0, _CHUNK_SIZE.match(body)
    unsure = first is None or not first[0].endswith(b"\r\n")
    size = first
    while size is not None:
        length, begin = int(size[1] or b"0", 16), size.end()
        if length == 0:
            last = pieces or not unsure or not body[begin:].strip()
            return Body(b"".join(pieces) if last else body)
        end = begin + length
        position = end + (2 if body.startswith(b"\r\n", end) else body.startswith(b"\n", end))
        if not pieces and position == end < len(body) and not unsure:
            return Skip.BAD_ENCODING
        pieces.append(body[begin:end])
        size = _CHUNK_SIZE.match(body, position)
    if first is None or (unsure and position != len(body)):
        return Body(body)
    return Body(b"".join(pieces), whole=False)


def _undo(stored: Body, undo: "Callable[[bytes], _Stream | None]") -> Body | Skip:
    """Undo one coding of a body, or leave it as it is where it does not have it."""
    body = stored.data
    if not body or HTML_START.match(body, 0, HEADER):
        return stored
    stream = undo(body)
    if stream is not None and stream.data and stream.end == len(body):
        return Body(stream.data, stored.whole)
    unbroken = None if stream is None or stream.broken else stream.data
    if not _begins_packed(body) and is_text_itself(body, unbroken):
        return stored
    if stream is None or stream.broken or not (stream.data or stream.end):
        return Skip.BAD_ENCODING
    return Body(stream.data, stored.whole and (stream.end is not None or len(stream.data) > MAX_BODY))


def _begins_packed(body: bytes) -> bool:
    """Whether a body begins with a magic number, or is cut within one."""
    return any(magic.startswith(body[: len(magic)]) for magic in _MAGIC)


def _gunzip(body: bytes) -> _Stream | None:
    """All members of gzip (RFC 1952), one after the other.

    As in Chromium, neither checksum nor size is compared, and what follows the last member is passed over.
    """
    return _members(body, _gzip_member, lambda position: body.startswith(_GZIP, position))


def _unpack_zstd(body: bytes) -> _Stream | None:
    """All frames of zstd (RFC 8878), the skippable ones too."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)

    def frame(body: bytes, start: int, room: int) -> _Stream:
        return _portions(body, start, room, _Zstd(decompressor), _ZSTD_PORTION)

    return _members(body, frame, lambda position: _ZSTD.match(body, position) is not None)


def _members(body: bytes, read: Callable[[bytes, int, int], _Stream], begins: Callable[[int], bool]) -> _Stream | None:
    pieces: list[bytes] = []
    room, end = MAX_BODY + 1, 0
    for count in range(_MEMBERS):
        if not begins(end):
            return _Stream(b"".join(pieces), end) if count else None
        member = read(body, end, room)
        if member.broken and count:
            break
        pieces.append(member.data)
        room -= len(member.data)
        if member.end is None or room <= 0:
            return _Stream(b"".join(pieces), None, member.broken)
        end = member.end
    return _Stream(b"".join(pieces), end)


def _gzip_member(body: bytes, start: int, room: int) -> _Stream:
    begin = _gzip_header(body, start)
    if begin is None:
        return _Stream(b"", None, broken=True)
    stream = _portions(body, begin, room, zlib.decompressobj(-15))
    return stream if stream.end is None else _Stream(stream.data, min(stream.end + 8, len(body)))


def _gzip_header(body: bytes, start: int) -> int | None:
    """Where the deflate stream of the member at `start` begins (RFC 1952, 2.3)."""
    fixed = body[start : start + 12]
    flags = fixed[3] if len(fixed) > 3 else 0
    begin = start + 10
    if flags & 4:
        begin += 2 + int.from_bytes(fixed[10:12], "little")
    for flag in (8, 16):
        if flags & flag:
            begin = body.find(b"\0", begin) + 1
            if begin == 0:
                return None
    return begin + (2 if flags & 2 else 0)


def _inflate(body: bytes) -> _Stream | None:
    """Deflate in zlib's format (RFC 1950), or raw, as some servers send it; zlib's checksum is not compared."""
    room = MAX_BODY + 1
    if len(body) > 2 and body[0] & 15 == 8 and not body[1] & 32 and int.from_bytes(body[:2], "big") % 31 == 0:
        stream = _portions(body, 2, room, zlib.decompressobj(-15))
        if not stream.broken:
            return stream if stream.end is None else _Stream(stream.data, min(stream.end + 4, len(body)))
    return _portions(body, 0, room, zlib.decompressobj(-15))


def _portions(body: bytes, start: int, room: int, stream: _Decompressor, largest: int = _LARGEST_PORTION) -> _Stream:
    """One stream, in portions: small ones first, so that many short streams do not copy what follows each of them."""
    pieces: list[bytes] = []
    size = min(_PORTION, largest)
    while start < len(body) and room > 0 and not stream.eof:
        portion = body[start : start + size]
        try:
            piece = stream.decompress(portion, room)
        except (zlib.error, zstandard.ZstdError):
            return _Stream(b"".join(pieces), None, broken=True)
        pieces.append(piece)
        room -= len(piece)
        start += len(portion) - len(stream.unused_data)
        size = min(2 * size, largest)
    return _Stream(b"".join(pieces), start if stream.eof else None)


def _unpack_brotli(body: bytes) -> _Stream:
    """Brotli (RFC 7932).

    The decoder fails on a portion that goes beyond the stream's end, and loses what it made of it; so such a portion is
    given to another one byte by byte.
    """
    decoder, pieces, start = brotli.Decompressor(), [b""], 0
    portion = _BROTLI_PORTION
    room = MAX_BODY + 1
    while start < len(body) and room > 0 and not decoder.is_finished():
        try:
            piece = _brotli_output(decoder, body[start : start + portion], room)
        except brotli.error:
            if portion == 1:
                return _Stream(b"".join(pieces), None, broken=True)
            decoder, portion = brotli.Decompressor(), 1
            _brotli_output(decoder, body[:start], MAX_BODY + 1)
            continue
        pieces.append(piece)
        room -= len(piece)
        start = min(start + portion, len(body))
    return _Stream(b"".join(pieces), start if decoder.is_finished() else None)


def _brotli_output(decoder: brotli.Decompressor, data: bytes, room: int) -> bytes:
    """What the decoder makes of some more bytes, `room` and one buffer of it at most."""
    pieces: list[bytes] = []
    while room > 0:
        pieces.append(decoder.process(data, output_buffer_limit=_BROTLI_OUTPUT))
        data = b""
        room -= len(pieces[-1])
        if decoder.is_finished() or (not pieces[-1] and decoder.can_accept_more_data()):
            break
    return b"".join(pieces)


_UNDO: dict[bytes, Callable[[bytes], _Stream | None]] = {
    b"gzip": _gunzip,
    b"x-gzip": _gunzip,
    b"deflate": _inflate,
    b"br": _unpack_brotli,
    b"zstd": _unpack_zstd,
}
