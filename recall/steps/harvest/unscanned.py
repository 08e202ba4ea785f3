"""Pages under accepted prefixes that no scanned shard holds: found in the columnar index, read by byte range, checked.

In: index files, each looked through by one task; WARC files, in tasks of bounded size. References that lie near each
other are read with one request; a file of which so much is wanted that single ranges cost more than all of it is read
from end to end. A page counts only if the record at its place has the URL and the payload digest that the index gives:
WARC-Payload-Digest, the base32 of a SHA-1 (WARC 1.1, 5.9). What does not is listed with its reason.
"""

import base64
import hashlib
import heapq
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from recall.archive.index import IndexRow, part_refs
from recall.archive.ranges import GAP, coalesce
from recall.archive.warc import outcome_in, responses
from recall.config import Config
from recall.errors import ShardCorrupt, ShardUnreadable
from recall.io import read_range, size
from recall.page.text import scoring_text
from recall.records import Capture, Skip, WarcRef
from recall.run.round_model import load_scorer
from recall.run.sampling import priority
from recall.run.store import Store
from recall.sites.holdout import Holdout
from recall.sites.prefixes import PrefixSet

HTML = frozenset({"", "text/html", "application/xhtml+xml"})
TASK_BYTES = 64 << 20
TASK_REQUESTS = 64
DENSE = 16
"""From so many ranges on a file's size is asked for, to see whether the whole of it is cheaper."""

OTHER_URL = "another URL than in the index"
OTHER_DIGEST = "another digest than in the index"
NO_RECORD = "no whole record at its place"
UNREADABLE = "WARC unreadable"
BROKEN = frozenset({NO_RECORD, UNREADABLE})
"""Reasons that are the file's fault: another copy of it may give the page."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """What looking through an index file needs. scanned: paths of WARC files whose pages are known."""

    config: Config
    prefixes: PrefixSet
    holdout: Holdout
    known: frozenset[str] = field(repr=False)
    scanned: frozenset[str] = field(repr=False)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A page to be read: where the index says that it lies. priority: the lowest are taken."""

    priority: int
    url: str
    ref: WarcRef
    prefix: str
    digest: str


def look_up(lookup: Lookup, url: str) -> tuple[int, list[Place]]:
    """Count an index file's pages under the prefixes, and return those that per_prefix admits."""
    found: dict[str, dict[str, Place]] = defaultdict(dict)
    for row in part_refs(url, sorted(lookup.prefixes), lookup.config.access):
        prefix = _prefix_of(lookup, row)
        if prefix is None:
            continue
        place = Place(priority(lookup.config.run.seed, row.url), row.url, row.ref, prefix, row.digest)
        before = found[prefix].get(row.url)
        if before is None or place.ref < before.ref:
            found[prefix][row.url] = place
    limit = lookup.config.harvest.per_prefix
    return sum(map(len, found.values())), [
        place for places in found.values() for place in heapq.nsmallest(limit, places.values())
    ]


def _prefix_of(lookup: Lookup, row: IndexRow) -> str | None:
    if row.status != 200 or row.mime not in HTML or row.ref.path in lookup.scanned:
        return None
    if row.url in lookup.known or lookup.holdout.covers(row.url):
        return None
    return lookup.prefixes.match(row.url)


def choose(places: Iterable[Place], per_prefix: int, limit: int) -> list[Place]:
    """The places of lowest priority: so many of each prefix, and of all together; of a URL the first capture."""
    by_prefix: dict[str, dict[str, Place]] = defaultdict(dict)
    for place in sorted(places, key=lambda one: one.ref):
        by_prefix[place.prefix].setdefault(place.url, place)
    admitted = [one for found in by_prefix.values() for one in heapq.nsmallest(per_prefix, found.values())]
    return heapq.nsmallest(limit, admitted)


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading places needs. base: where WARC paths lie; model, digest: of the round's model."""

    store: Store
    config: Config
    base: str
    model: str
    digest: str


@dataclass(frozen=True, slots=True)
class Portion:
    """Places that one task reads. path: of the first WARC among them, which names the task."""

    number: int
    path: str
    places: tuple[Place, ...] = field(repr=False)


def portions(places: Iterable[Place]) -> list[Portion]:
    """Places in tasks of at most TASK_BYTES and TASK_REQUESTS, except that the places of one WARC stay together."""
    files: dict[str, list[Place]] = defaultdict(list)
    for place in places:
        files[place.ref.path].append(place)
    cut: list[list[Place]] = [[]]
    bytes_, requests = 0, 0
    for path in sorted(files):
        groups = coalesce(one.ref for one in files[path])
        more = sum(map(_length, groups))
        if cut[-1] and (bytes_ + more > TASK_BYTES or requests + len(groups) > TASK_REQUESTS):
            cut.append([])
            bytes_, requests = 0, 0
        cut[-1] += sorted(files[path], key=lambda one: one.ref)
        bytes_, requests = bytes_ + more, requests + len(groups)
    return [Portion(number, one[0].ref.path, tuple(one)) for number, one in enumerate(cut) if one]


