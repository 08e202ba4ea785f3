"""Extraction of a shard: why pages fell back is counted everywhere, and memory does not grow with the shard."""

import json
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from recall.archive.warc import WarcWriter
from recall.cli import verbs
from recall.config import parse_config
from recall.corpus.drops import fallbacks_of
from recall.corpus.filters.optout import OptOut
from recall.records import PLAIN_TEXT, Capture, Shard, WarcRef
from recall.run.candidate_writer import CandidateWriter
from recall.run.rounds import Run
from recall.run.scanned import ROWS, SHARDS, ScannedShard, ScannedShards
from recall.run.shuffle import FORMAT, Stage
from recall.run.store import Store
from recall.sites.prefixes import PrefixSet
from recall.steps.build import extract
from recall.steps.build.extract import EXTRACTED, ExtractionInputs, SelectingRound, extract_shard

WORDS = "one two three four five six seven eight nine ten "


def scanned_shard(folder: Path, bodies: list[bytes], keep: str) -> tuple[Stage[ExtractionInputs], ScannedShard]:
    """A shard all of whose pages are kept. keep: "body", or "tokens" for bodies that lie in the WARC only."""
    store = Store(str(folder / "run"))
    with (folder / "page.warc").open("wb") as stream:
        writer = WarcWriter(stream, "page.warc")
        refs = [writer.page(f"https://a.org/{n}", body, "text/html", "2026-01-31") for n, body in enumerate(bodies)]
    candidates = CandidateWriter(folder / "candidates.parquet", keep)
    for row, (ref, body) in enumerate(zip(refs, bodies, strict=True)):
        page = Capture(
            WarcRef("page.warc", ref.offset, ref.length), f"https://a.org/{row}", body, "utf-8", "2026-01-31"
        )
        candidates.add(row, np.array([1], np.uint32), page)
    candidates.close()
    store.publish_file("candidates.parquet", candidates.path, len(refs))
    count = len(refs)
    rows = {
        "url": [f"https://a.org/{row}" for row in range(count)],
        "offset": [ref.offset for ref in refs],
        "length": [ref.length for ref in refs],
        "score": [0.9] * count,
        "kept": [True] * count,
        "model": ["m"] * count,
        "candidate": [True] * count,
        "time": [0] * count,
        "sketch": [0] * count,
    }
    store.publish_table("rows.parquet", rows, ROWS)
    shard = Shard(0, "", "page.warc", str(folder / "page.warc"))
    ledger = {"shard": [0], "path": ["page.warc"], "read": [count], "skipped": ["{}"], "rejected": [0], "kept": [count]}
    ledger |= {"candidates": [count], "rows_file": ["rows.parquet"], "candidates_file": ["candidates.parquet"]}
    store.publish_table("shards.parquet", ledger, SHARDS)
    shards = ScannedShards(store.read_table("shards.parquet"), [shard])
    config = parse_config('[run]\nrounds = 1\n[crawl]\nwarcs = ["unused"]\n', "config.toml")
    inputs = ExtractionInputs(config, (SelectingRound(1, shards, PrefixSet(())),), {}, OptOut())
    return Stage(store, "extract", inputs), shards[0]


DEEP = b"<p>deep</p>" + b"<div>" * 300 + b"text"
BODIES = [b"<p>" + WORDS.encode() * 9 + b"</p>", DEEP, DEEP, b"<p>" + WORDS.encode() * 7 + b"<pre>x = 1</pre>"]


@pytest.mark.parametrize("keep", ["body", "tokens"])
def test_rows_and_counts_say_why_a_page_fell_back(tmp_path: Path, keep: str) -> None:
    stage, scanned = scanned_shard(tmp_path, BODIES, keep)
    found = extract_shard(stage, scanned)
    rows = stage.store.read_table(found.kept.key).to_pylist()
    assert [row["id"] for row in rows] == [0, 1, 2, 3]
    assert [row["fallback"] for row in rows] == ["", "too_deep", "too_deep", ""]
    assert found.fallbacks == (("too_deep", 2),)
    assert fallbacks_of([found, found]).counts == {"extract fell back: too_deep": 4}


def test_a_page_that_fell_back_to_nothing_says_why(tmp_path: Path) -> None:
    stage, scanned = scanned_shard(tmp_path, [b"<!-- nothing -->"], "body")
    found = extract_shard(stage, scanned)
    (row,) = stage.store.read_table(found.dropped.key).to_pylist()
    assert (row["reason"], row["detail"]) == ("no text could be extracted", found.fallbacks[0][0])


