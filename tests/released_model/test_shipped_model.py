"""The shipped model on real pages that it never saw, and its card."""

import json
from pathlib import Path

import pytest

from recall.archive.warc import captures
from recall.model.scorer import SHIPPED_MODEL, Scorer
from recall.page.text import scoring_text
from recall.run.sampling import priority

ASKED, ENOUGH = 20, 17


def test_the_card_is_of_the_model_that_ships() -> None:
    text = (SHIPPED_MODEL / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert f"`{Scorer.load().digest}`" in text
    assert f"{(SHIPPED_MODEL / 'plain.bin').stat().st_size:,} bytes" in text


@pytest.mark.realdata
@pytest.mark.slow
@pytest.mark.parametrize(("labels", "said"), [("C", "C"), ("AN", "other")])
def test_most_of_a_few_unseen_pages_are_told_right(shared: Path, labels: str, said: str) -> None:
    """Twenty pages that people read, of use `measure`, drawn from both crawls."""
    rows = {}
    for crawl in ("crawl", "web"):
        for line in (shared / crawl / "labels.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if row["use"] == "measure" and row["readers"] and row["label"] in labels:
                rows[row["url"]] = row
    urls = set(sorted(rows, key=lambda url: priority(0, url))[:ASKED])
    warcs = [warc for crawl in ("crawl", "web") for warc in shared.glob(f"{crawl}/crawl-data/**/warc/*.warc.gz")]
    chosen = list({page.url: page for warc in warcs for page in captures(str(warc)) if page.url in urls}.values())
    told = Scorer.load().labels_of([scoring_text(page.body, page.charset, page.url) for page in chosen])
    assert len(chosen) == ASKED
    assert told.count(said) >= ENOUGH
