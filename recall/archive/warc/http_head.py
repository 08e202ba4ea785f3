"""The head of an HTTP response, however it is written → its status and the fields that are used.

In: the bytes of a response. Out: an `HttpHead`, or None where no status line stands. Reads what RFC 9112 allows (2.2
line ends, 4 status line, 5.2 folded lines) and RFC 9110 (5.3 repeated fields, 15.2 interim responses); where they leave
it open, as Chromium does: up to four bytes before the status line, a status that is no number is 200, lines end at any
run of CR and LF, lines without a name are passed over. Time is linear in the head, which ends after MAX_HEAD bytes.
"""

import re
from typing import NamedTuple

MAX_HEAD = 256 << 10
"""Bytes of a response's heads, interim ones included; Chromium refuses more."""

ROBOTS = (b"x-robots-tag", b"tdm-reservation", b"content-usage")
"""Fields that say how crawlers may use a page."""

_MOST_ROBOTS = 8 << 10
"""Bytes of them that are kept, the shortest lines first: directives are short, lists of dates and crawlers are not."""

_USED = {b"content-type", b"content-encoding", b"content-length", b"transfer-encoding", b"x-content-type-options"}
_BLANKS = b" \t"
_STATUS_LINE = re.compile(rb"(?s).{0,4}?(?i:HTTP)([^\r\n]*)")
_STATUS = re.compile(rb"[^ \t]*[ \t]+(\d{1,9})")
_END = re.compile(rb"\n\r*\n")
_LINE_ENDS = re.compile(rb"[\r\n]+")


class HttpHead(NamedTuple):
    """What is used of a head. fields: lower-case names, the values of one name joined by commas (RFC 9110, 5.3).

    begin: where the body begins; robots: as in Capture.
    """

    status: int
    fields: dict[bytes, bytes]
    begin: int
    robots: str = ""


def read_head(block: bytes | bytearray, start: int, stop: int) -> HttpHead | None:
    """The head of the final response in block[start:stop]; a block in which no head ends is all head."""
    limit = min(stop, start + MAX_HEAD)
    while (line := _STATUS_LINE.match(block, start, limit)) is not None:
        end = _END.search(block, line.end(), limit)
        number = _STATUS.match(line[1])
        status = int(number[1]) if number else 200
        if not 100 <= status < 200 or end is None:
            head = bytes(memoryview(block)[line.end() : end.start() if end else limit])
            values = _fields(head.replace(b"\0", b" "))  # RFC 9110, 5.5
            fields = {name: b", ".join(each for known, each in values if known == name) for name in _USED}
            return HttpHead(status, fields, end.end() if end else stop, _robots(values))
        start = end.end()
    return None


def _fields(head: bytes) -> list[tuple[bytes, bytes]]:
    """The fields that are used, in order; `head` begins behind the status line."""
    found: list[tuple[bytes, list[bytes]]] = []
    lines: list[bytes] | None = None
    for line in _LINE_ENDS.split(head):
        if line.startswith((b" ", b"\t")):
            if lines is not None:
                lines.append(line.strip(_BLANKS))
            continue
        name, colon, value = line.partition(b":")
        name = name.rstrip(_BLANKS).lower()
        lines = [value.strip(_BLANKS)] if name and colon else None
        if lines is not None and (name in _USED or name in ROBOTS):
            found.append((name, lines))
    return [(name, b" ".join(lines).strip(_BLANKS)) for name, lines in found]


def _robots(values: list[tuple[bytes, bytes]]) -> str:
    """The fields that say how crawlers may use the page, each `name: value` once, in order."""
    lines = list(dict.fromkeys(b"%s: %s" % (name, value) for name, value in values if name in ROBOTS))
    room, kept = _MOST_ROBOTS, {}
    for line in sorted(lines, key=len):
        if room <= 0:
            break
        kept[line] = line[:room].strip()
        room -= len(line) + 1
    return b"\n".join(kept[line] for line in lines if line in kept).decode("ascii", "replace")
