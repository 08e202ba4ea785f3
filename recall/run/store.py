"""Files of a run folder, on a disk or on s3://: bytes, JSON and tables, each written once and never changed.

Equal content always gives equal bytes (sorted JSON, Parquet without times), so that runs can be compared by digest.
Refuses to put other bytes under a name that exists.
"""

import atexit
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, NoReturn

from recall.config import AccessSection
from recall.errors import AlreadyPublished, BadInput, Damaged, ShardUnreadable, Transient
from recall.io import (
    check_folder,
    check_readable,
    exists,
    list_keys,
    open_stream,
    publish,
    publish_file,
    read_all,
    remove,
    sweep,
)
from recall.io.parquet import Columns, ParquetReader, Schema, Table, concat, lists_of, table_bytes, table_from, table_of
from recall.records import Output

__all__ = [
    "Columns",
    "Schema",
    "Store",
    "Table",
    "by_number",
    "canonical_json",
    "concat",
    "digest_of",
    "forget_copies",
    "lists_of",
    "table_bytes",
    "table_from",
    "table_of",
]

NAME_LENGTH = 32
"""Hex digits of the digest in a content-named file: 128 bits, enough that two contents never meet."""


_DIGITS = re.compile(r"([0-9]{1,18})")


def digest_of(data: bytes) -> str:
    """SHA-256 in hex, the digest used everywhere in a run folder."""
    return sha256(data).hexdigest()


def _digest_of_file(path: Path) -> str:
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def by_number(name: str) -> tuple[tuple[str, int], ...]:
    """Sort key of a name in which digits count as numbers: a millionth file comes after the 999,999th."""
    pieces = _DIGITS.split(name)
    numbers = [int(digits) for digits in pieces[1::2]]
    return (*zip(pieces[::2], [*numbers, -1], strict=True), (name, 0))  # "07" and "7" differ as well


