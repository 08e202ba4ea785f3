"""Pages of earlier corpora represent those of this run, whether their texts are there or only their signatures."""

from pathlib import Path

import numpy as np
import pytest

from recall.config import AccessSection, ClusterSection, DuplicatesSection
from recall.corpus.chunks import Chunk, ChunkedPages, Merged, chunks_of, surviving_pages
from recall.corpus.dedup.earlier import (
    SIGNATURES,
    EarlierFile,
    EarlierMatches,
    earlier_files,
    held_by,
    merge_earlier,
    signature_rows,
)
from recall.corpus.dedup.exact import merge_exact
from recall.corpus.dedup.near import merge_near
from recall.corpus.schema import ID_BITS
from recall.errors import BadInput
from recall.io.parquet import table_bytes, table_of
from recall.run.store import Store
from tests.corpus.conftest import Publish
from tests.corpus.dedup.test_near import documents, shards_of

SETTINGS = DuplicatesSection(keep="longest")
TEXTS = documents(300, seed=7)
"""The pages of this run, 100 a shard, by the URLs https://a.org/NUMBER."""

PAGE = {"url": "string", "text": "string"}
HERE = ClusterSection()


def changed(text: str) -> str:
    """A text with another last word."""
    return f"{text.rpartition(' ')[0]} other"


def earlier(count: int, start: int = 0) -> dict[str, list[str]]:
    """Pages of an earlier corpus: in turn of the URL, the text, a near text of a page of this run, and a new page."""
    urls, texts = [], []
    for number in range(start, start + count):
        kind = number % 4
        urls.append(f"https://{'www.a' if kind == 0 else 'b'}.org/{number}")
        text = f"of old {number} " + " ".join(f"old{number}{index}" for index in range(80))
        texts.append({1: TEXTS[number], 2: changed(TEXTS[number])}.get(kind, text))
    return {"url": urls, "text": texts}


def write_corpus(folder: Path, *parts: dict[str, list[str]], signed: bool = False) -> str:
    folder.mkdir()
    for number, part in enumerate(parts):
        if signed:
            columns = signature_rows(table_of(part, PAGE), SETTINGS)
            (folder / f"signatures-{number:05d}.parquet").write_bytes(table_bytes(columns, SIGNATURES))
        else:
            (folder / f"part-{number:05d}.parquet").write_bytes(table_bytes(part, PAGE))
    (folder / "card.md").write_text("no table")
    return str(folder)


def merge(
    publish: Publish, folder: Path, against: list[str], cluster: ClusterSection = HERE, pages: int = 120
) -> tuple[ChunkedPages, tuple[Merged, ...], tuple[Merged, ...]]:
    store = Store(str(folder / "run"))
    chunks = tuple(chunks_of(shards_of(publish, store, TEXTS, 100), pages=pages))
    every = ChunkedPages(store, cluster, chunks, 20_000)
    own: tuple[Merged, ...] = (merge_exact(every, "url", "longest", ()),)
    own += (merge_exact(every, "text", "longest", own),)
    own += (merge_near(every, SETTINGS, own),)
    files = earlier_files(against, AccessSection(), len(chunks) + 7)
    return every, own, merge_earlier(every, SETTINGS, files, own).merged


def ids_of(every: ChunkedPages, chunk: Chunk) -> list[int]:
    rows = [row for shard in chunk.shards for row in every.store.read_table(shard.kept.key, ["id"]).to_pylist()]
    return [row["id"] for row in rows]


def number_of(page: int) -> int:
    return (page >> ID_BITS) * 100 + page % (1 << ID_BITS)


def left_and_held(
    every: ChunkedPages, own: tuple[Merged, ...], found: tuple[Merged, ...]
) -> tuple[set[int], set[int], dict[int, str]]:
    """Numbers of the pages left without and with earlier corpora, and what those hold."""
    before, after, held = set[int](), set[int](), dict[int, str]()
    for chunk in every.chunks:
        ids = np.array(ids_of(every, chunk))
        before |= {number_of(page) for page in ids[surviving_pages(every.store, chunk, ids, own)[0]].tolist()}
        after |= {number_of(page) for page in ids[surviving_pages(every.store, chunk, ids, (*own, *found))[0]].tolist()}
        held |= {number_of(page): how for page, how in held_by(every.store, chunk, found).items()}
    return before, after, held


