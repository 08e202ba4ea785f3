from typing import Any

import numpy as np
import pytest

from recall.labels.crawl_weights import FINE, crawl_weights, stratum_weights
from recall.labels.examples import gather
from recall.run.rounds import Run
from recall.run.scanned import read_rows, scanned_shards


def test_weights_add_up_to_the_pages_of_the_crawl() -> None:
    chance = np.random.default_rng(1)
    histogram = np.bincount((chance.random(10_000) ** 3 * FINE).astype(int), minlength=FINE)
    weights = stratum_weights(chance.random(400), histogram)
    assert weights.sum() == pytest.approx(10_000)
    assert (weights > 0).all()


def test_precision_is_right_though_uncertain_pages_are_over_represented() -> None:
    """Pages whose chance to be positive rises with the score; most judged ones lie near 0.5. Means of 20 draws."""
    weighted, plain = [], []
    for draw in range(20):
        chance = np.random.default_rng(draw)
        scores = chance.beta(0.6, 1.5, 20_000)
        truth = chance.random(20_000) < scores
        near = np.argsort(np.abs(scores - 0.45))[:600]
        judged = np.unique(np.concatenate([near, chance.choice(20_000, 600, replace=False)]))
        histogram = np.bincount(np.minimum((scores * FINE).astype(int), FINE - 1), minlength=FINE)
        weights = stratum_weights(scores[judged], histogram)
        kept = scores[judged] >= 0.4
        actual = truth[scores >= 0.4].mean()
        weighted.append(weights[kept & truth[judged]].sum() / weights[kept].sum() - actual)
        plain.append(truth[judged][kept].mean() - actual)
    assert abs(np.mean(weighted)) < 0.015
    assert abs(np.mean(plain)) > 0.08


def test_the_first_round_has_no_scores_to_weigh_by(played: Run) -> None:
    assert crawl_weights(played.round(1), ["https://a.org/"]) is None


def test_later_rounds_weigh_judged_pages_up_to_the_open_crawl(played: Run) -> None:
    urls = [example.url for example in gather(played.round(2)) if example.source == "asked"]
    weights = crawl_weights(played.round(2), urls)
    assert weights is not None
    open_pages = sum(
        not played.holdout.covers(url)
        for scanned in scanned_shards(played.round(1))
        for url in read_rows(played.store, scanned).column("url").to_pylist()
    )
    assert weights.sum() == pytest.approx(open_pages)


def test_a_url_captured_twice_counts_by_its_first_capture(played: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from recall.labels import crawl_weights
    from recall.run.jobs import complete

    url = "https://site1.example1.org/docs/0.html"

    def twice(function: Any, context: Any, items: Any, *rest: Any) -> Any:
        """Outcomes backwards, each shard with a score of its own for the URL."""
        outcomes = list(complete(function, context, items, *rest))
        for place, outcome in enumerate(outcomes):
            outcome.result[1][url] = (place + 1) / 10
        return reversed(outcomes)

    monkeypatch.setattr(crawl_weights, "complete", twice)
    monkeypatch.setattr(crawl_weights, "_out_of_fold", lambda _: {})
    seen: list[Any] = []

    def take(scores: Any, _: Any) -> Any:
        seen.append(scores)
        return scores

    monkeypatch.setattr(crawl_weights, "stratum_weights", take)
    crawl_weights.crawl_weights(played.round(2), [url])
    assert seen[0].tolist() == [0.1]
