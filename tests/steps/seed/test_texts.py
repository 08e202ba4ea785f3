"""Text of other corpora as seed: taken once, counted, bounded, the same from one file or several, and trained on."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recall import io
from recall.config import AccessSection
from recall.errors import BadInput, Incomplete
from recall.labels.audit_estimates import learned_from
from recall.labels.examples import SEED_TEXT, gather, texts_of
from recall.model.scorer import Scorer
from recall.sites.urls import url_key
from recall.steps.seed.texts import chosen_rows
from tests.conftest import Fresh, S3Server

WORDS = "sort list tuple index array string method object module import compile stack queue heap graph node".split()


def row(number: int, **more: Any) -> dict[str, Any]:
    """A text about code, each another."""
    chosen = np.random.default_rng(number).permutation(WORDS)
    return {"text": f"Question {number}: def f(x): return x. {' '.join(chosen)}", **more}


def prose(number: int, **more: Any) -> dict[str, Any]:
    words = "river town music bread winter garden market story friend evening".split()
    return {"text": f"Day {number}. {' '.join(np.random.default_rng(number).permutation(words))}", "label": "N", **more}


def write(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(each) + "\n" for each in rows))
    return str(path)


def taken(run: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = run.store.read_table("seed/texts.parquet").to_pylist()
    return rows


def counts_of(run: Any) -> dict[str, Any]:
    return dict(run.step("seed").result.counts)


def test_texts_alone_make_a_seed(fresh: Fresh, tmp_path: Path) -> None:
    texts = write(tmp_path / "a.jsonl", [row(n) for n in range(60)] + [prose(n) for n in range(60)])
    run = fresh("seed", seed={"labels": "", "texts": [texts]})
    counts = counts_of(run)
    assert (counts["examples"], counts["positive"], counts["texts_read"]) == (120, 60, 120)
    assert {each["label"] for each in taken(run)} == {"C", "N"}
    assert {(each["source"], each["path"]) for each in taken(run)} == {(SEED_TEXT, "a.jsonl")}


def test_rows_without_a_label_have_the_stated_one(fresh: Fresh, tmp_path: Path) -> None:
    texts = write(tmp_path / "a.jsonl", [row(1), row(2, label="C"), row(3, label="")])
    run = fresh("seed", seed={"texts": [texts], "texts_label": "N"})
    assert [each["label"] for each in taken(run)] == ["N", "C", "N"]


def test_every_row_is_counted_and_bad_ones_are_named(fresh: Fresh, tmp_path: Path, played: Any) -> None:
    held = next(iter(played.holdout.names))
    hosts = tmp_path / "hosts.txt"
    hosts.write_text("private.example\n")
    good = [row(n, url=f"https://site{n}.example/") for n in range(5)]
    others: list[dict[str, Any]] = [
        {"text": ""},
        row(7, url=f"https://{held}/page"),
        row(8, url="https://docs.private.example/page"),
        {**good[0], "url": "https://copy.example/"},
        {"text": good[1]["text"].upper().replace(" ", "\n")},
        row(9, url="http://www.site4.example:80/#top".replace("www.", "")),
    ]
    texts = write(tmp_path / "a.jsonl", good + others)
    run = fresh("seed", seed={"texts": [texts]}, optout={"hosts": str(hosts)})
    counts = counts_of(run)
    assert {name: counts[name] for name in counts if name.startswith("texts")} == {
        "texts_read": 11,
        "texts_bad": 1,
        "texts_held_out": 1,
        "texts_opted_out": 1,
        "texts_repeated_or_over_limit": 3,
    }
    assert [each["url"] for each in taken(run)] == [each["url"] for each in good]
    assert run.store.read_json("seed/bad_texts.json") == [[1, "a.jsonl", 6, "no text"]]
    assert any("1 of 11 rows cannot be used, first: row 6: no text" in note for note in run.step("seed").manifest.notes)


def test_of_many_texts_a_seeded_sample_is_taken_whatever_files_they_lie_in(fresh: Fresh, tmp_path: Path) -> None:
    rows = [row(n, url=f"https://site{n}.example/{n}") for n in range(300)]
    whole = fresh("seed", seed={"texts": [write(tmp_path / "a.jsonl", rows)], "texts_limit": 40})
    cut = [write(tmp_path / "b.jsonl", rows[:170]), write(tmp_path / "c.jsonl", rows[170:])]
    parts = fresh("seed", seed={"texts": cut, "texts_limit": 40})
    other = fresh("seed", seed={"texts": cut, "texts_limit": 40}, run={"seed": 1})
    assert len(taken(whole)) == 40
    assert [each["url"] for each in taken(whole)] == [each["url"] for each in taken(parts)]
    assert [each["url"] for each in taken(other)] != [each["url"] for each in taken(parts)]
    assert not [key for key in whole.store.keys("seed/") if "texts-" in key]


def test_chosen_rows_are_the_first_of_their_text_and_page() -> None:
    priorities = np.array([5, 3, 5, 9, 1, 7], dtype=np.uint64)
    pages = np.array([0, 8, 0, 8, 0, 2], dtype=np.uint64)
    assert chosen_rows(priorities, pages, 9).tolist() == [True, True, False, False, True, True]
    assert chosen_rows(priorities, pages, 2).tolist() == [False, True, False, False, True, False]


@pytest.mark.parametrize("content", ["", '{"text": ""}\n', '{"body": "a"}\n'])
def test_a_file_without_a_usable_row_is_refused(fresh: Fresh, tmp_path: Path, content: str) -> None:
    (tmp_path / "a.jsonl").write_text(content)
    with pytest.raises(BadInput, match=r"a\.jsonl: \[seed\] texts: no usable row"):
        fresh("seed", seed={"texts": [str(tmp_path / "a.jsonl")]})


def test_a_missing_file_is_named(fresh: Fresh, tmp_path: Path) -> None:
    with pytest.raises(Incomplete, match=r"none\.jsonl"):
        fresh("seed", seed={"texts": [str(tmp_path / "none.jsonl")]})


def test_texts_are_learned_from_and_nothing_is_measured_on_them(fresh: Fresh, tmp_path: Path, crawl: Any) -> None:
    shown = next(site for site in crawl.sites if site.use == "seed")
    rows = [row(n) for n in range(40)] + [prose(n) for n in range(40)] + [row(99, url=shown.url)]
    run = fresh("round 1 train", seed={"texts": [write(tmp_path / "a.jsonl", rows)]})
    examples = gather(run.round(1))
    texts = [example for example in examples if example.source == SEED_TEXT]
    assert len(texts) == 80
    assert [example.source for example in examples if example.url == shown.url] == ["label"]
    stored = dict(texts_of(run.store, texts))
    assert {stored[number].partition(" ")[0] for number in range(80)} == {"Question", "Day"}
    table = run.store.read_table("rounds/1/train/out_of_fold.parquet").to_pylist()
    assert {each["fold"] for each in table if each["source"] == SEED_TEXT} == {-1}
    assert learned_from(run, 1)[url_key(shown.url)] == 0
    assert not [key for key in run.store.keys("rounds/1/train/") if "lines-" in key]


def test_marks_tell_nothing_where_no_page_of_a_class_has_html(fresh: Fresh, tmp_path: Path) -> None:
    texts = write(tmp_path / "a.jsonl", [row(n) for n in range(60)])
    run = fresh("round 1 train", seed={"labels": "", "texts": [texts], "random_negatives": 60})
    scorer = Scorer.load(f"{run.store.root}/rounds/1/train")
    plain = "a page about nothing that anybody would call code"
    assert scorer.score([plain]).tolist() == scorer.score([f"{plain}\ue000pre3\ue000code4"]).tolist()


@pytest.mark.s3
@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.usefixtures("local_ray")
def test_files_in_a_bucket_and_workers_give_the_same_bytes(fresh: Fresh, tmp_path: Path, s3: S3Server) -> None:
    here = [
        write(tmp_path / "a.jsonl", [row(n) for n in range(40)] + [{"text": ""}]),
        write(tmp_path / "b.jsonl", [prose(n) for n in range(40)]),
    ]
    access = AccessSection(s3_endpoint=s3.endpoint)
    there = [s3.url(f"texts/{Path(path).name}") for path in here]
    for path, url in zip(here, there, strict=True):
        io.publish(url, Path(path).read_bytes(), access)
    alone = fresh("round 1 train", seed={"texts": here})
    cluster = {"address": "local", "workers": 2}
    workers = fresh("round 1 train", seed={"texts": there}, access=access.model_dump(), cluster=cluster)
    assert alone.digest() == workers.digest()
