"""Text files that people and tools write: lists, JSON lines, CSV-like tables; their bytes to UTF-8, and to lines.

In: bytes of a file, whole or in pieces, and its name. Out: the same text, unpacked where its first bytes say gzip
(RFC 1952) or zstd (RFC 8878), whatever its name says: several members, skippable frames, and zeros behind them, never
more than some MiB at once; in UTF-8 without the byte order mark, from UTF-16 and UTF-32 where a mark says so (Unicode,
23.8).
Refuses, with name and line, what is not text of these encodings, and packed data that is cut or broken.
"""

import codecs
import re
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain

import zstandard

from recall.errors import BadInput, RecallError

MAX_TEXT = 1 << 30
"""Bytes of a list, unpacked."""

_BLOCK = 1 << 16
"""Bytes that come out at once, where they are no more anyway."""
_GZIP_OUTPUT = 1 << 20
_ZSTD_PORTION = 256
"""Bytes of zstd unpacked at once: a block takes four and holds 128 KiB at most (RFC 8878, 3.1.1.2): so 8 MiB."""
_GZIP = re.compile(rb"\x1f\x8b")
_ZSTD = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")
"""How frames begin, skippable ones too (RFC 8878, 3.1.2), which pzstd and seekable zstd write."""
_LONGEST_MAGIC = 4
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks; that of UTF-32 begins with that of UTF-16."""

_BLANK = " \t\v\f\x1a\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000\u200b\u200c\u200d\u2060\ufeff\u00ad"
_BLANK += "".join(map(chr, range(0x2000, 0x200B)))
"""What is nothing at either end of a line: white space of any script, characters without width, the end mark of DOS."""


def text_lines(data: bytes, source: str, error: type[RecallError] = BadInput, limit: int = MAX_TEXT) -> list[str]:
    """All lines of a text file, empty ones included, without line ends (LF, CRLF, CR) and blanks at both ends.

    Raises `error` with "source:line: what is wrong".
    """
    pieces, length = [], 0
    for piece in utf8_of([data], source, error):
        pieces.append(piece)
        length += len(piece)
        if length > limit:
            raise error(f"{source}: a list of more than {limit:,} bytes")
    whole = b"".join(pieces).rstrip(b"\0")
    lines = []
    for number, line in enumerate(whole.splitlines(), 1):
        if b"\0" in line:
            raise error(
                f"{source}:{number}: holds NUL bytes; if it is UTF-16, save it with a byte order mark or as UTF-8"
            )
        try:
            lines.append(line.decode("utf-8").strip(_BLANK))
        except UnicodeDecodeError as bad:
            raise error(f"{source}:{number}: not UTF-8 at byte {bad.start} of the line; save it as UTF-8") from None
    return lines


def utf8_of(pieces: Iterable[bytes], source: str, error: type[RecallError] = BadInput) -> Iterator[bytes]:
    """A text file's bytes, unpacked, without byte order mark, in UTF-8 (which is not looked at closer)."""
    unpacked = unpacked_of(pieces, source, error)
    start = b""
    for piece in unpacked:
        start += piece
        if len(start) >= len(codecs.BOM_UTF32_LE):
            break
    mark, encoding = next(((mark, name) for mark, name in _MARKS if start.startswith(mark)), (b"", "utf-8"))
    start = start[len(mark) :]
    if encoding == "utf-8":
        yield start
        yield from unpacked
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        yield decoder.decode(start).encode("utf-8")
        for piece in unpacked:
            yield decoder.decode(piece).encode("utf-8")
        yield decoder.decode(b"", final=True).encode("utf-8")
    except UnicodeError:
        raise error(f"{source}: begins with the mark of {encoding} and is none; save it as UTF-8") from None


def unpacked_of(pieces: Iterable[bytes], source: str, error: type[RecallError] = BadInput) -> Iterator[bytes]:
    """A file's bytes as they were before gzip or zstd, told by its first bytes; others as they are."""
    feed = iter(pieces)
    start = b""
    for piece in feed:
        start += piece
        if len(start) >= _LONGEST_MAGIC:
            break
    kind = _Gzip if _GZIP.match(start) else _Zstd if _ZSTD.match(start) else None
    if kind is None:
        yield start
        yield from feed
        return
    unpacker = _Unpacker(kind, source, error)
    for piece in chain([start], feed):
        yield from _in_blocks(
            out for at in range(0, len(piece), kind.portion) for out in unpacker.feed(piece[at : at + kind.portion])
        )
    unpacker.end()


def _in_blocks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Small pieces put together."""
    held: list[bytes] = []
    length = 0
    for piece in pieces:
        held.append(piece)
        length += len(piece)
        if length >= _BLOCK:
            yield b"".join(held)
            held, length = [], 0
    if length:
        yield b"".join(held)


class _Gzip:
    """A member of gzip."""

    magic, magic_length, portion = _GZIP, 2, _BLOCK

    def __init__(self) -> None:
        self._member = zlib.decompressobj(31)

    def unpack(self, piece: bytes) -> Iterator[bytes]:
        while True:
            out = self._member.decompress(piece, _GZIP_OUTPUT)
            yield out
            piece = self._member.unconsumed_tail
            if self._member.eof or (not piece and len(out) < _GZIP_OUTPUT):
                return

    def behind(self) -> bytes | None:
        """What follows the member, None while it has not ended."""
        return self._member.unused_data if self._member.eof else None


class _Zstd:
    """A frame of zstd."""

    magic, magic_length, portion = _ZSTD, 4, _ZSTD_PORTION

    def __init__(self) -> None:
        self._frame = zstandard.ZstdDecompressor().decompressobj()

    def unpack(self, piece: bytes) -> Iterator[bytes]:
        yield self._frame.decompress(piece)

    def behind(self) -> bytes | None:
        """What follows the frame, None while it has not ended."""
        return self._frame.unused_data if self._frame.eof else None


class _Unpacker:
    """Members of gzip or zstd, one after the other; zeros behind a member are passed over, as gzip(1) does."""

    def __init__(self, kind: type[_Gzip | _Zstd], source: str, error: type[RecallError]) -> None:
        self._kind = kind
        self._source, self._error = source, error
        self._member: _Gzip | _Zstd | None = None
        self._rest = b""
        self._read = 0

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """What a piece of the packed file unpacks to."""
        self._read += len(piece)
        while piece:
            if self._member is None:
                piece = (self._rest + piece).lstrip(b"\0")
                self._rest = piece if len(piece) < self._kind.magic_length else b""
                if self._rest or not piece:
                    return
                if not self._kind.magic.match(piece):
                    raise self._error(f"{self._source}: before byte {self._read}: bytes behind the packed data")
                self._member = self._kind()
            try:
                yield from self._member.unpack(piece)
            except (zlib.error, zstandard.ZstdError) as broken:
                raise self._error(f"{self._source}: before byte {self._read}: {broken}") from None
            behind = self._member.behind()
            piece = behind or b""
            self._member = self._member if behind is None else None

    def end(self) -> None:
        """Raise the error when the file ends inside a member."""
        if self._member is not None or self._rest:
            raise self._error(f"{self._source}: truncated: the file ends inside its compressed data")
