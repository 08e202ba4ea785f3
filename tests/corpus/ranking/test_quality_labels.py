import json
from pathlib import Path
from typing import Any

import pytest

from recall.corpus.ranking.quality_labels import labelled_pages, read_quality_labels
from recall.errors import BadInput
from recall.records import JUDGE
from recall.run.store import Store
from recall.sites.holdout import parse_holdout


def labels_in(folder: Path, *rows: dict[str, Any]) -> str:
    path = folder / "labels.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    return str(path)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"url": "https://a.org/"}, 'expected a "score", a number from 0 to 5'),
        ({"url": "https://a.org/", "score": 5.1}, 'expected a "score"'),
        ({"url": "https://a.org/", "score": -1}, 'expected a "score"'),
        ({"url": "https://a.org/", "score": True}, 'expected a "score"'),
        ({"url": "https://a.org/", "score": "4"}, 'expected a "score"'),
        ({"url": "https://a.org/", "score": float("nan")}, 'expected a "score"'),
        ({"score": 3}, 'expected a "url" of the corpus, or a "text"'),
        ({"score": 3, "text": " \n"}, 'expected a "url" of the corpus, or a "text"'),
        ({"url": 7, "score": 3}, '"url" must be text'),
        ({"url": "https://a.org/", "score": 3, "annotator": 1}, '"annotator" must be text'),
    ],
)
def test_a_row_that_is_no_label_is_refused_by_its_number(tmp_path: Path, row: dict[str, Any], said: str) -> None:
    path = labels_in(tmp_path, {"url": "https://a.org/", "score": 3}, row)
    with pytest.raises(BadInput) as error:
        read_quality_labels(path)
    assert f"{path}:2: {said}" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"none\.jsonl: labels cannot be read"):
        read_quality_labels(str(tmp_path / "none.jsonl"))


def test_parquet_holds_the_same_labels(tmp_path: Path) -> None:
    rows = [
        {"url": "https://a.org/", "score": 3.0, "annotator": "x", "use": "audit"},
        {"url": "https://b.org/", "score": 0.5, "annotator": "y", "use": ""},
    ]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    schema = {"url": "string", "score": "float64", "annotator": "string", "use": "string"}
    Store(str(tmp_path)).publish_table("labels.parquet", columns, schema)
    assert read_quality_labels(str(tmp_path / "labels.parquet")) == read_quality_labels(labels_in(tmp_path, *rows))


def test_the_mean_of_all_annotators_counts_and_of_each_the_last_score(tmp_path: Path) -> None:
    rows = [
        {"url": "https://www.a.org/x#top", "score": 1, "annotator": "ann"},
        {"url": "https://www.a.org/x", "score": 4, "annotator": "bob"},
        {"url": "https://www.a.org/x", "score": 3, "annotator": "ann"},
    ]
    (page,) = labelled_pages(read_quality_labels(labels_in(tmp_path, *rows)))
    assert (page.scores, page.label) == ({"ann": 3.0, "bob": 4.0}, 3.5)
    assert page.family == "a.org"


def test_rows_without_an_annotator_are_one_readers_wherever_their_file_lies(tmp_path: Path) -> None:
    rows = [{"text": f"text {n % 30}", "score": n % 6} for n in range(44)]
    pages = labelled_pages(read_quality_labels(labels_in(tmp_path, *rows)))
    assert len(pages) == 30
    assert len({name for page in pages for name in page.scores}) == 1
    assert {page.text: page.label for page in pages}["text 13"] == 43 % 6
    (tmp_path / "moved").mkdir()
    assert labelled_pages(read_quality_labels(labels_in(tmp_path / "moved", *rows)))[0].scores == pages[0].scores


def test_nameless_rows_of_two_files_are_two_readers(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    labels = read_quality_labels(labels_in(tmp_path, {"url": "https://a.org/", "score": 1}))
    labels += read_quality_labels(labels_in(tmp_path / "other", {"url": "https://a.org/", "score": 4}))
    (page,) = labelled_pages(labels)
    assert sorted(page.scores.values()) == [1.0, 4.0]


def test_a_judge_counts_where_no_person_said_anything(tmp_path: Path) -> None:
    rows = [
        {"url": "https://a.org/", "score": 1, "annotator": JUDGE},
        {"url": "https://a.org/", "score": 4, "annotator": "ann"},
        {"url": "https://b.org/", "score": 2, "annotator": JUDGE},
    ]
    assert [page.label for page in labelled_pages(read_quality_labels(labels_in(tmp_path, *rows)))] == [4.0, 2.0]


def test_what_is_held_out_or_only_measured_is_no_label(tmp_path: Path) -> None:
    rows = [
        {"url": "https://held.org/x", "score": 1},
        {"url": "https://b.org/", "score": 2, "use": "measure"},
        {"url": "https://c.org/", "score": 2, "use": "audit"},
    ]
    pages = labelled_pages(read_quality_labels(labels_in(tmp_path, *rows)), parse_holdout(["held.org"], "holdout"))
    assert [(page.url, page.audit) for page in pages] == [("https://c.org/", True)]