def canonical_json(value: object) -> bytes:
    """A value as canonical JSON: sorted keys, UTF-8, final newline; NaN is refused with ValueError."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=1)
    return f"{text}\n".encode("utf-8", "backslashreplace")


@lru_cache(maxsize=64)
def _downloaded(_process: int, store: "Store", prefix: str, names: tuple[str, ...]) -> Path:
    """Copies of remote files in a temporary folder that lives as long as this process."""
    folder = Path(tempfile.mkdtemp(prefix="recall-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with open_stream(store.url(f"{prefix}/{name}"), store.access) as source, (folder / name).open("wb") as copy:
            shutil.copyfileobj(source, copy, 1 << 20)
    return folder


def forget_copies() -> None:
    """Fetch remote files anew from now on, as after a retry that wrote others."""
    _downloaded.cache_clear()


class Store:
    """A folder of published files. Keys are paths below its root with `/`; picklable, cheap to make."""

    def __init__(self, root: str, access: AccessSection | None = None) -> None:
        self.root = root.removeprefix("file://").rstrip("/")
        self.access = access or AccessSection()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Store) and (self.root, self.access) == (other.root, other.access)

    def __hash__(self) -> int:
        return hash((self.root, self.access))

    def url(self, key: str) -> str:
        """Where a key lies.

        Raises ValueError for a key that would leave the folder.
        """
        if key.startswith("/") or ".." in key.split("/"):
            raise ValueError(f"not a key below the store's root: {key!r}")
        return f"{self.root}/{key}"

    def exists(self, key: str) -> bool:
        """True when the key is published. Raises StorageUnusable where this user may not look."""
        try:
            return exists(self.url(key), self.access)
        except ShardUnreadable:
            check_readable(self.url(key))
            raise

    def read(self, key: str) -> bytes:
        """All bytes of a file.

        Raises Damaged when it is missing, Transient when it is there and cannot be fetched now.
        """
        try:
            return read_all(self.url(key), self.access)
        except ShardUnreadable as error:
            self._blame(key, error)

    def _blame(self, key: str, error: ShardUnreadable) -> NoReturn:
        """Raise Damaged if the key is missing, Transient if it exists but could not be read.

        Raises StorageUnusable when the whole folder is gone, or this user may not read it.
        """
        check_readable(self.url(key))
        try:
            there = self.exists(key)
        except ShardUnreadable:
            there = True
        if there:
            raise Transient(str(error)) from None
        check_folder(self.root, self.access)
        raise Damaged(f"{self.url(key)}: cannot be read: {error}") from None

    def keys(self, prefix: str = "") -> list[str]:
        """Published keys that start with a prefix, sorted, those that differ in a number by that number."""
        folder = prefix[: prefix.rfind("/") + 1]
        keys = (folder + name for name in list_keys(self.url(folder), self.access))
        return sorted((key for key in keys if key.startswith(prefix)), key=by_number)

    def remove(self, key: str) -> None:
        """Remove an unpublished leftover."""
        remove(self.url(key), self.access)

    def sweep(self, prefix: str = "") -> None:
        """Remove temporary files of killed writers below a folder."""
        sweep(self.url(prefix))

    def publish(self, key: str, data: bytes, rows: int | None = None) -> Output:
        """Write a file once and whole; the same bytes again are fine.

        Raises AlreadyPublished when the name exists with other bytes.
        """
        output = Output(key, digest_of(data), rows)
        if not publish(self.url(key), data, self.access):
            self._compare(output)
        return output

    def _compare(self, output: Output) -> None:
        """Raise AlreadyPublished when what is there has another digest. Reads it as it comes, however large."""
        digest = sha256()
        try:
            with open_stream(self.url(output.file), self.access) as stream:
                while chunk := stream.read(1 << 20):
                    digest.update(chunk)
        except ShardUnreadable as error:
            self._blame(output.file, error)
        if digest.hexdigest() != output.sha256:
            raise AlreadyPublished(f"{self.url(output.file)}: exists with other bytes; published files never change")

    def publish_named(self, folder: str, data: bytes, suffix: str, stem: str = "", rows: int | None = None) -> Output:
        """Publish as `<folder>/<stem><digest><suffix>`; the Output's file is relative to `folder`."""
        file = f"{stem}{digest_of(data)[:NAME_LENGTH]}{suffix}"
        return replace(self.publish(f"{folder.rstrip('/')}/{file}", data, rows), file=file)

    def publish_file(self, key: str, path: Path, rows: int | None = None) -> Output:
        """Publish the content of a local file, however large. Raises as `publish`."""
        output = Output(key, _digest_of_file(path), rows)
        if not publish_file(self.url(key), path, self.access):
            self._compare(output)
        return output

    def publish_file_named(self, folder: str, stem: str, path: Path, rows: int | None = None) -> Output:
        """Publish a local file as `<folder>/<stem><digest><suffix>`; the Output's file is relative to `folder`."""
        file = f"{stem}{_digest_of_file(path)[:NAME_LENGTH]}{path.suffix}"
        return replace(self.publish_file(f"{folder.rstrip('/')}/{file}", path, rows), file=file)

    def read_json(self, key: str) -> Any:
        """A JSON file as plain values.

        Raises Damaged when it is missing or no JSON.
        """
        try:
            return json.loads(self.read(key))
        except ValueError as error:
            raise Damaged(f"{self.url(key)}: not JSON: {error}") from None

    def publish_json(self, key: str, value: object, *, first_wins: bool = False) -> Output:
        """Publish a value as canonical JSON.

        first_wins: what is published there already stays, whatever it holds, and is what is returned.
        """
        data = canonical_json(value)
        if first_wins and not publish(self.url(key), data, self.access):
            return Output(key, digest_of(self.read(key)))
        return Output(key, digest_of(data)) if first_wins else self.publish(key, data)

    def publish_table(self, key: str, columns: Columns, schema: Schema) -> Output:
        """Publish columns as a Parquet table."""
        return self.publish(key, table_bytes(columns, schema), _rows(columns))

    def publish_table_named(self, folder: str, stem: str, columns: Columns, schema: Schema) -> Output:
        """Publish columns as `<folder>/<stem><digest>.parquet`; the Output's file is relative to `folder`."""
        return self.publish_named(folder, table_bytes(columns, schema), ".parquet", stem, _rows(columns))

    @contextmanager
    def _parquet(self, key: str) -> Iterator[ParquetReader]:
        try:
            yield ParquetReader(self.url(key), self.access)
        except ShardUnreadable as error:
            self._blame(key, error)
        except BadInput as error:
            raise Damaged(str(error)) from None

    def read_table(self, key: str, columns: Sequence[str] | None = None) -> Table:
        """A table, or some of its columns; only their byte ranges are read.

        Raises Damaged when the file is missing or no Parquet file, Transient when it is out of reach, ValueError for a
        column it does not have.
        """
        with self._parquet(key) as parquet:
            return parquet.read(columns)

    def columns_of(self, key: str) -> list[str]:
        """The columns of a table, read from its footer."""
        with self._parquet(key) as parquet:
            return parquet.names

    def read_batches(self, key: str, columns: Sequence[str] | None = None, rows: int = 4096) -> Iterator[Table]:
        """A table in pieces of at most `rows` rows, in order, holding little more than a row group in memory."""
        with self._parquet(key) as parquet:
            yield from parquet.batches(columns, rows)

    def read_group(self, key: str, group: int, columns: Sequence[str] | None = None) -> Table:
        """One row group of a table, counted from 0; only its bytes are read. Raises as `read_table`."""
        with self._parquet(key) as parquet:
            return parquet.read_group(group, columns)

    def local_folder(self, prefix: str, names: Sequence[str]) -> Path:
        """A local folder that holds the named files of a prefix: itself on a disk, else a copy, once per process."""
        if "://" not in self.root:
            return Path(self.root) / prefix
        return _downloaded(os.getpid(), self, prefix, tuple(names))


def _rows(columns: Columns) -> int:
    return len(next(iter(columns.values()))) if columns else 0
