"""When a page was fetched: dates of WARC and ARC records as seconds since 1970, the same on every machine.

In: the text of a WARC-Date, or of an ARC file's date. Out: seconds in UTC, or None for what is no date. WARC 1.1
(section 5.4) takes W3C's profile of ISO 8601, in UTC, from years to fractions of a second; ARC has 14 digits. A time
without a zone is UTC. Beyond the standards are read what crawlers write: lower case `t` and `z` and a space for the `T`
(RFC 3339, section 5.6), a comma before the fraction (ISO 8601), an offset without its colon.
"""

import re
from datetime import UTC, datetime, timedelta

_W3C = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,][0-9]+)?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?)?)?)?"
)
_ARC = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})()")
_CRAWL = re.compile(r"CC-MAIN-([0-9]{4})-([0-9]{2})$")
LONGEST = 64
"""Characters of a date; one with nanoseconds and an offset has 35."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LEAP_SECOND = 60


def seconds_of(date: str) -> int | None:
    """A date as whole seconds since 1970 in UTC, None for what is no date.

    A date without a month, day or time is its first second. A leap second is the second after it, as POSIX counts.
    """
    text = date[: LONGEST + 2].strip()
    found = (_W3C.fullmatch(text) or _ARC.fullmatch(text)) if len(text) <= LONGEST else None
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(found[part] or part in (2, 3)) for part in range(1, 7))
    leap = int(second == LEAP_SECOND)
    try:
        moment = datetime(year, month, day, hour, minute, second - leap, tzinfo=UTC)
    except ValueError:
        return None
    offset = _offset_of(found[7] or "Z")
    return None if offset is None else (moment - EPOCH) // timedelta(seconds=1) + leap - offset


def time_of(fetched: str, crawl: str) -> int:
    """When a page was fetched, in seconds since 1970: the date of its record, else its crawl's week, else 0."""
    seconds = seconds_of(fetched)
    if seconds is not None:
        return seconds
    named = _CRAWL.search(crawl)
    if named is None or int(named[1]) < 1 or not 1 <= int(named[2]) <= 52:
        return 0
    return int(datetime.fromisocalendar(int(named[1]), int(named[2]), 1).replace(tzinfo=UTC).timestamp())


def _offset_of(zone: str) -> int | None:
    """Seconds by which a zone is ahead of UTC; None for one of more than 23 hours or 59 minutes."""
    if zone in {"Z", "z"}:
        return 0
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > 23 or minutes > 59:
        return None
    return (-1 if zone[0] == "-" else 1) * (3600 * hours + 60 * minutes)
