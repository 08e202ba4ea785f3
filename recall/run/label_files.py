"""Files of existing labels: JSON lines or Parquet with url and label (and use, family where known).

In: a path or URL, or its bytes. Out: LabelledUrl. Refuses a row that cannot be used, with file and row number.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recall.config import AccessSection
from recall.errors import BadInput, ShardFailed
from recall.io import json_lines, read_all
from recall.io.parquet.text_columns import text_rows
from recall.run.store import table_from
from recall.sites.holdout import Holdout

COLUMNS = ("url", "label", "use", "family")

MEASURE = "measure"
"""Use of labels that figures are measured on and nothing is trained on."""


@dataclass(frozen=True, slots=True)
class LabelledUrl:
    """A label of a page. use: the part of the data it is meant for; family: its site group; None where not given."""

    url: str
    label: str
    use: str | None = None
    family: str | None = None


def read_labels(path: str | Path, access: AccessSection | None = None) -> list[LabelledUrl]:
    """All rows of a labels file (path or URL), in order; a file that ends in .parquet is Parquet, else JSON lines.

    Other columns are ignored. Raises BadInput when the file is missing or a row has no url or label, or one of COLUMNS
    twice.
    """
    source = str(path)
    try:
        data = read_all(source, access or AccessSection())
    except ShardFailed as error:
        raise BadInput(f"{source}: labels cannot be read: {error}") from None
    return parse_labels(data, source)


def parse_labels(data: bytes, source: str) -> list[LabelledUrl]:
    """Rows of a labels file's bytes, which tell its format with the name; `source` names it in errors."""
    parquet = source.endswith(".parquet") or data.startswith(b"PAR1")
    rows = _parquet_rows(data, source) if parquet else json_lines(data, source, keys=COLUMNS)
    return [_labelled(row, f"{source}:{number}") for number, row in rows]


def _parquet_rows(data: bytes, source: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        table = table_from(data)
    except BadInput as error:
        raise BadInput(f"{source}: {error}") from None
    wanted = [name for name in COLUMNS if name in table.column_names or name in COLUMNS[:2]]
    yield from enumerate(text_rows(table, wanted, source), 1)


def _labelled(row: Mapping[str, Any], where: str) -> LabelledUrl:
    url, label = row.get("url"), row.get("label")
    if not isinstance(url, str) or not url:
        raise BadInput(f'{where}: expected a "url"')
    if isinstance(label, bool) or not isinstance(label, str | int) or label == "":
        raise BadInput(f'{where}: expected a "label" (text or a whole number)')
    use, family = row.get("use"), row.get("family")
    for name, value in (("use", use), ("family", family)):
        if value is not None and not isinstance(value, str):
            raise BadInput(f'{where}: "{name}" must be text')
    return LabelledUrl(url, str(label), use or None, family or None)


def usable(labels: Iterable[LabelledUrl], holdout: Holdout) -> dict[str, str]:
    """Labels by URL without held-out pages: those of the run's holdout, and rows whose use is MEASURE."""
    return {entry.url: entry.label for entry in labels if entry.use != MEASURE and not holdout.covers(entry.url)}