def test_bytes_are_those_of_the_texts_in_utf_8(tmp_path: Path) -> None:
    text = "代码示例与说明文字" * 50
    stage, scanned = scanned_shard(tmp_path, [PLAIN_TEXT + text.encode()], "body")
    assert extract_shard(stage, scanned).bytes == len(text.encode()) == 3 * len(text)


def test_pieces_change_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage, scanned = scanned_shard(tmp_path, BODIES * 5, "body")
    whole = stage.store.read_table(extract_shard(stage, scanned).kept.key)
    monkeypatch.setattr(extract, "PIECE", 200)
    pieces = extract_shard(stage, scanned)
    assert stage.store.read_table(pieces.kept.key).equals(whole)
    with pytest.raises(Exception, match="row groups"):
        stage.store.read_group(pieces.kept.key, 10_000)
    assert stage.store.read_group(pieces.kept.key, 1).num_rows < len(BODIES)


def peak_of(folder: Path, pages: int, keep: str) -> int:
    folder.mkdir()
    text = PLAIN_TEXT + (WORDS * 600).encode()
    stage, scanned = scanned_shard(folder, [text] * pages, keep)
    extract_shard(stage, scanned)  # what is loaded once does not count
    tracemalloc.start()
    try:
        found = extract_shard(stage, scanned)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.bytes == pages * len(WORDS * 600)
    return peak


@pytest.mark.parametrize("keep", ["body", "tokens"])
def test_memory_does_not_grow_with_the_texts_of_a_shard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep: str
) -> None:
    monkeypatch.setattr(extract, "PIECE", 300_000)
    monkeypatch.setattr("recall.archive.ranges.LONGEST", 300_000)
    few, many = peak_of(tmp_path / "few", 40, keep), peak_of(tmp_path / "many", 160, keep)
    assert many - few < 120 * len(WORDS * 600) / 4  # the texts alone would be four times that


def test_the_corpus_its_stages_its_card_and_status_count_them(fresh: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> str:
        raise ValueError("defeated")

    monkeypatch.setattr("recall.page.markdown.conversion.choose", fail)
    run: Run = fresh("build", rounds=1)
    (stage,) = (one for one in run.store.read_json("corpus/stages.json") if one["stage"] == "extract")
    pages = stage["changed"]["fell back: error: ValueError"]
    assert pages == stage["pages_out"] > 0
    assert f"| extract | fell back: error: ValueError | {pages:,} |" in run.store.read("corpus/card.md").decode()
    shown = json.loads(CliRunner().invoke(verbs, ["status", run.store.root, "--json"]).output)
    assert shown["steps"]["corpus"]["fell_back"] == pages
    parts = [one.file for one in run.step("corpus").outputs() if one.file.startswith("part-")]
    reasons = [row for file in parts for row in run.store.read_table(f"corpus/{file}").column("fallback").to_pylist()]
    assert set(reasons) == {"error: ValueError"}
    assert run.verify() == []


STATED = (
    b"<html><head><title>How to sort | Site</title><link rel='license' href='https://creativecommons.org/licenses/by/4.0/'>"
    b"</head><body><main><h1>How to sort</h1><p>" + WORDS.encode() * 20 + b"</p>"
    b'<pre><code class="language-python">print(sorted(x))</code></pre><p>' + WORDS.encode() * 9 + b"</p>"
    b"<pre>#!/bin/sh\necho 1\n</pre></main></body></html>"
)


@pytest.mark.parametrize("keep", ["body", "tokens"])
def test_what_a_page_and_its_record_say_of_themselves_comes_along(tmp_path: Path, keep: str) -> None:
    stage, scanned = scanned_shard(tmp_path, [STATED, b"<p>" + WORDS.encode() * 20], keep)
    first, second = stage.store.read_table(extract_shard(stage, scanned).kept.key).to_pylist()
    assert (first["title"], first["license"], first["license_source"]) == ("How to sort", "CC-BY-4.0", "rel")
    assert (second["title"], second["license"], second["license_source"]) == ("", "", "")
    assert (first["truncated"], first["dump"], first["file_path"]) == ("", "", "page.warc")
    assert first["guessed"] == [1]
    assert first["record_id"][:10] == ("" if keep == "body" else "<urn:uuid:")  # the bodies' captures here have no id


def test_other_columns_are_another_format_of_checkpoints() -> None:
    """A build goes on where it was ended, by a later version too, which must not read what lacks its columns."""
    columns = zlib.crc32(repr(sorted(EXTRACTED.items())).encode())
    assert (FORMAT, columns) == (6, 718330093), "raise FORMAT of recall.run.shuffle, then set both numbers here"
