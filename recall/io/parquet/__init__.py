"""Tables in Parquet files: written with the same bytes for the same values, read whole, in pieces, or by byte range.

In: columns and a schema of a few plain types. Out: Parquet (zstd, without times). Refuses what is no Parquet file with
BadInput. All of pyarrow is behind this file; run folders and other people's corpora are read through it.
"""

import io
import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

# Arrow's own pool keeps tens of megabytes that a scan worker needs once; it is chosen when Arrow is loaded.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import Table

from recall.config import AccessSection
from recall.errors import BadInput, ShardUnreadable, printable
from recall.io import read_range, size

__all__ = [
    "Columns",
    "ParquetReader",
    "ParquetWriter",
    "Schema",
    "Table",
    "bytes_matrix",
    "concat",
    "lists_of",
    "sort_table",
    "table_bytes",
    "table_from",
    "table_of",
]

Schema = Mapping[str, str]
"""Column name to type, in column order: string, binary, bool, int32, int64, uint64, float32, float64, timestamp,
timestamp[UTC] (of milliseconds), list<uint32|uint64|float64|string>, list<struct<name:type,...>> of plain types."""

Columns = Mapping[str, Any]
"""Column name to values: a sequence, a NumPy array or a column of a Table."""

ROW_GROUP = 16_384
_SHOWN = 300
"""Characters of Arrow's words that an error shows; they may be those of the file."""

