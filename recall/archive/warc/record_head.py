"""The head of a record → its type, its length and the fields that are used: WARC 1.1 (ISO 28500), section 4, and ARC.

In: the bytes of a head. Out: a `RecordHead`. Field names, versions and record types mean the same in any case; white
space around values and folded lines are none of the value; of a repeated field the first line counts. Line feeds end
lines with or without a carriage return before them. Refuses, as BadHead, what leaves open where the record ends or
what it is.
"""

import re
from dataclasses import dataclass

MAX_WARC_HEAD = 64 << 10
MAX_ID = 500
"""Characters of a record's id that are kept."""

KINDS = frozenset(("warcinfo", "response", "resource", "request", "metadata", "revisit", "conversion", "continuation"))
"""Types of WARC 1.1, 5.5; records of other types are passed over, as it asks."""

_DIGITS = 18
"""Digits of a length without its leading zeros; more are no file's."""

_VERSION = re.compile(rb"(?i)WARC/(?:0\.1[78]|1\.\d+)[ \t]*")
_FOLD = re.compile(rb"\r?\n[ \t]+")
_ADDRESS = re.compile(rb"\d+\.\d+\.\d+\.\d+|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*|None")
_DATE = re.compile(rb"\d{10,}")
_WEB = re.compile(rb"(?i)https?:")


class BadHead(ValueError):
    """Why a head cannot be read, in words."""


@dataclass(frozen=True, slots=True)
class RecordFields:
    """The fields of a record's header that are used. length: of the block; truncated: why the crawler cut it.

    record_id: as it is written, in angle brackets; "" where it is longer than MAX_ID. detected: the type that the
    crawler took the body for (WARC-Identified-Payload-Type), in lower case.
    """

    length: int
    url: bytes | None
    content_type: bytes | None
    date: str
    truncated: str | None
    record_id: str = ""
    detected: bytes = b""


@dataclass(frozen=True, slots=True)
class RecordHead:
    """kind: the record's type in lower case; fields: what is used of the rest."""

    kind: str
    fields: RecordFields


def read_warc_head(head: bytes) -> RecordHead:
    """The head of a WARC record. Raises BadHead."""
    version, _, rest = head.partition(b"\n")
    if not _VERSION.fullmatch(version.rstrip(b"\r")):
        raise BadHead(f"a record's first line is {version[:40].decode('latin-1').strip()!r}, no known WARC version")
    values: dict[bytes, bytes] = {}
    for line in _FOLD.sub(b" ", rest).split(b"\n"):
        name, colon, value = line.partition(b":")
        name, value = name.strip().lower(), value.strip()
        if not colon:
            continue
        if name in (b"warc-type", b"content-length") and values.get(name, value).lower() != value.lower():
            raise BadHead(f"record header with two values of {name.decode()}")
        values.setdefault(name, value)
    if not values.get(b"warc-type"):
        raise BadHead("record header without a WARC-Type")
    length = read_length(values.get(b"content-length", b""))
    truncated = values.get(b"warc-truncated") or (b"segment" if values.get(b"warc-segment-number") else b"")
    fields = RecordFields(
        length,
        values.get(b"warc-target-uri"),
        values.get(b"content-type") or None,
        _text(values.get(b"warc-date", b"")),
        _text(truncated) or None,
        bounded_id(_text(values.get(b"warc-record-id", b""))),
        values.get(b"warc-identified-payload-type", b"").lower(),
    )
    return RecordHead(_text(values[b"warc-type"]).lower(), fields)


def read_arc_head(line: bytes) -> RecordHead:
    """The line before an ARC record: URL, address, date, type, in version 2 five fields more, length. Raises BadHead.

    URLs and types may hold spaces, as crawlers wrote them; the address and date tell them apart.
    """
    parts = line.strip(b"\r\n").split(b" ")
    if len(parts) < 5 or b":" not in parts[0]:
        raise BadHead(f"no ARC record header: {line[:40].decode('latin-1').strip()!r}")
    length = read_length(parts[-1])
    dated = (i for i in range(len(parts) - 2, 1, -1) if _DATE.match(parts[i]) and _ADDRESS.fullmatch(parts[i - 1]))
    at = next(dated, len(parts) - 3)
    url = b" ".join(parts[: at - 1])
    kind = "response" if _WEB.match(url) else "resource"
    return RecordHead(kind, RecordFields(length, url, None, _arc_date(parts[at]), None))


def bounded_id(value: str) -> str:
    """A WARC-Record-ID, `<urn:uuid:...>` (WARC 1.1, 5.2), "" where it is longer than MAX_ID."""
    return value if len(value) <= MAX_ID else ""


def read_length(value: bytes) -> int:
    """Content-Length = 1*DIGIT (WARC 1.1, 5.6). Raises BadHead."""
    if not value.isdigit():
        raise BadHead(f"record header without a valid Content-Length: {value[:40].decode('latin-1')!r}")
    digits = value.lstrip(b"0")
    if len(digits) > _DIGITS:
        raise BadHead(f"record header without a valid Content-Length: a number of {len(digits)} digits")
    return int(digits or b"0")


def _arc_date(stamp: bytes) -> str:
    """YYYYMMDDhhmmss as WARC-Date has it; "" where it is no date."""
    found = _DATE.match(stamp)
    if found is None:
        return ""
    digits = found[0][:14].ljust(14, b"0").decode()
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}T{digits[8:10]}:{digits[10:12]}:{digits[12:]}Z"


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
