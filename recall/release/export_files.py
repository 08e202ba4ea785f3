"""Files that leave a run: whole or not at all, never over a file that is there, in the format that their name says.

In: a stream of bytes or rows. Out: the file. Raises BadInput for a name that is taken, that says no format of these
(.parquet, .csv, .jsonl for lists; .gz and .zst compress), or that the disk refuses.
"""

import csv
import gzip
import io
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import zstandard

from recall.errors import BadInput
from recall.io import atomic_writer, make_folder, sync
from recall.io.parquet import ParquetWriter
from recall.run.sampling import batches
from recall.run.store import Schema

PIECE = 16_384
"""Rows held at a time."""

Row = dict[str, Any]


@contextmanager
def new_file(target: Path) -> Iterator[BinaryIO]:
    """A stream whose bytes appear under the name when the block ends well. Raises BadInput for a name that is taken."""
    if target.exists():
        raise BadInput(f"{target}: exists already; choose another name or remove it")
    try:
        with atomic_writer(target) as stream:
            yield stream
    except OSError as error:
        raise BadInput(f"{target}: cannot be written: {error.strerror or error}") from None


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder whose files appear under the name when the block ends well. Raises BadInput for a name that is taken."""
    if target.exists():
        raise BadInput(f"{target}: exists already; choose another folder or remove it")
    building = target.with_name(f".{target.name}.tmp")
    shutil.rmtree(building, ignore_errors=True)  # of one that was killed
    try:
        make_folder(building)
        yield building
        for path in (*building.rglob("*"), building):
            sync(path)
        building.rename(target)
        sync(target.parent)
    except OSError as error:
        raise BadInput(f"{target}: cannot be written: {error.strerror or error}") from None
    finally:
        shutil.rmtree(building, ignore_errors=True)


@contextmanager
def compressed(stream: BinaryIO, name: str) -> Iterator[BinaryIO]:
    """A stream that compresses as the file's name says: .gz, .zst, or not at all."""
    if name.endswith(".gz"):
        with gzip.GzipFile("", "wb", 6, stream, mtime=0) as zipped:
            yield cast(BinaryIO, zipped)
    elif name.endswith(".zst"):
        with zstandard.ZstdCompressor(level=9).stream_writer(stream, closefd=False) as zipped:
            yield cast(BinaryIO, zipped)
    else:
        yield stream


def export_rows(rows: Iterable[Row], schema: Schema, target: Path) -> int:
    """Write a list as .parquet, .csv or .jsonl, as the name says; returns how many rows."""
    suffix = target.suffix
    if suffix not in {".parquet", ".csv", ".jsonl"}:
        raise BadInput(f"{target}: lists are written as .parquet, .csv or .jsonl")
    count = 0
    with new_file(target) as stream:
        if suffix == ".parquet":
            writer = ParquetWriter(Path(stream.name), schema)
            for piece in batches(rows, PIECE):
                writer.add({name: [row[name] for row in piece] for name in schema})
            if writer.rows % PIECE == 0:  # the last row group is one that is not full
                writer.add({name: [] for name in schema})
            writer.close()
            return writer.rows
        if suffix == ".csv":
            stream.write(_csv([list(schema)]))
        for piece in batches(rows, PIECE):
            count += len(piece)
            for row in piece:
                line = _csv([[row[name] for name in schema]]) if suffix == ".csv" else _json(row)
                stream.write(line)
    return count


def _csv(rows: Iterable[list[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8", "backslashreplace")


def _json(row: Mapping[str, Any]) -> bytes:
    return (json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")
