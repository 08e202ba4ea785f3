"""Common Crawl's columnar URL index: URLs, prefixes or a WARC file → references to captures.

In: the base of an index (`cc-index/table/cc-main/warc/` in a folder, on https or s3://), a crawl, and what is wanted.
Out: index rows, sorted. The files of a crawl are those of its `cc-index-table.paths.gz` (see `manifest`); DuckDB
reads remote ones by byte ranges of `recall.io`. `write_index` makes such an index for the sample.
Columns: https://commoncrawl.org/columnar-index.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from recall.archive.index.range_files import RangeFiles
from recall.archive.manifest import crawl_files, join
from recall.archive.ranges import coalesce, read_many
from recall.config import AccessSection
from recall.errors import ShardCorrupt, ShardUnreadable
from recall.records import WarcRef
from recall.sites.hosts import registered_domain
from recall.sites.prefixes import PrefixSet
from recall.sites.surt import surt_key
from recall.sites.urls import address_of, host_of, unicode_host, url_key

__all__ = [
    "IndexRow",
    "coalesce",
    "part_refs",
    "part_urls",
    "read_many",
    "shard_refs",
    "url_refs",
    "write_index",
]

TABLE = "cc-index/table/cc-main/warc"
_TABLE_OF_A_CRAWL = re.compile(rf"(?:{TABLE}|projects/[^/]+/[^/]+/index/table/[^/]+/warc)$")
"""Of the monthly crawls, or of a focus crawl, below the base."""

_ANYONE = AccessSection()
_ASK = 1_000
"""Hosts or URLs in one query."""

_CAPTURES = """
SELECT url, warc_filename, warc_record_offset, warc_record_length, fetch_status, content_mime_detected, content_digest,
    CAST(floor(coalesce(epoch(fetch_time), 0)) AS BIGINT)
FROM read_parquet($files, hive_partitioning = false, binary_as_string = true)
"""
_ROWS = f"""{_CAPTURES}
WHERE url_host_tld IN (SELECT unnest($tlds)) AND url_host_name IN (SELECT unnest($hosts))
"""
_SUBDOMAINS = f"""{_CAPTURES}
WHERE url_host_tld = $tld AND url_surtkey >= $first AND url_surtkey < $last
    AND ends_with(rtrim(url_host_name, '.'), $end)
"""
"""Hosts below a name: in SURT order they follow it, with `)` where www is cut off, else with a comma or a port."""
_COLUMNS = {
    "url_surtkey": "VARCHAR",
    "url": "VARCHAR",
    "url_host_name": "VARCHAR",
    "url_host_tld": "VARCHAR",
    "url_host_registered_domain": "VARCHAR",
    "url_protocol": "VARCHAR",
    "url_path": "VARCHAR",
    "url_query": "VARCHAR",
    "fetch_time": "TIMESTAMP",
    "fetch_status": "SMALLINT",
    "content_digest": "VARCHAR",
    "content_mime_type": "VARCHAR",
    "content_mime_detected": "VARCHAR",
    "content_charset": "VARCHAR",
    "content_languages": "VARCHAR",
    "content_truncated": "VARCHAR",
    "warc_filename": "VARCHAR",
    "warc_record_offset": "INTEGER",
    "warc_record_length": "INTEGER",
    "warc_segment": "VARCHAR",
}
_SEGMENT = re.compile(r"/segments/([^/]+)/")


@dataclass(frozen=True, slots=True, order=True)
class IndexRow:
    """One capture in the index. status: HTTP; mime: as detected; digest: of the payload, base32 of SHA-1.

    time: when it was captured, in seconds since 1970, 0 where that is not known.
    """

    url: str
    ref: WarcRef
    status: int
    mime: str
    digest: str
    time: int = 0


def part_urls(index: str, crawl: str, access: AccessSection = _ANYONE) -> list[str]:
    """Where the files of a crawl's index lie, in order. Raises ShardUnreadable when its paths file cannot be read."""
    base = _TABLE_OF_A_CRAWL.sub("", index.rstrip("/")) or "."
    entries = crawl_files(base, crawl, "cc-index-table", access)
    return [join(base, entry) for entry in entries if "/subset=warc/" in entry]


def part_refs(url: str, prefixes: Sequence[str], access: AccessSection = _ANYONE) -> list[IndexRow]:
    """Every capture in one file of an index under any of the prefixes (host and path, no scheme), sorted.

    Files are sorted by URL, so most hosts lie in one or two of them. Raises ShardUnreadable or ShardCorrupt when the
    file cannot be read.
    """
    wanted = PrefixSet(prefixes)
    with _Index(url, [url], access) as table:
        found = {row for part in _parts(sorted(wanted.hosts)) for row in table.rows(part, "", {})}
        for name in sorted(wanted.parents):
            found.update(table.subdomain_rows(name))
    return sorted(row for row in found if wanted.match(row.url) is not None)


