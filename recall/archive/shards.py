"""The pages of a shard, whatever its kind: a WARC, Common Crawl's text of one (WET), or a text corpus.

In: a shard, whose name tells its kind, or references into it. Out: captures and skips; a text becomes a page that shows
just the text. Raises ShardFailed for a shard that is not whole.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace

from recall.archive.corpora import LINES, WET, read_texts, texts, wet_of
from recall.archive.ranges import read_many
from recall.archive.warc import conversions, responses
from recall.config import AccessSection
from recall.errors import BadInput, ShardCorrupt
from recall.records import OTHER_BODIES, BodyKind, Capture, Shard, Skip, WarcRef

TEXT_KINDS = (".parquet", *LINES, *WET)


def is_text(url: str) -> bool:
    """True for shards of text that others extracted."""
    return url.endswith(TEXT_KINDS)


def read_shard(shard: Shard, access: AccessSection, types: Collection[BodyKind] = ()) -> Iterator[Capture | Skip]:
    """Every page of a shard in file order, or why a record is none. types: kinds of pages of a WARC beside HTML.

    Raises ShardFailed when it is not whole.
    """
    if is_text(shard.url):
        outcomes = texts(shard.url, access, shard.path, shard.columns)
        return _checked(outcomes, shard, access) if shard.url.endswith(WET) else outcomes
    return _checked(responses(shard.url, access, shard.path, types), shard, access)


def _checked(outcomes: Iterator[Capture | Skip], shard: Shard, access: AccessSection) -> Iterator[Capture | Skip]:
    """The outcomes of a WARC or WET file; ShardCorrupt where there is none and the other reading of it has some."""
    empty = True
    for outcome in outcomes:
        empty = False
        yield outcome
    if not empty:
        return
    wet = shard.url.endswith(WET)
    others = responses(shard.url, access) if wet else conversions(shard.url, access)
    if next(others, None) is not None:
        held = "responses and no text" if wet else "texts of pages and no response"
        raise ShardCorrupt(
            f"{shard.url}: holds {held}; names of WET files, and of no others, end in {' or '.join(WET)}"
        )


def read_again(shard: Shard, refs: Collection[WarcRef], access: AccessSection) -> Iterator[Capture]:
    """The pages of some references into a shard, of any kind. Raises ShardFailed when one does not read any more."""
    if any(ref.length < 0 for ref in refs):
        return _read_from_start(shard, refs, access)
    if is_text(shard.url):
        return read_texts(refs, shard.url, access, shard.columns)
    return read_many(refs, lambda _path: shard.url, access, OTHER_BODIES)


def _read_from_start(shard: Shard, refs: Collection[WarcRef], access: AccessSection) -> Iterator[Capture]:
    """The same where records share gzip members, as in a file that was compressed whole: all of it is read."""
    wanted = set(refs)
    for capture in read_shard(shard, access, OTHER_BODIES):
        if isinstance(capture, Capture) and capture.ref in wanted:
            wanted.remove(capture.ref)
            yield capture
        if not wanted:
            return
    raise ShardCorrupt(f"{shard.url}: byte {min(wanted).offset}: no page lies here any more")


def read_wet(shard: Shard, index: str, access: AccessSection) -> Iterator[Capture | Skip]:
    """Common Crawl's text of a WARC's pages, each with the reference of its response, found in the URL index.

    What only one of the two has is a Skip: NOT_INDEXED, or NO_WET for a response of status 200 without a text.

    Raises BadInput when there is no index or no WET file, ShardFailed when either cannot be read to its end.
    """
    if not index:
        raise BadInput('[crawl] index: [scan] input = "wet" needs the URL index to find pages in the WARC')
    from recall.archive.index import shard_refs  # noqa: PLC0415 - other scans need no duckdb

    by_url: dict[str, list[WarcRef]] = {}
    for row in shard_refs(index, shard.crawl, shard.path, access):
        if row.status == 200:
            by_url.setdefault(row.url, []).append(row.ref)
    for outcome in texts(wet_of(shard.url), access, wet_of(shard.path)):
        if isinstance(outcome, Skip):
            yield outcome
        elif unread := by_url.get(outcome.url):
            yield replace(outcome, ref=unread.pop(0))
        else:
            yield Skip.NOT_INDEXED
    for left in by_url.values():
        yield from (Skip.NO_WET for _ in left)
