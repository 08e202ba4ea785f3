"""The full WARC parser: FastWARC, and around it the checks it lacks.

In: a window onto the stored bytes, at the start of a record. Out: every record with its outcome. Each record begins at
a gzip member (or at `WARC/` in a plain file), each block is as long as its header says, the last record is read again
to the file's last byte. Iterates over all record types: only then do the differences of offsets give the lengths.
Refuses, as ShardCorrupt, ARC, lz4, zstd, whole-file gzip and whatever else is not a WARC with one record per gzip
member.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

from recall.archive.warc.http_response import BLOCK_LIMIT, Draft, Head, Readings, Record
from recall.archive.warc.record_end import GZIP, StoredFile, corrupt
from recall.archive.warc.window import Window
from recall.config import AccessSection
from recall.records import Skip

_FILES = {
    b"\x04\x22\x4d\x18": "lz4; recompress it with gzip, one member a record",
    b"\x28\xb5\x2f\xfd": "zstd; recompress it with gzip, one member a record",
    b"PK\x03\x04": "a zip file (a WACZ holds its WARCs in archive/)",
    b"filedesc:": "an ARC file; convert it to WARC first",
    b"<": "HTML or XML (an error message of the server?)",
}
_KINDS = ((WarcRecordType.response, "response"), (WarcRecordType.conversion, "conversion"))

_NOT_ALONE = "a record does not begin at a gzip member of its own; recompress the file record by record"

_BAD_HEADER = "record header without a valid Content-Length, or its lines do not end with CR LF"


class Stopped(Exception):
    """FastWARC cannot go on. padding: it may have stopped at padding after the last record, which is no damage."""

    def __init__(self, reason: str, *, padding: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.padding = padding


@dataclass(frozen=True, slots=True)
class Drawn:
    """A record as FastWARC gives it, before its end is known. length: of its block."""

    start: int
    length: int
    outcome: Draft | Skip | None


class FullParser:
    """Reads any record. url: the same file, opened again where a check needs it.

    following: where the fast reader goes on, None at the file's end; restart: where this one begins again if the other
    finds no plain record there.
    """

    def __init__(self, window: Window, url: str, access: AccessSection, readings: Readings) -> None:
        self._window, self._url, self._access, self._readings = window, url, access, readings
        self.following: int | None = None
        self.restart = 0

    def records(self, start: int, after: int, count: int) -> Iterator[Record]:
        """The records from a position on that begin behind `after`: to the file's end, or about `count` of them.

        Raises ShardCorrupt after the records that lie before the damage.
        """
        self._window.seek(start)
        gzipped = gzip_or_plain(self._window, self._url)
        stored = StoredFile(self._url, self._access, gzipped)
        before: Drawn | None = None
        stopped: Stopped | None = None
        try:
            for drawn in draw(self._window, self._readings, gzipped=gzipped):
                if before is not None:
                    if gzipped and before.length + 4 >= self._window.member_size(drawn.start):
                        stored.check_alone(before.start, drawn.start)
                    if before.start > after:
                        yield Record(before.start, drawn.start, before.outcome)
                        count -= 1
                    if gzipped and count <= 0:
                        self.following, self.restart = drawn.start, before.start
                        return
                before = drawn
        except Stopped as error:
            stopped = error
        checked = stored.check(before.start) if before else stored.find(start)
        if before is not None and before.start > after:
            yield Record(before.start, checked.end, before.outcome)
        if stopped is not None and (checked.following is not None or not stopped.padding):
            raise stored.blame(checked, stopped.reason)
        if checked.following == checked.end:
            raise corrupt(self._url, checked.end, "no WARC record can be read here")
        self.following, self.restart = (
            checked.following,
            checked.end if checked.following is None else checked.following,
        )


def gzip_or_plain(window: Window, url: str) -> bool:
    """True for gzip members, False for a plain WARC. Raises ShardCorrupt for anything else, by what it looks like."""
    first = window.peek()
    gzipped = first.startswith(GZIP)
    try:
        start = zlib.decompressobj(31).decompress(first, 64) if gzipped else first
    except zlib.error:
        return True
    start = start.lstrip(b"\r\n")
    if not first:
        raise corrupt(url, window.tell(), "empty")
    if start and not start.startswith(b"WARC/"):
        kind = next((f": {kind}" for magic, kind in _FILES.items() if start.startswith(magic)), "")
        raise corrupt(url, window.tell(), f"not a WARC{kind}")
    return gzipped


def draw(window: Window, readings: Readings, *, gzipped: bool) -> Iterator[Drawn]:
    """Every record in turn. Raises Stopped where FastWARC cannot go on, or where it would go on wrongly."""
    magic = GZIP if gzipped else b"WARC/"
    iterator = ArchiveIterator(cast(BinaryIO, window), parse_http=False)
    last = -1
    while True:
        with _GUARD:
            record = next(iterator, None)
            if record is None:
                return
            start, length = record.stream_pos, record.content_length
            if start <= last or not window.remembered(start, start + len(magic)).startswith(magic):
                raise Stopped(_NOT_ALONE)
            headers = record.headers
            bad_length = headers.get_bytes(b"Content-Length") != b"%d" % length
            if bad_length or b"\n" in b"".join(headers.values_bytes()):
                raise Stopped(_BAD_HEADER)
            outcome = None
            for kind, name in _KINDS:
                if record.record_type == kind and name in readings:
                    outcome = readings[name](_head(record), _block(record))
        last = start
        yield Drawn(start, length, outcome)


class _Guard:
    """Turns FastWARC's errors into Stopped: OSError, and the Rust panic, which is no Exception and has no name."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            raise Stopped(str(error), padding=True) from None
        if kind is not None and kind.__name__ == "PanicException":
            raise Stopped("the WARC reader cannot read on") from None


_GUARD = _Guard()


def _head(record: WarcRecord) -> Head:
    """The fields of a record's header, as FastWARC read them."""
    headers = record.headers
    truncated = headers.get("WARC-Truncated") or ("segment" if b"WARC-Segment-Number" in headers.keys_bytes() else None)
    return Head(
        record.content_length,
        headers.get_bytes(b"WARC-Target-URI"),
        headers.get_bytes(b"Content-Type"),
        headers.get("WARC-Date") or "",
        truncated,
    )


def _block(record: WarcRecord) -> bytes:
    """A record's block, read to the end or to the largest size a page may have."""
    expected = min(record.content_length, BLOCK_LIMIT)
    block: bytes = record.reader.read(expected)
    if len(block) < expected:
        raise Stopped(f"truncated: a record announces {record.content_length} bytes and has {len(block)}")
    return block
