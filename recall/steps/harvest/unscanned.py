"""Pages under accepted prefixes that no scanned shard holds: found in the columnar index, read by byte range, checked.

In: index files, each looked through by one task; WARC files, in tasks of bounded size. References that lie near each
other are read with one request; a file of which so much is wanted that single ranges cost more than all of it is read
from end to end. A page counts only if the record at its byte range has the URL and the payload digest that the index
gives: WARC-Payload-Digest, the base32 of a SHA-1 (WARC 1.1, 5.9). Other pages are listed with their reason.
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
from recall.sites.urls import url_key

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
class LookupContext:
    """Context of `find_indexed`. scanned: paths of WARC files that were scanned; known: URL keys never harvested."""

    config: Config
    prefixes: PrefixSet
    holdout: Holdout
    known: frozenset[str] = field(repr=False)
    scanned: frozenset[str] = field(repr=False)


@dataclass(frozen=True, slots=True, order=True)
class IndexedPage:
    """A page to be read, as the index lists a capture of it. priority: the lowest are taken; time: as in IndexRow."""

    priority: int
    url: str
    ref: WarcRef
    prefix: str
    digest: str
    time: int = 0


def _age(page: IndexedPage) -> tuple[int, WarcRef]:
    """Of a page's captures the lowest stands for it: the newest, of equally old ones the first."""
    return -page.time, page.ref


def find_indexed(lookup: LookupContext, url: str) -> tuple[int, list[IndexedPage]]:
    """Count an index file's pages under the prefixes, and return a sample of per_prefix pages of each."""
    found: dict[str, dict[str, IndexedPage]] = defaultdict(dict)
    for row in part_refs(url, sorted(lookup.prefixes), lookup.config.access):
        prefix = _prefix_of(lookup, row)
        if prefix is None:
            continue
        page = IndexedPage(priority(lookup.config.run.seed, row.url), row.url, row.ref, prefix, row.digest, row.time)
        key = url_key(row.url)
        before = found[prefix].get(key)
        if before is None or _age(page) < _age(before):
            found[prefix][key] = page
    limit = lookup.config.harvest.per_prefix
    return sum(map(len, found.values())), [
        page for pages in found.values() for page in heapq.nsmallest(limit, pages.values())
    ]


def _prefix_of(lookup: LookupContext, row: IndexRow) -> str | None:
    if row.status != 200 or row.mime not in HTML or row.ref.path in lookup.scanned:
        return None
    if url_key(row.url) in lookup.known or lookup.holdout.covers(row.url):
        return None
    return lookup.prefixes.match(row.url)


def choose(pages: Iterable[IndexedPage], per_prefix: int, limit: int) -> list[IndexedPage]:
    """The pages of lowest priority: per_prefix of each prefix, `limit` of all; of a page the newest capture."""
    by_prefix: dict[str, dict[str, IndexedPage]] = defaultdict(dict)
    for page in sorted(pages, key=_age):
        by_prefix[page.prefix].setdefault(url_key(page.url), page)
    sampled = [page for found in by_prefix.values() for page in heapq.nsmallest(per_prefix, found.values())]
    return heapq.nsmallest(limit, sampled)


@dataclass(frozen=True, slots=True)
class ReadContext:
    """Context of `read_indexed_pages`. base: of the URLs of WARC paths; model, digest: of the round's model."""

    store: Store
    config: Config
    base: str
    model: str
    digest: str


@dataclass(frozen=True, slots=True)
class ReadTask:
    """Pages that one task reads. path: of the first WARC among them, which names the task."""

    number: int
    path: str
    pages: tuple[IndexedPage, ...] = field(repr=False)


def group_reads(pages: Iterable[IndexedPage]) -> list[ReadTask]:
    """Pages in tasks of at most TASK_BYTES and TASK_REQUESTS, except that the pages of one WARC stay together."""
    files: dict[str, list[IndexedPage]] = defaultdict(list)
    for page in pages:
        files[page.ref.path].append(page)
    cut: list[list[IndexedPage]] = [[]]
    bytes_, requests = 0, 0
    for path in sorted(files):
        groups = coalesce(page.ref for page in files[path])
        more = sum(map(_length, groups))
        if cut[-1] and (bytes_ + more > TASK_BYTES or requests + len(groups) > TASK_REQUESTS):
            cut.append([])
            bytes_, requests = 0, 0
        cut[-1] += sorted(files[path], key=lambda page: page.ref)
        bytes_, requests = bytes_ + more, requests + len(groups)
    return [ReadTask(number, group[0].ref.path, tuple(group)) for number, group in enumerate(cut) if group]


