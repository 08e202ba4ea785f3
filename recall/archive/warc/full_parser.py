"""The full parser: every record of a WARC or ARC file, however it is packed and written.

In: a window onto the stored bytes, at the start of a record. Out: every record with its outcome. A record that has its
gzip members to itself (or lies in a plain file) has a byte range; one that shares its member with others, as in a file
that was compressed whole, has none and is told by a member that begins with a record and its number from there
(`WarcRef`). Every block is as long as its header says, and every checksum is compared. Refuses, as ShardCorrupt, lz4,
zstd and whatever else is no WARC or ARC.
"""

import re
import zlib
from collections.abc import Iterator

from recall.archive.warc.http_response import BLOCK_LIMIT, Readings, Record
from recall.archive.warc.members import BLANK, CUT, GZIP, Members, corrupt
from recall.archive.warc.record_head import (
    KINDS,
    MAX_WARC_HEAD,
    BadHead,
    RecordHead,
    read_arc_head,
    read_warc_head,
)
from recall.archive.warc.window import Window

_FILES = {
    b"\x04\x22\x4d\x18": "lz4; recompress it with gzip, one member a record",
    b"\x28\xb5\x2f\xfd": "zstd; recompress it with gzip, one member a record",
    b"PK\x03\x04": "a zip file (a WACZ holds its WARCs in archive/)",
    b"<": "HTML or XML (an error message of the server?)",
}
GZIPPED_WARC = True, False
_WARC = b"WARC/"
_SCHEME = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*:")
_SCHEME_LENGTH = 16
_ARC = re.compile(rb"(?i)(?:filedesc|https?|dns|ftp|whois):")
_ANY_START = re.compile(rb"(?i)[\r\n]*(?:WARC/|(?:filedesc|https?|dns|ftp|whois):[^ \n]* [^ \n]* \d{10,})")
_LINE_START = 2048
"""Bytes of a member that tell whether a record begins with it, though the one before has not ended."""

_CHANGED = "; its lines end without carriage returns: were line ends changed?"
_HEAD_END = re.compile(rb"\n\r?\n")


class FullParser:
    """Reads any record. following: where the fast reader goes on, None at the file's end; format: as `file_format`.

    known: records of a type that the standard names; strange: start and type of the first other one.
    """

    def __init__(self, window: Window, url: str, readings: Readings) -> None:
        self._window, self._url, self._readings = window, url, readings
        self.format: tuple[bool, bool] | None = None
        self._run, self._number, self._hint = 0, 0, ""
        self.following: int | None = None
        self.known = 0
        self.strange: tuple[int, str] | None = None

    def records(self, start: int, count: int) -> Iterator[Record]:
        """The records from a position on: to the file's end, or `count` of them and on to the end of a gzip member.

        Raises ShardCorrupt after the records that lie before the damage.
        """
        self._window.seek(start)
        self.format = self.format or file_format(self._window, self._url)
        gzipped, arc = self.format
        members = Members(self._window, self._url, gzipped=gzipped)
        self.following = None
        while members.skip_blank() or members.enter():
            if not members.skip_blank():
                continue
            yield self._record(members, arc=arc)
            count -= 1
            if count <= 0 and gzipped and not arc and not members.held:
                self.following = members.position
                return

    def _record(self, members: Members, *, arc: bool) -> Record:
        """The record that begins with the next byte."""
        fresh, gzipped = members.fresh, members.gzipped
        start = members.start if gzipped else members.position
        if fresh:
            self._run, self._number = members.start, 0
        self._number += 1
        head = self._head(members, start, arc=arc)
        reading = self._readings.get(head.kind)
        block = self._block(members, start, head.fields.length, BLOCK_LIMIT if reading else 0)
        shared = members.skip_blank()
        zeros = members.padded and (shared or gzipped)  # behind a plain file's last record they are padding
        if zeros or (shared and not _begins(members, arc=arc)):
            raise corrupt(self._url, start, f"no record follows where its Content-Length ends{self._hint}")
        outcome = reading(head.fields, block) if reading else None
        alone = not gzipped or (fresh and not shared)
        return (
            Record(start, members.position, outcome) if alone else Record(self._run, self._run - self._number, outcome)
        )

    def _head(self, members: Members, start: int, *, arc: bool) -> RecordHead:
        """The record's head, taken off."""
        if members.padded or not _begins(members, arc=arc):
            raise corrupt(self._url, start, f"no {'ARC' if arc else 'WARC'} record begins here")
        looked = 0
        while True:
            at = members.held.find(b"\n") if arc else -1
            found = None if arc else _HEAD_END.search(members.held, max(0, looked - 2))
            end = at + 1 if arc else found.end() if found else 0
            if end or len(members.held) > MAX_WARC_HEAD:
                break
            looked = len(members.held)
            self._go_on(members, start)
        if not 0 < end <= MAX_WARC_HEAD:
            raise corrupt(self._url, start, f"record header without end in {MAX_WARC_HEAD} bytes")
        raw = bytes(members.take(end))
        self._hint = "" if arc or b"\r" in raw else _CHANGED
        try:
            head = (read_arc_head if arc else read_warc_head)(raw)
        except BadHead as bad:
            raise corrupt(self._url, start, str(bad)) from None
        if head.kind in KINDS:
            self.known += 1
        elif self.strange is None:
            self.strange = start, head.kind
        return head

    def _block(self, members: Members, start: int, length: int, limit: int) -> bytearray:
        """The record's block, taken off; at most its first `limit` bytes are kept."""
        block = bytearray()
        while length > 0:
            if not members.held:
                self._go_on(members, start)
            piece = members.take(length)
            length -= len(piece)
            block += piece[: limit - len(block)]
        return block

    def _go_on(self, members: Members, start: int) -> None:
        """Unpack more of the record that began at `start`, from the next member if this one ends inside it."""
        if members.pull():
            return
        before = len(members.held)
        if not members.enter():
            raise corrupt(self._url, start, f"{CUT}{self._hint}")
        members.fresh = False
        members.fill(before + _LINE_START)
        begins = _ANY_START.match(members.held[before : before + _LINE_START])
        if begins is not None:
            raise corrupt(self._url, start, "its Content-Length reaches over the next records")


def _begins(members: Members, *, arc: bool) -> bool:
    """True when a record begins with what is held, or the file ends before that can be told."""
    members.fill(_SCHEME_LENGTH)
    start = bytes(members.held[:_SCHEME_LENGTH])
    if arc:
        return _SCHEME.match(start) is not None or len(start) < _SCHEME_LENGTH
    return _WARC.startswith(start[: len(_WARC)].upper())


def file_format(window: Window, url: str) -> tuple[bool, bool]:
    """Is the file gzip, and is it an ARC? Raises ShardCorrupt for anything else, by what it looks like."""
    first = window.peek()
    gzipped = first.startswith(GZIP)
    try:
        start = zlib.decompressobj(31).decompress(first, 64) if gzipped else first
    except zlib.error:
        return True, False
    start = start.lstrip(BLANK)
    if not first:
        raise corrupt(url, window.tell(), "empty")
    arc = _ARC.match(start) is not None
    if start and not arc and start[: len(_WARC)].upper() != _WARC:
        kind = next((f": {kind}" for magic, kind in _FILES.items() if start.startswith(magic)), "")
        raise corrupt(url, window.tell(), f"not a WARC{kind}")
    return gzipped, arc
