"""The dataset card: front matter as hubs read it, and figures that a query of its own finds in the files."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from recall.corpus import CorpusStatistics
from recall.corpus.dataset_card import CardFigures, card
from recall.corpus.published import StatisticsInputs, part_statistics
from recall.labels.audit_estimates import audit
from recall.run.rounds import Run
from recall.run.store import Store, table_bytes


@pytest.fixture(scope="module")
def text(played: Run) -> str:
    return played.store.read("corpus/card.md").decode()


def ask(run: Run, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        rows: list[tuple[Any, ...]] = connection.execute(query.replace("RUN/", f"{run.store.root}/")).fetchall()
        return rows


def table(text: str, first: str) -> dict[str, list[str]]:
    """Rows of the table whose heading starts with a name, by their first cell."""
    lines = text.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {first} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().replace(",", "") for cell in line.strip("|").split(" | ")])
    return {row[0]: row[1:] for row in rows}


def test_the_front_matter_is_what_a_hub_reads(text: str, played: Run) -> None:
    front = yaml.safe_load(text.split("---\n")[1])
    assert front["license"] == "other"
    assert front["configs"] == [{"config_name": "default", "data_files": "part-*.parquet"}]
    assert front["size_categories"] == ["n<1K"]
    languages = ask(played, "SELECT DISTINCT language FROM 'RUN/corpus/part-*.parquet' WHERE language <> '' ORDER BY 1")
    assert front.get("language", []) == [code for (code,) in languages]


def test_its_counts_are_those_of_the_rows(text: str, played: Run) -> None:
    ((pages, size),) = ask(played, "SELECT count(*), sum(strlen(text)) FROM 'RUN/corpus/part-*.parquet'")
    assert f"{pages:,} pages, {size / 1e6:,.1f} MB of text" in text
    for heading, column in (("kept by", "reason"), ("first kept in round", "round"), ("category", "category")):
        counted = ask(played, f"SELECT {column}, count(*) FROM 'RUN/corpus/part-*.parquet' GROUP BY 1")
        assert {name: int(row[0]) for name, row in table(text, heading).items()} == {
            str(name) or "other": count for name, count in counted
        }
    dropped = ask(played, "SELECT reason, count(*) FROM 'RUN/corpus/dropped.parquet' GROUP BY 1")
    if dropped:
        assert {name: int(row[0]) for name, row in table(text, "dropped because").items()} == {
            str(name): count for name, count in dropped
        }


def test_its_stages_are_those_of_the_build(text: str, played: Run) -> None:
    stages = json.loads((Path(played.store.root) / "corpus/stages.json").read_text())
    found = table(text, "stage")
    assert set(found) == {one["stage"] for one in stages}
    for one in stages:
        assert found[one["stage"]] == [
            "yes" if one["enabled"] else "no",
            *(str(one[name]) for name in ("pages_in", "dropped", "pages_out")),
        ]


def test_precision_and_share_found_come_with_intervals(text: str, played: Run) -> None:
    found = table(text, "round")
    for number in (1, 2):
        audited = audit(played.round(number))
        assert audited is not None
        share = audited.with_prefixes.precision
        assert f"{share.value:.3f} ({share.low:.3f} to {share.high:.3f})" in found[str(number)]


def test_every_column_is_explained(text: str, played: Run) -> None:
    columns = [row[0] for row in ask(played, "DESCRIBE SELECT * FROM 'RUN/corpus/part-*.parquet'")]
    assert list(table(text, "column")) == [f"`{name}`" for name in columns]


def test_it_says_where_it_does_not_know(played: Run) -> None:
    empty = card(played, CardFigures(CorpusStatistics(), {}, [], 0))
    assert "No audit sample of this run was labelled" in empty
    assert not re.search(r"\bnan\b", empty)
    assert yaml.safe_load(empty.split("---\n")[1])["size_categories"] == ["n<1K"]


def test_it_does_not_depend_on_the_order_in_which_parts_were_counted(played: Run) -> None:
    names = ("docs", "mail", "reference", "tracker")
    texts = set()
    for order in (names, names[::-1]):
        statistics = CorpusStatistics(pages=8)
        for name in order:
            counted = Counter({name: 2})
            statistics.merge(CorpusStatistics(reasons=counted, categories=counted, languages=counted))
        texts.add(card(played, CardFigures(statistics, dict.fromkeys(order, 1), [], 0, [])))
    assert len(texts) == 1


def test_norwegian_stays_a_language(played: Run) -> None:
    statistics = CorpusStatistics(pages=1, bytes=10)
    statistics.languages["no"] = 1
    front = card(played, CardFigures(statistics, {}, [], 0)).split("---\n")[1]
    assert yaml.safe_load(front)["language"] == ["no"]


def test_tokens_licences_and_languages_of_code_are_those_of_the_rows(text: str, played: Run) -> None:
    ((tokens,),) = ask(played, "SELECT sum(tokens) FROM 'RUN/corpus/part-*.parquet'")
    assert f"{tokens:,} of the model's own lower-cased vocabulary" in text
    query = "SELECT f.language, sum(f.chars) FROM (SELECT unnest(fences) f FROM 'RUN/corpus/part-*.parquet') GROUP BY 1"
    counted = {name or "not named": f"{size / 1e6:.2f}" for name, size in ask(played, query)}
    assert {name: row[0] for name, row in table(text, "language of code").items()} == counted


def test_words_of_fences_that_are_no_languages_are_counted_as_one(tmp_path: Path) -> None:
    fences = [{"language": word, "chars": 10} for word in ("python", "<script>", "x" * 500, "")]
    columns: dict[str, str] = {"url": "string", "text": "string", "score": "float64", "reason": "string"}
    columns |= {"round": "int32", "crawl": "string", "fences": "list<struct<language:string,chars:int32>>"}
    row = {"url": "https://a.org/", "text": "x", "score": 1.0, "reason": "both", "round": 1, "crawl": ""}
    table_of_one = {name: [({**row, "fences": fences})[name]] for name in columns}
    (tmp_path / "part-0.parquet").write_bytes(table_bytes(table_of_one, columns))
    found = part_statistics(StatisticsInputs(Store(str(tmp_path)), 0, 10), "part-0.parquet")
    assert found.code == {"python": 10, "another word": 20, "": 10}
