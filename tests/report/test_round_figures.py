import math

import numpy as np
import pytest

from recall.report.round_figures import counts_of, measure, share
from recall.run.label_files import LabelledUrl
from recall.run.rounds import Run
from recall.run.scanned import read_rows, scanned_shards


def test_shares_are_those_of_the_counts() -> None:
    kept, truth = np.array([True, True, False, False]), np.array([True, False, True, False])
    assert share(kept, truth).precision == share(kept, truth).found == 0.5
    assert math.isnan(share(~(kept | True), truth).precision)
    assert math.isnan(share(kept, ~(truth | True)).found)


def test_counts_are_those_of_the_steps(played: Run) -> None:
    counts = counts_of(played.round(2))
    assert counts.read == 324
    assert counts.examples == played.round(2).step("train").result.counts["examples"]


def test_held_out_pages_are_measured_by_the_rows_of_the_scan(played: Run, crawl: object) -> None:
    sites = crawl.sites  # type: ignore[attr-defined]  # the fixture's own class
    labels = [LabelledUrl(site.url, site.label, site.use) for site in sites]
    figures = measure(played.round(2), labels)
    rows = [
        row
        for scanned in scanned_shards(played.round(2))
        for row in read_rows(played.store, scanned).to_pylist()
        if played.holdout.covers(row["url"])
    ]
    code = {site.url for site in sites if site.label == "C"}
    hits = sum(row["kept"] and row["url"] in code for row in rows)
    assert figures.held_out.pages == len(rows) == 108
    assert figures.held_out.found == pytest.approx(hits / 27)
    assert figures.held_out.precision == pytest.approx(hits / sum(row["kept"] for row in rows))
    assert figures.others_with_prefixes.found >= figures.others.found


def test_a_labelled_page_that_the_crawl_lacks_counts_as_missed(played: Run) -> None:
    labels = [LabelledUrl("https://site2.example2.org/docs/0.html", "C"), LabelledUrl("https://lost.example.org/", "C")]
    assert measure(played.round(1), labels).others.found == 0.0
