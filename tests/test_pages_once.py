"""A page that several crawls hold, spelled in several ways, is one page wherever pages are counted or drawn."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from recall.labels.audit_estimates import audit
from recall.labels.decisions import shown_urls
from recall.run.ledger import entry_of
from recall.run.progress_bar import silence
from recall.run.rounds import Run
from recall.run.scanned import read_rows, scanned_shards
from recall.sites.urls import url_key
from tests.conftest import make_run, play


@pytest.fixture(scope="module")
def audited(recaptured: Any, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A round over four crawls whose every page is in the audit sample."""
    silence()
    config = recaptured.config(1, label={"audit": 400, "pages": 0})
    run = make_run(tmp_path_factory.mktemp("audited") / "run", config)
    play(run, "round 1 harvest")
    return run


def newest(run: Run) -> dict[str, dict[str, Any]]:
    """The newest capture of each page of round 1, by URL key."""
    found: dict[str, dict[str, Any]] = {}
    for scanned in scanned_shards(run.round(1)):
        for row in read_rows(run.store, scanned).to_pylist():
            key = url_key(row["url"])
            if key not in found or row["time"] > found[key]["time"]:
                found[key] = row
    return found


def test_captures_spelled_in_four_ways_are_one_page(audited: Run, recaptured: Any) -> None:
    copies = Counter(url_key(row["url"]) for one in scanned_shards(audited.round(1)) for row in rows_of(audited, one))
    assert Counter(copies.values()) == Counter(4 if site.label == "N" else 1 for site in recaptured.sites)


def rows_of(run: Run, scanned: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = read_rows(run.store, scanned).to_pylist()
    return rows


def test_hosts_are_tallied_by_pages_each_as_its_newest_capture_scored(audited: Run) -> None:
    count: dict[str, list[int]] = {}
    for key, row in newest(audited).items():
        pages = count.setdefault(key.partition("/")[0], [0, 0])
        pages[0] += 1
        pages[1] += row["kept"]
    table = audited.store.read_table(audited.round(1).step("domains").key("domains.parquet")).to_pylist()
    assert {row["host"]: [row["pages"], row["kept"]] for row in table} == count


def test_the_ledger_says_how_many_captures_were_repeats(audited: Run, recaptured: Any) -> None:
    again = 3 * sum(site.label == "N" for site in recaptured.sites)
    position = next(one for one in audited.order if one.verb == "domains")
    entry = entry_of(audited, position)
    assert entry is not None
    assert (dict(entry.pages.failed), entry.pages.lost) == ({"captured again": again}, 0)
    assert audited.verify() == []


def test_strata_and_sample_hold_each_page_once(audited: Run) -> None:
    step = audited.round(1).step("label")
    strata = audited.store.read_json(step.key("strata.json"))
    drawn = shown_urls(audited, [1], "audit")
    assert len({url_key(url) for url in drawn}) == len(drawn) == sum(one["pages"] for one in strata["strata"])
    rows = newest(audited)
    for task in audited.store.read_table(step.key("tasks.parquet"), ["url", "score"]).to_pylist():
        assert task["score"] == rows[url_key(task["url"])]["score"]


def test_a_full_audit_gives_the_pages_themselves(audited: Run, recaptured: Any) -> None:
    estimate = audit(audited.round(1))
    assert estimate is not None
    open_sites = [site for site in recaptured.sites if not audited.holdout.covers(site.url)]
    truth = {url_key(site.url): site.label == "C" for site in open_sites}
    rows = newest(audited)
    kept = {key for key in truth if rows[key]["kept"]}
    found, positive = sum(truth[key] for key in kept), sum(truth.values())
    assert estimate.model.positives.value == pytest.approx(positive)
    assert estimate.model.precision.value == pytest.approx(found / len(kept))
    assert estimate.model.recall.value == pytest.approx(found / positive)


def test_the_order_of_the_crawls_changes_no_page(recaptured: Any, audited: Run, tmp_path: Path) -> None:
    config = recaptured.config(1, label={"audit": 400, "pages": 0})
    warcs = config.crawl.model_copy(update={"warcs": tuple(reversed(config.crawl.warcs))})
    run = make_run(tmp_path / "run", config.model_copy(update={"crawl": warcs}))
    play(run, "round 1 domains")
    assert {key: row["url"] for key, row in newest(run).items()} == {
        key: row["url"] for key, row in newest(audited).items()
    }
    counts = [one.round(1).step("domains").manifest.counts for one in (run, audited)]
    assert [(one["repeats"], one["tallied"]) for one in counts] == [(counts[0]["repeats"], counts[0]["tallied"])] * 2
