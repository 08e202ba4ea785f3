"""From crawl ids, paths files and single files to numbered shards."""

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from recall.archive.manifest import crawl_of, crawls, join, read_paths, resolve
from recall.config import CrawlSection
from recall.errors import BadInput, ShardUnreadable
from recall.records import Shard

if TYPE_CHECKING:
    from tests.fault_server import FaultServer

CRAWL = "CC-MAIN-2026-01"
ENTRIES = [f"crawl-data/{CRAWL}/segments/1/warc/{number:05}.warc.gz" for number in range(20)]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A folder laid out as a crawl, without the WARCs."""
    folder = tmp_path / "crawl-data" / CRAWL
    folder.mkdir(parents=True)
    (folder / "warc.paths.gz").write_bytes(gzip.compress("\n".join(ENTRIES).encode() + b"\n"))
    (tmp_path / "collinfo.json").write_text(json.dumps([{"id": "CC-MAIN-2026-05"}, {"id": CRAWL}]))
    return tmp_path


def test_a_crawl_id_gives_its_shards_in_order(base: Path) -> None:
    shards = resolve(CrawlSection(ids=(CRAWL,), base=str(base)))
    assert [shard.number for shard in shards] == list(range(20))
    assert shards[3] == Shard(3, CRAWL, ENTRIES[3], f"{base}/{ENTRIES[3]}")


def test_a_crawl_is_read_over_http(base: Path, fault_server: "FaultServer") -> None:
    name = f"crawl-data/{CRAWL}/warc.paths.gz"
    fault_server.files = {name: (base / name).read_bytes(), "collinfo.json": (base / "collinfo.json").read_bytes()}
    shards = resolve(CrawlSection(ids=(CRAWL,), base=fault_server.url(""), limit=2))
    assert [shard.url for shard in shards] == [fault_server.url(entry) for entry in ENTRIES[:2]]
    assert crawls(fault_server.url("")) == ["CC-MAIN-2026-05", CRAWL]


def test_the_limit_takes_the_first_or_a_seeded_sample_in_order(base: Path) -> None:
    first = resolve(CrawlSection(ids=(CRAWL,), base=str(base), limit=5))
    assert [shard.path for shard in first] == ENTRIES[:5]
    settings = CrawlSection(ids=(CRAWL,), base=str(base), limit=5, sample=True)
    sampled = [shard.path for shard in resolve(settings, seed=1)]
    assert sampled == [shard.path for shard in resolve(settings, seed=1)]
    assert len(sampled) == 5
    assert sampled == sorted(sampled)
    assert sampled != ENTRIES[:5]
    assert sampled != [shard.path for shard in resolve(settings, seed=2)]
    assert len(resolve(CrawlSection(ids=(CRAWL,), base=str(base), sample=True))) == 20


def test_ids_paths_files_and_single_files_join(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (base / "some.paths").write_text("\nfolder/a.warc\r\nhttps://example.org/b.warc.gz\n/c.warc\n")
    monkeypatch.chdir(base)
    settings = CrawlSection(
        ids=(CRAWL,), paths=(str(base / "some.paths"),), warcs=("d.warc", "s3://bucket/e.warc"), base="s3://bucket/root"
    )
    settings = settings.model_copy(update={"ids": ()})
    found = [(shard.path, shard.url, shard.crawl) for shard in resolve(settings)]
    assert found == [
        ("folder/a.warc", "s3://bucket/root/folder/a.warc", ""),
        ("https://example.org/b.warc.gz", "https://example.org/b.warc.gz", ""),
        ("/c.warc", "/c.warc", ""),
        ("d.warc", str(base / "d.warc"), ""),
        ("s3://bucket/e.warc", "s3://bucket/e.warc", ""),
    ]


@pytest.mark.parametrize("line", ["<html>", "a b", "../up.warc", "crawl/../../up", "a\x01b", "| rm"])
def test_an_entry_that_cannot_be_a_path_is_named_by_file_and_line(tmp_path: Path, line: str) -> None:
    (tmp_path / "paths").write_text(f"good.warc\n\n{line}\n")
    with pytest.raises(BadInput, match=r"paths:3: expected the path or URL of a WARC file"):
        read_paths(str(tmp_path / "paths"))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x1f\x8b\x08broken", "before byte 9"),
        (gzip.compress(b"a\nb", mtime=0)[:-9], "truncated"),
        (gzip.compress(b"a\nb", mtime=0) + b"rest", "bytes behind the packed data"),
        (b"a\nb\xff", "2: not UTF-8 at byte 1"),
        (b"\xff\xfea", "mark of utf-16-le"),
        (b"a\nb\0c", "2: holds NUL bytes"),
    ],
)
def test_a_broken_paths_file_is_bad_input(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / "paths").write_bytes(data)
    with pytest.raises(BadInput, match=f"paths:.*{reason}"):
        read_paths(str(tmp_path / "paths"))


def test_what_cannot_be_resolved_is_refused(base: Path) -> None:
    with pytest.raises(BadInput, match="names no WARC"):
        resolve(CrawlSection())
    with pytest.raises(BadInput, match="named twice"):
        resolve(CrawlSection(warcs=("a", "a")))
    with pytest.raises(BadInput, match="not a crawl id"):
        resolve(CrawlSection(ids=("../x",), base=str(base)))
    with pytest.raises(ShardUnreadable, match=r"CC-MAIN-1999-01/warc\.paths\.gz"):
        resolve(CrawlSection(ids=("CC-MAIN-1999-01",), base=str(base)))
    (base / "collinfo.json").write_text("{}x")
    with pytest.raises(BadInput, match=r"collinfo\.json: expected a JSON list"):
        crawls(str(base))


def test_the_crawl_is_read_off_a_path() -> None:
    assert crawl_of(ENTRIES[0]) == crawl_of(f"s3://commoncrawl/{ENTRIES[0]}") == CRAWL
    assert crawl_of("my/file.warc.gz") == ""


def test_paths_are_joined_to_folders_and_urls() -> None:
    assert join("https://host/", "a/b") == join("https://host", "a/b") == "https://host/a/b"
    assert join("/base", "a") == "/base/a"
    assert join("https://host/", "https://other/a") == "https://other/a"
    assert Path(join("", "a")).is_absolute()
