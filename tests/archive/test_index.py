"""Looking pages up in a columnar index and reading them together."""

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from recall import io
from recall.archive.index import (
    TABLE,
    IndexRow,
    coalesce,
    part_refs,
    part_urls,
    read_many,
    url_refs,
    write_index,
)
from recall.archive.warc import WarcWriter
from recall.config import AccessSection
from recall.errors import ShardCorrupt, ShardUnreadable
from recall.records import WarcRef
from recall.sites.surt import surt_key

if TYPE_CHECKING:
    from tests.conftest import S3Server
    from tests.fault_server import FaultServer

CRAWL = "CC-MAIN-2026-01"
WARC = f"crawl-data/{CRAWL}/segments/1.1/warc/file.warc.gz"
PART = f"{TABLE}/crawl={CRAWL}/subset=warc/part-00000.gz.parquet"
PATHS = f"crawl-data/{CRAWL}/cc-index-table.paths.gz"
URLS = [
    "https://example.org/docs/a",
    "https://example.org/docs/b?x=1",
    "https://example.org/docsets",
    "https://www.example.org/docs/c",
    "http://sub.example.co.uk/",
]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A small crawl: one WARC, its index and the paths file."""
    for name in (WARC, PART, PATHS):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    with (tmp_path / WARC).open("wb") as stream:
        writer = WarcWriter(stream, WARC)
        refs = [writer.page(url, f"<html>{url}</html>".encode(), "text/html", "2026-01-01T00:00:00Z") for url in URLS]
    rows = [IndexRow(url, ref, 200, "text/html", "AAAA") for url, ref in zip(URLS, refs, strict=True)]
    write_index(rows, tmp_path / PART)
    other = PART.replace("subset=warc", "subset=crawldiagnostics")
    (tmp_path / PATHS).write_bytes(gzip.compress(f"{other}\n{PART}\n".encode()))
    return tmp_path


def prefix_refs(index: str, crawl: str, prefixes: list[str], access: AccessSection | None = None) -> list[IndexRow]:
    """The captures of a whole crawl under some prefixes, file by file."""
    access = access or AccessSection()
    return sorted(row for url in part_urls(index, crawl, access) for row in part_refs(url, prefixes, access))


def urls_of(rows: list[IndexRow]) -> list[str]:
    return [row.url for row in rows]


def test_pages_are_found_by_prefix_up_to_a_path_boundary(base: Path) -> None:
    index = f"{base}/{TABLE}/"
    assert urls_of(prefix_refs(index, CRAWL, ["example.org/docs"])) == URLS[:2]
    assert urls_of(prefix_refs(index, CRAWL, ["sub.example.co.uk", "www.example.org/docs/"])) == [URLS[4], URLS[3]]
    assert prefix_refs(index, CRAWL, ["nowhere.org/", ""]) == []
    assert prefix_refs(index, CRAWL, []) == []


def test_pages_are_found_on_all_hosts_below_a_name(base: Path) -> None:
    index = f"{base}/{TABLE}/"
    assert urls_of(prefix_refs(index, CRAWL, ["*.example.org/docs/"])) == [URLS[3]]
    assert urls_of(prefix_refs(index, CRAWL, ["*.example.co.uk/", "example.org/docsets"])) == [URLS[4], URLS[2]]
    assert urls_of(prefix_refs(index, CRAWL, ["*.co.uk/", "sub.example.co.uk/"])) == [URLS[4]]
    assert prefix_refs(index, CRAWL, ["*.ample.org/", "*.www.example.org/"]) == []


def test_pages_are_found_by_url_and_read_together(base: Path) -> None:
    rows = url_refs(f"{base}/{TABLE}", CRAWL, [*URLS[:3], URLS[0], "https://nowhere.org/", "no url"])
    assert urls_of(rows) == URLS[:3]
    assert {(row.status, row.mime, row.digest, row.ref.path) for row in rows} == {(200, "text/html", "AAAA", WARC)}
    found = list(read_many([row.ref for row in rows], lambda path: f"{base}/{path}"))
    assert [page.url for page in found] == URLS[:3]
    assert [page.ref for page in found] == [row.ref for row in rows]


def test_an_index_is_read_over_http_by_ranges(base: Path, fault_server: "FaultServer", pauses: list[float]) -> None:
    fault_server.files = {name: (base / name).read_bytes() for name in (WARC, PART, PATHS)}
    fault_server.then()
    fault_server.then(status=503)
    fault_server.then()
    fault_server.then(after=100, clean=True)
    access = AccessSection(timeout_seconds=5)
    rows = prefix_refs(fault_server.url(TABLE), CRAWL, ["example.org"], access)
    assert urls_of(rows) == URLS[:3]
    assert len(pauses) >= 1
    assert any(wanted.startswith("bytes=") for wanted in fault_server.asked)
    found = list(read_many([row.ref for row in rows], fault_server.url, access))
    assert [page.url for page in found] == URLS[:3]


@pytest.mark.s3
def test_an_index_is_read_from_s3(base: Path, s3: "S3Server") -> None:
    access = AccessSection(s3_endpoint=s3.endpoint, attempts=3)
    for name in (WARC, PART, PATHS):
        io.publish(s3.url(f"index/{name}"), (base / name).read_bytes(), access)
    rows = prefix_refs(s3.url(f"index/{TABLE}"), CRAWL, ["example.org"], access)
    assert urls_of(rows) == URLS[:3]
    found = list(read_many([row.ref for row in rows], lambda path: s3.url(f"index/{path}"), access))
    assert [page.url for page in found] == URLS[:3]


def test_an_index_that_cannot_be_read_is_named(base: Path, fault_server: "FaultServer") -> None:
    access = AccessSection(timeout_seconds=5, attempts=1)
    with pytest.raises(ShardUnreadable, match=r"cc-index-table\.paths\.gz: no such file"):
        prefix_refs(f"{base}/{TABLE}", "CC-MAIN-1999-01", ["example.org"])
    fault_server.files = {PATHS: (base / PATHS).read_bytes()}
    with pytest.raises(ShardUnreadable, match=r"part-00000\.gz\.parquet: not found"):
        prefix_refs(fault_server.url(TABLE), CRAWL, ["example.org"], access)
    (base / PART).write_bytes(b"PAR1 no parquet at all")
    with pytest.raises(ShardCorrupt, match="the index cannot be read"):
        prefix_refs(f"{base}/{TABLE}", CRAWL, ["example.org"])
    (base / PART).unlink()
    with pytest.raises(ShardUnreadable, match="the index cannot be read"):
        prefix_refs(f"{base}/{TABLE}", CRAWL, ["example.org"])


def test_an_index_has_common_crawls_columns_and_the_same_bytes_for_the_same_rows(tmp_path: Path) -> None:
    rows = [IndexRow(url, WarcRef(WARC, at, 9), 200, "text/html", "A") for at, url in enumerate(URLS)]
    write_index(rows, tmp_path / "it's one")
    write_index(reversed(rows), tmp_path / "two")
    write_index([], tmp_path / "none")
    assert (tmp_path / "it's one").read_bytes() == (tmp_path / "two").read_bytes()
    with duckdb.connect() as connection:
        table = connection.execute("FROM read_parquet(?)", [str(tmp_path / "two")])
        names = [column[0] for column in table.description or ()]
        found = [dict(zip(names, row, strict=True)) for row in table.fetchall()]
    assert [row["url_surtkey"] for row in found] == sorted(map(surt_key, URLS))
    last = found[-1]
    assert (last["url_host_tld"], last["url_host_registered_domain"]) == ("uk", "example.co.uk")
    assert (last["warc_segment"], last["warc_record_length"], last["fetch_status"]) == ("1.1", 9, 200)


def test_near_references_are_read_in_one_request() -> None:
    def ref(offset: int, length: int = 10, path: str = "a") -> WarcRef:
        return WarcRef(path, offset, length)

    assert coalesce([]) == []
    assert coalesce([ref(50), ref(0), ref(20, path="b"), ref(10)], gap=0) == [
        [ref(0), ref(10)],
        [ref(50)],
        [ref(20, path="b")],
    ]
    assert coalesce([ref(0), ref(15), ref(31)], gap=5) == [[ref(0), ref(15)], [ref(31)]]
    assert coalesce([ref(0), ref(10), ref(20)], gap=5, limit=25) == [[ref(0), ref(10)], [ref(20)]]
    assert coalesce([ref(0, 100), ref(10), ref(101)], gap=5) == [[ref(0, 100), ref(10), ref(101)]]


def test_requests_are_as_few_as_groups(base: Path, fault_server: "FaultServer") -> None:
    fault_server.files = {WARC: (base / WARC).read_bytes()}
    refs = [row.ref for row in url_refs(f"{base}/{TABLE}", CRAWL, URLS)]
    assert len(list(read_many(refs, fault_server.url, AccessSection(timeout_seconds=5)))) == len(URLS)
    assert len(fault_server.asked) == 1


def test_a_reference_that_is_no_page_fails_loudly(base: Path) -> None:
    (ref, *_) = [row.ref for row in url_refs(f"{base}/{TABLE}", CRAWL, URLS)]
    with pytest.raises(ShardCorrupt, match=f"{WARC}: byte {ref.offset + 1}: "):
        list(read_many([WarcRef(WARC, ref.offset + 1, ref.length)], lambda path: f"{base}/{path}"))


@pytest.mark.realdata
def test_every_page_of_the_real_index_reads(shared: Path) -> None:
    crawl = "CC-MAIN-2026-00"
    rows = prefix_refs(
        f"{shared}/crawl/{TABLE}/", crawl, ["wiki.archlinux.org", "docs.python.org", "news.ycombinator.com"]
    )
    assert len(rows) > 3
    found = {page.ref: page.url for page in read_many([row.ref for row in rows], lambda path: f"{shared}/crawl/{path}")}
    assert found == {row.ref: row.url for row in rows}
