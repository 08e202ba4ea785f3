from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from recall.errors import BadInput
from recall.labels.decisions import audit_urls, page_labels
from recall.labels.examples import gather
from recall.model.scorer import Scorer
from recall.run.rounds import Run
from recall.steps.train.cross_validation import folds_of


def test_a_family_is_held_out_whole(played: Run) -> None:
    rows = played.store.read_table(played.round(2).step("train").key("out_of_fold.parquet")).to_pylist()
    folds = defaultdict(set)
    for row in rows:
        if row["fold"] >= 0:
            folds[row["family"]].add(row["fold"])
    assert folds
    assert all(len(where) == 1 for where in folds.values())


def test_audit_pages_and_held_out_hosts_never_train(played: Run) -> None:
    trained = {example.url for example in gather(played.round(2))}
    assert not trained & set(audit_urls(played, [1]))
    assert not any(played.holdout.covers(url) for url in trained)


def test_labels_of_the_round_before_join_the_examples(played: Run) -> None:
    asked = {url for url, label in page_labels(played, [1]).items() if label.use == "train"}
    assert asked
    assert asked <= {example.url for example in gather(played.round(2))}
    assert not asked & {example.url for example in gather(played.round(1))}


def test_the_tokenizer_of_round_1_stays(played: Run) -> None:
    one, two = (played.store.read(f"rounds/{number}/train/tokenizer.json") for number in (1, 2))
    assert one == two


def test_the_threshold_reaches_its_target_on_held_out_families(fresh: Any) -> None:
    run = fresh("round 1 train", train={"target": "recall", "target_value": 0.9})
    card = Scorer.load(f"{run.store.root}/rounds/1/train").card
    assert card.metrics["recall"] >= 0.9
    assert card.metrics["floor"] <= card.threshold


def test_all_labels_can_be_classes(fresh: Any, crawl: Any) -> None:
    labels = crawl.folder / "three.jsonl"
    text = (crawl.folder / "labels.jsonl").read_text()
    labels.write_text(text.replace('/news/9.html", "label": "N"', '/news/9.html", "label": "A"'))
    run = fresh("round 1 train", seed={"labels": str(labels)}, train={"labels": "all"})
    scorer = Scorer.load(f"{run.store.root}/rounds/1/train")
    assert set(scorer.labels) == {"C", "A", "N"}
    assert scorer.positive == "C"


def test_training_twice_gives_the_same_bytes(fresh: Any) -> None:
    one, two = fresh("round 1 train"), fresh("round 1 train")
    assert one.digest() == two.digest()


def test_one_family_cannot_be_split(played: Run) -> None:
    example = gather(played.round(1))[0]
    with pytest.raises(BadInput, match="one family"):
        folds_of([example, example], ["C", "other"], played.config.train, 0)


def test_pages_that_nobody_judged_measure_nothing(played: Run) -> None:
    examples = gather(played.round(1))
    from dataclasses import replace

    mixed = [replace(example, source="harvest") if i % 2 else example for i, example in enumerate(examples)]
    labels = ["C" if example.label == "C" else "other" for example in mixed]
    folds = folds_of(mixed, labels, played.config.train, 0)
    assert np.array_equal(folds < 0, np.arange(len(mixed)) % 2 == 1)
