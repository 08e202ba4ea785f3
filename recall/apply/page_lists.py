"""Lists of pages: URLs, or rows of a URL index → where each page lies.

In: a file with a URL a line, or `path offset length` a line, or rows (.csv, .tsv, .jsonl, .parquet) with the index's
columns (`warc_filename`, `warc_record_offset`, `warc_record_length`; `path`, `offset`, `length` are read too) or with
`url`. Out: its rows in order. URLs are looked up in the crawls' URL index: of several captures the newest that was
answered with 200 counts. Refuses, with file and line, a row that says neither.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recall.archive.warc import clean_url
from recall.config import AccessSection
from recall.errors import BadInput, printable
from recall.io import json_lines, read_all, text_lines
from recall.io.parquet import ParquetReader
from recall.records import Skip, WarcRef
from recall.sites.urls import url_key

PATHS = ("warc_filename", "path", "warc_path", "filename")
OFFSETS = ("warc_record_offset", "offset")
LENGTHS = ("warc_record_length", "length")
URLS = ("url",)
_SHOWN = 120
_LARGEST = 1 << 62


@dataclass(frozen=True, slots=True)
class ListedPage:
    """A row of a list: where the page lies, or, without ref, only its URL."""

    url: str
    ref: WarcRef | None = None

    @property
    def name(self) -> str:
        """As the account of inputs names it."""
        return f"{self.ref.path} {self.ref.offset} {self.ref.length}" if self.ref else self.url


def read_list(source: str, access: AccessSection) -> list[ListedPage]:
    """The rows of a list, in order. Raises BadInput as the module says, ShardUnreadable where it cannot be fetched."""
    if source.endswith(".parquet"):
        return list(_parquet_rows(source, access))
    data = read_all(source, access)
    if source.endswith((".jsonl", ".jsonl.gz", ".jsonl.zst", ".ndjson")):
        return [_row(row, f"{source}:{number}") for number, row in json_lines(data, source)]
    lines = text_lines(data, source)
    if source.endswith((".csv", ".csv.gz", ".tsv", ".tsv.gz")):
        rows = csv.DictReader(lines, delimiter="\t" if ".tsv" in source else ",")
        try:
            return [_row(row, f"{source}:{rows.line_num}") for row in rows]
        except csv.Error as error:
            raise BadInput(f"{source}:{rows.line_num + 1}: {error}") from None
    return [
        _line(line, f"{source}:{number}")
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.startswith("#")
    ]


def _line(line: str, where: str) -> ListedPage:
    words = line.split()
    if len(words) == 3 and words[1].isdigit():
        return _row(dict(zip((PATHS[0], OFFSETS[0], LENGTHS[0]), words, strict=True)), where)
    if len(words) == 1:
        return ListedPage(words[0])
    raise BadInput(f"{where}: neither a URL nor `path offset length`: {printable(line, _SHOWN)}")


def _parquet_rows(source: str, access: AccessSection) -> Iterator[ListedPage]:
    parquet = ParquetReader(source, access)
    wanted = [name for name in parquet.names if name in {*PATHS, *OFFSETS, *LENGTHS, *URLS}]
    number = 0
    for table in parquet.batches(wanted):
        for row in table.to_pylist():
            number += 1
            yield _row(row, f"{source}: row {number}")


def _row(row: Mapping[str, Any], where: str) -> ListedPage:
    path, offset, length, url = (_first(row, names) for names in (PATHS, OFFSETS, LENGTHS, URLS))
    if path is not None and offset is not None and length is not None:
        try:
            ref = WarcRef(str(path), int(offset), int(length))
        except (TypeError, ValueError, OverflowError):
            ref = WarcRef("", -1, 0)
        if not ref.path or not 0 <= ref.offset < _LARGEST or not -_LARGEST < ref.length < _LARGEST or not ref.length:
            raise BadInput(f"{where}: no byte range: {printable(f'{path} {offset} {length}', _SHOWN)}")
        return ListedPage(url if isinstance(url, str) else "", ref)
    if isinstance(url, str) and url.strip():
        return ListedPage(url.strip())
    raise BadInput(f"{where}: has neither {PATHS[0]}, {OFFSETS[0]} and {LENGTHS[0]} nor {URLS[0]}")


def _first(row: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((row[name] for name in names if row.get(name) not in (None, "")), None)


def captures_of(
    urls: Sequence[str], index: str, crawls: Sequence[str], access: AccessSection
) -> Mapping[str, WarcRef | Skip]:
    """For each URL its newest capture of status 200 in any of the crawls, or why there is none.

    Captures with the URL as it is given go before those with another spelling, such as http for https.
    Raises BadInput without a crawl, ShardUnreadable or ShardCorrupt where the index cannot be read.
    """
    from recall.archive.index import IndexRow, url_refs  # noqa: PLC0415 - other inputs need no duckdb

    if not crawls:
        raise BadInput("--list: has URLs without byte ranges; give --crawl ID, the crawl to look them up in")
    sound = [url for url in urls if clean_url(url.encode("utf-8", "replace")) is not None]
    captured: dict[str, list[tuple[int, int, IndexRow]]] = {}
    for order, crawl in enumerate(crawls):
        for row in url_refs(index, crawl, sound, access):
            captured.setdefault(url_key(row.url), []).append((row.time, order, row))
    found: dict[str, WarcRef | Skip] = dict.fromkeys(urls, Skip.BAD_URL)
    for url in sound:
        rows = captured.get(url_key(url), [])
        good = [(row.url == url, time, order, row) for time, order, row in rows if row.status == 200]
        found[url] = max(good)[3].ref if good else Skip.STATUS if rows else Skip.NOT_INDEXED
    return found
