"""Thresholds of topics, chosen on the pages whose topic each is."""

import numpy as np
import pytest

from recall.config import TrainSection
from recall.model.scorer.topics import fit_weights
from recall.steps.train.operating_point import KIND_POSITIVES, HeldOut, topics_with_thresholds

SETTINGS = TrainSection(labels="all", topics={"C": "Code", "M": "Math"}, target_value=0.9)
SHARED = 0.5


def held(parts: dict[tuple[str, str], list[float]]) -> HeldOut:
    """Pages by label and topic with their scores."""
    labels = [label for (label, _), scores in parts.items() for _ in scores]
    flat = np.array([score for scores in parts.values() for score in scores])
    first = np.array([0.9 if topic == "C" else 0.1 for (_, topic), scores in parts.items() for _ in scores])
    return HeldOut(flat, labels, np.stack([first, 1 - first], axis=1) * flat[:, None], None, np.zeros(len(flat)))


def test_a_topic_that_is_harder_to_tell_has_a_higher_threshold() -> None:
    high, low = list(np.linspace(0.8, 0.99, KIND_POSITIVES)), list(np.linspace(0.2, 0.75, 40))
    pages = held({("C", "C"): high, ("M", "M"): high, ("N", "C"): [0.1] * 40, ("N", "M"): low})
    found = topics_with_thresholds(pages, SHARED, SETTINGS)
    assert [topic.tag for topic in found.values()] == ["Code", "Math"]
    assert found["C"].threshold < found["M"].threshold
    for topic in found.values():
        assert topic.metrics["precision"] >= 0.9
        assert topic.metrics["recall"] > 0.9
        assert topic.metrics["pages"] == KIND_POSITIVES


def test_a_page_that_is_torn_between_topics_is_kept_and_counts_against_the_tag_alone() -> None:
    high = [0.95] * KIND_POSITIVES
    pages = held({("C", "C"): high, ("C", "M"): high, ("M", "M"): high, ("M", "C"): high, ("N", "M"): [0.1] * 20})
    found = topics_with_thresholds(pages, SHARED, SETTINGS)
    for topic in found.values():
        assert topic.metrics["precision"] == topic.metrics["recall"] == 1.0
        assert topic.metrics["tag_precision"] == 0.5


def test_a_rare_topic_is_told_as_often_as_people_do() -> None:
    random = np.random.default_rng(4)
    numbers = np.array([0] * 300 + [1] * 40 + [2] * 20)
    logits = random.normal(size=(360, 3)) + 1.5 * np.eye(3)[numbers] + [3.0, 0.0, -1.0]
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    plain, weights = shares.argmax(axis=1), fit_weights(shares, numbers)
    told = (shares * weights).argmax(axis=1)
    assert np.bincount(plain, minlength=3)[1:].sum() < 20
    np.testing.assert_allclose(np.bincount(told, minlength=3), [300, 40, 20], atol=3)
    for topic in (1, 2):
        assert (told == topic)[numbers == topic].mean() > (plain == topic)[numbers == topic].mean()


@pytest.mark.parametrize("numbers", [[0, 0, 0], [1, 1, 1], []])
def test_a_topic_without_labels_or_without_others_keeps_its_weight(numbers: list[int]) -> None:
    shares = np.array([[0.2, 0.1], [0.1, 0.2], [0.0, 0.0]])[: len(numbers)]
    assert fit_weights(shares, np.array(numbers, dtype=np.intp)).tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("positives", "others"), [(KIND_POSITIVES - 1, 0), (KIND_POSITIVES, KIND_POSITIVES)], ids=["too few", "too hard"]
)
def test_a_topic_without_a_threshold_of_its_own_has_the_shared_one(positives: int, others: int) -> None:
    high = [0.9] * KIND_POSITIVES
    pages = held({("C", "C"): high, ("M", "M"): [0.9] * positives, ("N", "M"): [0.95] * others, ("N", "C"): [0.1]})
    found = topics_with_thresholds(pages, SHARED, SETTINGS)
    assert found["M"].threshold == SHARED
    assert found["C"].threshold > 0.1


def test_pages_without_weight_decide_nothing() -> None:
    high = [0.9] * KIND_POSITIVES
    pages = held({("C", "C"): high, ("M", "M"): high, ("N", "M"): [0.95] * KIND_POSITIVES})
    weights = np.array([label != "N" for label in pages.labels], dtype=np.float64)
    weighted = HeldOut(pages.scores, pages.labels, pages.shares, weights, pages.error_chance)
    assert topics_with_thresholds(weighted, SHARED, SETTINGS)["M"].metrics["precision"] == 1.0
    assert topics_with_thresholds(pages, SHARED, SETTINGS)["M"].metrics["precision"] == 0.5


def test_one_positive_label_has_no_topics() -> None:
    assert topics_with_thresholds(held({("C", "C"): [0.9], ("N", "C"): [0.1]}), SHARED, TrainSection()) == {}
