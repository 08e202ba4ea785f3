"""A WARC's bytes → its captures, in order; a file that is not whole is never called complete.

Ordinary records are read by `ordinary`. From the first that is otherwise on FastWARC parses, and around it stand the
checks it lacks: every record begins at a gzip member (or at `WARC/` in a plain file), every block is as long as its
header says, the last record is read again to the file's last byte. Iterates over all record types: only then do the
differences of offsets give the members' lengths.
Refuses ARC, lz4, zstd, whole-file gzip and whatever else is not a WARC with one record per gzip member.
"""

import io
import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, cast

from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

from recall.archive.warc.fast_reader import Progress, ordinary
from recall.archive.warc.members import GZIP, Reader, StoredFile, check_record, corrupt
from recall.archive.warc.page_records import BLOCK_LIMIT, CONVERSIONS, RESPONSES, Draft, Head, Readings
from recall.config import AccessSection
from recall.errors import ShardCorrupt
from recall.io import open_readahead, read_range
from recall.records import Capture, Skip, WarcRef

MAX_RECORD = 64 << 20
"""Largest stored record that is read by its reference; a page of MAX_BODY bytes is never longer."""

REMEMBERED = 4 << 20
"""Stored bytes that are remembered behind the reader, which decodes up to 1 MiB of a record before it hands it out."""

_ANYONE = AccessSection()
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


