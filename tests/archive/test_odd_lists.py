"""Inputs that came out wrong once: a mark in a paths file, text in binary columns, zeros behind gzip."""

import json
from pathlib import Path
from typing import Any

import pytest

from recall.archive.corpora import texts
from recall.archive.manifest import read_paths
from recall.records import Capture, plain_text


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["paths_bom", "parquet_binary", "jsonl_zero_padding"])
def test_inputs_that_came_out_wrong_come_out_right(shared: Path, name: str) -> None:
    folder = shared / "broken"
    if not folder.is_dir():
        pytest.skip(f"no folder of broken inputs at {folder}")
    rows = [json.loads(line) for line in (folder / "index.jsonl").read_text().splitlines()]
    case: dict[str, Any] = next(row for row in rows if row["name"] == name)
    path = str(folder / case["file"])
    if name == "paths_bom":
        assert read_paths(path) == case["expected"]["value"]
        return
    found = [plain_text(one.body) for one in texts(path) if isinstance(one, Capture)]
    assert found == case["expected"]["texts"]
