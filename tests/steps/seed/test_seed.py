from typing import Any

import pytest

from recall.errors import BadInput
from recall.run.rounds import Run
from recall.steps.seed import seed


def test_examples_are_the_seed_labels_that_the_crawl_holds(played: Run, crawl: Any) -> None:
    rows = played.store.read_table("seed/examples.parquet").to_pylist()
    sites = {site.url: site for site in crawl.sites}
    assert {row["url"] for row in rows} == {url for url, site in sites.items() if site.use == "seed"}
    assert all(row["label"] == sites[row["url"]].label and row["source"] == "label" for row in rows)
    assert all(row["text"] for row in rows)


def test_the_sample_holds_no_labelled_seed_and_nothing_held_out(played: Run) -> None:
    sample = played.store.read_table("seed/sample.parquet").column("url").to_pylist()
    examples = played.store.read_table("seed/examples.parquet").column("url").to_pylist()
    assert len(sample) == 60
    assert not set(sample) & set(examples)
    assert not any(played.holdout.covers(url) for url in sample)


def test_prefixes_and_random_pages_make_a_seed_without_labels(fresh: Any) -> None:
    run = fresh(seed={"labels": "", "prefixes": ["site0.example0.org/docs/"], "random_negatives": 40})
    seed(run)
    rows = run.store.read_table("seed/examples.parquet").to_pylist()
    by_source = {source: {row["label"] for row in rows if row["source"] == source} for source in ("prefix", "random")}
    assert by_source == {"prefix": {"C"}, "random": {"random"}}
    assert sum(row["source"] == "random" for row in rows) == 40


def test_labelled_urls_that_the_crawl_lacks_are_listed(fresh: Any, crawl: Any) -> None:
    labels = crawl.folder / "more.jsonl"
    text = (crawl.folder / "labels.jsonl").read_text()
    labels.write_text(text + '{"url": "https://nowhere.example.org/", "label": "C", "use": "seed"}\n')
    run = fresh("seed", seed={"labels": str(labels)})
    assert run.store.read_json("seed/missing.json") == ["https://nowhere.example.org/"]


def test_a_seed_of_one_class_is_refused_with_what_to_do(fresh: Any, crawl: Any) -> None:
    labels = crawl.folder / "one.jsonl"
    labels.write_text('{"url": "https://site0.example0.org/docs/0.html", "label": "C"}\n')
    with pytest.raises(BadInput, match="1 positive and 0 negative"):
        seed(fresh(seed={"labels": str(labels)}))


def test_a_run_without_any_seed_is_refused(fresh: Any) -> None:
    with pytest.raises(BadInput, match="labels"):
        seed(fresh(seed={"labels": ""}))
