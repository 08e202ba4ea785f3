from pathlib import Path
from typing import Any

import pytest

from recall.config import ClusterSection
from recall.corpus.chunks import MERGED, ChunkedPages, Merged, chunks_of
from recall.corpus.dedup.exact import KEYS, duplicate_keys, merge_exact, normalised, normalised_url
from recall.corpus.schema import ID_BITS
from recall.run.shuffle import read_partition
from recall.run.store import Store
from tests.corpus.conftest import Publish


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://www.a.org/x/", "https://A.org/x"),
        ("https://a.org:443/x#part", "https://a.org/x"),
        ("https://a.org/x?utm_source=z&b=1", "https://a.org/x?b=1"),
        ("https://a.org/x?b=1&gclid=2", "https://a.org/x?b=1"),
        ("https://user:pw@a.org./x", "https://a.org/x"),
        ("https://www.bücher.example/ä", "https://xn--bcher-kva.example/%c3%a4"),
        ("https://a.org/%7Euser/./y/%2e%2e/x", "https://a.org/~user/x"),
        ("https:\\\\a.org\\x", "https://a.org/x"),
        ("https://a.org/x?q=%41|b", "https://a.org/x?q=A%7Cb"),
        ("http://0x7f.1/x", "http://127.0.0.1/x"),
        ("https://a.org/x?", "https://a.org/x"),
    ],
)
def test_urls_that_lead_to_one_page_are_one(one: str, other: str) -> None:
    assert normalised_url(one) == normalised_url(other)


@pytest.mark.parametrize(
    "other",
    [
        "https://a.org/X",
        "https://b.org/x",
        "https://a.org/x?c=1",
        "https://a.org:8080/x",
        "http://[bad",
        "https://a.org/x%2Fy",
        "ftp://a.org/x",
    ],
)
def test_urls_that_may_differ_are_two(other: str) -> None:
    assert normalised_url(other) != normalised_url("https://a.org/x")


def test_texts_are_compared_without_case_white_space_and_composition() -> None:
    assert normalised("A  b\n\tC e\u0301 ") == normalised("a B c \u00e9")
    assert normalised("a-b") != normalised("a b")


PAGES = [
    ("https://a.org/x", "the first text", "2025-01-01T00:00:00Z"),
    ("http://www.a.org/x/", "a later and longer text of the page", "2026-01-01T00:00:00Z"),
    ("https://a.org/y", "Shared   text", "2025-01-01T00:00:00Z"),
    ("https://b.org/z", "shared text", "2024-01-01T00:00:00Z"),
    ("https://b.org/other", "nothing like it", ""),
]


def merged(publish: Publish, store: Store, name: Any, how: tuple[Any, int], earlier: tuple[Merged, ...] = ()) -> Any:
    """Each page a shard and a chunk of its own: what represents what, by number, and what the stage returned.

    how: which page to keep, and the number of partitions.
    """
    shards = []
    for number, (url, text, fetched) in enumerate(PAGES):
        keys = dict(zip(KEYS, duplicate_keys(url, text, "", fetched), strict=True))
        shards.append(publish(store, number, [{"url": url, "text": text, **keys}]))
    keep, partitions = how
    pages = ChunkedPages(store, ClusterSection(), tuple(chunks_of(shards, pages=1)), -(-len(PAGES) // partitions))
    stage = merge_exact(pages, name, keep, earlier)
    groups = [read_partition(store, stage.files, chunk.number, MERGED).to_pylist() for chunk in pages.chunks]
    rows = [row for group in groups for row in group]
    return {row["id"] >> ID_BITS: (row["of"] >> ID_BITS, row["pages"]) for row in rows}, stage


@pytest.mark.parametrize("partitions", [1, 4])
@pytest.mark.parametrize("keep", ["newest", "longest"])
def test_of_one_url_the_newest_or_longest_page_stays(
    keep: str, partitions: int, publish_shard: Publish, tmp_path: Path
) -> None:
    found, _ = merged(publish_shard, Store(str(tmp_path)), "url", (keep, partitions))
    assert found == {0: (1, 2), 1: (1, 2)}


@pytest.mark.parametrize(("keep", "stays"), [("newest", 2), ("longest", 2)])
def test_of_one_text_one_page_stays_across_hosts(keep: str, stays: int, publish_shard: Publish, tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    _, urls = merged(publish_shard, store, "url", (keep, 1))
    found, _ = merged(publish_shard, store, "text", (keep, 1), (urls,))
    assert found == {2: (stays, 2), 3: (stays, 2)}
