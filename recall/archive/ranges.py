"""References → captures, many at a time: references near each other in a file are read with one request.

In: references and how a path is read. Out: captures, or stored bytes, sorted by path and offset. Refuses, as
ShardCorrupt, a reference that does not cover exactly one record.
"""

from collections.abc import Callable, Collection, Iterable, Iterator

from recall.archive.warc import capture_in, outcome_in
from recall.config import AccessSection
from recall.errors import ShardCorrupt
from recall.io import read_range
from recall.records import BodyKind, Capture, Skip, WarcRef

GAP = 1 << 20
LONGEST = 64 << 20
RECOMPRESS = "recompress the file record by record"

_ANYONE = AccessSection()


def coalesce(refs: Iterable[WarcRef], gap: int = GAP, limit: int = LONGEST) -> list[list[WarcRef]]:
    """Sort references and group those that one request reads: gaps of at most `gap`, `limit` bytes in all."""
    groups: list[list[WarcRef]] = []
    end = 0
    for ref in sorted(refs):
        group = groups[-1] if groups else []
        near = bool(group) and group[0].path == ref.path and ref.offset - end <= gap
        if near and max(end, ref.offset + ref.length) - group[0].offset <= limit:
            group.append(ref)
            end = max(end, ref.offset + ref.length)
        else:
            groups.append([ref])
            end = ref.offset + ref.length
    return groups


def read_many(
    refs: Iterable[WarcRef],
    url_of: Callable[[str], str] = str,
    access: AccessSection = _ANYONE,
    types: Collection[BodyKind] = (),
) -> Iterator[Capture]:
    """The captures of many references, sorted by path and offset. url_of: gives the URL of a path.

    types: kinds of pages beside HTML. Raises ShardCorrupt when a record is not a page, ShardUnreadable when its bytes
    cannot be fetched.
    """
    return (capture_in(data, ref, types) for ref, data in read_records(refs, url_of, access))


def read_outcomes(
    refs: Iterable[WarcRef], url_of: Callable[[str], str] = str, access: AccessSection = _ANYONE
) -> Iterator[tuple[WarcRef, Capture | Skip]]:
    """As `read_many`, with the Skip where a record is no page."""
    return ((ref, outcome_in(data, ref)) for ref, data in read_records(refs, url_of, access))


def read_records(
    refs: Iterable[WarcRef], url_of: Callable[[str], str] = str, access: AccessSection = _ANYONE
) -> Iterator[tuple[WarcRef, bytes]]:
    """The stored bytes of many records, sorted by path and offset. Raises ShardUnreadable as `read_many`.

    Raises ShardCorrupt for a record that shares its gzip member with others: it has no bytes of its own.
    """
    refs = list(refs)
    if shared := [ref for ref in refs if ref.length < 0]:
        where = f"{url_of(min(shared).path)}: byte {min(shared).offset}"
        raise ShardCorrupt(f"{where}: its records share a gzip member and have no bytes of their own; {RECOMPRESS}")
    for group in coalesce(refs):
        start = group[0].offset
        end = max(ref.offset + ref.length for ref in group)
        data = read_range(url_of(group[0].path), start, end - start, access)
        for ref in group:
            yield ref, data[ref.offset - start : ref.offset - start + ref.length]
