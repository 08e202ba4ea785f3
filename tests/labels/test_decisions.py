"""What people decided, read from label folders."""

from pathlib import Path

import pytest

from recall.config import parse_config
from recall.labels.decisions import (
    LABELS,
    PAGE_TASKS,
    accepted_prefixes,
    audit_urls,
    excluded_annotators,
    page_labels,
    prefix_labels,
    shown_urls,
)
from recall.records import Shard
from recall.run.rounds import Run

TEXT = '[run]\nrounds = 3\n[crawl]\nwarcs = ["unused"]\n'


def publish(run: Run, number: int, tasks: list[tuple[str, str]], labels: list[tuple[str, str, str]]) -> None:
    """tasks: URL and use; labels: target, kind and value."""
    folder = run.round(number).step("label")
    pages = {
        "key": [url for url, _ in tasks],
        "url": [url for url, _ in tasks],
        "use": [use for _, use in tasks],
        "path": ["p"] * len(tasks),
        "text": [f"text of {url} in {number}" for url, _ in tasks],
        **{name: [number] * len(tasks) for name in ("offset", "length", "shard", "sketch")},
        **{name: [0.5] * len(tasks) for name in ("score", "probability")},
        **{name: [""] * len(tasks) for name in ("stratum", "title", "markdown", "answer")},
        "votes": [1] * len(tasks),
        "blind": [False] * len(tasks),
    }
    run.store.publish_table(folder.key("tasks.parquet"), pages, PAGE_TASKS)
    use = dict(tasks)
    decided = {
        "target": [target for target, _, _ in labels],
        "kind": [kind for _, kind, _ in labels],
        "value": [value for _, _, value in labels],
        "annotators": [["ann"]] * len(labels),
        "agreement": [1.0] * len(labels),
        "use": [use.get(target, "train") for target, _, _ in labels],
        "source": ["vote"] * len(labels),
        "category": [""] * len(labels),
        "error_chance": [None] * len(labels),
    }
    run.store.publish_table(folder.key("labels.parquet"), decided, LABELS)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    made = Run.create(tmp_path / "run", parse_config(TEXT, "c"), TEXT, [Shard(0, "", "w", "w")])
    publish(
        made,
        1,
        [("http://a.org/1", "train"), ("http://a.org/2", "audit"), ("http://a.org/3", "train")],
        [
            ("http://a.org/1", "page", "C"),
            ("http://a.org/2", "page", "N"),
            ("a.org/", "prefix", "accept"),
            ("b.org/", "prefix", "reject"),
            ("c.org/", "prefix", "accept"),
            ("d.org/", "prefix", "unsure"),
        ],
    )
    publish(
        made,
        2,
        [("http://a.org/4", "train")],
        [
            ("http://a.org/4", "page", "C"),
            ("a.org/", "prefix", "reject"),
            ("b.org/", "prefix", "accept"),
            ("c.org/", "prefix", "unsure"),
            ("d.org/", "prefix", "accept"),
        ],
    )
    return made


def test_labelled_pages_come_with_what_was_asked_about(run: Run) -> None:
    labels = page_labels(run, [1, 2])
    assert {url: (label.value, label.use) for url, label in labels.items()} == {
        "http://a.org/1": ("C", "train"),
        "http://a.org/2": ("N", "audit"),
        "http://a.org/4": ("C", "train"),
    }
    assert labels["http://a.org/4"].text == "text of http://a.org/4 in 2"
    assert labels["http://a.org/4"].offset == 2
    assert page_labels(run, []) == {}


def test_a_later_judgement_overrides_unless_it_is_unsure(run: Run) -> None:
    assert accepted_prefixes(run, [1]) == ("a.org/", "c.org/")
    assert accepted_prefixes(run, [1, 2]) == ("b.org/", "c.org/", "d.org/")
    assert accepted_prefixes(run, (2, 1)) == accepted_prefixes(run, range(1, 3))
    assert prefix_labels(run, [1])["d.org/"] == "unsure"


def test_a_prefix_that_an_earlier_version_spelled_otherwise_is_the_same(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", parse_config(TEXT, "c"), TEXT, [Shard(0, "", "w", "w")])
    earlier = [("bücher.example/{int}/", "prefix", "accept"), ("2001:db8::1/docs/", "prefix", "accept")]
    publish(run, 1, [], [*earlier, ("a.org/%7euser/", "prefix", "accept")])
    publish(run, 2, [], [("xn--bcher-kva.example/{int}/", "prefix", "reject")])
    assert accepted_prefixes(run, [1, 2]) == ("[2001:db8::1]/docs/", "a.org/~user/")


def test_audit_pages_are_known_before_they_are_labelled(run: Run) -> None:
    assert audit_urls(run, [1, 2]) == {"http://a.org/2"}
    assert shown_urls(run, [1, 2]) == {f"http://a.org/{number}" for number in range(1, 5)}
    assert shown_urls(run, [2], "audit") == set()


def test_labels_of_annotators_who_are_left_out_later_do_not_count(run: Run) -> None:
    run.store.publish_json(run.round(1).step("label").key("agreement.json"), {"left_out": []})
    assert excluded_annotators(run, [1, 2]) == frozenset()
    assert len(page_labels(run, [1, 2])) == 3
    run.store.publish_json(run.round(2).step("label").key("agreement.json"), {"left_out": ["ann"]})
    assert excluded_annotators(run, [1, 2]) == {"ann"}
    assert excluded_annotators(run, [1]) == frozenset()
    assert page_labels(run, [1, 2]) == {}
    assert prefix_labels(run, [1, 2]) == {}
    assert len(page_labels(run, [1])) == 2
    assert audit_urls(run, [1, 2]) == {"http://a.org/2"}
