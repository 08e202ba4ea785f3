"""A portion's pages, in order, or why an input has none.

In: a portion. Out: an outcome for each page and for each input without one. An archive that is not whole raises
ShardFailed, as in a scan; a file or a listed page that cannot be read is an outcome of its own, and the others go on.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from recall.apply.page_lists import captures_of
from recall.apply.portions import ArchivePortion, FilePortion, InputFile, ListPortion, Lookup, Portion
from recall.archive.corpora import LINES, MADE_UP, MAX_TEXT, content_columns, texts
from recall.archive.manifest import join
from recall.archive.ranges import coalesce, read_records
from recall.archive.shards import is_text, read_shard
from recall.archive.warc import outcome_in, read_at
from recall.archive.warc.reader import MAX_RECORD
from recall.config import AccessSection
from recall.errors import ShardCorrupt, ShardFailed
from recall.io import open_stream
from recall.records import Capture, Skip, WarcRef


@dataclass(frozen=True, slots=True)
class PageOutcome:
    """A page of an input, or why there is none.

    order: within the portion; path, asked: of the file, and the URL that a list has for it; text: it shows bare text;
    skip: why it is no page; failure: what kept it from being read.
    """

    order: int
    path: str
    page: Capture | None = None
    asked: str = ""
    text: bool = False
    skip: str = ""
    failure: str = ""

    @property
    def url(self) -> str:
        """The page's, "" where it is not known."""
        if self.page is None or self.page.url.startswith(MADE_UP):
            return self.asked
        return self.page.url

    @property
    def weight(self) -> int:
        """Bytes of its body."""
        return 0 if self.page is None else len(self.page.body)


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page to be answered. url: "" where it is not known; text: it shows bare text, with thresholds of its own."""

    page: Capture
    url: str
    text: bool


Answer = Mapping[str, Any]
"""What is said of a page, by column."""


@dataclass(frozen=True, slots=True)
class Unread:
    """What kept a listed page from being read, in words."""

    reason: str


def read_portion(portion: Portion, access: AccessSection) -> Iterator[PageOutcome]:
    """Outcomes of a portion; those of a list in the order of the files, each with its number in the list.

    Raises ShardFailed for an archive that is not whole, or a URL index that cannot be read.
    """
    if isinstance(portion, ArchivePortion):
        return _archived(portion, access)
    if isinstance(portion, FilePortion):
        return (_file(number, file, access) for number, file in enumerate(portion.files))
    return _listed(portion, access)


def _outcome(order: int, path: str, found: Capture | Skip, *, asked: str = "", text: bool = False) -> PageOutcome:
    if isinstance(found, Skip):
        return PageOutcome(order, path, asked=asked, skip=found.value)
    return PageOutcome(order, path, found, asked, text)


def _archived(portion: ArchivePortion, access: AccessSection) -> Iterator[PageOutcome]:
    shard, text = portion.shard, is_text(portion.shard.url)
    outcomes: Iterable[Capture | Skip]
    if shard.url.endswith((".parquet", *LINES)):
        columns, html = content_columns(shard.url, access, portion.columns)
        named = portion.columns[0] is not None
        outcomes = texts(shard.url, access, shard.path, columns, html=html, urls_needed=named)
        text = not html
    else:
        outcomes = read_shard(shard, access)
    for order, found in enumerate(outcomes):
        yield _outcome(order, shard.path, found, text=text)


def _file(order: int, file: InputFile, access: AccessSection) -> PageOutcome:
    if file.skip:
        return PageOutcome(order, file.name, skip=file.skip)
    try:
        with open_stream(file.url, access) as stream:
            body = b""
            while len(body) <= MAX_TEXT and (piece := stream.read(MAX_TEXT + 1 - len(body))):
                body += piece
    except ShardFailed as error:
        return PageOutcome(order, file.name, failure=str(error))
    if not body or body.isspace():
        return PageOutcome(order, file.name, skip=Skip.EMPTY.value)
    if len(body) > MAX_TEXT:
        return PageOutcome(order, file.name, skip=Skip.TOO_LARGE.value)
    return PageOutcome(order, file.name, Capture(WarcRef(file.name, 0, 0), "", body, None, ""))


def _listed(portion: ListPortion, access: AccessSection) -> Iterator[PageOutcome]:
    lookup = portion.lookup
    urls = list(dict.fromkeys(row.url for row in portion.rows if row.ref is None))
    captured = captures_of(urls, lookup.index, lookup.crawls, access) if urls else {}
    wanted: dict[WarcRef, list[int]] = {}
    for order, row in enumerate(portion.rows):
        where = captured[row.url] if row.ref is None else row.ref
        if isinstance(where, Skip):
            yield PageOutcome(order, "", asked=row.url, skip=where.value)
        else:
            wanted.setdefault(where, []).append(order)
    for ref, found in _read_refs(wanted, lookup, access):
        for order in wanted[ref]:
            asked = portion.rows[order].url
            if isinstance(found, Unread):
                yield PageOutcome(order, ref.path, asked=asked, failure=found.reason)
            else:
                yield _outcome(order, ref.path, found, asked=asked)


def _read_refs(
    wanted: Mapping[WarcRef, object], lookup: Lookup, access: AccessSection
) -> Iterator[tuple[WarcRef, Capture | Skip | Unread]]:
    """Each reference with its page, or, in words, why it cannot be read. Those near each other in one request."""
    for ref in sorted(wanted):
        if not 0 < ref.length <= MAX_RECORD:
            yield ref, _read_alone(ref, lookup, access)
    for group in coalesce(ref for ref in wanted if 0 < ref.length <= MAX_RECORD):
        try:
            records = list(read_records(group, lambda path: join(lookup.base, path), access))
        except ShardFailed as error:
            if len(group) == 1:
                yield group[0], Unread(str(error))
                continue
            yield from ((ref, _read_alone(ref, lookup, access)) for ref in group)  # one of them lies beyond the end
        else:
            for ref, data in records:
                yield ref, _parsed(data, ref)


def _parsed(data: bytes, ref: WarcRef) -> Capture | Skip | Unread:
    try:
        return outcome_in(data, ref)
    except ShardCorrupt as error:
        return Unread(str(error))


def _read_alone(ref: WarcRef, lookup: Lookup, access: AccessSection) -> Capture | Unread:
    try:
        return read_at(ref, join(lookup.base, ref.path), access)
    except ShardFailed as error:
        return Unread(str(error))
