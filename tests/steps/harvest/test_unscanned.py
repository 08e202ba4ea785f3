"""Pages under accepted prefixes in files that were not scanned, by index, range and digest."""

import base64
import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from recall.archive.index import TABLE, IndexRow, part_urls, write_index
from recall.archive.warc import WarcWriter
from recall.config import Config
from recall.errors import Incomplete
from recall.records import WarcRef
from recall.run.ledger import UNREAD_FILE, ledger, unexplained
from recall.run.rounds import Run
from recall.run.store import Store
from recall.sites.holdout import Holdout
from recall.sites.prefixes import PrefixSet
from recall.steps.harvest import unscanned
from recall.steps.harvest.unscanned import (
    NO_RECORD,
    OTHER_DIGEST,
    OTHER_URL,
    UNREADABLE,
    IndexedPage,
    LookupContext,
    ReadContext,
    choose,
    find_indexed,
    group_reads,
    read_indexed_pages,
)

if TYPE_CHECKING:
    from tests.conftest import Crawl, Fresh

CRAWL = "CC-MAIN-2026-07"
MINUTE = "2026-01-31T00:00:00Z"


def digest(body: bytes) -> str:
    return base64.b32encode(hashlib.sha1(body).digest()).decode()


@pytest.fixture(scope="module")
def base(crawl: "Crawl", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The test's crawl as Common Crawl lays it out: six WARC files, paths files and an index in two parts."""
    folder = tmp_path_factory.mktemp("base")
    paths, rows = [], []
    for number in range(6):
        path = f"crawl-data/{CRAWL}/segments/1.1/warc/{number}.warc.gz"
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        with (folder / path).open("wb") as stream:
            writer = WarcWriter(stream, path)
            for site in sorted(crawl.sites, key=lambda one: one.url)[number::6]:
                ref = writer.page(site.url, site.body, "text/html; charset=utf-8", MINUTE)
                rows.append(IndexRow(site.url, ref, 200, "text/html", digest(site.body)))
        paths.append(path)
    parts = [f"{TABLE}/crawl={CRAWL}/subset=warc/part-{number:05d}.gz.parquet" for number in range(2)]
    rows.sort()
    for part, chosen in zip(parts, (rows[: len(rows) // 2], rows[len(rows) // 2 :]), strict=True):
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        write_index(chosen, folder / part)
    for name, entries in (("warc", paths), ("cc-index-table", parts)):
        (folder / f"crawl-data/{CRAWL}/{name}.paths.gz").write_bytes(
            gzip.compress("\n".join(entries).encode(), mtime=0)
        )
    return folder


def settings(base: Path, **harvest: Any) -> dict[str, Any]:
    """Four of the six files are scanned; the index knows the others."""
    crawl = {"ids": [CRAWL], "warcs": [], "base": f"{base}/", "index": str(base), "limit": 4}
    return {"crawl": crawl, "harvest": harvest, "label": {"pages": 30, "audit": 10, "prefix_min_share": 0.7}}


@pytest.fixture
def played_half(base: Path, fresh: "Fresh") -> Run:
    return fresh("round 1 harvest", rounds=1, **settings(base))


def pages(run: Run) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = run.store.read_table("rounds/1/harvest/pages.parquet").to_pylist()
    return rows


def test_pages_of_files_that_were_not_scanned_are_harvested_once_and_accounted_for(
    played_half: Run, base: Path, fresh: "Fresh"
) -> None:
    rows = pages(played_half)
    scanned = {shard.path for shard in played_half.shards}
    beyond = [row for row in rows if row["path"] not in scanned]
    assert beyond
    assert len({row["url"] for row in rows}) == len(rows)
    assert all(
        row["text"] and row["score"] > 0 and row["url"].split("//")[1].startswith(row["prefix"]) for row in beyond
    )
    assert not any(played_half.holdout.covers(row["url"]) for row in rows)
    counts = played_half.round(1).step("harvest").manifest.counts
    assert counts["unscanned"] == len(beyond)
    assert list(unexplained(ledger(played_half))) == []
    none = fresh("round 1 harvest", rounds=1, **settings(base, unscanned=0))
    assert pages(none) == [row for row in rows if row["path"] in scanned]
    few = fresh("round 1 harvest", rounds=1, **settings(base, unscanned=2))
    assert sum(row["path"] not in scanned for row in pages(few)) == 2
    assert few.round(1).step("harvest").manifest.counts["over_limits"] == len(beyond) - 2
    assert list(unexplained(ledger(few))) == []


def test_what_cannot_be_had_is_listed_and_too_much_of_it_ends_the_step(
    base: Path, fresh: "Fresh", monkeypatch: pytest.MonkeyPatch
) -> None:
    last = base / f"crawl-data/{CRAWL}/segments/1.1/warc/5.warc.gz"
    data = last.read_bytes()
    run = fresh("round 1 label", rounds=1, **settings(base))
    last.unlink()
    try:
        with pytest.raises(
            Incomplete, match=r"harvest: 1 of \d WARCs could not be read whole, first: .*5\.warc\.gz: no such"
        ):
            next(iter(_harvest(run, monkeypatch, 0.0)))
        list(_harvest(run, monkeypatch, 0.5))
    finally:
        last.write_bytes(data)
    failures = run.store.read_json("rounds/1/harvest/failures.json")
    assert failures
    assert {row["reason"] for row in failures} == {UNREADABLE}
    (entry,) = (entry for entry in ledger(run) if entry.position.verb == "harvest")
    assert dict(entry.shards.failed) == {UNREAD_FILE: 1}
    assert entry.pages.failed[UNREADABLE] == len(failures)
    assert list(unexplained(ledger(run))) == []


def test_a_file_with_a_broken_record_is_a_gap_as_one_that_is_not_there(
    base: Path, fresh: "Fresh", played_half: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned = {shard.path for shard in played_half.shards}
    first = next(row for row in pages(played_half) if row["path"] not in scanned)
    file = base / first["path"]
    data = file.read_bytes()
    middle = first["offset"] + first["length"] // 2
    run = fresh("round 1 label", rounds=1, **settings(base))
    file.write_bytes(data[:middle] + bytes(byte ^ 0xFF for byte in data[middle : middle + 40]) + data[middle + 40 :])
    try:
        with pytest.raises(Incomplete, match=r"1 of 2 WARCs could not be read whole, first: .*: 1 of \d+ records"):
            list(_harvest(run, monkeypatch, 0.0))
        list(_harvest(run, monkeypatch, 0.5))
    finally:
        file.write_bytes(data)
    (row,) = run.store.read_json("rounds/1/harvest/failures.json")
    assert (row["url"], row["reason"]) == (first["url"], NO_RECORD)
    (entry,) = (entry for entry in ledger(run) if entry.position.verb == "harvest")
    assert dict(entry.shards.failed) == {UNREAD_FILE: 1}
    assert list(unexplained(ledger(run))) == []


def _harvest(run: Run, monkeypatch: pytest.MonkeyPatch, share: float) -> Iterator[Any]:
    from recall.steps.harvest import harvest

    cluster = run.config.cluster.model_copy(update={"failed_share": share})
    monkeypatch.setattr(run, "config", run.config.model_copy(update={"cluster": cluster}))
    yield harvest(run.round(1))


@pytest.fixture
def places(base: Path) -> list[IndexedPage]:
    """Every page of the crawl."""
    hosts = [f"site{number}.example{number}.org" for number in range(27)]
    lookup = LookupContext(Config(), PrefixSet(hosts), Holdout(), frozenset(), frozenset())
    found = [find_indexed(lookup, url) for url in part_urls(str(base), CRAWL)]
    assert sum(count for count, _ in found) == 324
    return [page for _, some in found for page in some]


def reading(base: Path, run: Run) -> ReadContext:
    return ReadContext(Store(run.store.root), Config(), f"{base}/", "rounds/1/train", "")


def test_an_index_file_is_looked_through_within_limits(base: Path, places: list[IndexedPage]) -> None:
    first = places[0]
    config = Config.model_validate({"harvest": {"per_prefix": 3}})
    known = frozenset({first.url})
    scanned = frozenset({first.ref.path})
    lookup = LookupContext(config, PrefixSet([first.prefix]), Holdout(), known, scanned)
    count, some = find_indexed(lookup, part_urls(str(base), CRAWL)[0])
    assert count == sum(page.prefix == first.prefix and page.ref.path != first.ref.path for page in places)
    assert len(some) == 3 < count
    held = replace(lookup, holdout=Holdout(frozenset({first.prefix})))
    assert find_indexed(held, part_urls(str(base), CRAWL)[0]) == (0, [])


def test_the_choice_does_not_depend_on_the_order(places: list[IndexedPage]) -> None:
    chosen = choose(places, 2, 20)
    assert choose(reversed(places), 2, 20) == chosen
    assert len(chosen) == 20
    assert max(sum(page.prefix == one.prefix for page in chosen) for one in chosen) == 2


ONE_PAGE = ("http://a.org/x", "https://a.org/x", "https://A.org:443/%78#top", "http://user@a.org./x")


def test_a_page_of_several_captures_and_spellings_is_counted_and_drawn_once_by_its_newest(tmp_path: Path) -> None:
    times = (40, 0, 50, 50)
    rows = [
        IndexRow(url, WarcRef(f"w{at}", at, 9), 200, "text/html", "A", time)
        for at, (url, time) in enumerate(zip(ONE_PAGE, times, strict=True))
    ]
    others = [IndexRow(f"http://a.org/{at}", WarcRef("o", at, 9), 200, "text/html", "A") for at in range(3)]
    write_index([*rows, *others], tmp_path / "all")
    lookup = LookupContext(Config(), PrefixSet(["a.org"]), Holdout(), frozenset(), frozenset())
    count, some = find_indexed(lookup, str(tmp_path / "all"))
    assert count == len(some) == 4
    (page,) = (page for page in some if page.url in ONE_PAGE)
    assert (page.url, page.time) == (ONE_PAGE[2], 50)
    halves: list[list[IndexedPage]] = []
    for half in (rows[:2] + others, rows[2:]):  # crawls have an index each
        write_index(half, tmp_path / str(len(halves)))
        halves.append(find_indexed(lookup, str(tmp_path / str(len(halves))))[1])
    chosen = choose([*halves[1], *halves[0]], 4, 10)
    assert sorted(chosen) == sorted(some)


def test_tasks_are_bounded_and_hold_every_place_once(
    places: list[IndexedPage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unscanned, "TASK_REQUESTS", 2)
    cut = group_reads(places)
    assert len(cut) == 3
    assert sorted(page for portion in cut for page in portion.pages) == sorted(places)
    assert group_reads(reversed(places)) == cut
    assert group_reads([]) == []


def test_a_page_counts_only_with_the_url_and_digest_of_the_index(
    base: Path, places: list[IndexedPage], played: Run
) -> None:
    good, url, sha, bare, nowhere = places[:5]
    changed = [
        good,
        replace(url, url="https://elsewhere.org/"),
        replace(sha, digest=digest(b"other")),
        replace(bare, digest=""),
        replace(nowhere, ref=WarcRef(nowhere.ref.path, nowhere.ref.offset + 1, nowhere.ref.length)),
    ]
    found = read_indexed_pages(reading(base, played), group_reads(changed)[0])
    assert {page.url for page, *_ in found.pages} == {good.url, bare.url}
    assert {reason for _, reason in found.failed} == {OTHER_URL, OTHER_DIGEST, NO_RECORD}


def test_a_digest_of_the_stored_payload_counts_too() -> None:
    stored = gzip.compress(b"<html>text</html>")
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\n" + stored
    record = (
        b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://a.org/\r\nWARC-Date: 2026-01-31T00:00:00Z\r\n"
        b"WARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-000000000000>\r\n"
        b"Content-Type: application/http; msgtype=response\r\nContent-Length: %d\r\n\r\n" % len(block)
    )
    data = gzip.compress(record + block + b"\r\n\r\n")
    page = IndexedPage(0, "https://a.org/", WarcRef("x", 0, len(data)), "a.org", digest(stored))
    assert getattr(unscanned.check(data, page), "body", None) == b"<html>text</html>"


def test_a_dense_file_is_read_whole_with_the_same_pages(
    base: Path, places: list[IndexedPage], played: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_range = read_indexed_pages(reading(base, played), group_reads(places)[0])
    streamed: list[str] = []
    from recall.archive.warc import responses as whole

    def stream(url: str, *arguments: Any) -> Any:
        streamed.append(url)
        return whole(url, *arguments)

    monkeypatch.setattr(unscanned, "DENSE", 1)
    monkeypatch.setattr(unscanned, "responses", stream)
    dense = read_indexed_pages(reading(base, played), group_reads(places)[0])
    assert len(streamed) == 6
    assert sorted(dense.pages) == sorted(by_range.pages)
    assert not dense.failed


@pytest.mark.realdata
def test_every_page_of_the_real_index_has_its_digest(shared: Path, played: Run) -> None:
    folder = f"{shared}/crawl"
    hosts = PrefixSet(["wiki.archlinux.org", "docs.python.org", "news.ycombinator.com"])
    lookup = LookupContext(Config(), hosts, Holdout(), frozenset(), frozenset())
    found = [page for url in part_urls(folder, "CC-MAIN-2026-00") for page in find_indexed(lookup, url)[1]]
    read = [read_indexed_pages(reading(Path(folder), played), portion) for portion in group_reads(found)]
    assert sum(len(one.pages) for one in read) == len(found) > 3
    assert not any(one.failed for one in read)
