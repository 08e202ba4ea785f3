from pathlib import Path

import pytest

from recall.errors import BadInput
from recall.run.label_files import LabelledUrl, read_labels
from recall.run.store import table_bytes


def test_json_lines_are_read_in_order(tmp_path: Path) -> None:
    file = tmp_path / "labels.jsonl"
    file.write_text(
        '{"url": "u1", "label": "C", "use": "seed", "family": "f", "readers": 3}\n\n{"url": "ü", "label": 0}\n'
    )
    assert read_labels(file) == [LabelledUrl("u1", "C", "seed", "f"), LabelledUrl("ü", "0")]
    assert read_labels(str(file)) == read_labels(file)


def test_parquet_is_read_in_order(tmp_path: Path) -> None:
    columns = {"label": [1, 0], "url": ["u1", "u2"], "use": ["seed", None], "other": [1.0, 2.0]}
    schema = {"label": "int64", "url": "string", "use": "string", "other": "float64"}
    (tmp_path / "labels.parquet").write_bytes(table_bytes(columns, schema))
    assert read_labels(tmp_path / "labels.parquet") == [LabelledUrl("u1", "1", "seed"), LabelledUrl("u2", "0")]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("no json", "not a JSON object"),
        ("[1]", "not a JSON object"),
        ('{"label": "C"}', '"url"'),
        ('{"url": "", "label": "C"}', '"url"'),
        ('{"url": 3, "label": "C"}', '"url"'),
        ('{"url": "u"}', '"label"'),
        ('{"url": "u", "label": ""}', '"label"'),
        ('{"url": "u", "label": true}', '"label"'),
        ('{"url": "u", "label": ["C"]}', '"label"'),
        ('{"url": "u", "label": "C", "use": 1}', '"use"'),
        ('{"url": "u", "label": "C", "family": {}}', '"family"'),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, line: str, says: str) -> None:
    file = tmp_path / "labels.jsonl"
    file.write_text('{"url": "u", "label": "C"}\n' + line + "\n")
    with pytest.raises(BadInput, match=says) as caught:
        read_labels(file)
    assert f"{file}:2" in str(caught.value)


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="none"):
        read_labels(tmp_path / "none.jsonl")
    (tmp_path / "bad.parquet").write_bytes(b"no table")
    with pytest.raises(BadInput, match=r"bad\.parquet: not a readable Parquet file"):
        read_labels(tmp_path / "bad.parquet")
    (tmp_path / "half.parquet").write_bytes(table_bytes({"url": ["u"]}, {"url": "string"}))
    with pytest.raises(BadInput, match="has no column 'label', but url"):
        read_labels(tmp_path / "half.parquet")
