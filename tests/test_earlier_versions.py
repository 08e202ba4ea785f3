"""Run folders of versions that knew neither repeats, times of captures, sketches, nor why extraction fell back."""

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from recall.cli import verbs
from recall.corpus.schema import CORPUS
from recall.errors import BadInput
from recall.labels.decisions import PAGE_TASKS, shown_urls
from recall.loop import advance
from recall.records import Done
from recall.run.crawl_pages import REPEATS_FILE, CrawlPages, crawl_pages
from recall.run.rounds import Run
from recall.run.scanned import ROWS, read_rows, scanned_shards
from recall.sites.urls import url_key
from recall.steps.scan.slim_rows import SlimRows
from tests.conftest import Crawl, Fresh, make_run, play

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def earlier(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """While it holds, steps write what earlier versions wrote."""
    for schema in (ROWS, PAGE_TASKS):
        monkeypatch.delitem(schema, "sketch")
    monkeypatch.delitem(ROWS, "time")
    columns = SlimRows.columns
    monkeypatch.setattr(SlimRows, "columns", lambda rows: {name: columns(rows)[name] for name in ROWS})
    monkeypatch.delitem(CORPUS, "fallback")
    monkeypatch.setattr("recall.steps.domains._find_repeats", lambda round_, *_: (CrawlPages(round_.run.store), 0))
    monkeypatch.setattr("annotation.page_pool.require_repeats", lambda _: None)
    return monkeypatch


def test_a_finished_run_of_an_earlier_version_is_read(earlier: pytest.MonkeyPatch, fresh: Fresh) -> None:
    run = fresh(rounds=1)
    play(run)
    earlier.undo()
    (first, *_) = scanned_shards(run.round(1))
    assert "fallback" not in run.store.read_table("corpus/part-00000.parquet").column_names
    assert "time" not in run.store.read_table(first.rows).column_names
    assert not run.store.exists(run.round(1).step("domains").key(REPEATS_FILE))
    for name in ("time", "sketch"):
        assert set(read_rows(run.store, first, [name]).column(name).to_pylist()) == {0}
    assert "sketch" not in run.store.columns_of("rounds/1/label/tasks.parquet")
    assert not crawl_pages(run.round(1)).files
    for verb, said in (("status", "domains"), ("verify", "corpus rows read back"), ("report", "report/index.html")):
        answer = CliRunner().invoke(verbs, [verb, run.store.root])
        assert answer.exit_code == 0, answer.output
        assert said in answer.output


def test_no_pages_are_drawn_from_counts_of_captures(
    earlier: pytest.MonkeyPatch, recaptured: Crawl, tmp_path: "Path"
) -> None:
    run = make_run(tmp_path / "run", recaptured.config(1, label={"audit": 400, "pages": 0}))
    play(run, "round 1 domains")
    earlier.undo()
    run = Run.open(run.store.root)
    with pytest.raises(BadInput, match=r"run/rounds/1/domains: .* counted captures as pages.*remove its step\.json"):
        advance(run)
    assert run.store.keys("rounds/1/label/") == []
    run.store.remove("rounds/1/domains/step.json")
    run = Run.open(run.store.root)
    play(run, "round 1 label")
    step = run.round(1).step("label")
    assert isinstance(step.result, Done)
    drawn = shown_urls(run, [1], "audit")
    strata = run.store.read_json(step.key("strata.json"))["strata"]
    assert len(drawn) == len(set(map(url_key, drawn))) == sum(stratum["pages"] for stratum in strata)
