from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recall.config import TrainSection
from recall.model.fasttext import Recipe
from recall.model.scorer import ModelCard
from recall.model.scorer.card import kept_by, threshold_for
from recall.sites.kinds import kind_of
from recall.steps.train.operating_point import KIND_POSITIVES, thresholds_by_kind

CARD = ModelCard(labels=("C", "other"), positive="C", input="html", recipe=Recipe(), threshold=0.5)
URLS = ["https://a.example/forum/1", "https://a.example/blog/1", "https://forum.b.example/2", "https://c.example/x"]
SCORES = np.array([0.2, 0.2, 0.1, 0.5])


def test_one_threshold_serves_all_kinds_without_their_own() -> None:
    assert kept_by(CARD, SCORES, URLS).tolist() == [False, False, False, True]


def test_a_kind_may_have_its_own_threshold() -> None:
    card = replace(CARD, thresholds={"forum": 0.15, "other": 0.6})
    assert kept_by(card, SCORES, URLS).tolist() == [True, False, False, False]


def test_a_page_is_measured_by_the_kind_its_url_tells() -> None:
    card = replace(CARD, thresholds={"forum": 0.15})
    assert [threshold_for(card, url) for url in (URLS[0], URLS[1], None, "")] == [0.15, 0.5, 0.5, 0.5]
    assert threshold_for(CARD, URLS[0]) == 0.5


def test_bare_text_knows_one_threshold() -> None:
    card = replace(CARD, thresholds={"forum": 0.15}, text_threshold=0.1)
    assert kept_by(card, SCORES, URLS, text=True).all()


def test_the_floor_lies_below_every_threshold() -> None:
    assert replace(CARD, thresholds={"forum": 0.15}).floor_for(text=False) == 0.15


def judged(kind: str, threshold: float, count: int) -> tuple[list[str], list[float], list[bool]]:
    """Pages of a kind that a threshold tells apart."""
    urls = [f"https://site.example/{kind}/{number}" for number in range(2 * count)]
    return urls, [threshold + 0.05] * count + [threshold - 0.05] * count, [True] * count + [False] * count


def test_kinds_with_enough_positives_get_the_threshold_that_serves_them() -> None:
    parts = judged("forum", 0.2, KIND_POSITIVES), judged("blog", 0.6, KIND_POSITIVES), judged("docs", 0.9, 3)
    urls = [url for part in parts for url in part[0]]
    scores = [score for part in parts for score in part[1]]
    truth = [true for part in parts for true in part[2]]
    settings = TrainSection(thresholds="kind")
    found = thresholds_by_kind(urls, np.array(scores), np.array(truth), None, np.zeros(len(urls)), settings)
    assert list(found) == ["blog", "forum"]
    assert 0.15 < found["forum"] <= 0.25
    assert 0.55 < found["blog"] <= 0.65
    assert thresholds_by_kind(urls, np.array(scores), np.array(truth), None, np.zeros(len(urls)), TrainSection()) == {}


def test_pages_that_stand_for_nothing_choose_no_threshold() -> None:
    urls, scores, truth = judged("forum", 0.2, KIND_POSITIVES)
    weights = np.zeros(len(urls))
    assert (
        thresholds_by_kind(
            urls, np.array(scores), np.array(truth), weights, np.zeros(len(urls)), TrainSection(thresholds="kind")
        )
        == {}
    )


@pytest.mark.parametrize(
    ("url", "kind"), [("https://stackoverflow.com/questions/1/x", "qa"), ("https://plain.example/", "other")]
)
def test_a_url_tells_its_kind(url: str, kind: str) -> None:
    assert kind_of(url) == kind


def test_a_scan_keeps_by_kind(fresh: Any) -> None:
    run = fresh("round 1 scan", train={"thresholds": "kind"})
    assert run.round(1).step("scan").done
