"""The first examples, from every source."""

import gc
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import recall.steps.seed as package
from recall.config import AccessSection
from recall.errors import BadInput, Transient
from recall.io import publish
from recall.model.scorer import SCORER_FILES
from recall.run.rounds import Run
from recall.sites.shipped import ShippedPrefix
from recall.steps.seed import seed
from recall.steps.seed.collect import SeedPage
from recall.steps.seed.judged_pages import judge_pages
from tests.steps.seed.conftest import yes_with


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


def respelled(url: str) -> str:
    """The same page as a person may write it."""
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    other = "http" if scheme == "https" else "https"
    return f" {other.upper()}://user@{host.upper()}./x/%2E%2e/{path.replace('d', '%64')}#top "


def test_labels_meet_pages_by_their_url_key(fresh: Any, crawl: Any, played: Run) -> None:
    labels = crawl.folder / "spelled.jsonl"
    rows = [json.loads(line) for line in (crawl.folder / "labels.jsonl").read_text().splitlines()]
    labels.write_text("".join(json.dumps({**row, "url": respelled(row["url"])}) + "\n" for row in rows))
    run = fresh("seed", seed={"labels": str(labels)})
    assert run.store.read_json("seed/missing.json") == []
    assert run.store.read_table("seed/examples.parquet") == played.store.read_table("seed/examples.parquet")


@pytest.mark.parametrize("prefix", ["", "/docs/", "https:///x", "a.org/docs?page=1", "a.org/docs/*", "b.*.org/", "*/x"])
def test_a_prefix_that_no_page_could_be_under_is_refused(fresh: Any, prefix: str) -> None:
    with pytest.raises(BadInput, match=r"^\[seed\] prefixes: .*: expected a host and path"):
        seed(fresh(seed={"labels": "", "prefixes": [prefix]}))


def test_a_seed_of_one_class_is_refused_with_what_to_do(fresh: Any, crawl: Any) -> None:
    labels = crawl.folder / "one.jsonl"
    labels.write_text('{"url": "https://site0.example0.org/docs/0.html", "label": "C"}\n')
    with pytest.raises(BadInput, match="1 positive and 0 negative"):
        seed(fresh(seed={"labels": str(labels)}))


def test_a_run_without_any_seed_is_refused(fresh: Any) -> None:
    with pytest.raises(BadInput, match="labels"):
        seed(fresh(seed={"labels": ""}))


def test_pages_with_code_blocks_and_random_pages_make_a_seed_without_labels(fresh: Any) -> None:
    run = fresh(seed={"labels": "", "structure": 30, "random_negatives": 40, "per_family": 4})
    done = seed(run)
    rows = run.store.read_table("seed/examples.parquet").to_pylist()
    blocks = [row for row in rows if row["source"] == "structure"]
    assert blocks
    assert {row["label"] for row in blocks} == {"C"}
    assert max(Counter(row["family"] for row in blocks).values()) <= 4
    assert done.counts["structure"] == len(blocks)
    assert not any("\ue000code" in row["text"] for row in rows if row["source"] == "random")


def test_what_is_known_to_be_code_is_no_random_negative(fresh: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "shipped_prefixes", lambda: shipped(example0=(9, 9)))
    run = fresh(seed={"labels": "", "known_prefixes": True, "random_negatives": 60})
    seed(run)
    rows = run.store.read_table("seed/examples.parquet").to_pylist()
    assert {row["family"] for row in rows if row["source"] == "prefix"} == {"example0.org"}
    assert not any(row["family"] == "example0.org" for row in rows if row["source"] == "random")


def shipped(**counts: tuple[int, int]) -> tuple[ShippedPrefix, ...]:
    """Shipped prefixes of all hosts below some registered domains, with pages seen and code among them."""
    return tuple(
        ShippedPrefix("docs", "en", "Code", "site", pages, code, f"*.{name}.org/", f"https://site0.{name}.org/x")
        for name, (pages, code) in counts.items()
    )


@pytest.mark.parametrize(
    ("wanted", "families"),
    [(False, set()), (True, {"example0.org"}), ("all", {"example0.org", "example1.org"})],
)
def test_only_checked_prefixes_are_examples_unless_all_are_asked_for(
    fresh: Any, monkeypatch: pytest.MonkeyPatch, wanted: bool | str, families: set[str]
) -> None:
    known = shipped(example0=(3, 2), example1=(0, 0))
    monkeypatch.setattr(package, "shipped_prefixes", lambda: known)
    run = fresh(seed={"labels": "", "known_prefixes": wanted, "structure": 20, "random_negatives": 60})
    seed(run)
    rows = run.store.read_table("seed/examples.parquet").to_pylist()
    assert {row["family"] for row in rows if row["source"] == "prefix"} == families
    assert not {"example0.org", "example1.org"} & {row["family"] for row in rows if row["source"] == "random"}


def test_a_judge_gives_positive_and_negative_examples(fresh: Any, stub: Any) -> None:
    settings = {"url": stub.url, "model": "small", "per_minute": 0, "pages": 40}
    run = fresh(seed={"labels": ""}, judge=settings)
    done = seed(run)
    rows = run.store.read_table("seed/examples.parquet").to_pylist()
    assert {row["source"] for row in rows} == {"judge"}
    assert {row["label"] for row in rows} == {"C", "other"}
    assert all(("return" in row["text"]) == (row["label"] == "C") for row in rows)
    judged = run.store.read_json("seed/judged.json")
    assert len(judged) == 40 == done.counts["judge"]
    assert len(stub.requests) == 80


