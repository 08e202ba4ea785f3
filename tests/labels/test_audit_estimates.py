"""What audit samples say of a round."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from recall.cli import verbs
from recall.labels.audit_estimates import audit, labelled_in, pool_labels
from recall.run.rounds import Run
from recall.run.scanned import read_rows, scanned_shards


def truth_of(crawl: Any, run: Run) -> dict[str, bool]:
    return {site.url: site.label == "C" for site in crawl.sites if not run.holdout.covers(site.url)}


def test_a_full_audit_gives_the_crawl_itself(fresh: Any, crawl: Any) -> None:
    run = fresh("round 1 harvest", rounds=1, label={"audit": 400, "pages": 0})
    estimate = audit(run.round(1))
    assert estimate is not None
    truth = truth_of(crawl, run)
    kept = {
        row["url"]
        for scanned in scanned_shards(run.round(1))
        for row in read_rows(run.store, scanned).to_pylist()
        if row["kept"] and row["url"] in truth
    }
    found, positive = sum(truth[url] for url in kept), sum(truth.values())
    assert estimate.model.positives.value == pytest.approx(positive)
    assert estimate.model.recall.value == pytest.approx(found / positive)
    assert estimate.model.precision.value == pytest.approx(found / len(kept))
    assert estimate.model.recall.low == pytest.approx(estimate.model.recall.high)


def test_pooled_rounds_count_every_page_of_the_crawl_once(played: Run, crawl: Any) -> None:
    pool = pool_labels(played.round(2))
    pages = sum(share / pool.chance[key] for key, share in pool.share.items())
    assert pages == pytest.approx(len(truth_of(crawl, played)), rel=0.15)
    assert pool.labels == sum(page.chance > 0 for number in (1, 2) for page in labelled_in(played.round(number)))


def test_intervals_hold_the_value_and_prefixes_find_more(played: Run) -> None:
    estimate = audit(played.round(2))
    assert estimate is not None
    for interval in (estimate.model.precision, estimate.model.recall, estimate.with_prefixes.recall):
        assert 0 <= interval.low <= interval.value <= interval.high <= 1
    assert estimate.with_prefixes.recall.value >= estimate.model.recall.value


def test_status_shows_the_estimates(played: Run) -> None:
    shown = CliRunner().invoke(verbs, ["status", played.store.root])
    assert "estimates for the whole crawl" in shown.output
    record = json.loads(CliRunner().invoke(verbs, ["status", played.store.root, "--json"]).output)
    assert record["rounds"][1]["audit"]["model"]["recall"]["high"] <= 1
    assert 0 <= record["rounds"][1]["saturation"] <= 1


def test_without_labelled_audit_pages_there_is_no_estimate(fresh: Any) -> None:
    assert audit(fresh("round 1 harvest", rounds=1, label={"audit": 0}).round(1)) is None
