from typing import Any

from recall.labels.decisions import accepted_prefixes, audit_urls, page_labels
from recall.run.rounds import Run
from recall.run.scanned import read_rows, scanned_shards
from recall.steps.harvest import harvest


def missed_pages(run: Run, number: int) -> set[str]:
    """Open pages below the threshold under an accepted prefix that nobody was asked about."""
    round_ = run.round(number)
    prefixes = accepted_prefixes(run, range(1, number + 1))
    known = set(page_labels(run, range(1, number + 1))) | set(audit_urls(run, range(1, number + 1)))
    below = {
        row["url"]
        for scanned in scanned_shards(round_)
        for row in read_rows(run.store, scanned).to_pylist()
        if not row["kept"]
    }
    return {
        url
        for url in below - known
        if any(url.split("//")[1].startswith(prefix) for prefix in prefixes) and not run.holdout.covers(url)
    }


def test_the_missed_pages_under_accepted_prefixes_are_taken_and_no_others(fresh: Any) -> None:
    run = fresh("round 1 label", label={"pages": 10, "audit": 10}, train={"target_value": 0.99})
    done = harvest(run.round(1))
    rows = run.store.read_table(run.round(1).step("harvest").key("pages.parquet")).to_pylist()
    seeds = set(run.store.read_table("seed/examples.parquet").column("url").to_pylist())
    assert {row["url"] for row in rows} == missed_pages(run, 1)
    assert done.counts["harvested"] == done.counts["missed"] == len(rows)
    assert all(row["text"] and row["length"] > 0 for row in rows)
    assert {row["url"] for row in rows} - seeds, "the test's crawl must leave something to harvest"


def test_a_prefix_gives_at_most_its_share_and_all_together_at_most_the_limit(fresh: Any) -> None:
    settings = {"label": {"pages": 10, "audit": 10}, "train": {"target_value": 0.99}}
    few = fresh("round 1 label", harvest={"per_prefix": 1}, **settings)
    harvest(few.round(1))
    rows = few.store.read_table(few.round(1).step("harvest").key("pages.parquet")).to_pylist()
    assert len(rows) == len({row["prefix"] for row in rows}) > 0
    one = fresh("round 1 label", harvest={"limit": 1}, **settings)
    assert harvest(one.round(1)).counts["harvested"] == 1


def test_harvested_pages_train_the_next_round(fresh: Any) -> None:
    run = fresh("round 2 train", label={"pages": 10, "audit": 10}, train={"target_value": 0.99})
    pages = run.store.read_table(run.round(1).step("harvest").key("pages.parquet")).column("url").to_pylist()
    trained = run.store.read_table(run.round(2).step("train").key("out_of_fold.parquet")).to_pylist()
    sources = {row["url"]: row["source"] for row in trained}
    fresh_ones = [url for url in pages if sources[url] == "harvest"]
    assert fresh_ones
    assert all(row["score"] is None for row in trained if row["source"] == "harvest")
