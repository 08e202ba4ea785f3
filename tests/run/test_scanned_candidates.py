"""Candidates of a scan: bodies that were kept, and bodies that are fetched from the shard again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recall.archive.warc import WarcWriter, captures
from recall.config import AccessSection
from recall.errors import ShardFailed
from recall.records import Capture, Shard
from recall.run.candidate_writer import CANDIDATES, CandidateWriter
from recall.run.scanned import PageBody, ScannedShard, read_bodies, read_token_lines
from recall.run.store import Store

PAGES = {"https://a.org/1": b"<p>one</p>", "https://a.org/2": b"<p>two</p>", "https://a.org/3": b"<p>three</p>"}


@pytest.fixture
def pages(tmp_path: Path) -> list[Capture]:
    """The pages of a WARC, page.warc."""
    with (tmp_path / "page.warc").open("wb") as stream:
        writer = WarcWriter(stream, "page.warc")
        for url, body in PAGES.items():
            writer.page(url, body, "text/html; charset=utf-8", "2026-01-31T00:00:00Z")
    return list(captures(str(tmp_path / "page.warc")))


def scan(folder: Path, pages: list[Capture], keep: str) -> tuple[Store, ScannedShard]:
    """A store with the first two pages as candidates."""
    store = Store(str(folder / "run"))
    writer = CandidateWriter(folder / "candidates.parquet", keep)
    for row, page in enumerate(pages[:2]):
        writer.add(row, np.array([row, 7], dtype=np.uint32), page)
    writer.close()
    store.publish_file("candidates.parquet", writer.path, len(writer.rows))
    path = str(folder / "page.warc")
    return store, ScannedShard(Shard(0, "", path, path), 3, 2, {}, "rows.parquet", "candidates.parquet")


@pytest.mark.parametrize("keep", ["body", "tokens"])
def test_bodies_are_the_same_whether_they_were_kept_or_not(tmp_path: Path, pages: list[Capture], keep: str) -> None:
    store, scanned = scan(tmp_path, pages, keep)
    refs = {row: page.ref for row, page in enumerate(pages)}
    bodies = read_bodies(store, scanned, refs, AccessSection())
    assert bodies == {
        row: PageBody(page.body, page.charset, page.robots, page.fetched, record_id=page.record_id)
        for row, page in enumerate(pages)
    }
    assert all(body.record_id for body in bodies.values())


def test_candidates_of_an_earlier_version_are_read_without_what_they_lack(tmp_path: Path, pages: list[Capture]) -> None:
    store, scanned = scan(tmp_path, pages, "body")
    table = store.read_table("candidates.parquet", ["row", "tokens", "charset", "fetched", "robots", "body"])
    earlier = {name: kind for name, kind in CANDIDATES.items() if name in table.column_names}
    store.publish_table("earlier.parquet", {name: table.column(name) for name in earlier}, earlier)
    read = read_bodies(store, replace(scanned, candidates="earlier.parquet"), {1: pages[1].ref}, AccessSection())
    assert read == {1: PageBody(pages[1].body, pages[1].charset, pages[1].robots, pages[1].fetched)}


def test_kept_bodies_need_no_shard_and_others_fail_without_it(tmp_path: Path, pages: list[Capture]) -> None:
    store, scanned = scan(tmp_path, pages, "body")
    (tmp_path / "page.warc").unlink()
    assert read_bodies(store, scanned, {1: pages[1].ref}, AccessSection())[1].body == pages[1].body
    with pytest.raises(ShardFailed):
        read_bodies(store, scanned, {1: pages[1].ref, 2: pages[2].ref}, AccessSection())


def test_token_lines_come_back_by_row(tmp_path: Path, pages: list[Capture]) -> None:
    store, scanned = scan(tmp_path, pages, "tokens")
    (batch,) = read_token_lines(store, scanned)
    assert batch[0].tolist() == [0, 1]
    assert [line.tolist() for line in batch[1]] == [[0, 7], [1, 7]]