def _length(group: Sequence[WarcRef]) -> int:
    return max(ref.offset + ref.length for ref in group) - group[0].offset


Read = tuple[Place, str, float]
"""A page that was read: its place, its scoring text, its score by the round's model."""


@dataclass(frozen=True, slots=True)
class Portioned:
    """What a portion gave. failed: places that gave no page, and why; unread: a line for each WARC not whole."""

    pages: list[Read] = field(default_factory=list)
    failed: list[tuple[Place, str]] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def read_places(reading: Reading, portion: Portion) -> Portioned:
    """Read a portion's pages: those that are what the index says, and the others with the reason."""
    files: dict[str, dict[WarcRef, Place]] = defaultdict(dict)
    for place in portion.places:
        files[place.ref.path][place.ref] = place
    pages: list[tuple[Place, Capture]] = []
    failed: list[tuple[Place, str]] = []
    unread: list[str] = []
    for path, wanted in files.items():
        try:
            outcomes = list(_outcomes(reading, path, wanted))
            pages += [(wanted[ref], one) for ref, one in outcomes if isinstance(one, Capture)]
            failed += [(wanted[ref], one) for ref, one in outcomes if not isinstance(one, Capture)]
            if broken := sum(one == NO_RECORD for _, one in outcomes):
                unread.append(f"{reading.base}{path}: {broken} of {len(wanted)} records are not whole")
        except ShardUnreadable as error:
            failed += [(place, UNREADABLE) for place in wanted.values()]
            unread.append(str(error))
    texts = [scoring_text(page.body, page.charset, page.url) for _, page in pages]
    scores = load_scorer(reading.store, reading.model, reading.digest).score(texts).tolist() if texts else []
    read = [(place, text, score) for (place, _), text, score in zip(pages, texts, scores, strict=True)]
    return Portioned(read, failed, unread)


def _outcomes(reading: Reading, path: str, wanted: Mapping[WarcRef, Place]) -> Iterator[tuple[WarcRef, Capture | str]]:
    """Each wanted page of a WARC, or why it is none."""
    url, access = f"{reading.base}{path}", reading.config.access
    groups = coalesce(wanted)
    left = dict(wanted)
    if len(groups) >= DENSE and _whole_is_cheaper(groups, size(url, access)):
        try:
            for outcome in responses(url, access, path):
                if isinstance(outcome, Capture) and outcome.ref in left and matches(outcome, left[outcome.ref], b""):
                    yield outcome.ref, outcome
                    del left[outcome.ref]
        except ShardCorrupt:
            pass  # the damage may lie beside the pages: ask for the others one by one
    for group in coalesce(left):
        start = group[0].offset
        data = read_range(url, start, _length(group), access)
        for ref in group:
            yield ref, check(data[ref.offset - start : ref.offset - start + ref.length], left[ref])


def _whole_is_cheaper(groups: Sequence[Sequence[WarcRef]], bytes_: int | None) -> bool:
    """A request costs what GAP bytes cost, by the same reckoning as `coalesce`."""
    return bytes_ is not None and sum(map(_length, groups)) + len(groups) * GAP >= bytes_


def check(data: bytes, place: Place) -> Capture | str:
    """The page in the bytes of a record, if it is what the index says; else why it is not."""
    try:
        outcome = outcome_in(data, place.ref)
    except ShardCorrupt:
        return NO_RECORD
    if isinstance(outcome, Skip):
        return outcome.value
    if outcome.url != place.url:
        return OTHER_URL
    return outcome if matches(outcome, place, data) else OTHER_DIGEST


def matches(capture: Capture, place: Place, data: bytes) -> bool:
    """Tell whether a page has the index's digest, of its body as decoded or as stored. data: its record."""
    if not place.digest:
        return capture.url == place.url
    wanted = place.digest.removeprefix("sha1:")
    return capture.url == place.url and wanted in (_sha1(capture.body), _sha1(_stored(data)))


def _sha1(data: bytes) -> str:
    return base64.b32encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()


def _stored(data: bytes) -> bytes:
    """The HTTP payload of a record as it is stored, encodings and all."""
    if data.startswith(b"\x1f\x8b"):
        data = zlib.decompressobj(31).decompress(data, TASK_BYTES)
    block = data.partition(b"\r\n\r\n")[2]
    return block.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n\r\n")
