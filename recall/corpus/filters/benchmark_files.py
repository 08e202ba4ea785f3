"""Benchmark items from files: JSON lines or Parquet, one item a row.

In: the URL of a file, and the names of the fields with text, all but names and addresses where none are given. Out: the
name of each item and its texts. Raises BadInput with file and line for what is no such file.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from recall.config import AccessSection
from recall.errors import BadInput
from recall.io import read_all
from recall.io.json_lines import json_lines
from recall.io.parquet import ParquetReader
from recall.io.parquet.text_columns import text_rows

MAX_FILE = 1 << 30
_NAMES = ("task_id", "id", "question_id", "problem_id", "name", "title", "slug")
_NO_TEXT = frozenset({*_NAMES, "url", "source", "dataset", "split", "language", "lang", "difficulty", "entry_point"})


def benchmark_of(path: str) -> str:
    """The name of a file's benchmark: that of the file without its suffixes."""
    return PurePosixPath(path).name.split(".")[0]


def items_of(path: str, access: AccessSection, fields: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Name and texts of each item of a file."""
    rows = _rows_of(path, access, {*fields, *_NAMES} if fields else None)
    for number, row in rows:
        if missing := [name for name in fields if name not in row]:
            raise BadInput(f"{path}:{number}: has no field {missing[0]!r}, which [contamination] fields names")
        chosen = fields or [name for name in row if name.lower() not in _NO_TEXT]
        if broken := [name for name in fields if isinstance(row[name], bytes)]:
            raise BadInput(f"{path}:{number}: its field {broken[0]!r} is not UTF-8")
        texts = [text for name in chosen for text in _strings(row[name])]
        yield next((str(row[name]) for name in _NAMES if row.get(name) is not None), str(number)), texts


def _strings(value: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping) and depth < 4:
        for inner in value.values():
            yield from _strings(inner, depth + 1)
    elif isinstance(value, list) and depth < 4:
        for inner in value:
            yield from _strings(inner, depth + 1)


def _rows_of(path: str, access: AccessSection, keys: Container[str] | None) -> Iterator[tuple[int, Mapping[str, Any]]]:
    if not path.endswith(".parquet"):
        expected = "a JSON object: one benchmark item a line"
        yield from json_lines(read_all(path, access, MAX_FILE), path, expected, keys=keys)
        return
    parquet = ParquetReader(path, access)
    number = 0
    for table in parquet.batches(parquet.names, 1024):
        for row in text_rows(table, parquet.names, path):
            number += 1
            yield number, row
