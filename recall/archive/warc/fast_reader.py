"""The fast way through a WARC, for the records that crawlers write: each alone in a gzip member, with a plain header.

In: a window onto the stored bytes, at the start of a record. Out: its records with their positions and outcomes; each
member's checksum and size are verified by libdeflate (twice as fast as zlib), each Content-Length against the member.
Stops before the first record that is otherwise: `full_parser` reads that one. Both give the same outcomes; a test holds
them together.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from deflate import DeflateError, crc32, gzip_decompress

from recall.archive.warc.http_response import BLOCK_LIMIT, Draft, Readings, Record
from recall.archive.warc.members import GZIP
from recall.archive.warc.record_head import KINDS, MAX_WARC_HEAD, RecordFields, bounded_id
from recall.archive.warc.window import Window
from recall.records import Skip

MAX_INPUT = 32 << 20
"""Stored bytes of a member that are looked at before it counts as too large."""

_READ = 1 << 20
_SHORTEST = 18
"""Bytes of a gzip member's header and trailer."""

_TRIES = 8
"""Places where a member may end that are tried: the bytes of a header can stand inside compressed data by chance."""

_UNUSUAL = 0xE2
"""Bits of a gzip member's flags that no standard defines, and that of a header checksum, which is not verified here."""

_BREAK, _END = b"\r\n", b"\r\n\r\n"
_LARGEST = BLOCK_LIMIT + MAX_WARC_HEAD + len(_END)
_VERSIONS = (b"WARC/1.0", b"WARC/1.1")
_KINDS = frozenset(kind.encode() for kind in KINDS)
_LENGTH = re.compile(rb"0|[1-9]\d{0,17}")
_NAME = re.compile(rb"[A-Za-z][A-Za-z-]*")
_ASKED = (
    *(b"WARC-Type", b"Content-Length", b"Content-Type", b"WARC-Target-URI", b"WARC-Date"),
    *(b"WARC-Truncated", b"WARC-Segment-Number", b"WARC-Record-ID", b"WARC-Identified-Payload-Type"),
)


class _NeedsFullParser(Exception):
    """The record is not as plain as this reader wants it."""


class FastReader:
    """Reads plain records. count: of them; stopped: where the next record lies; ended: True when none follows."""

    def __init__(self, window: Window, readings: Readings) -> None:
        self._window, self._readings = window, readings
        self.count, self.stopped, self.ended = 0, 0, False

    def records(self, start: int) -> Iterator[Record]:
        """The records with an outcome from a position on, up to the first that needs the full parser."""
        self._window.seek(start)
        self.stopped = start
        members = GzipMembers(self._window, _LARGEST)
        while (member := members.next()) is not None:
            self.stopped = members.start
            try:
                outcome = _outcome(member, self._readings)
            except _NeedsFullParser:
                return
            self.stopped = members.end
            self.count += 1
            if outcome is not None:
                yield Record(members.start, members.end, outcome)
        self.ended = members.ended and self.count > 0


