"""The ordinary records of a WARC, read fast: each whole in a gzip member of its own that holds nothing else.

That is how crawlers write them. A record's member is inflated at once with its checksum verified, and its header must
be as plain as can be; then nothing is left to doubt about it, and `reader`, which sees through the rest, takes over at
the first record that is otherwise. Both give the same outcomes; a test holds them against each other.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from recall.archive.warc.inflate import Inflater
from recall.archive.warc.members import MAX_HEAD
from recall.archive.warc.page_records import BLOCK_LIMIT, Draft, Head, Readings
from recall.config import AccessSection
from recall.io import open_readahead
from recall.records import Capture, Skip, WarcRef

_BREAK, _END = b"\r\n", b"\r\n\r\n"
_LARGEST = BLOCK_LIMIT + MAX_HEAD + len(_END)
_VERSIONS = (b"WARC/1.0", b"WARC/1.1")
_KINDS = (b"warcinfo", b"response", b"resource", b"request", b"metadata", b"revisit", b"conversion", b"continuation")
_LENGTH = re.compile(rb"0|[1-9]\d{0,17}")
_NAME = re.compile(rb"[A-Za-z][A-Za-z-]*")
_ASKED = (
    *(b"WARC-Type", b"Content-Length", b"Content-Type", b"WARC-Target-URI", b"WARC-Date"),
    *(b"WARC-Truncated", b"WARC-Segment-Number"),
)


class _Odd(Exception):
    """The record is not ordinary."""


@dataclass(slots=True)
class Progress:
    """How far the ordinary records went. last: where the last of them begins; whole: True when nothing follows."""

    last: int = -1
    whole: bool = False


def ordinary(
    url: str, access: AccessSection, name: str, readings: Readings, progress: Progress
) -> Iterator[Capture | Skip]:
    """The outcomes of a file's records up to the first that is not ordinary; `progress` says where that was."""
    with open_readahead(url, access) as stream:
        inflater = Inflater.make(stream, _LARGEST)
        if inflater is None:
            return
        try:
            while (size := inflater.next()) > 0:
                try:
                    outcome = _outcome(inflater, size, readings)
                except _Odd:
                    return
                progress.last = inflater.start
                if isinstance(outcome, Draft):
                    yield outcome.capture(WarcRef(name, inflater.start, inflater.end - inflater.start))
                elif outcome is not None:
                    yield outcome
            progress.whole = size == 0 and progress.last >= 0
        finally:
            inflater.close()


def _outcome(inflater: Inflater, size: int, readings: Readings) -> Draft | Skip | None:
    """What the record of the last member holds, None where it is not asked for. Raises _Odd for an odd one."""
    fields, start = _header(inflater, size)
    stop = start + int(fields[b"Content-Length"])
    if stop + len(_END) != size or not inflater.room.startswith(_END, stop):
        raise _Odd
    interpret = readings.get(fields[b"WARC-Type"].decode())
    if interpret is None:
        return None
    asked = [fields.get(name) for name in _ASKED[2:]]
    if any(value is not None and (not value or value != value.strip()) for value in asked):
        raise _Odd
    content_type, url, *others = asked
    if not all(value is None or value.isascii() for value in others):
        raise _Odd
    date, truncated, segment = others
    cut = truncated.decode() if truncated else None if segment is None else "segment"
    head = Head(stop - start, url, content_type, (date or b"").decode(), cut)
    return interpret(head, inflater.room, start, stop)


def _header(inflater: Inflater, size: int) -> tuple[dict[bytes, bytes], int]:
    """The fields of the record's header, and where its block begins. Raises _Odd."""
    end = inflater.room.find(_END, 0, min(size, MAX_HEAD))
    head = bytes(inflater.view[: max(0, end)])
    version, *lines = head.splitlines() or [b""]
    if version not in _VERSIONS or _BREAK.join([version, *lines]) != head:
        raise _Odd
    try:
        fields = dict([line.split(b": ", 1) for line in lines])
    except ValueError:
        raise _Odd from None
    sound = len(fields) == len(lines) and _plain(tuple(fields)) and fields.get(b"WARC-Type") in _KINDS
    if not sound or not _LENGTH.fullmatch(fields.get(b"Content-Length", b"")):
        raise _Odd
    return fields, end + len(_END)


@lru_cache(maxsize=256)
def _plain(names: tuple[bytes, ...]) -> bool:
    """True for a header's names that can only mean one thing: each once, whatever the case, as the standard has it."""
    asked = {name.lower(): name for name in _ASKED}
    return len({name.lower() for name in names}) == len(names) and all(
        _NAME.fullmatch(name) and asked.get(name.lower(), name) == name for name in names
    )
