"""The best tokens, exact to the page: against a sort of all pages, whatever the chunks, with ties and caps."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recall.config import Config
from recall.corpus.chunks import Chunk, ChunkedPages, ExtractedShard
from recall.corpus.drops import BEST, Capped
from recall.corpus.schema import CAPPED, ID_BITS
from recall.run.sampling import priority
from recall.run.shuffle import Stage, StageFile, by_target, write_partitions, write_table
from recall.run.store import Store
from recall.steps.build.best_tokens import keep_best

COLUMNS = {"id": "int64", "url": "string", "quality": "float64", "tokens": "int32", "named_tokens": "int32"}
SEED = 11


def pages_of(count: int, qualities: int, seed: int = 3) -> list[dict[str, Any]]:
    """Pages of so many different qualities, which all have some at both ends."""
    chance = random.Random(seed)
    grades = [0.0, 5.0, *(round(chance.uniform(0, 5), 4) for _ in range(qualities - 2))][:qualities]
    return [
        {
            "url": f"https://a{n}.org/",
            "quality": chance.choice(grades),
            "tokens": chance.randint(1, 900),
            "shard": n % 7,
        }
        for n in range(count)
    ]


def chunked(folder: Path, pages: list[dict[str, Any]], shards_each: int) -> tuple[ChunkedPages, tuple[StageFile, ...]]:
    """The pages as finished chunks; ids by shard, as a run gives them."""
    store = Store(str(folder))
    stage = Stage(store, "finish", None)
    chunks, finished = [], []
    for number, first in enumerate(range(0, 7, shards_each)):
        shards, rows = [], []
        for shard in range(first, min(7, first + shards_each)):
            of_shard = [page for page in pages if page["shard"] == shard]
            rows += [{**page, "id": shard << ID_BITS | at} for at, page in enumerate(of_shard)]
            shards.append(ExtractedShard(shard, StageFile("unused", len(of_shard)), StageFile("unused", 0), 0, 0))
        columns = {name: [row.get(name) for row in rows] for name in COLUMNS}
        columns["named_tokens"] = [2 * row["tokens"] for row in rows]
        finished.append(write_table(stage, "pages-", columns, COLUMNS))
        chunks.append(Chunk(number, tuple(shards)))
    return ChunkedPages(store, Config().cluster, tuple(chunks)), tuple(finished)


def settings(wanted: int, **more: Any) -> Config:
    sections: dict[str, Any] = {"run": {"seed": SEED}, "quality": {"ranker": "some", "best_tokens": wanted}}
    return Config.model_validate({"crawl": {"warcs": ["unused"]}, **sections, **more})


def left_out(pages: ChunkedPages, capped: tuple[Capped, ...]) -> set[tuple[int, int, float]]:
    """Shard, place there and quality of the pages beyond."""
    (best,) = [each for each in capped if each.kind == BEST]
    return {
        (row["id"] >> ID_BITS, row["id"] & (1 << ID_BITS) - 1, row["quality"])
        for chunk in pages.chunks
        for row in best.pages(pages.store, chunk.number).to_pylist()
    }


def expected(pages: list[dict[str, Any]], wanted: int) -> set[tuple[int, int, float]]:
    """By a sort of all pages: the shortest start of the order that holds so many tokens stays."""
    rows = []
    seen = dict.fromkeys(range(7), 0)
    for page in pages:
        rows.append((-page["quality"], priority(SEED, page["url"]), page["shard"], seen[page["shard"]], page["tokens"]))
        seen[page["shard"]] += 1
    held = 0
    gone = set[tuple[int, int, float]]()
    for quality, _, shard, at, tokens in sorted(rows):
        if held >= wanted:
            gone.add((shard, at, -quality))
        held += tokens
    return gone


@pytest.mark.parametrize("qualities", [1, 3, 2_000])
@pytest.mark.parametrize("share", [0.0001, 0.3, 0.77, 0.99])
def test_the_pages_that_stay_are_the_first_of_the_whole_order(tmp_path: Path, qualities: int, share: float) -> None:
    pages = pages_of(900, qualities)
    wanted = int(share * sum(page["tokens"] for page in pages))
    found = []
    for shards_each in (1, 3, 7):
        chunks, finished = chunked(tmp_path / str(shards_each), pages, shards_each)
        found.append(left_out(chunks, keep_best(chunks, settings(wanted), finished, ())))
    assert found[0] == expected(pages, wanted)
    assert found[0] == found[1] == found[2]
    assert 0 < len(found[0]) < len(pages)


def test_the_page_that_fills_the_tokens_stays_and_no_other(tmp_path: Path) -> None:
    pages = [
        {"url": f"https://{n}.org/", "quality": quality, "tokens": 10, "shard": 0}
        for n, quality in enumerate((1.0, 4.0, 3.0, 2.0))
    ]
    chunks, finished = chunked(tmp_path, pages, 7)
    for wanted, gone in ((10, {0, 2, 3}), (11, {0, 3}), (20, {0, 3}), (30, {0}), (31, set())):
        for key in chunks.store.keys("build/"):
            if "/best" in key:
                chunks.store.remove(key)  # checkpoints of the pass before
        found = keep_best(chunks, settings(wanted), finished, ())
        assert {at for _, at, _ in (left_out(chunks, found) if found else set())} == gone


@pytest.mark.parametrize("wanted", [0, 10**9])
def test_nothing_is_left_out_where_all_tokens_are_wanted(tmp_path: Path, wanted: int) -> None:
    pages = pages_of(50, 9)
    chunks, finished = chunked(tmp_path, pages, 3)
    assert keep_best(chunks, settings(wanted), finished, ()) == ()


def test_what_a_cap_took_out_counts_for_no_token(tmp_path: Path) -> None:
    pages = pages_of(400, 40)
    chunks, finished = chunked(tmp_path, pages, 3)
    taken = {page["url"] for page in pages if page["quality"] == 5.0}
    ids = [
        row["id"]
        for file in finished
        for row in chunks.store.read_table(file.key, ["id", "url"]).to_pylist()
        if row["url"] in taken
    ]
    columns = {"id": np.array(ids, np.int64)}
    stage = Stage(chunks.store, "mix-host", None)
    file = write_partitions(stage, by_target(columns, chunks.layout.chunk_of(columns["id"]), 3), CAPPED)
    caps = (Capped("host", (file,)),)
    rest = [page for page in pages if page["url"] not in taken]
    wanted = sum(page["tokens"] for page in rest) // 2
    found = keep_best(chunks, settings(wanted), finished, caps)
    assert found[:1] == caps
    gone = left_out(chunks, found)
    kept = [page for page in rest if page["quality"] > max(quality for _, _, quality in gone)]
    assert sum(page["tokens"] for page in kept) <= wanted
    assert all(quality < 5.0 for _, _, quality in gone)
    assert len(gone) < len(rest)


def test_tokens_are_those_of_the_tokenizer_that_is_named(tmp_path: Path) -> None:
    pages = pages_of(300, 300)
    wanted = sum(page["tokens"] for page in pages) // 3
    ours, finished = chunked(tmp_path / "ours", pages, 7)
    named, same = chunked(tmp_path / "named", pages, 7)
    by_named = keep_best(named, settings(2 * wanted, tags={"tokenizer": "some"}), same, ())
    assert left_out(named, by_named) == left_out(ours, keep_best(ours, settings(wanted), finished, ()))


@pytest.mark.parametrize(
    ("quality", "said"),
    [
        ({"best_tokens": 9}, "best_tokens = 9 needs"),
        ({"keep": ["words >= 2", "quality >= 2.5"]}, "quality >= 2.5 needs"),
        ({"ranker": "some", "best_tokens": -1}, "greater than or equal to 0"),
        ({"ranker": "some", "keep": ["qualities >= 2.5"]}, "is no signal"),
    ],
)
def test_what_needs_a_ranker_is_refused_without_one(quality: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Config.model_validate({"quality": quality})


def test_weights_by_quality_need_a_ranker() -> None:
    mix = {"weights": ["quality:3=2"]}
    with pytest.raises(ValueError, match=r"\[mix\] weights: 'quality:3=2' needs \[quality\] ranker"):
        Config.model_validate({"mix": mix})
    with pytest.raises(ValueError, match="needs"):
        Config.model_validate({"mix": mix, "quality": {"ranker": "some", "enabled": False}})
    assert Config.model_validate({"mix": mix, "quality": {"ranker": "some"}}).mix.weights == ("quality:3=2",)
