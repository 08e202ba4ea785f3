"""The corpus as other programs see it, and what its settings take out."""

import importlib.util
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from recall.config.corpus_sections import CODE_SIGNALS
from recall.config.quality_rules import PRESETS
from recall.corpus.code_signals import broken_by_blocks, code_signals, measured_blocks
from recall.corpus.drops import ORDER
from recall.corpus.schema import CORPUS, MEANINGS, OPENCODER, VERSION
from recall.run.rounds import Run
from recall.steps.build.mask_and_decontaminate import HITS


def parts(run: Run) -> list[str]:
    return sorted(str(path) for path in Path(run.store.root).glob("corpus/part-*.parquet"))


def test_every_column_is_explained() -> None:
    assert set(MEANINGS) == set(CORPUS)


def test_pandas_and_duckdb_read_the_same_rows(played: Run) -> None:
    import duckdb
    import pandas

    frame = pandas.concat([pandas.read_parquet(path) for path in parts(played)])
    assert list(frame.columns) == list(CORPUS)
    assert len(frame) == played.step("corpus").result.counts["pages"]
    with duckdb.connect() as connection:
        found = connection.execute("SELECT count(*), sum(length(text)) FROM read_parquet(?)", [parts(played)])
        assert found.fetchone() == (len(frame), sum(map(len, frame["text"])))


def test_rows_stand_in_order_and_files_tell_their_schema(played: Run) -> None:
    import pyarrow.parquet as pq

    rows = [row for path in parts(played) for row in pq.read_table(path).to_pylist()]
    assert [(row["domain"], row["url"]) for row in rows] == sorted((row["domain"], row["url"]) for row in rows)
    assert len({row["id"] for row in rows}) == len(rows)
    for path in parts(played):
        file = pq.ParquetFile(path)
        assert file.schema_arrow.metadata[b"recall.schema_version"] == str(VERSION).encode()
        assert {file.metadata.row_group(0).column(at).compression for at in range(len(CORPUS))} == {"ZSTD"}
        assert [column.column_index for column in file.metadata.row_group(0).sorting_columns] == [6, 0, 13]


def test_the_view_has_opencoders_columns(played: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import duckdb

    monkeypatch.chdir(Path(played.store.root) / "corpus")
    with duckdb.connect() as connection:
        connection.execute(Path("opencoder.sql").read_text())
        found = connection.execute("SELECT * FROM opencoder ORDER BY url LIMIT 5")
        assert [column[0] for column in found.description] == list(OPENCODER)
        for url, tag, text, file_path, _, size, count in found.fetchall():
            assert url.startswith("https://")
            assert tag == "code"
            assert file_path.endswith(".warc.gz")
            assert size == len(text.encode())
            assert count == len(text.splitlines())


def test_rows_describe_their_pages(played: Run) -> None:
    for file in parts(played):
        for row in played.store.read_table(f"corpus/{Path(file).name}").to_pylist():
            assert row["fetched"] == "2026-01-31T00:00:00Z"
            assert row["chars"] == len(row["text"])
            assert row["category"] in {"docs", "other", "blog"}
            assert (row["weight"], row["duplicates"], row["masked_email"]) == (1.0, 0, 0)


def test_every_stage_tells_what_it_did(played: Run) -> None:
    told = played.store.read_json("corpus/stages.json")
    counts = played.step("corpus").result.counts
    assert told[-1]["pages_out"] == counts["pages"]
    assert sum(stage["dropped"] for stage in told) == counts["dropped"]
    for before, after in pairwise(told):
        assert before["pages_out"] == after["pages_in"]
    choice = told[0]
    assert sum(choice["reasons"].values()) == choice["dropped"]
    assert all(example["url"] and example["reason"] in choice["reasons"] for example in choice["examples"])


@pytest.fixture
def strict(fresh: Any, tmp_path: Path) -> Run:
    """A corpus of which every stage takes something out."""
    (tmp_path / "hosts").write_text("example0.org\n")
    item = '{"task_id": "Toy/1", "prompt": "if x < 1: return x"}\n'
    (tmp_path / "toy.jsonl").write_text(item)
    run: Run = fresh(
        "build",
        rounds=1,
        optout={"hosts": str(tmp_path / "hosts")},
        quality={"keep": ("words >= 90",), "preset": "refinecode"},
        contamination={"benchmarks": (str(tmp_path / "toy.jsonl"),), "drop": False},
        mix={"caps": ("host=5",), "weights": ("category:docs=0.5",)},
    )
    return run


def test_settings_take_pages_out_and_say_why(strict: Run) -> None:
    rows = [row for path in parts(strict) for row in strict.store.read_table(f"corpus/{Path(path).name}").to_pylist()]
    hosts = [row["domain"] for row in rows]
    assert rows
    assert not any(host.endswith("example0.org") for host in hosts)
    assert max(hosts.count(host) for host in hosts) == 5
    assert all(row["words"] >= 90 for row in rows)
    assert {row["weight"] for row in rows if row["category"] == "docs"} == {0.5}
    for row in rows:
        code = measured_blocks(row["text"])
        assert {name: row[name] for name in CODE_SIGNALS} == code_signals(code)
        assert row["broken_rules"] == broken_by_blocks(PRESETS["refinecode"], code)
    dropped = strict.store.read_table("corpus/dropped.parquet").to_pylist()
    stages = {row["stage"] for row in dropped}
    assert {"optout", "quality", "mix"} <= stages
    details = {row["detail"] for row in dropped if row["stage"] == "optout"}
    assert details == {"example0.org"}
    assert [row["id"] for row in dropped] == sorted(row["id"] for row in dropped)
    hits = strict.store.read_table("corpus/contamination.parquet").to_pylist()
    assert set(hits[0]) == set(HITS)
    assert {row["item"] for row in hits} == {"Toy/1"}
    assert {row["id"] for row in rows if row["contamination"]} <= {row["id"] for row in hits}
    assert all(("return x" in row["text"]) == bool(row["contamination"]) for row in rows)
    settings = strict.step("corpus").manifest.settings
    assert len([value for value in settings.values() if len(str(value)) == 64]) == 2


def test_the_document_names_every_column_with_its_type() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs/corpus.md").read_text(encoding="utf-8")
    for name, kind in CORPUS.items():
        assert f"| `{name}` | {kind} | {MEANINGS[name]} |" in text


def test_the_document_names_every_stage_and_the_module_that_does_it() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs/corpus.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| (\w+) \| (`[^|]*`) \|.*\|$", text.partition("## Stages")[2].partition("\n## ")[0], re.MULTILINE
    )
    assert [stage for stage, _ in rows if stage != "tags"] == list(ORDER)
    for module in {module for _, modules in rows for module in re.findall(r"`([\w.]+)`", modules)}:
        assert importlib.util.find_spec(f"recall.{module}") is not None, module