def test_the_driver_holds_the_texts_of_few_pages(fresh: Any, stub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []

    def judged(run: Run, sample: Any) -> Any:
        pages = [page for page in gc.get_objects() if isinstance(page, SeedPage)]
        held.append(sum(bool(page.text) for page in pages))
        assert sum(bool(page.text) for page in sample()) > 20
        return judge_pages(run, sample)

    monkeypatch.setattr(package, "judge_pages", judged)
    run = fresh(seed={"labels": "", "structure": 20, "random_negatives": 60}, judge={"url": stub.url, "pages": 20})
    seed(run)
    assert held == [0]
    key = run.step("seed").key
    for table in ("examples.parquet", "sample.parquet"):
        assert all(run.store.read_table(key(table), ["text"]).column("text").to_pylist())


def test_a_seed_that_was_killed_asks_the_judge_for_the_rest_only(fresh: Any, stub: Any) -> None:
    settings = {"url": stub.url, "per_minute": 0, "pages": 30, "workers": 1}
    run = fresh(seed={"labels": ""}, judge=settings, access={"attempts": 1})
    stub.failures = [200] * 21 + [500]
    with pytest.raises(Transient):
        seed(run)
    before = len(stub.requests)
    seed(run)
    assert before < 60
    assert len(stub.requests) <= 60 + 3


def test_pages_the_judge_is_unsure_of_are_not_used(fresh: Any, stub: Any) -> None:
    stub.say = yes_with(lambda _: 0.6)
    run = fresh(seed={"labels": ""}, judge={"url": stub.url, "per_minute": 0, "pages": 10})
    with pytest.raises(BadInput, match="0 positive and 0 negative"):
        seed(run)


def test_a_shard_that_cannot_be_read_is_listed_with_what_it_hid(fresh: Any, crawl: Any, tmp_path: Any) -> None:
    broken = tmp_path / "broken.warc.gz"
    broken.write_bytes(crawl.warcs[1].read_bytes()[:-2000])
    warcs = [str(crawl.warcs[0]), str(broken), str(crawl.warcs[2])]
    run = fresh("seed", crawl={"warcs": warcs}, cluster={"failed_share": 0.5})
    assert run.step("seed").result.counts["failed_shards"] == 1
    assert run.store.read_json("seed/failures.json") == [{"shard": 1, "path": str(broken), "kind": "ShardCorrupt"}]
    assert len(run.store.read_json("seed/missing.json")) == run.step("seed").result.counts["missing"] > 0


def test_a_model_chooses_the_first_examples(fresh: Any, played: Run, crawl: Any) -> None:
    model = f"{played.store.root}/rounds/1/train"
    run = fresh(seed={"labels": "", "model": model, "model_pages": 12, "sample_shards": 3, "per_family": 4})
    done = seed(run)
    rows = [row for row in run.store.read_table("seed/examples.parquet").to_pylist() if row["source"] == "model"]
    sites = {site.url: site.label for site in crawl.sites}
    by_label = {label: [row["url"] for row in rows if row["label"] == label] for label in ("C", "other")}
    assert len(rows) == done.counts["model"] == done.counts["examples"]
    assert 0 < len(by_label["C"]) <= 12
    assert all(sites[url] == "C" for url in by_label["C"])
    assert by_label["other"]
    assert not any(sites[url] == "C" for url in by_label["other"])
    assert max(Counter(row["family"] for row in rows if row["label"] == "C").values()) <= 4
    assert run.step("seed").manifest.settings["model"]


def test_a_model_makes_no_negative_of_what_shows_signs_of_code_and_few_of_a_family(
    fresh: Any, played: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a model below whose floor all pages lie."""
    model = shutil.copytree(f"{played.store.root}/rounds/1/train", tmp_path / "model")
    card = json.loads((model / "model.json").read_text())
    card["metrics"] |= {"floor": 1.0, "threshold_0.9": card["threshold"]}
    card["threshold"] = 1.0
    (model / "model.json").write_text(json.dumps(card))
    monkeypatch.setattr(package, "shipped_prefixes", lambda: shipped(example0=(0, 0)))
    run = fresh(seed={"labels": "", "model": str(model), "model_pages": 6, "sample_shards": 3, "per_family": 2})
    seed(run)
    rows = run.store.read_table("seed/examples.parquet").to_pylist()
    negatives = [row for row in rows if row["label"] == "other"]
    families = Counter(row["family"] for row in negatives)
    assert not any("\ue000code" in row["text"] for row in negatives)
    assert "example0.org" not in families
    assert max(families.values()) == 2


@pytest.mark.s3
def test_a_model_in_a_bucket_chooses_as_it_does_on_a_disk(fresh: Any, played: Run, s3: Any) -> None:
    model = Path(f"{played.store.root}/rounds/1/train")
    access = AccessSection(s3_endpoint=s3.endpoint)
    for name in SCORER_FILES:
        publish(s3.url(f"seed/model/{name}"), (model / name).read_bytes(), access)
    chosen = []
    for folder in (str(model), s3.url("seed/model")):
        settings = {"labels": "", "model": folder, "model_pages": 12, "sample_shards": 3}
        run = fresh(seed=settings, access={"s3_endpoint": s3.endpoint})
        seed(run)
        chosen.append(run.store.read_table("seed/examples.parquet").to_pylist())
    assert chosen[0] == chosen[1]


def test_a_model_that_is_not_there_is_refused(fresh: Any, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"none/model\.json: a model folder needs this file"):
        seed(fresh(seed={"labels": "", "model": str(tmp_path / "none")}))