def _length(group: Sequence[WarcRef]) -> int:
    return max(ref.offset + ref.length for ref in group) - group[0].offset


ReadPage = tuple[IndexedPage, str, float, str]
"""A page that was read, its scoring text, its score and topic by the round's model; "" where it has one topic."""


@dataclass(frozen=True, slots=True)
class ReadResult:
    """The pages of a task. failed: those that could not be read, and why; unread: a line for each broken WARC."""

    pages: list[ReadPage] = field(default_factory=list)
    failed: list[tuple[IndexedPage, str]] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def read_indexed_pages(reading: ReadContext, task: ReadTask) -> ReadResult:
    """Read a task's pages: those that are what the index says, and the others with the reason."""
    files: dict[str, dict[WarcRef, IndexedPage]] = defaultdict(dict)
    for page in task.pages:
        files[page.ref.path][page.ref] = page
    pages: list[tuple[IndexedPage, Capture]] = []
    failed: list[tuple[IndexedPage, str]] = []
    unread: list[str] = []
    for path, wanted in files.items():
        try:
            outcomes = list(_outcomes(reading, path, wanted))
            pages += [(wanted[ref], outcome) for ref, outcome in outcomes if isinstance(outcome, Capture)]
            failed += [(wanted[ref], outcome) for ref, outcome in outcomes if not isinstance(outcome, Capture)]
            if broken := sum(outcome == NO_RECORD for _, outcome in outcomes):
                unread.append(f"{reading.base}{path}: {broken} of {len(wanted)} records are not whole")
        except ShardUnreadable as error:
            failed += [(page, UNREADABLE) for page in wanted.values()]
            unread.append(str(error))
    texts = [scoring_text(page.body, page.charset, page.url) for _, page in pages]
    return ReadResult(_scored(reading, [page for page, _ in pages], texts), failed, unread)


def _scored(reading: ReadContext, pages: Sequence[IndexedPage], texts: Sequence[str]) -> list[ReadPage]:
    if not texts:
        return []
    scorer = load_scorer(reading.store, reading.model, reading.digest)
    scores, topics = scorer.score_topics(scorer.tokenizer.lines(texts))
    named = topics if reading.config.train.topics else [""] * len(texts)
    return list(zip(pages, texts, scores.tolist(), named, strict=True))


def _outcomes(
    reading: ReadContext, path: str, wanted: Mapping[WarcRef, IndexedPage]
) -> Iterator[tuple[WarcRef, Capture | str]]:
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


def check(data: bytes, page: IndexedPage) -> Capture | str:
    """The page in the bytes of a record, if it is what the index says; else why it is not."""
    try:
        outcome = outcome_in(data, page.ref)
    except ShardCorrupt:
        return NO_RECORD
    if isinstance(outcome, Skip):
        return outcome.value
    if outcome.url != page.url:
        return OTHER_URL
    return outcome if matches(outcome, page, data) else OTHER_DIGEST


def matches(capture: Capture, page: IndexedPage, data: bytes) -> bool:
    """Tell whether a page has the index's digest, of its body as decoded or as stored. data: its record."""
    if not page.digest:
        return capture.url == page.url
    wanted = page.digest.removeprefix("sha1:")
    return capture.url == page.url and wanted in (_sha1(capture.body), _sha1(_stored(data)))


def _sha1(data: bytes) -> str:
    return base64.b32encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()


def _stored(data: bytes) -> bytes:
    """The HTTP payload of a record as it is stored, encodings and all."""
    if data.startswith(b"\x1f\x8b"):
        data = zlib.decompressobj(31).decompress(data, TASK_BYTES)
    block = data.partition(b"\r\n\r\n")[2]
    return block.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n\r\n")