class _Stopped(Exception):
    """The reader cannot go on. padding: it may have stopped at padding after the last record, which is no damage."""

    def __init__(self, reason: str, *, padding: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.padding = padding


@dataclass(frozen=True, slots=True)
class _Record:
    """A record that was drawn. length: of its block; outcome: None for what is no response."""

    position: int
    length: int
    outcome: Draft | Skip | None


class _Tap:
    """What FastWARC reads from: passes bytes on and remembers the last ones, to look at where a record begins."""

    def __init__(self, stream: Reader) -> None:
        self._stream = stream
        self._next = stream.tell()
        self._blocks: deque[tuple[int, bytes]] = deque()
        self._ahead = b""

    def peek(self) -> bytes:
        """The first bytes, which are read again later."""
        while len(self._ahead) < 1024 and (more := self._stream.read(1024)):
            self._ahead += more
        return self._ahead

    def tell(self) -> int:
        """Position in the file of the next byte."""
        return self._next

    def read(self, n: int = -1) -> bytes:
        """Next bytes, b"" at the end."""
        block, self._ahead = self._ahead or self._stream.read(n), b""
        self._blocks.append((self._next, block))
        self._next += len(block)
        while len(self._blocks) > 1 and self._next - self._blocks[1][0] > REMEMBERED:
            self._blocks.popleft()
        return block

    def remembered(self, start: int, stop: int) -> bytes:
        """The bytes [start, stop) as far as they are remembered."""
        for at, block in reversed(self._blocks):  # nearly always in one of the last two blocks
            if at <= start:
                if stop <= at + len(block):
                    return block[start - at : stop - at]
                break
        pieces = [block[max(0, start - at) : stop - at] for at, block in self._blocks if at < stop]
        return b"".join(pieces)

    def member_size(self, end: int) -> int:
        """Size of what the gzip member before `end` holds, modulo 4 GiB (RFC 1952: its last 4 bytes)."""
        return int.from_bytes(self.remembered(end - 4, end), "little")


def responses(url: str, access: AccessSection = _ANYONE, path: str | None = None) -> Iterator[Capture | Skip]:
    """Every HTTP response record in order: a Capture when it is a page, else the Skip that says why not.

    path: the file's name in each WarcRef, by default its URL. Raises ShardUnreadable, ShardCorrupt or Refused, after
    the captures that lie before the damage.
    """
    return _outcomes(url, access, path, RESPONSES)


def conversions(url: str, access: AccessSection = _ANYONE, path: str | None = None) -> Iterator[Capture | Skip]:
    """Every conversion record of a WET file in order, its text as a page that shows it unchanged. Raises as above."""
    return _outcomes(url, access, path, CONVERSIONS)


def _outcomes(url: str, access: AccessSection, path: str | None, readings: Readings) -> Iterator[Capture | Skip]:
    name = url if path is None else path
    progress = Progress()
    yield from ordinary(url, access, name, readings, progress)
    start = None if progress.whole else max(0, progress.last)
    while start is not None:  # FastWARC stops at an empty gzip member: go on after it
        before: _Record | None = None
        stopped: _Stopped | None = None
        with open_readahead(url, access, start) as stream:
            tap = _Tap(stream)
            gzipped = _gzipped(tap, url)
            try:
                for record in _draw(tap, readings, gzipped=gzipped):
                    if record.position <= progress.last:
                        record = replace(record, outcome=None)  # noqa: PLW2901 - it was told already
                    if before is not None:
                        if gzipped and before.length + 4 >= tap.member_size(record.position):
                            StoredFile(url, access, gzipped).check_alone(before.position, record.position)
                        yield from _settle(before, name, record.position)
                    before = record
            except _Stopped as error:
                stopped = error
        stored = StoredFile(url, access, gzipped)
        checked = stored.check(before.position) if before else stored.find(start)
        if before is not None:
            yield from _settle(before, name, checked.end)
        if stopped is not None and (checked.following is not None or not stopped.padding):
            raise stored.blame(checked, stopped.reason)
        if checked.following == checked.end:
            raise corrupt(url, checked.end, "no WARC record can be read here")
        start = checked.following


def captures(url: str, access: AccessSection = _ANYONE) -> Iterator[Capture]:
    """Every HTML response of a WARC, in order. Raises as `responses`."""
    return (outcome for outcome in responses(url, access) if isinstance(outcome, Capture))


def read_at(ref: WarcRef, url: str | None = None, access: AccessSection = _ANYONE) -> Capture:
    """One page by its byte range. url: where the file is read, by default ref.path.

    Raises ShardCorrupt when the record there is not a page, ShardUnreadable when it cannot be fetched.
    """
    where = ref.path if url is None else url
    if not 0 < ref.length <= MAX_RECORD:
        raise corrupt(where, ref.offset, f"a page's record cannot be {ref.length} bytes long")
    return capture_in(read_range(where, ref.offset, ref.length, access), ref)


def capture_in(data: bytes, ref: WarcRef) -> Capture:
    """The page in the bytes of its record. Raises ShardCorrupt when they are not exactly one record with a page."""
    outcome = outcome_in(data, ref)
    if isinstance(outcome, Skip):
        raise corrupt(ref.path, ref.offset, f"no page lies here: {outcome.value}")
    return outcome


def outcome_in(data: bytes, ref: WarcRef) -> Capture | Skip:
    """The same for a response that may be no page. Raises ShardCorrupt when it is not exactly one response record."""
    try:
        gzipped = _gzipped(_Tap(io.BytesIO(data)), ref.path)
        checked = check_record(io.BytesIO(data), ref.path, gzipped=gzipped)
        records = _drawn(data, gzipped=gzipped)
    except (_Stopped, ShardCorrupt) as error:
        raise corrupt(ref.path, ref.offset, f"not one whole record: {error}") from None
    outcome = records[0].outcome if len(records) == 1 and checked.end == len(data) else None
    if outcome is None:
        raise corrupt(ref.path, ref.offset, "no page lies here: not one response record")
    return outcome.capture(ref) if isinstance(outcome, Draft) else outcome


def _drawn(data: bytes, *, gzipped: bool) -> list[_Record]:
    """Every record of some bytes that were checked; white space after the last one is none."""
    records: list[_Record] = []
    try:
        records.extend(_draw(_Tap(io.BytesIO(data)), {**RESPONSES, **CONVERSIONS}, gzipped=gzipped))
    except _Stopped as stopped:
        if gzipped or not stopped.padding or not records:
            raise
    return records


def _gzipped(tap: _Tap, url: str) -> bool:
    """True for gzip members, False for a plain WARC; anything else is refused by what it looks like."""
    first = tap.peek()
    gzipped = first.startswith(GZIP)
    try:
        start = zlib.decompressobj(31).decompress(first, 64) if gzipped else first
    except zlib.error:
        return True
    start = start.lstrip(b"\r\n")
    if not first:
        raise corrupt(url, tap.tell(), "empty")
    if start and not start.startswith(b"WARC/"):
        kind = next((f": {kind}" for magic, kind in _FILES.items() if start.startswith(magic)), "")
        raise corrupt(url, tap.tell(), f"not a WARC{kind}")
    return gzipped


def _draw(tap: _Tap, readings: Readings, *, gzipped: bool) -> Iterator[_Record]:
    """Every record in turn. Raises _Stopped where FastWARC cannot go on, or where it would go on wrongly."""
    magic = GZIP if gzipped else b"WARC/"
    iterator = ArchiveIterator(cast(BinaryIO, tap), parse_http=False)
    last = -1
    while True:
        with _GUARD:
            record = next(iterator, None)
            if record is None:
                return
            position, length = record.stream_pos, record.content_length
            if position <= last or not tap.remembered(position, position + len(magic)).startswith(magic):
                raise _Stopped(_NOT_ALONE)
            headers = record.headers
            bad_length = headers.get_bytes(b"Content-Length") != b"%d" % length
            if bad_length or b"\n" in b"".join(headers.values_bytes()):
                raise _Stopped(_BAD_HEADER)
            outcome = None
            for kind, name in _KINDS:
                if record.record_type == kind and name in readings:
                    outcome = readings[name](_head(record), _block(record))
        last = position
        yield _Record(position, length, outcome)


class _Guard:
    """Turns FastWARC's errors into _Stopped: OSError, and the Rust panic, which is no Exception and has no name."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            raise _Stopped(str(error), padding=True) from None
        if kind is not None and kind.__name__ == "PanicException":
            raise _Stopped("the WARC reader cannot read on") from None


_GUARD = _Guard()


def _head(record: WarcRecord) -> Head:
    """What FastWARC read of a record's header."""
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
        raise _Stopped(f"truncated: a record announces {record.content_length} bytes and has {len(block)}")
    return block


def _settle(record: _Record, name: str, end: int) -> Iterator[Capture | Skip]:
    """The outcome of a record, now that its end is known."""
    if isinstance(record.outcome, Draft):
        yield record.outcome.capture(WarcRef(name, record.position, end - record.position))
    elif record.outcome is not None:
        yield record.outcome
