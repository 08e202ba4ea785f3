"""A ranker finds the order that the labels were made by, says so honestly, and finds none where there is none."""

import json
from dataclasses import replace

import numpy as np
import pytest

from recall.corpus.ranking import fitting
from recall.corpus.ranking.corpus_features import features_of
from recall.corpus.ranking.fitting import RankedPages, fit_ranker, out_of_fold
from recall.corpus.ranking.quality_labels import LabelledPage
from recall.corpus.ranking.ranker import Ranker, parse_ranker
from recall.corpus.ranking.ranker_card import readme, threshold_line
from recall.corpus.ranking.ridge import PageFeatures, shared_words
from recall.errors import BadInput
from recall.model.evaluate import rank_correlation
from recall.sites.hosts import registered_domain
from recall.sites.urls import host_of
from tests.corpus.ranking.conftest import InventedPage, invent

AUDITED = 30


def labelled(pages: list[InventedPage], audit: int = 0, noise: float = 0.0) -> list[LabelledPage]:
    random = np.random.default_rng(4)
    rows = []
    for number, page in enumerate(pages):
        family = registered_domain(host_of(page.url))
        label = float(np.clip(page.worth + noise * random.normal(), 0, 5))
        rows.append(LabelledPage(page.url, page.text, family, number < audit, {"ann": label}))
    return rows


@pytest.fixture(scope="module")
def features(invented: list[InventedPage]) -> PageFeatures:
    return features_of([page.text for page in invented])


@pytest.fixture(scope="module")
def ranker(invented: list[InventedPage], features: PageFeatures) -> Ranker:
    return fit_ranker(labelled(invented, noise=0.7), features, 3, 0.8)


def test_the_order_of_new_pages_of_new_sites_is_that_of_their_worth(ranker: Ranker) -> None:
    fresh = [replace(page, url=page.url.replace("example", "fresh")) for page in invent(60, seed=99)]
    found = ranker.qualities(features_of([page.text for page in fresh]))
    worth = np.array([page.worth for page in fresh])
    assert rank_correlation(found, worth) > 0.9
    assert np.mean(np.abs(found - worth)) < 0.6


def test_figures_by_cross_validation_lie_beside_length_and_chance(ranker: Ranker) -> None:
    figures = {name: figure.value for name, figure in ranker.figures.items()}
    assert figures["rank_correlation"] > 0.85
    assert figures["rank_correlation_of_length"] < 0.7
    assert figures["best_fifth_right"] > 2 * figures["best_fifth_by_chance"]
    assert figures["worst_fifth_right"] > 2 * figures["worst_fifth_by_chance"]
    assert all(figure.low <= figure.value <= figure.high for figure in ranker.figures.values())


def test_the_threshold_keeps_so_large_a_share_of_good_pages(ranker: Ranker) -> None:
    assert ranker.figures["good_at_threshold"].value >= 0.8
    assert ranker.threshold is not None
    assert 0 < ranker.threshold < 5
    assert ranker.figures["kept_at_threshold"].value > 0.4


def test_quality_is_the_label_that_is_expected(
    invented: list[InventedPage], features: PageFeatures, ranker: Ranker
) -> None:
    found, labels = ranker.qualities(features), np.array([page.worth for page in invented])
    for part in np.array_split(np.argsort(found), 4):
        assert abs(found[part].mean() - labels[part].mean()) < 0.4
    assert found.min() >= 0
    assert found.max() <= 5


def test_no_prediction_of_a_page_knows_the_labels_of_its_site() -> None:
    """Each column, and each word, names a site, whose labels are all one: a fold that parts a site would learn them."""
    sites = np.repeat(np.arange(20), 8)
    labels = np.random.default_rng(5).permutation(20)[sites] / 4
    features = PageFeatures(np.eye(20)[sites], tuple(np.array([site]) for site in sites))
    pages = RankedPages(features, labels, [str(site) for site in sites])
    predictions = out_of_fold(pages, shared_words(features.words))
    assert rank_correlation(predictions, labels) < 0.1


