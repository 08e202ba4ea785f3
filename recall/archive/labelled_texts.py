"""Labelled texts of other corpora: rows with `text`, and `url`, `label` and `family` where they are known.

In: a Parquet file or JSON lines, plain or packed (told by the first bytes), read as a stream. Out: in file order, a
LabelledText, or the BadRow that says why a row is none. Refuses a file that cannot be read to its end or has no column
of text; of a row it refuses what cannot be used, and goes on with the next.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from recall.archive.corpora import MAX_TEXT
from recall.archive.warc import clean_url
from recall.config import AccessSection
from recall.io import json_rows, open_readahead
from recall.io.parquet import ParquetReader
from recall.io.parquet.text_columns import find_column, text_rows

COLUMNS = ("text", "url", "label", "family")

_BLOCK = 1 << 16
_ROWS = 64
"""Rows of a Parquet file that are held at once."""
_SHOWN = 120
"""Characters of a reason that are kept: it may quote the file."""


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A row that can be used. number: of the row, or of its line in JSON lines, from 1 on; None: not given."""

    number: int
    text: str
    url: str | None
    label: str | None
    family: str | None


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be used, and why."""

    number: int
    reason: str


def labelled_texts(url: str, access: AccessSection) -> Iterator[LabelledText | BadRow]:
    """Every row of a file.

    Raises BadInput for a file of another kind, without text or cut short, ShardFailed for one that cannot be fetched.
    """
    for number, row in _parquet_rows(url, access) if url.endswith(".parquet") else _json_rows(url, access):
        yield BadRow(number, row[:_SHOWN]) if isinstance(row, str) else _read(number, row)


def _parquet_rows(url: str, access: AccessSection) -> Iterator[tuple[int, Mapping[str, Any]]]:
    parquet = ParquetReader(url, access)
    find_column(parquet.schema, COLUMNS[0], url)
    wanted = [name for name in COLUMNS if name in parquet.names]
    number = 0
    for table in parquet.batches(wanted, _ROWS):
        for number, row in enumerate(text_rows(table, wanted, url), number + 1):  # noqa: B020 - counts through the tables
            yield number, row


def _json_rows(url: str, access: AccessSection) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    with open_readahead(url, access) as stream:
        pieces = iter(lambda: stream.read(_BLOCK), b"")
        yield from json_rows(pieces, url, longest=4 * MAX_TEXT, keys=COLUMNS)


def _read(number: int, row: Mapping[str, Any]) -> LabelledText | BadRow:
    text, url, label, family = map(row.get, COLUMNS)
    if not isinstance(text, str) or not text or text.isspace():
        return BadRow(number, "text is not UTF-8" if isinstance(text, bytes) else "no text")
    if len(text) > MAX_TEXT:
        return BadRow(number, f"text of more than {MAX_TEXT:,} characters")
    if isinstance(label, bool) or not isinstance(label, str | int | None):
        return BadRow(number, "label is neither text nor a whole number")
    if not isinstance(family, str | None):
        return BadRow(number, "family is not text")
    cleaned = None
    if url is not None and url != "":
        cleaned = clean_url(url.encode("utf-8", "replace")) if isinstance(url, str) else None
        if cleaned is None:
            return BadRow(number, "url is not that of a page")
    return LabelledText(number, text, cleaned, None if label in (None, "") else str(label), family or None)
