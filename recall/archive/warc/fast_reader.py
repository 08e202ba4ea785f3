"""The fast way through a WARC, for the records that crawlers write: each alone in a gzip member, with a plain header.

In: a window onto the stored bytes, at the start of a record. Out: its records with their positions and outcomes; each
member's checksum and size are verified by igzip, each Content-Length against the member. Stops before the first record
that is otherwise: `full_parser` reads that one. Both give the same outcomes; a test holds them together.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from isal.igzip_lib import DECOMP_GZIP, IgzipDecompressor, IsalError

from recall.archive.warc.page_records import BLOCK_LIMIT, Draft, Head, Readings, Record
from recall.archive.warc.record_end import GZIP, MAX_WARC_HEAD
from recall.archive.warc.window import Window
from recall.records import Skip

MAX_INPUT = 32 << 20
"""Stored bytes of a member that are looked at before it counts as too large."""

_READ = 1 << 20
_STEP = 48 << 10
"""Stored bytes that are given to igzip at once: most members whole, and little more than that."""

_RESERVED = 0xE0
"""Bits of a gzip member's flags that no standard defines (RFC 1952, 2.3.1); zlib refuses them, igzip does not."""

_BREAK, _END = b"\r\n", b"\r\n\r\n"
_LARGEST = BLOCK_LIMIT + MAX_WARC_HEAD + len(_END)
_VERSIONS = (b"WARC/1.0", b"WARC/1.1")
_KINDS = (b"warcinfo", b"response", b"resource", b"request", b"metadata", b"revisit", b"conversion", b"continuation")
_LENGTH = re.compile(rb"0|[1-9]\d{0,17}")
_NAME = re.compile(rb"[A-Za-z][A-Za-z-]*")
_ASKED = (
    *(b"WARC-Type", b"Content-Length", b"Content-Type", b"WARC-Target-URI", b"WARC-Date"),
    *(b"WARC-Truncated", b"WARC-Segment-Number"),
)


class _NeedsFullParser(Exception):
    """The record is not as plain as this reader wants it."""


class FastReader:
    """Reads plain records. ended: True when the last one was the file's last."""

    def __init__(self, window: Window, readings: Readings) -> None:
        self._window, self._readings = window, readings
        self.ended = False

    def records(self, start: int) -> Iterator[Record]:
        """The records from a position on, up to the first that needs the full parser or the end of the file."""
        self._window.seek(start)
        members = GzipMembers(self._window, _LARGEST)
        while (member := members.next()) is not None:
            try:
                outcome = _outcome(member, self._readings)
            except _NeedsFullParser:
                return
            yield Record(members.start, members.end, outcome)
        self.ended = members.ended and members.end > start


class GzipMembers:
    """Whole gzip members, one after the other. start, end: where the last one lies; ended: nothing follows it.

    A member that is cut, broken, empty or holds more than `largest` bytes is not told apart from what is no member.
    """

    def __init__(self, window: Window, largest: int) -> None:
        self._window, self._largest = window, largest
        self._block, self._used = b"", 0
        self.start = self.end = window.tell()
        self.ended = False

    def next(self) -> bytes | None:
        """The bytes of the next member, None where no whole member follows."""
        more = b"-"
        while more and len(self._block) - self._used <= len(GZIP):
            more = self._window.read(_READ)
            self._block, self._used = self._block[self._used :] + more, 0
        self.ended = not self._block
        flags = self._block[self._used + len(GZIP) : self._used + len(GZIP) + 1]
        if not self._block.startswith(GZIP, self._used) or not flags or flags[0] & _RESERVED:
            return None
        try:
            data, stored = self._inflate()
        except (IsalError, EOFError):  # type: ignore[misc]  # its stub says that it is a value
            return None
        if not data or len(data) > self._largest:
            return None
        self.start, self.end = self.end, self.end + stored
        return data

    def _inflate(self) -> tuple[bytes, int]:
        """A member's bytes, at most one more than allowed, and its stored size. Raises IsalError, EOFError."""
        inflater = IgzipDecompressor(flag=DECOMP_GZIP)
        pieces: list[bytes] = []
        stored, room = 0, self._largest + 1
        while not inflater.eof:
            if self._used == len(self._block):
                self._block, self._used = self._window.read(_READ), 0
            given = self._block[self._used : self._used + _STEP]
            if not given or stored > MAX_INPUT:
                raise EOFError
            pieces.append(inflater.decompress(given, room))
            self._used += len(given)
            stored += len(given)
            room -= len(pieces[-1])
            if room == 0:
                break
        unused = len(inflater.unused_data)
        self._used -= unused
        return b"".join(pieces), stored - unused


def _outcome(member: bytes, readings: Readings) -> Draft | Skip | None:
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
    date, truncated, segment = others
    cut = truncated.decode() if truncated else None if segment is None else "segment"
    head = Head(stop - start, url, content_type, (date or b"").decode(), cut)
    return interpret(head, member, start, stop)


def _header(member: bytes) -> tuple[dict[bytes, bytes], int]:
    """The fields of the record's header, and where its block begins. Raises _NeedsFullParser."""
    end = member.find(_END, 0, MAX_WARC_HEAD)
    head = member[: max(0, end)]
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