def test_audit_pages_and_their_sites_are_not_learned_from(invented: list[InventedPage], features: PageFeatures) -> None:
    few = [page for page in invented if page.url.split("/")[2] in {"www.site3.example3.org", "www.site4.example4.org"}]
    audited = {page.url for page in few if "site3" in page.url or page is few[1]}
    pages = [replace(page, audit=page.url in audited) for page in labelled(invented)]
    ranker = fit_ranker(pages, features, 3, 0.8)
    assert ranker.labels["audit"] == len(audited)
    assert ranker.labels["of_audited_sites"] == len(few) - len(audited)
    assert ranker.labels["learned_from"] == len(invented) - len(few)
    wrong = [
        replace(page, scores={"ann": 0.0}) if page.family in {"example3.org", "example4.org"} else page
        for page in pages
    ]
    again = fit_ranker(wrong, features, 3, 0.8)
    assert again.model.weights.tolist() == ranker.model.weights.tolist()
    assert ranker.figures["audit_rank_correlation"].value > 0.7
    assert abs(ranker.figures["audit_mean_difference"].value) < 0.5
    assert again.figures["audit_mean_difference"].value > 1


def test_the_same_labels_give_the_same_bytes(
    invented: list[InventedPage], features: PageFeatures, ranker: Ranker
) -> None:
    again = fit_ranker(labelled(invented, noise=0.7), PageFeatures(features.rows.copy(), features.words), 3, 0.8)
    assert again.dump() == ranker.dump()
    assert again.dump_words() == ranker.dump_words()


def test_what_is_read_and_written_is_rounded(features: PageFeatures, ranker: Ranker) -> None:
    """So that the last bits in which processors differ change no byte."""
    assert np.array_equal(features.rows, np.round(features.rows, 9), equal_nan=True)
    body = json.loads(ranker.dump())
    for part in body["signals"].values():
        assert part == {name: round(value, 12) for name, value in part.items()}
    assert [body[name] for name in ("intercept", "offset", "slope")] == [
        round(body[name], 12) for name in ("intercept", "offset", "slope")
    ]
    for figure in body["figures"].values():
        assert figure == {name: round(value, 6) for name, value in figure.items()}


def test_where_no_quality_has_so_many_good_pages_there_is_no_threshold(
    invented: list[InventedPage], features: PageFeatures
) -> None:
    pages = [replace(page, scores={"ann": min(4.0, page.label)}) for page in labelled(invented)]
    ranker = fit_ranker(pages, features, 5, 0.8)
    assert ranker.threshold is None
    line = threshold_line(ranker)
    assert line.startswith("no threshold: from no quality on")
    assert line.endswith("has a label of 5 or more; of all 0% do")
    assert "## Threshold\n\nNo threshold: from" in readme(ranker)
    assert parse_ranker(ranker.dump(), ranker.dump_words(), "ranker.json").threshold is None


def test_labels_that_do_not_follow_from_the_texts_give_no_ranker(
    invented: list[InventedPage], features: PageFeatures
) -> None:
    labels = np.random.default_rng(1).permutation([float(page.worth) for page in invented])
    pages = [replace(page, scores={"ann": label}) for page, label in zip(labelled(invented), labels, strict=True)]
    with pytest.raises(BadInput, match="no ranker: on sites it did not see its order has a rank correlation of"):
        fit_ranker(pages, features, 3, 0.8)


@pytest.mark.parametrize(
    ("count", "label", "said"),
    [(40, None, "it needs 50 labelled pages of 5 registered domains"), (120, 3.0, "all labels are 3")],
)
def test_too_few_labels_and_labels_all_alike_are_refused(
    invented: list[InventedPage], features: PageFeatures, count: int, label: float | None, said: str
) -> None:
    pages = labelled(invented)[:count]
    if label is not None:
        pages = [replace(page, scores={"ann": label}) for page in pages]
    with pytest.raises(BadInput, match=said):
        fit_ranker(pages, features.only(np.arange(len(features)) < count), 3, 0.8)


def test_readers_of_the_same_page_are_compared(invented: list[InventedPage], features: PageFeatures) -> None:
    pages = [
        replace(page, scores={"ann": page.label, "bob": min(5.0, page.label + 1)}) if number % 4 == 0 else page
        for number, page in enumerate(labelled(invented))
    ]
    ranker = fit_ranker(pages, features, 3, 0.8)
    assert ranker.labels["read_twice"] == 30
    assert ranker.figures["rank_correlation_of_readers"].value > 0.95
    assert 0.7 < ranker.figures["error_of_readers"].value < 1


def test_of_very_many_labels_a_sample_is_learned_from_whatever_their_order(
    invented: list[InventedPage], features: PageFeatures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "MOST", 90)
    pages = labelled(invented)
    ranker = fit_ranker(pages, features, 3, 0.8)
    assert ranker.labels["learned_from"] == 90
    turned = PageFeatures(features.rows[::-1], features.words[::-1])
    assert fit_ranker(pages[::-1], turned, 3, 0.8).labels == ranker.labels