_TYPES: dict[str, Any] = {
    "string": pa.string(),
    "binary": pa.binary(),
    "bool": pa.bool_(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "uint64": pa.uint64(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "timestamp": pa.timestamp("ms"),
    "timestamp[UTC]": pa.timestamp("ms", tz="UTC"),
    "list<uint32>": pa.list_(pa.uint32()),
    "list<uint64>": pa.list_(pa.uint64()),
    "list<float64>": pa.list_(pa.float64()),
    "list<string>": pa.list_(pa.string()),
}


_STRUCTS = "list<struct<"


def _type(kind: str) -> Any:
    if kind.startswith(_STRUCTS):
        return pa.list_(pa.struct([(name, _TYPES[inner]) for name, inner in _fields(kind)]))
    return _TYPES[kind]


def _fields(kind: str) -> list[tuple[str, str]]:
    """Names and types of a list of structs."""
    pairs = (field.split(":") for field in kind.removeprefix(_STRUCTS).removesuffix(">>").split(","))
    return [(name, inner) for name, inner in pairs]


def table_bytes(columns: Columns, schema: Schema) -> bytes:
    """Columns as a Parquet file (zstd), the same bytes for the same values.

    Raises ValueError when the columns are not those of the schema, and ArrowInvalid when a value does not fit.
    """
    if set(columns) != set(schema):
        raise ValueError(f"columns {sorted(columns)} are not those of the schema {sorted(schema)}")
    sink = io.BytesIO()
    table = _table(columns, schema)
    pq.write_table(
        table, sink, compression=_compression(schema), use_dictionary=_repeating(schema), row_group_size=ROW_GROUP
    )
    return sink.getvalue()


def _table(columns: Columns, schema: Any) -> Table:
    if not isinstance(schema, pa.Schema):
        schema = pa.schema([(name, _type(kind)) for name, kind in schema.items()])
    return pa.table([_array(columns[field.name], field.type) for field in schema], schema=schema)


def _compression(schema: Schema) -> dict[str, str]:
    """zstd, but for bytes and lists of numbers, which are compressed before they come here or hardly ever repeat."""
    named = {name: "NONE" if kind == "binary" else "ZSTD" for name, kind in schema.items()}
    named |= {f"{name}.list.element": "ZSTD" for name, kind in schema.items() if kind == "list<string>"}
    structs = {name: _fields(kind) for name, kind in schema.items() if kind.startswith(_STRUCTS)}
    return named | {f"{name}.list.element.{field}": "ZSTD" for name, fields in structs.items() for field, _ in fields}


def _repeating(schema: Schema) -> list[str]:
    """Columns worth a dictionary: bytes and token ids hardly ever repeat, and looking for it takes time and memory."""
    return [name for name, kind in schema.items() if kind != "binary" and not kind.startswith("list")]


def _array(values: Any, kind: Any) -> Any:
    if isinstance(values, pa.ChunkedArray):  # how a column is cut must not show in the bytes
        values = values.combine_chunks()
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values.cast(kind)
    if pa.types.is_list(kind) and len(values) and all(isinstance(one, np.ndarray) for one in values):
        ends = np.cumsum([len(one) for one in values], dtype=np.int32)
        numbers = pa.array(np.concatenate(values), type=kind.value_type)
        return pa.ListArray.from_arrays(np.concatenate(([0], ends)).astype(np.int32), numbers, type=kind)
    return pa.array(values, type=kind, from_pandas=False)


def concat(tables: Sequence[Table]) -> Table:
    """Tables of one schema, one after the other; at least one."""
    return pa.concat_tables(tables)


def table_of(columns: Columns, schema: Schema) -> Table:
    """Columns as a table in memory."""
    return _table(columns, schema)


def sort_table(table: Table, names: Sequence[str]) -> Table:
    """A table sorted by some of its columns, text by the bytes of its UTF-8."""
    return table.sort_by([(name, "ascending") for name in names])


def table_from(data: bytes, columns: Sequence[str] | None = None) -> Table:
    """A Parquet file in memory as a table.

    Raises BadInput when the bytes are no Parquet file or lack a column.
    """
    try:
        return pq.read_table(pa.BufferReader(data), columns=None if columns is None else list(columns))
    except (pa.ArrowException, OSError) as error:
        raise BadInput(f"not a readable Parquet file: {printable(str(error), _SHOWN)}") from None


class _Ranges(io.RawIOBase):
    """A published file as a seekable reader; each read is one byte range."""

    def __init__(self, url: str, access: AccessSection) -> None:
        super().__init__()
        self._url, self._access, self._at = url, access, 0
        found = size(url, access)
        if found is None:
            raise ShardUnreadable(f"{url}: no such file")
        self._size = found

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        left = max(0, self._size - self._at)
        count = left if size is None or size < 0 else min(size, left)
        data = read_range(self._url, self._at, count, self._access) if count else b""
        self._at += len(data)
        return data


class ParquetReader:
    """A Parquet file at a URL, of which only the byte ranges that are asked for are read.

    Raises ShardUnreadable when it is missing, BadInput when it is no Parquet file.
    """

    def __init__(self, url: str, access: AccessSection) -> None:
        self.url = url
        try:
            self._file = pq.ParquetFile(pa.PythonFile(_Ranges(url, access), mode="r"), pre_buffer=True)
        except (pa.ArrowException, OSError) as error:
            raise BadInput(f"{url}: not a Parquet file: {printable(str(error), _SHOWN)}") from None

    @property
    def names(self) -> list[str]:
        """Its columns."""
        names: list[str] = self._file.schema_arrow.names
        return names

    @property
    def schema(self) -> Any:
        """Its columns with their types, as `text_columns` asks for them."""
        return self._file.schema_arrow

    def read(self, columns: Sequence[str] | None = None) -> Table:
        """All rows. Raises ValueError for a column it does not have."""
        wanted = self._wanted(columns)
        try:
            return self._file.read(columns=wanted)
        except (pa.ArrowException, OSError) as error:
            raise BadInput(f"{self.url}: not a readable Parquet file: {printable(str(error), _SHOWN)}") from None

    def read_group(self, group: int, columns: Sequence[str] | None = None) -> Table:
        """One row group, counted from 0; only its bytes are read. Raises BadInput when there is no such group."""
        wanted = self._wanted(columns)
        if not 0 <= group < self._file.num_row_groups:
            raise BadInput(f"{self.url}: has {self._file.num_row_groups} row groups, no number {group}")
        try:
            return self._file.read_row_group(group, columns=wanted)
        except (pa.ArrowException, OSError) as error:
            raise BadInput(f"{self.url}: not a readable Parquet file: {printable(str(error), _SHOWN)}") from None

    def batches(self, columns: Sequence[str] | None = None, rows: int = 4096) -> Iterator[Table]:
        """Pieces of at most `rows` rows, in order, holding little more than a row group in memory."""
        wanted = self._wanted(columns)
        try:
            for batch in self._file.iter_batches(rows, columns=wanted):
                yield pa.Table.from_batches([batch])
        except (pa.ArrowException, OSError) as error:
            raise BadInput(f"{self.url}: not a readable Parquet file: {printable(str(error), _SHOWN)}") from None

    def _wanted(self, columns: Sequence[str] | None) -> list[str]:
        wanted = self.names if columns is None else list(columns)
        known = {*self.names, *(name for name in wanted if name.partition(".")[0] in self.names)}
        if absent := set(wanted) - known:
            raise ValueError(f"{self.url}: no column {sorted(absent)}")
        return wanted


class ParquetWriter:
    """A Parquet file on this machine, written piece by piece; each piece is a row group. rows: written so far.

    metadata: kept with the schema; order: columns that the caller sorted the rows by.
    """

    def __init__(
        self, path: Path, schema: Schema, metadata: Mapping[str, str] | None = None, order: Sequence[str] = ()
    ) -> None:
        self.rows = 0
        self._schema = pa.schema([(name, _type(kind)) for name, kind in schema.items()], metadata=metadata)
        names = list(schema)
        self._writer = pq.ParquetWriter(
            path,
            self._schema,
            compression=_compression(schema),
            use_dictionary=_repeating(schema),
            sorting_columns=[pq.SortingColumn(names.index(name)) for name in order] or None,
        )

    def add(self, columns: Columns) -> None:
        """Write a row group, which may be empty."""
        table = _table(columns, self._schema)
        self._writer.write_table(table, row_group_size=max(1, table.num_rows))
        self.rows += table.num_rows

    def close(self) -> None:
        """End the file."""
        self._writer.close()


def lists_of(column: Any) -> list[Any]:
    """The lists of a list column as NumPy arrays over its memory, without a Python number for each item."""
    found: list[Any] = []
    for chunk in column.chunks:
        numbers, ends = chunk.values.to_numpy(), chunk.offsets.to_numpy()
        found += [numbers[start:end] for start, end in pairwise(ends)]
    return found


def bytes_matrix(column: Any, width: int) -> Any:
    """A column of byte strings of one length as a NumPy array of shape (rows, width)."""
    pieces = [np.zeros((0, width), np.uint8)]
    for chunk in column.chunks:
        if len(chunk):
            _, offsets, data = chunk.buffers()
            start = int(np.frombuffer(offsets, np.int32)[chunk.offset])
            pieces.append(np.frombuffer(data, np.uint8)[start : start + len(chunk) * width].reshape(-1, width))
    return np.concatenate(pieces)
