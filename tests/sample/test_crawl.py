"""The sample is a whole crawl: paths files, WARCs, index and labels agree, and the same seed gives the same bytes."""

import gzip
import hashlib
import json
import time
from collections import Counter
from importlib.resources import files
from pathlib import Path

from warcio.archiveiterator import ArchiveIterator

from recall.archive.index import url_refs
from recall.archive.manifest import resolve
from recall.archive.warc import read_at, responses
from recall.config import AccessSection, CrawlSection
from recall.records import Capture, Skip
from recall.sample.crawl import (
    CRAWL,
    LABELS,
    RESPONSES,
    SHARDS,
    SampleInfo,
    sample_responses,
    write_crawl,
    write_sample,
)
from recall.sites.hosts import registered_domain
from recall.sites.urls import host_of
from tests.sample_generator.world import PAGES, crawled


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _labels(folder: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (folder / LABELS).read_text(encoding="utf-8").splitlines()]


def _crawl(folder: Path) -> CrawlSection:
    return CrawlSection(ids=(CRAWL,), base=f"{folder}/", index=f"{folder}/cc-index/table/cc-main/warc/")


def test_the_shipped_responses_are_those_that_the_generator_makes() -> None:
    assert sample_responses() == crawled()
    shipped = files("recall.sample").joinpath(RESPONSES)
    assert len(shipped.read_bytes()) < 1_000_000


def test_same_seed_gives_the_same_bytes_and_another_seed_other_pages(tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        write_crawl(tmp_path / name, crawled(seed, pages=250))
    first, second, third = (_digests(tmp_path / name) for name in "abc")
    assert first == second
    assert list(first) == list(third)
    assert first[LABELS] != third[LABELS]


def test_writing_again_over_a_sample_leaves_the_same_files(tmp_path: Path) -> None:
    write_crawl(tmp_path, crawled(pages=250))
    before = _digests(tmp_path)
    write_crawl(tmp_path, crawled(pages=250))
    assert _digests(tmp_path) == before


def test_default_sample_has_the_hosts_pages_and_code_share_that_the_demo_promises(sample: SampleInfo) -> None:
    labels = _labels(sample.folder)
    assert sample.pages == len(labels) == PAGES >= 1_200
    assert sample.hosts == len({host_of(row["url"]) for row in labels}) >= 60
    code = sum(row["label"] == "C" for row in labels)
    assert 0.15 <= code / len(labels) <= 0.22
    assert {row["label"] for row in labels} == set("CANJ")


def test_writing_it_takes_seconds(tmp_path: Path) -> None:
    start = time.process_time()
    write_sample(tmp_path)
    assert time.process_time() - start < 10


def test_labels_have_one_row_per_page_and_families_have_one_use(sample: SampleInfo) -> None:
    labels = _labels(sample.folder)
    assert len({row["url"] for row in labels}) == len(labels)
    uses: dict[str, set[str]] = {}
    for row in labels:
        assert row["family"] == registered_domain(host_of(row["url"]))
        uses.setdefault(row["family"], set()).add(row["use"])
    assert all(len(found) == 1 for found in uses.values())
    measured = sum(found == {"measure"} for found in uses.values())
    assert 0.2 <= measured / len(uses) <= 0.3


def test_seed_is_small_and_measure_holds_code_and_other_pages(sample: SampleInfo) -> None:
    tally = Counter((row["use"], row["label"]) for row in _labels(sample.folder))
    assert 35 <= tally["seed", "C"] <= 50
    assert 120 <= sum(count for (use, _), count in tally.items() if use == "seed") <= 200
    assert tally["measure", "C"] >= 70
    assert tally["measure", "A"] + tally["measure", "N"] >= 200


def test_paths_files_name_files_that_exist(sample: SampleInfo) -> None:
    for kind, count in (("warc", SHARDS), ("cc-index-table", 1)):
        listed = gzip.decompress((sample.folder / f"crawl-data/{CRAWL}/{kind}.paths.gz").read_bytes()).decode().split()
        assert len(listed) == count
        assert all((sample.folder / path).is_file() for path in listed)
    assert json.loads((sample.folder / "collinfo.json").read_text())[0]["id"] == CRAWL


def test_manifest_finds_the_shards_and_every_labelled_page_is_a_capture(sample: SampleInfo) -> None:
    shards = resolve(_crawl(sample.folder))
    assert len(shards) == SHARDS
    seen: set[str] = set()
    skipped: Counter[Skip] = Counter()
    for shard in shards:
        for item in responses(shard.url, path=shard.path):
            if isinstance(item, Capture):
                seen.add(item.url)
            else:
                skipped[item] += 1
    assert seen == {row["url"] for row in _labels(sample.folder)}
    assert sample.responses == len(seen) + sum(skipped.values())
    assert {Skip.STATUS, Skip.NOT_HTML} <= set(skipped)


def test_each_page_has_a_request_a_response_and_a_metadata_record(sample: SampleInfo) -> None:
    path = resolve(_crawl(sample.folder))[0].url
    with Path(path).open("rb") as stream:
        kinds = Counter(record.rec_type for record in ArchiveIterator(stream))
    assert kinds["warcinfo"] == 1
    assert kinds["request"] == kinds["response"] == kinds["metadata"] > 100


def test_index_rows_point_at_the_pages_by_byte_range(sample: SampleInfo) -> None:
    crawl = _crawl(sample.folder)
    wanted = [row["url"] for row in _labels(sample.folder)[::40]]
    rows = url_refs(crawl.index, CRAWL, wanted, AccessSection())
    assert sorted(row.url for row in rows) == sorted(wanted)
    for row in rows:
        assert read_at(row.ref, str(sample.folder / row.ref.path)).url == row.url


def test_some_pages_are_cut_by_the_crawler_and_say_so(sample: SampleInfo) -> None:
    cut = [
        item
        for shard in resolve(_crawl(sample.folder))
        for item in responses(shard.url)
        if isinstance(item, Capture) and item.truncated == "length"
    ]
    assert 1 <= len(cut) <= 20
    assert all(item.body for item in cut)
