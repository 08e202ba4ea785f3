"""Columns of text in other people's Parquet files, whatever type their writer gave them.

In: a table, the name of a column, and how errors call the file. Out: its values, text as str. Text is also read from
columns of bytes without the UTF8 mark (as Impala, ClickHouse and old writers store it), of fixed size, behind a
dictionary or as views; `a.b` names the field b of the struct a where no column has that name. What is not UTF-8 comes
back as bytes; only where Arrow's own schema says that strings lie behind a dictionary, Arrow refuses the file for it.
Refuses, with file and column, a name that no column or more than one has, and a column that holds no text.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
from pyarrow import Table

from recall.errors import BadInput, printable

__all__ = ["find_column", "is_column", "text_rows", "text_values"]

_SHOWN = 200
"""Characters of a file's columns that an error shows."""


def is_column(schema: Any, name: str) -> bool:
    """Whether a name is that of a column, or `a.b` that of a field of a struct."""
    return name in schema.names or _nested(schema, name.split("."))


def find_column(schema: Any, name: str, source: str) -> str:
    """The name by which a column is read: its own, or `a.b` for a field of a struct.

    Raises BadInput for a name that no column or more than one has.
    """
    names: list[str] = schema.names
    if names.count(name) > 1:
        raise BadInput(f"{source}: has {names.count(name)} columns {name!r}; which one is meant?")
    if not is_column(schema, name):
        raise BadInput(f"{source}: has no column {name!r}, but {printable(', '.join(names[:_SHOWN]), _SHOWN)}")
    return name


def _nested(schema: Any, path: Sequence[str]) -> bool:
    if len(path) < 2 or schema.names.count(path[0]) != 1:
        return False
    kind = schema.field(path[0]).type
    for part in path[1:]:
        if not pa.types.is_struct(kind) or [field.name for field in kind].count(part) != 1:
            return False
        kind = kind.field(part).type
    return True


def text_values(table: Table, name: str, source: str) -> list[str | bytes | None]:
    """Values of a column of text: None for null, bytes for what is not UTF-8. Raises BadInput as the module says."""
    column = _column(table, find_column(table.schema, name, source))
    values = _text(column)
    if values is None:
        raise BadInput(f"{source}: its column {name!r} holds {printable(str(column.type), _SHOWN)}, not text")
    return values


def text_rows(table: Table, names: Sequence[str], source: str) -> Iterator[dict[str, Any]]:
    """Some columns of a table, row by row: text as `text_values` gives it, other values as Python has them.

    Raises BadInput for a name that no column or more than one has.
    """
    columns = []
    for name in names:
        column = _column(table, find_column(table.schema, name, source))
        values = _text(column)
        columns.append(column.to_pylist() if values is None else values)
    for row in range(table.num_rows):
        yield {name: values[row] for name, values in zip(names, columns, strict=True)}


def _column(table: Table, name: str) -> Any:
    if name in table.schema.names:
        return table.column(name)
    first, *path = name.split(".")
    column = table.column(first)
    if path:
        import pyarrow.compute as pc  # noqa: PLC0415 - takes a tenth of a second, and fields inside a column are rare

        for part in path:
            column = pc.struct_field(column, part)
    return column


def _text(column: Any) -> list[str | bytes | None] | None:
    """The values of a column as text, None where its type is none that holds text."""
    if isinstance(column.type, pa.BaseExtensionType):
        column = column.cast(column.type.storage_type)
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_null(kind):
        return [None] * len(column)
    if not _holds_text(kind):
        return None
    if not _is_bytes(kind):
        try:
            values: list[str | bytes | None] = column.to_pylist()
        except UnicodeDecodeError:  # a writer set the UTF8 mark on other bytes
            return _text(column.cast(kind).cast(pa.large_binary()))
        return values
    padding = b"\0" if pa.types.is_fixed_size_binary(kind) else b""
    return [None if value is None else _decoded(value.rstrip(padding)) for value in column.to_pylist()]


def _decoded(value: bytes) -> str | bytes:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value


def _is_bytes(kind: Any) -> bool:
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
        or pa.types.is_binary_view(kind)
    )


def _holds_text(kind: Any) -> bool:
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    return bool(text or _is_bytes(kind))
