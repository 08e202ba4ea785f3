"""A build with a ranker: each row has the quality of its final text; rules, weights, best tokens, card and report."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recall.corpus.code_signals import code_signals, measured_blocks
from recall.corpus.published import corpus_statistics
from recall.corpus.ranking.ranker import FILE, NAMES, WORDS, Ranker
from recall.corpus.ranking.ridge import BUCKETS, LinearModel
from recall.corpus.signals import signals
from recall.errors import BadInput
from recall.report.corpus_figures import qualities_of
from recall.run.rounds import Run
from recall.run.store import Store
from tests.conftest import Crawl, make_run, play

TOKENS = 8_000


def by_words() -> Ranker:
    """Quality grows with the words of a page, from 1 at 60 of them by 2 points for each doubling."""
    weights = np.array([2 / np.log(2) if name == "words" else 0.0 for name in NAMES])
    means = np.array([np.log(61) if name == "words" else 0.0 for name in NAMES])
    labels = {"learned_from": 60, "sites": 9, "audit": 0, "of_audited_sites": 0, "annotators": 1}
    labels |= {"read_twice": 0, "by_judge": 0}
    return Ranker(
        LinearModel(means, np.ones(len(NAMES)), weights, np.zeros(BUCKETS), 1.0), 0.0, 1.0, "1", 3.0, 2.5, labels
    )


@pytest.fixture(scope="module")
def ranked(crawl: Crawl, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("ranked")
    store = Store(str(folder / "ranker"))
    store.publish(FILE, by_words().dump())
    store.publish(WORDS, by_words().dump_words())
    quality = {"ranker": str(folder / "ranker"), "keep": ["quality >= 1.5"], "best_tokens": TOKENS}
    mix = {"weights": ["quality:3=2", "quality=0.5"]}
    run = make_run(folder / "run", crawl.config(1, quality=quality, mix=mix))
    play(run)
    return run


def rows_of(run: Run) -> list[dict[str, Any]]:
    files = [output.file for output in run.step("corpus").outputs() if output.file.startswith("part-")]
    return [row for file in files for row in run.store.read_table(f"corpus/{file}").to_pylist()]


def test_each_row_has_the_quality_of_its_final_text(ranked: Run) -> None:
    ranker, rows = by_words(), rows_of(ranked)
    assert len({row["quality"] for row in rows}) > 5
    for row in rows:
        text = row["text"]
        assert row["quality"] == ranker.quality(text, {**signals(text), **code_signals(measured_blocks(text))})
        assert row["weight"] == (2.0 if row["quality"] >= 3 else 0.5)


def test_what_breaks_a_rule_over_quality_is_dropped_by_it(ranked: Run) -> None:
    dropped = ranked.store.read_table("corpus/dropped.parquet").to_pylist()
    details = [row["detail"] for row in dropped if row["reason"] == "breaks the rule quality >= 1.5"]
    assert details
    assert all(detail.startswith("quality is ") and float(detail.split()[-1]) < 1.5 for detail in details)
    assert min(row["quality"] for row in rows_of(ranked)) >= 1.5


def test_the_best_tokens_stay_and_the_others_are_named(ranked: Run) -> None:
    rows = rows_of(ranked)
    dropped = [row for row in ranked.store.read_table("corpus/dropped.parquet").to_pylist() if row["stage"] == "best"]
    assert dropped
    assert {row["reason"] for row in dropped} == {"other pages of higher quality hold the tokens that are wanted"}
    lowest = min(rows, key=lambda row: row["quality"])
    assert max(float(row["detail"].split()[-1]) for row in dropped) <= round(lowest["quality"], 3)
    tokens = sum(row["tokens"] for row in rows)
    assert tokens - max(row["tokens"] for row in rows if row["quality"] == lowest["quality"]) < TOKENS <= tokens
    assert all(row["url"] and row["warc_path"] for row in dropped)
    stages = {stage["stage"]: stage for stage in json.loads(ranked.store.read("corpus/stages.json"))}
    assert stages["best"]["enabled"]
    assert stages["best"]["dropped"] == len(dropped)
    assert stages["best"]["pages_out"] == len(rows)


def test_the_card_and_the_report_count_pages_by_quality(ranked: Run) -> None:
    rows = rows_of(ranked)
    counts = Counter(int(row["quality"]) for row in rows)
    tokens = Counter[int]()
    for row in rows:
        tokens[int(row["quality"])] += row["tokens"]
    card = ranked.store.read("corpus/card.md").decode()
    for value, pages in counts.items():
        assert f"| {value} to {value + 1} | {pages:,} | {tokens[value]:,} |" in card
    assert by_words().digest[:16] in card
    assert f"hold {TOKENS:,} tokens" in card
    figure = qualities_of(corpus_statistics(ranked, 0))
    assert [row[1] for row in figure.rows] == [counts[value] for value in sorted(counts, reverse=True)]


def test_the_manifest_holds_the_digest_of_the_ranker(ranked: Run) -> None:
    settings = ranked.step("corpus").manifest.settings
    assert [name for name in settings if name.endswith(FILE)]


def test_without_a_ranker_no_row_has_a_quality_and_no_stage_ran(played: Run) -> None:
    assert {row["quality"] for row in rows_of(played)} == {None}
    stages = {stage["stage"]: stage for stage in json.loads(played.store.read("corpus/stages.json"))}
    assert (stages["best"]["enabled"], stages["best"]["dropped"]) == (False, 0)
    assert "| quality | pages | tokens |" not in played.store.read("corpus/card.md").decode()
    assert qualities_of(corpus_statistics(played, 0)).rows == []


def test_a_ranker_that_is_none_ends_the_build_before_it_begins(fresh: Any, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"nowhere/ranker\.json: no ranker"):
        fresh("build", rounds=1, quality={"ranker": str(tmp_path / "nowhere")})
