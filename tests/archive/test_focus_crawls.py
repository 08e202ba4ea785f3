"""Focus crawls by id: projects/NAME/CC-SUPPLEMENTAL-…, with and without paths files."""

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from recall.archive.index import IndexRow, part_refs, part_urls, write_index
from recall.archive.manifest import crawl_files, crawl_of, resolve
from recall.archive.warc import WarcWriter
from recall.cli import verbs
from recall.config import AccessSection, CrawlSection
from recall.errors import BadInput
from recall.records import WarcRef
from recall.run.rounds import Run

if TYPE_CHECKING:
    from tests.conftest import S3Server
    from tests.fault_server import FaultServer

ID = "CC-SUPPLEMENTAL-2026-22"
FOLDER = f"projects/cc-open-athena-test/{ID}"
SEGMENT = f"{FOLDER}/segments/20260521074042"
WARCS = [f"{SEGMENT}/warc/{ID}-20260521074116-20260521084116-{number:05}.warc.gz" for number in range(2)]
WETS = [path.replace("/warc/", "/wet/").replace(".warc.gz", ".warc.wet.gz") for path in WARCS]
PART = f"{FOLDER}/index/table/cc-supplemental/warc/crawl={ID}/subset=warc/part-00000-8637.c000.gz.parquet"
OTHERS = [
    f"{SEGMENT}/robotstxt/{ID}-00000.warc.gz",
    f"{SEGMENT}/crawldiagnostics/{ID}-00000.warc.gz",
    f"{SEGMENT}/cdx/warc/{ID}-00000.cdx.gz",
    PART.replace("subset=warc", "subset=robotstxt"),
]
CAPTURE = IndexRow("https://lab.example.org/a", WarcRef(WARCS[1], 7, 9), 200, "text/html", "D" * 32, 1_779_000_000)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A folder laid out as Common Crawl's bucket, with a focus crawl that has no paths files."""
    for number, name in enumerate([*WARCS, *WETS, PART, *OTHERS]):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        if name in WARCS:
            with (tmp_path / name).open("wb") as stream:
                page = f"<html><p>page {number}".encode()
                WarcWriter(stream, path=name).page(
                    f"https://lab.example.org/{number}", page, "text/html", "2026-05-21T07:41:16Z"
                )
        else:
            (tmp_path / name).write_bytes(b"")
    write_index([CAPTURE], tmp_path / PART)
    return tmp_path


@pytest.mark.parametrize("crawl", [ID, FOLDER])
def test_an_id_gives_the_files_of_its_segments(base: Path, crawl: str) -> None:
    shards = resolve(CrawlSection(ids=(crawl,), base=str(base)))
    assert [(shard.path, shard.url, shard.crawl) for shard in shards] == [
        (path, f"{base}/{path}", ID) for path in WARCS
    ]
    assert [shard.path for shard in resolve(CrawlSection(ids=(crawl,), base=str(base)), kind="wet")] == WETS


@pytest.mark.parametrize("crawl", [ID, FOLDER])
def test_its_url_index_is_its_own(base: Path, crawl: str) -> None:
    for index in (str(base), f"{base}/", f"{base}/{FOLDER}/index/table/cc-supplemental/warc/"):
        (part,) = part_urls(index, crawl)
        assert part == f"{base}/{PART}"
    assert part_refs(part, ["lab.example.org/"]) == [CAPTURE]


def test_paths_files_go_first_where_they_are(base: Path, fault_server: "FaultServer") -> None:
    listed = gzip.compress(f"{WARCS[1]}\n".encode())
    (base / FOLDER / "warc.paths.gz").write_bytes(listed)
    assert crawl_files(str(base), ID, "warc") == [WARCS[1]]
    fault_server.files = {f"{FOLDER}/warc.paths.gz": listed}
    assert crawl_files(fault_server.url("").rstrip("/"), ID, "warc") == [WARCS[1]]


def test_where_nothing_can_be_listed_a_line_says_what_to_do(fault_server: "FaultServer") -> None:
    with pytest.raises(
        BadInput, match=r"there is no http.*/warc.paths.gz, and over https nothing can be listed; set base"
    ):
        crawl_files(fault_server.url(""), ID, "warc")


@pytest.mark.parametrize("base", ["https://data.commoncrawl.org/", "s3://commoncrawl/"])
def test_an_unknown_crawl_asks_for_its_project(base: str) -> None:
    with pytest.raises(
        BadInput, match="lies in no project that recall knows; write it projects/NAME/CC-SUPPLEMENTAL-2031-01"
    ):
        crawl_files(base, "CC-SUPPLEMENTAL-2031-01", "warc")


def test_a_crawl_of_two_projects_asks_which(base: Path) -> None:
    (base / "projects/other" / ID).mkdir(parents=True)
    with pytest.raises(BadInput, match=f"{ID} lies in {FOLDER} and projects/other/{ID}; write it projects/NAME/{ID}"):
        resolve(CrawlSection(ids=(ID,), base=str(base)))
    assert len(resolve(CrawlSection(ids=(FOLDER,), base=str(base)))) == 2
    with pytest.raises(BadInput, match="holds no files of the kind warc"):
        crawl_files(str(base), f"projects/other/{ID}", "warc")


@pytest.mark.parametrize(
    "crawl", ["projects/x", "projects/../CC-SUPPLEMENTAL-1", "projects/a/b/CC-SUPPLEMENTAL-1", f"{ID}/.."]
)
def test_what_is_no_id_is_refused(base: Path, crawl: str) -> None:
    with pytest.raises(BadInput, match="not a crawl id"):
        crawl_files(str(base), crawl, "warc")


@pytest.mark.parametrize(
    ("path", "crawl"), [(WARCS[0], ID), ("https://a.example/" + WETS[0], ID), ("projects/a.gz", "")]
)
def test_the_crawl_of_a_path(path: str, crawl: str) -> None:
    assert crawl_of(path) == crawl


@pytest.mark.s3
def test_a_bucket_is_listed(base: Path, s3: "S3Server") -> None:
    from recall.io import publish

    access = AccessSection(s3_endpoint=s3.endpoint)
    for name in [*WARCS, *OTHERS]:
        publish(s3.url(f"focus/{name}"), (base / name).read_bytes(), access)
    assert crawl_files(s3.url("focus/"), ID, "warc", access) == WARCS


def test_a_run_is_made_from_a_bare_id(base: Path) -> None:
    (base / "run.toml").write_text(f'[crawl]\nids = ["{ID}"]\nbase = "."\n')
    answer = CliRunner().invoke(verbs, ["init", str(base / "run"), "--config", str(base / "run.toml")])
    assert answer.exit_code == 0, answer.exception
    assert [shard.path for shard in Run.open(str(base / "run")).shards] == WARCS