class GzipMembers:
    """Whole gzip members, one after the other. start, end: where the last one lies; ended: nothing follows it.

    A member ends where the next one begins, or the file: its last eight bytes there are its checksum and size (RFC
    1952, 2.3.1), and so are compared with what was inflated. Not told apart from what is no member is one that is cut,
    broken, empty, holds more than `largest` bytes or is followed by padding.
    """

    def __init__(self, window: Window, largest: int) -> None:
        self._window, self._largest = window, largest
        self._block, self._used, self._whole = b"", 0, False
        self.start = self.end = window.tell()
        self.ended = False

    def next(self) -> bytearray | None:
        """The bytes of the next member, None where no whole member follows."""
        if not self._begins():
            return None
        tried, seen, border = 0, 0, self._used + _SHORTEST - 1
        while tried < _TRIES:
            border = self._block.find(GZIP, border + 1)
            if border < 0:
                if self._whole:
                    border = len(self._block)
                elif len(self._block) - self._used <= MAX_INPUT:
                    border = self._read_on() - len(GZIP)
                    continue
                else:
                    return None
            seen += 1
            size = int.from_bytes(self._block[border - 4 : border], "little")
            if 0 < size <= self._largest:
                tried += 1
                member = self._inflate(border, size, first=seen == 1)
                if member is not None:
                    self.start, self.end = self.end, self.end + border - self._used
                    self._used = border
                    return member
            if border == len(self._block):
                return None
        return None

    def _begins(self) -> bool:
        """True where a member begins that has no more than the usual in its header."""
        while len(self._block) - self._used <= len(GZIP) and not self._whole:
            self._read_on()
        self.ended = self._used == len(self._block)
        flags = self._block[self._used + len(GZIP) : self._used + len(GZIP) + 1]
        return self._block.startswith(GZIP, self._used) and bool(flags) and not flags[0] & _UNUSUAL

    def _inflate(self, border: int, size: int, *, first: bool) -> bytearray | None:
        """The member that ends at `border` and holds `size` bytes, None when there is none.

        first: no other member can begin before the border. Otherwise this one may end before it, and another one with
        the same checksum and size at it: libdeflate does not say how many bytes it took, but fails if one is missing.
        """
        stored = memoryview(self._block)[self._used : border]
        try:
            member = gzip_decompress(stored, size)
        except DeflateError:
            return None
        if len(member) != size or crc32(member) != int.from_bytes(stored[-8:-4], "little"):
            return None
        if first:
            return member
        try:
            gzip_decompress(stored[:-1], size)
        except DeflateError:
            return member
        return None

    def _read_on(self) -> int:
        """Take more bytes into the block, which begins with the next member then; returns how many it held before."""
        pieces = [self._block[self._used :]]
        left = len(pieces[0])
        size = max(_READ, left)
        while size > 0 and not self._whole:
            pieces.append(self._window.read(_READ))
            size -= len(pieces[-1])
            self._whole = not pieces[-1]
        self._block, self._used = b"".join(pieces), 0
        return left


def _outcome(member: bytearray, readings: Readings) -> Draft | Skip | None:
    """The outcome of the record in a member, None where it is not asked for. Raises _NeedsFullParser."""
    fields, start = _header(member)
    stop = start + int(fields[b"Content-Length"])
    if stop + len(_END) != len(member) or not member.endswith(_END):
        raise _NeedsFullParser
    interpret = readings.get(fields[b"WARC-Type"].decode())
    if interpret is None:
        return None
    asked = [fields.get(name) for name in _ASKED[2:]]
    if any(value is not None and (not value or value != value.strip()) for value in asked):
        raise _NeedsFullParser
    content_type, url, *others = asked
    if not all(value is None or value.isascii() for value in others):
        raise _NeedsFullParser
    date, truncated, segment, record, detected = others
    cut = truncated.decode() if truncated else None if segment is None else "segment"
    named = bounded_id((record or b"").decode())
    said = (date or b"").decode()
    head = RecordFields(stop - start, url, content_type, said, cut, named, (detected or b"").lower())
    return interpret(head, member, start, stop)


def _header(member: bytearray) -> tuple[dict[bytes, bytes], int]:
    """The fields of the record's header, and where its block begins. Raises _NeedsFullParser."""
    end = member.find(_END, 0, MAX_WARC_HEAD)
    head = bytes(memoryview(member)[: max(0, end)])
    version, *lines = head.splitlines() or [b""]
    if version not in _VERSIONS or _BREAK.join([version, *lines]) != head:
        raise _NeedsFullParser
    try:
        fields = dict([line.split(b": ", 1) for line in lines])
    except ValueError:
        raise _NeedsFullParser from None
    sound = len(fields) == len(lines) and _plain(tuple(fields)) and fields.get(b"WARC-Type") in _KINDS
    if not sound or not _LENGTH.fullmatch(fields.get(b"Content-Length", b"")):
        raise _NeedsFullParser
    return fields, end + len(_END)


@lru_cache(maxsize=256)
def _plain(names: tuple[bytes, ...]) -> bool:
    """True for a header's names that can only mean one thing: each once, whatever the case, as the standard has it."""
    asked = {name.lower(): name for name in _ASKED}
    return len({name.lower() for name in names}) == len(names) and all(
        _NAME.fullmatch(name) and asked.get(name.lower(), name) == name for name in names
    )
