import numpy as np
import pytest

from recall.labels.crawl_weights import FINE, crawl_weights, first_scores, stratum_weights
from recall.labels.examples import gather
from recall.run.rounds import Run
from recall.run.scanned import read_rows, scanned_shards


def test_weights_add_up_to_the_pages_of_the_crawl() -> None:
    chance = np.random.default_rng(1)
    histogram = np.bincount((chance.random(10_000) ** 3 * FINE).astype(int), minlength=FINE)
    weights = stratum_weights(chance.random(400), histogram)
    assert weights.sum() == pytest.approx(10_000)
    assert (weights > 0).all()


def test_a_text_represents_as_many_more_pages_as_it_has_copies() -> None:
    histogram = np.zeros(FINE, np.int64)
    histogram[100] = 120
    weights = stratum_weights(np.full(4, 100.5 / FINE), histogram, np.array([9, 1, 1, 0]))
    assert weights.tolist() == [90, 10, 10, 10]


def test_precision_is_right_though_uncertain_pages_are_over_represented() -> None:
    """Pages whose chance to be positive rises with the score; most labelled ones lie near 0.5. Means of 20 draws."""
    weighted, plain = [], []
    for draw in range(20):
        chance = np.random.default_rng(draw)
        scores = chance.beta(0.6, 1.5, 20_000)
        truth = chance.random(20_000) < scores
        near = np.argsort(np.abs(scores - 0.45))[:600]
        labelled = np.unique(np.concatenate([near, chance.choice(20_000, 600, replace=False)]))
        histogram = np.bincount(np.minimum((scores * FINE).astype(int), FINE - 1), minlength=FINE)
        weights = stratum_weights(scores[labelled], histogram)
        kept = scores[labelled] >= 0.4
        actual = truth[scores >= 0.4].mean()
        weighted.append(weights[kept & truth[labelled]].sum() / weights[kept].sum() - actual)
        plain.append(truth[labelled][kept].mean() - actual)
    assert abs(np.mean(weighted)) < 0.015
    assert abs(np.mean(plain)) > 0.08


def test_the_first_round_has_no_scores_to_weigh_by(played: Run) -> None:
    assert crawl_weights(played.round(1), ["https://a.org/"]) is None


def test_later_rounds_weigh_labelled_pages_up_to_the_open_crawl(played: Run) -> None:
    urls = [example.url for example in gather(played.round(2)) if example.source == "asked"]
    weights = crawl_weights(played.round(2), urls)
    assert weights is not None
    open_pages = sum(
        not played.holdout.covers(url)
        for scanned in scanned_shards(played.round(1))
        for url in read_rows(played.store, scanned).column("url").to_pylist()
    )
    assert weights.sum() == pytest.approx(open_pages)


def test_a_url_captured_twice_counts_by_its_first_capture() -> None:
    by_shard = {
        7: {"https://a.org/": 0.3},
        2: {"https://a.org/": 0.1, "https://b.org/": 0.2},
        4: {"https://a.org/": 0.9},
    }
    assert first_scores(by_shard) == {"https://a.org/": 0.1, "https://b.org/": 0.2}