@pytest.mark.parametrize("signed", [False, True], ids=["texts", "signatures"])
def test_what_an_earlier_corpus_holds_goes(publish_shard: Publish, tmp_path: Path, signed: bool) -> None:
    corpus = write_corpus(tmp_path / "old", earlier(40), earlier(40, 100), signed=signed)
    every, own, found = merge(publish_shard, tmp_path, [corpus])
    before, after, held = left_and_held(every, own, found)
    assert [stage.stage for stage in found] == ["earlier-url", "earlier-text", "earlier-near"]
    known = {*range(40), *range(100, 140)}
    for page in before & known:
        expected = ("url", "text", "near", "")[page % 4]
        if expected:
            assert (held[page], page in after) == (expected, False)
    others = {page for page in before - after if page not in known or page % 4 == 3}
    assert {held[page] for page in others} <= {"text", "near"}  # they stand for pages that the earlier corpus holds
    assert before - after == set(held)
    assert len(others) < 20
    assert len(after) > 60


def test_texts_and_signatures_workers_and_chunks_give_the_same(publish_shard: Publish, tmp_path: Path) -> None:
    results = []
    for name, signed, pages in (("a", False, 120), ("b", True, 120), ("c", False, 100), ("d", True, 1000)):
        (tmp_path / name).mkdir()
        corpus = write_corpus(tmp_path / name / "old", earlier(60), signed=signed)
        results.append(left_and_held(*merge(publish_shard, tmp_path / name, [corpus], pages=pages)))
    assert results[1:] == results[:-1]


def test_several_corpora_are_compared_in_one_go(publish_shard: Publish, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    corpora = [write_corpus(one, earlier(20)), write_corpus(two, earlier(20, 20), signed=True)]
    files = earlier_files(corpora, AccessSection(), 9)
    assert files == (
        EarlierFile(9, corpora[0], "part-00000.parquet"),
        EarlierFile(10, corpora[1], "signatures-00000.parquet"),
    )
    _, _, together = left_and_held(*merge(publish_shard, tmp_path, corpora))
    assert {page % 4 for page in together if page < 40} >= {0, 1, 2}
    assert max(page for page in together if page % 4 == 1) > 20


def test_nothing_is_compared_without_earlier_corpora_or_pages(publish_shard: Publish, tmp_path: Path) -> None:
    assert merge(publish_shard, tmp_path, [])[2] == ()
    every = ChunkedPages(Store(str(tmp_path / "none")), HERE, ())
    files = earlier_files([write_corpus(tmp_path / "old", earlier(4))], AccessSection(), 0)
    assert merge_earlier(every, SETTINGS, files, ()) == EarlierMatches()


def test_an_empty_earlier_corpus_holds_nothing(publish_shard: Publish, tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "old", {"url": [], "text": []})
    before, after, held = left_and_held(*merge(publish_shard, tmp_path, [corpus]))
    assert (before, held) == (after, {})


def test_rows_without_a_url_or_words_match_nothing_near(publish_shard: Publish, tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "old", {"url": ["", "https://z.org/"], "text": ["", " "]})
    before, after, held = left_and_held(*merge(publish_shard, tmp_path, [corpus]))
    assert (before, held) == (after, {})


def test_a_folder_without_a_corpus_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    with pytest.raises(BadInput, match=r"\[duplicates\] against: .*old holds neither part-\*"):
        earlier_files([str(tmp_path / "old")], AccessSection(), 0)


def test_a_file_without_the_columns_is_refused_by_name(publish_shard: Publish, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "part-0.parquet").write_bytes(table_bytes({"url": ["x"]}, {"url": "string"}))
    with pytest.raises(BadInput, match=r"part-0\.parquet has no column 'text'"):
        merge(publish_shard, tmp_path, [str(tmp_path / "old")])


def test_signatures_of_other_settings_are_refused(publish_shard: Publish, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    rows = signature_rows(table_of(earlier(3), PAGE), DuplicatesSection(bands=4, rows=2))
    (tmp_path / "old" / "signatures-0.parquet").write_bytes(table_bytes(rows, SIGNATURES))
    with pytest.raises(BadInput, match="signatures of 8 hash functions; set ngram, bands and rows"):
        merge(publish_shard, tmp_path, [str(tmp_path / "old")])
