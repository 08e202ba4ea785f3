"""What the floor loses, against the rows of the scan and the model itself."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from recall.model.scorer import SCORER_FILES, Scorer
from recall.page.text import scoring_text
from recall.report import floor_loss
from recall.report.floor_loss import floor_figure, measure_floor
from recall.run.label_files import LabelledUrl
from recall.run.round_model import model_folder
from recall.run.rounds import Run
from recall.run.scanned import read_rows, scanned_shards


def untrained(run: Run, number: int) -> list[dict[str, Any]]:
    """Every row of a round's scan whose page the round's model did not train on."""
    step = run.round(number).step("train")
    trained = run.store.read_table(step.key("out_of_fold.parquet"), ["url"]).column("url").to_pylist()
    rows = [row for one in scanned_shards(run.round(number)) for row in read_rows(run.store, one).to_pylist()]
    return [row for row in rows if row["url"] not in set(trained)]


def test_pages_below_the_floor_are_counted_and_scored_by_the_rounds_own_model(
    played: Run, crawl: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = [LabelledUrl(site.url, "C") for site in crawl.sites]  # all, so that many lie below
    bodies = {site.url: site.body for site in crawl.sites}
    rows = untrained(played, 2)
    far = [row["url"] for row in rows if not row["candidate"]]
    scorer = Scorer.load(played.store.local_folder(model_folder(played.round(2)), SCORER_FILES))
    scores = scorer.score([scoring_text(bodies[url]) for url in far])
    lowered = float(np.median(scores))
    for threshold in (scorer.threshold, lowered):
        card = replace(scorer.card, threshold=threshold, thresholds={})
        monkeypatch.setattr(
            floor_loss, "load_scorer", lambda *_, card=card: SimpleNamespace(card=card, score_texts=scorer.score_texts)
        )
        found = measure_floor(played.round(2), labels)
        lost = int((scores >= threshold).sum())
        kept = sum(row["kept"] for row in rows)
        assert (found.code_pages, found.below, found.lost) == (len(rows), len(far), lost)
        assert found.found == pytest.approx(kept / len(rows))
        assert found.found_all == pytest.approx((kept + lost) / len(rows))
    assert len(far) > lost > 0


def test_without_labels_there_is_nothing_to_tell(played: Run) -> None:
    assert not floor_figure([played.round(1)], []).rows
