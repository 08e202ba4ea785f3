from pathlib import Path
from typing import Any

import pytest

from recall.config import ClusterSection
from recall.corpus.chunks import MERGED, Built, Layout, cut
from recall.corpus.dedup.exact import KEYS, Job, keys_of, merge_exact, normalised, normalised_url, time_of
from recall.corpus.schema import ID_BITS, columns_of
from recall.run.shuffle import collect
from recall.run.store import Store
from recall.steps.build.extract import EXTRACTED


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://www.a.org/x/", "https://A.org/x"),
        ("https://a.org:443/x#part", "https://a.org/x"),
        ("https://a.org/x?utm_source=z&b=1", "https://a.org/x?b=1"),
        ("https://a.org/x?b=1&gclid=2", "https://a.org/x?b=1"),
    ],
)
def test_urls_that_lead_to_one_page_are_one(one: str, other: str) -> None:
    assert normalised_url(one) == normalised_url(other)


@pytest.mark.parametrize(
    "other", ["https://a.org/X", "https://b.org/x", "https://a.org/x?c=1", "https://a.org:8080/x", "http://[bad"]
)
def test_urls_that_may_differ_are_two(other: str) -> None:
    assert normalised_url(other) != normalised_url("https://a.org/x")


def test_texts_are_compared_without_case_white_space_and_composition() -> None:
    assert normalised("A  b\n\tC e\u0301 ") == normalised("a B c \u00e9")
    assert normalised("a-b") != normalised("a b")


def test_the_time_is_the_records_or_that_of_its_crawl() -> None:
    assert time_of("2026-01-31T00:00:00Z", "") == 1769817600
    assert time_of("", "CC-MAIN-2026-05") < time_of("2026-01-31T00:00:00Z", "")
    assert time_of("", "CC-MAIN-2025-30") < time_of("", "CC-MAIN-2026-05")
    assert (time_of("soon", "x"), time_of("", "CC-MAIN-2025-99")) == (0, 0)


PAGES = [
    ("https://a.org/x", "the first text", "2025-01-01T00:00:00Z"),
    ("http://www.a.org/x/", "a later and longer text of the page", "2026-01-01T00:00:00Z"),
    ("https://a.org/y", "Shared   text", "2025-01-01T00:00:00Z"),
    ("https://b.org/z", "shared text", "2024-01-01T00:00:00Z"),
    ("https://b.org/other", "nothing like it", ""),
]


def merged(store: Store, name: str, keep: Any, partitions: int, earlier: tuple[tuple[str, ...], ...] = ()) -> Any:
    """Each page a shard and a chunk of its own: what stands for what, by number, and the keys."""
    shards = []
    for number, (url, text, fetched) in enumerate(PAGES):
        keys = dict(zip(KEYS, keys_of(url, text, "", fetched), strict=True))
        row: dict[str, object] = {"id": number << ID_BITS, "url": url, "text": text, **keys}
        table = store.publish_table_named("build/extract", "kept-", columns_of([row], EXTRACTED), EXTRACTED)
        shards.append(Built(number, f"build/extract/{table.file}", "", 1, 0))
    chunks = list(cut(shards, pages=1))
    job = Job(store, Layout(tuple(range(len(PAGES)))), name, keep, partitions, earlier)
    told = merge_exact(job, chunks, ClusterSection())
    rows = [row for chunk in chunks for row in collect(store, told, chunk.number, MERGED).to_pylist()]
    return {row["id"] >> ID_BITS: (row["of"] >> ID_BITS, row["pages"]) for row in rows}, told


@pytest.mark.parametrize("partitions", [1, 4])
@pytest.mark.parametrize("keep", ["newest", "longest"])
def test_of_one_url_the_newest_or_longest_page_stays(keep: str, partitions: int, tmp_path: Path) -> None:
    found, _ = merged(Store(str(tmp_path)), "url", keep, partitions)
    assert found == {0: (1, 2), 1: (1, 2)}


@pytest.mark.parametrize(("keep", "stays"), [("newest", 2), ("longest", 2)])
def test_of_one_text_one_page_stays_across_hosts(keep: str, stays: int, tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    _, keys = merged(store, "url", keep, 1)
    found, _ = merged(store, "text", keep, 1, (keys,))
    assert found == {2: (stays, 2), 3: (stays, 2)}