def url_refs(index: str, crawl: str, urls: Sequence[str], access: AccessSection = _ANYONE) -> list[IndexRow]:
    """Every capture of a crawl with one of these URLs, sorted. Raises as `part_refs`.

    A URL is looked for as it is given and as its key spells it, on http and https.
    """
    with _Index.of(index, crawl, access) as table:
        found: set[IndexRow] = set()
        for part in _parts(sorted(set(urls))):
            hosts = sorted({host_of(url) for url in part} - {""})
            spelled = [f"{scheme}://{url_key(url)}" for url in part for scheme in ("http", "https")]
            found.update(table.rows(hosts, "AND url IN (SELECT unnest($urls))", {"urls": [*part, *spelled]}))
    return sorted(found)


def shard_refs(index: str, crawl: str, path: str, access: AccessSection = _ANYONE) -> list[IndexRow]:
    """Every capture of one WARC file, in file order. Raises as `part_refs`.

    The index is sorted by URL, so this reads a few columns of all of it; a copy that is sorted by warc_filename
    (`COPY (SELECT * FROM … ORDER BY warc_filename, warc_record_offset) TO …`) is read where the file is only.
    """
    with _Index.of(index, crawl, access) as table:
        found = table.captures(_CAPTURES + "WHERE warc_filename = $path", {"path": path})
    return sorted(found, key=lambda row: row.ref)


def write_index(rows: Iterable[IndexRow], path: Path) -> None:
    """Write an index file with Common Crawl's column names and types, in SURT order; same rows, same bytes."""
    columns: list[list[Any]] = [list(column) for column in zip(*sorted(map(_fields, rows)), strict=True)]
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.execute(f"CREATE TABLE rows ({', '.join(f'{name} {kind}' for name, kind in _COLUMNS.items())})")
        if columns:
            values = ", ".join(f"unnest(?::{kind}[])" for kind in _COLUMNS.values())
            connection.execute(f"INSERT INTO rows SELECT {values}", columns)
        target = str(path).replace("'", "''")
        connection.execute(f"COPY rows TO '{target}' (FORMAT parquet, COMPRESSION gzip)")


def _fields(row: IndexRow) -> tuple[Any, ...]:
    parts = address_of(row.url)
    host = parts.host
    segment = _SEGMENT.search(row.ref.path)
    return (
        surt_key(row.url),
        row.url,
        host,
        host.rpartition(".")[2],
        registered_domain(host),
        parts.scheme,
        parts.path,
        parts.query,
        datetime.fromtimestamp(row.time, UTC).replace(tzinfo=None) if row.time else None,
        row.status,
        row.digest,
        row.mime,
        row.mime,
        None,
        None,
        None,
        row.ref.path,
        row.ref.offset,
        row.ref.length,
        segment[1] if segment else None,
    )


def _parts(names: Sequence[str]) -> Iterator[list[str]]:
    return (list(names[at : at + _ASK]) for at in range(0, len(names), _ASK))


class _Index:
    """Index files, opened for queries. name: what errors call them."""

    def __init__(self, name: str, urls: Sequence[str], access: AccessSection) -> None:
        self._name = name
        self._ranges = RangeFiles(urls, access)
        self._files = self._ranges.names
        self._connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
        self._connection.register_filesystem(self._ranges)

    @classmethod
    def of(cls, index: str, crawl: str, access: AccessSection) -> "_Index":
        """All files of a crawl's index."""
        return cls(f"{index} ({crawl})", part_urls(index, crawl, access), access)

    def __enter__(self) -> "_Index":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def rows(self, hosts: Sequence[str], condition: str, values: dict[str, Any]) -> list[IndexRow]:
        """Rows of some hosts that meet a further condition; a host in its own letters and with a final dot too."""
        if not hosts:
            return []
        spelled = {name + dot for host in hosts for name in (host, unicode_host(host)) for dot in ("", ".")}
        tlds = sorted({host.rpartition(".")[2] for host in spelled})
        return self.captures(_ROWS + condition, {"tlds": tlds, "hosts": sorted(spelled), **values})

    def subdomain_rows(self, name: str) -> list[IndexRow]:
        """Rows of all hosts below a name, as the index spells them and in their own letters."""
        found: list[IndexRow] = []
        for spelled in sorted({name, unicode_host(name)}):
            surt = ",".join(reversed(spelled.split(".")))
            bounds = {"tld": spelled.rpartition(".")[2], "first": f"{surt})", "last": f"{surt};", "end": f".{spelled}"}
            found += self.captures(_SUBDOMAINS, bounds)
        return found

    def captures(self, query: str, values: dict[str, Any]) -> list[IndexRow]:
        """Rows that a query over all files finds."""
        if not self._files:
            return []
        try:
            found = self._connection.execute(query, {"files": self._files, **values}).fetchall()
        except duckdb.Error as error:
            if self._ranges.failure is not None:
                raise self._ranges.failure from None
            kind = ShardUnreadable if isinstance(error, duckdb.IOException) else ShardCorrupt
            raise kind(f"{self._name}: the index cannot be read: {str(error).splitlines()[0]}") from None
        return [
            IndexRow(url, WarcRef(path, offset, length), status, mime or "", digest or "", time)
            for url, path, offset, length, status, mime, digest, time in found
        ]
