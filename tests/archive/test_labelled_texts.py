"""Labelled texts of other corpora: rows that can be used, and those that cannot, each with its number and why."""

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from recall.archive.corpora import MAX_TEXT
from recall.archive.labelled_texts import BadRow, LabelledText, labelled_texts
from recall.config import AccessSection
from recall.errors import BadInput, RecallError

ROWS: list[dict[str, Any]] = [
    {"text": "How to sort a list", "url": "https://a.example/1", "label": "C", "family": "a"},
    {"text": "The weather of today"},
    {"text": "A third", "label": 1},
    {"text": "And one with nothing known", "url": None, "label": "", "family": None},
]
READ = [
    LabelledText(1, "How to sort a list", "https://a.example/1", "C", "a"),
    LabelledText(2, "The weather of today", None, None, None),
    LabelledText(3, "A third", None, "1", None),
    LabelledText(4, "And one with nothing known", None, None, None),
]


def lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def read(path: Path) -> list[LabelledText | BadRow]:
    return list(labelled_texts(str(path), AccessSection()))


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("a.jsonl", bytes),
        ("a.jsonl.gz", gzip.compress),
        ("a.json.zst", zstandard.compress),
        ("without-a-known-name", gzip.compress),
    ],
)
def test_json_lines_are_read_whatever_they_are_packed_in(tmp_path: Path, name: str, pack: Any) -> None:
    (tmp_path / name).write_bytes(pack(lines(ROWS)))
    assert read(tmp_path / name) == READ


def test_parquet_is_read_across_row_groups(tmp_path: Path) -> None:
    columns = {name: [row.get(name) for row in ROWS] for name in ("family", "url", "text")}
    columns["label"] = ["C", None, "1", ""]
    pq.write_table(pa.table(columns), tmp_path / "a.parquet", row_group_size=3)
    assert read(tmp_path / "a.parquet") == READ


def test_a_column_of_text_is_enough(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": pa.array([b"binary", b"\xff"]), "score": [0.5, 0.5]}), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet") == [LabelledText(1, "binary", None, None, None), BadRow(2, "text is not UTF-8")]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b'{"url": "https://a.example/"}', "no text"),
        (b'{"text": null}', "no text"),
        (b'{"text": " \\n"}', "no text"),
        (b'{"text": 7}', "no text"),
        (b'{"text": "a", "label": true}', "label is neither"),
        (b'{"text": "a", "label": ["C"]}', "label is neither"),
        (b'{"text": "a", "label": 0.5}', "label is neither"),
        (b'{"text": "a", "url": 5}', "url is not"),
        (b'{"text": "a", "url": "ftp://a.example/"}', "url is not"),
        (b'{"text": "a", "family": 3}', "family is not text"),
        (b'{"text": "a", "text": "b"}', "twice"),
        (b'{"text": "a"', "character"),
        (b'["text"]', "not an object"),
        (b'{"text": "\xff"}', "not UTF-8"),
        (b"[" * 100_000, "recursion"),
        (b'{"text": "' + b"a" * (MAX_TEXT + 1) + b'"}', "more than"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_row_is_named_and_the_next_is_read(tmp_path: Path, row: bytes, reason: str) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "before"}\n\n' + row + b'\n{"text": "behind"}\n')
    before, bad, behind = read(tmp_path / "a.jsonl")
    assert isinstance(bad, BadRow)
    assert bad.number == 3
    assert reason in bad.reason
    assert (before, behind) == (
        LabelledText(1, "before", None, None, None),
        LabelledText(4, "behind", None, None, None),
    )


def test_a_file_that_ends_early_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(lines(ROWS))[:-9])
    with pytest.raises(BadInput, match=r"a\.jsonl\.gz: truncated"):
        read(tmp_path / "a.jsonl.gz")


def test_parquet_without_text_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"content": ["a"]}), tmp_path / "a.parquet")
    with pytest.raises(BadInput, match=r"a\.parquet: has no column 'text', but content"):
        read(tmp_path / "a.parquet")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecallError, match=r"none\.jsonl"):
        read(tmp_path / "none.jsonl")
