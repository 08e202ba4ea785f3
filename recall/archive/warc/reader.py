"""A WARC's bytes → its captures, in order; a file that is not whole is never called complete.

In: a URL, or the bytes of one record. Out: captures, and skips that say why a record is no page. Two readers take
turns: `fast_reader` reads the plain records, `full_parser` the one it stops at and, where plain records are rare, those
after it. Raises ShardCorrupt for damage, after the captures that lie before it, and for a file without any record of a
type that the standard names.
"""

import io
from collections.abc import Collection, Iterator

from recall.archive.warc.fast_reader import FastReader
from recall.archive.warc.full_parser import GZIPPED_WARC, FullParser
from recall.archive.warc.http_response import CONVERSIONS, Draft, Readings, Record, responses_of
from recall.archive.warc.members import corrupt
from recall.archive.warc.window import OpenReader, Window
from recall.config import AccessSection
from recall.errors import ShardCorrupt
from recall.io import open_readahead, read_range
from recall.records import BodyKind, Capture, Skip, WarcRef

MAX_RECORD = 64 << 20
"""Largest stored record that is read by its reference; a page of MAX_BODY bytes is never longer."""

LONGEST_TURN = 1024
"""Records of the full parser's longest turn; it doubles from turn to turn where plain records are rare."""

_ANYONE = AccessSection()


def responses(
    url: str, access: AccessSection = _ANYONE, path: str | None = None, types: Collection[BodyKind] = ()
) -> Iterator[Capture | Skip]:
    """Every HTTP response record in order: a Capture when it is a page, else the Skip that says why not.

    path: the file's name in each WarcRef, by default its URL. types: kinds of pages that are read beside HTML. Raises
    ShardUnreadable, ShardCorrupt or Refused, after the captures that lie before the damage.
    """
    return _outcomes(url, access, path, responses_of(types))


def conversions(url: str, access: AccessSection = _ANYONE, path: str | None = None) -> Iterator[Capture | Skip]:
    """Every conversion record of a WET file in order, its text as a page that shows it unchanged. Raises as above."""
    return _outcomes(url, access, path, CONVERSIONS)


def captures(url: str, access: AccessSection = _ANYONE) -> Iterator[Capture]:
    """Every HTML response of a WARC, in order. Raises as `responses`."""
    return (outcome for outcome in responses(url, access) if isinstance(outcome, Capture))


def _outcomes(url: str, access: AccessSection, path: str | None, readings: Readings) -> Iterator[Capture | Skip]:
    name = url if path is None else path
    for record in _records(url, access, readings):
        if isinstance(record.outcome, Draft):
            yield record.outcome.capture(WarcRef(name, record.start, record.end - record.start))
        elif record.outcome is not None:
            yield record.outcome


def _records(url: str, access: AccessSection, readings: Readings) -> Iterator[Record]:
    """Every record of a file, by two readers that take turns."""

    def open_at(position: int) -> OpenReader:
        return open_readahead(url, access, position)

    with Window(open_at) as window:
        parser = FullParser(window, url, readings)
        known, turn = 0, 1
        following: int | None = 0
        while following is not None:
            fast = FastReader(window, readings)
            yield from fast.records(following)
            known += fast.count
            if fast.ended:
                return
            if fast.count:
                parser.format = GZIPPED_WARC
            turn = 1 if fast.count > turn else min(2 * turn, LONGEST_TURN)
            yield from parser.records(fast.stopped, turn)
            following = parser.following
    if known + parser.known == 0:
        start, kind = parser.strange or (0, "")
        reason = f"no record of a known WARC-Type, only such as {kind[:40]!r}" if kind else "holds no WARC record"
        raise corrupt(url, start, reason)


def _pages(types: Collection[BodyKind]) -> Readings:
    """What a reference may lead to."""
    return {**responses_of(types), **CONVERSIONS}


def read_at(
    ref: WarcRef, url: str | None = None, access: AccessSection = _ANYONE, types: Collection[BodyKind] = ()
) -> Capture:
    """One page by its byte range, or, without one, from the start of its gzip member. url: by default ref.path.

    types: kinds of pages beside HTML. Raises ShardCorrupt when the record there is not a page, ShardUnreadable when it
    cannot be fetched.
    """
    where = ref.path if url is None else url
    if ref.length < 0:
        return _page(_shared_record(ref, where, access, types), ref)
    if not 0 < ref.length <= MAX_RECORD:
        raise corrupt(where, ref.offset, f"a page's record cannot be {ref.length} bytes long")
    return capture_in(read_range(where, ref.offset, ref.length, access), ref, types)


def _shared_record(ref: WarcRef, url: str, access: AccessSection, types: Collection[BodyKind]) -> Capture | Skip:
    """The record that shares a gzip member with others: the member is unpacked from its start."""

    def open_at(position: int) -> OpenReader:
        return open_readahead(url, access, position)

    with Window(open_at, ref.offset) as window:
        for record in FullParser(window, url, _pages(types)).records(ref.offset, 1 << 60):
            if record.start == ref.offset and record.end - record.start == ref.length and record.outcome is not None:
                return record.outcome.capture(ref) if isinstance(record.outcome, Draft) else record.outcome
            if record.start > ref.offset:
                break
    raise corrupt(url, ref.offset, f"no page lies here: no record number {-ref.length} in this gzip member")


def capture_in(data: bytes, ref: WarcRef, types: Collection[BodyKind] = ()) -> Capture:
    """The page in the bytes of its record. Raises ShardCorrupt when they are not exactly one record with a page."""
    return _page(outcome_in(data, ref, types), ref)


def _page(outcome: Capture | Skip, ref: WarcRef) -> Capture:
    if isinstance(outcome, Skip):
        raise corrupt(ref.path, ref.offset, f"no page lies here: {outcome.value}")
    return outcome


def outcome_in(data: bytes, ref: WarcRef, types: Collection[BodyKind] = ()) -> Capture | Skip:
    """The same for a response that may be no page. Raises ShardCorrupt when it is not exactly one response record."""
    parser = FullParser(Window(lambda _position: io.BytesIO(data)), ref.path, _pages(types))
    try:
        records = list(parser.records(0, 1 << 60))
    except ShardCorrupt as error:
        reason = str(error).removeprefix(f"{ref.path}: ")
        raise corrupt(ref.path, ref.offset, f"not one whole record: {reason}") from None
    if len(records) != 1 or records[0].end != len(data) or records[0].outcome is None:
        raise corrupt(ref.path, ref.offset, "no page lies here: not one response record")
    outcome = records[0].outcome
    return outcome.capture(ref) if isinstance(outcome, Draft) else outcome
