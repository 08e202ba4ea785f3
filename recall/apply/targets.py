"""Rows as files, in the format that a name says: JSON lines, Parquet, a WARC of texts, or a folder of Markdown files.

In: rows in order, each a mapping. Out: the file or folder under another name, which the caller puts in its place. The
same rows give the same bytes. Refuses a name that says no format, and Markdown or WARC for rows without a text.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from recall.archive.corpora import MADE_UP
from recall.archive.dates import seconds_of
from recall.archive.warc import WarcWriter
from recall.errors import BadInput
from recall.io.parquet import ParquetWriter
from recall.release.export_files import compressed
from recall.run.sampling import batches
from recall.run.store import Schema

LINES = (".jsonl", ".jsonl.gz", ".jsonl.zst")
PARQUET = ".parquet"
TEXT_WARCS = (".warc.gz", ".wet.gz")
PAGES = "pages.jsonl"
"""In a folder of Markdown files: what each file is of."""

_ROWS = 4096
"""Rows of a row group."""
_LONGEST = 200
"""Bytes of a part of a file's name."""
_NO_DATE = "1970-01-01T00:00:00Z"
"""WARC-Date of a page whose date is not known; the standard wants one."""
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\\:*?\"<>|\ud800-\udfff]")

Row = Mapping[str, Any]


def check_target(target: Path, schema: Schema) -> None:
    """Raise BadInput where a name says no format of these, or one that rows without a text cannot have."""
    name, texts = target.name, "text" in schema
    if name.endswith((*LINES, PARQUET)) or (texts and name.endswith(TEXT_WARCS)):
        return
    if texts and not target.suffix:
        return
    kinds = (
        f"{', '.join((*LINES, PARQUET, *(TEXT_WARCS if texts else ())))}{' or a folder (no ending)' if texts else ''}"
    )
    raise BadInput(f"--to {target}: the name says the format; it ends in {kinds}")


def write_target(target: Path, staged: Path, rows: Iterable[Row], schema: Schema) -> int:
    """Write rows in the format that `target` says as the file or folder `staged`; returns how many."""
    if target.name.endswith(LINES):
        return _write_lines(target, staged, rows)
    if target.name.endswith(PARQUET):
        return _write_parquet(staged, rows, schema)
    if target.name.endswith(TEXT_WARCS):
        return _write_warc(target, staged, rows)
    return _write_folder(staged, rows)


def json_line(row: Row) -> bytes:
    """A row as a line of JSON, without what is null."""
    told = {name: value for name, value in row.items() if value is not None}
    return (json.dumps(told, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


def _write_lines(target: Path, staged: Path, rows: Iterable[Row]) -> int:
    count = 0
    with staged.open("wb") as stream, compressed(stream, target.name) as lines:
        for row in rows:
            lines.write(json_line(row))
            count += 1
    return count


def _write_parquet(staged: Path, rows: Iterable[Row], schema: Schema) -> int:
    writer = ParquetWriter(staged, schema)
    for piece in batches(rows, _ROWS):
        writer.add({name: [row[name] for row in piece] for name in schema})
    if not writer.rows:
        writer.add({name: [] for name in schema})
    writer.close()
    return writer.rows


def _write_warc(target: Path, staged: Path, rows: Iterable[Row]) -> int:
    count = 0
    with staged.open("wb") as stream:
        writer = WarcWriter(stream, target.name)
        for row in rows:
            fetched = row["fetched"] or ""
            url = row["url"] or f"{MADE_UP}{quote(row['path'])}/{row['offset'] or 0}"
            source = f"{quote(row['path'])} {row['offset'] or 0} {row['length'] or 0}"
            count += 1
            writer.text(url, row["text"], fetched if seconds_of(fetched) is not None else _NO_DATE, source)
    return count


def _write_folder(staged: Path, rows: Iterable[Row]) -> int:
    count = 0
    owners: dict[str, str] = {}
    staged.mkdir()
    with (staged / PAGES).open("wb") as pages:
        for row in rows:
            file = file_name(row["path"], row["offset"], row["length"], owners)
            where = staged / file
            if not where.exists():  # a list may name a page twice
                where.parent.mkdir(parents=True, exist_ok=True)
                where.write_text(row["text"], encoding="utf-8")
            count += 1
            pages.write(json_line({"file": file, **{name: row[name] for name in row if name != "text"}}))
    return count


def file_name(path: str, offset: int | None, length: int | None, owners: dict[str, str] | None = None) -> str:
    """Where a page's Markdown lies in a folder: as its file lies, and in an archive by its offset.

    owners: the input that has a place, by place; another input that would lie there gets a digest behind its name.
    """
    place = "/".join(_safe(path.partition("://")[2] if "://" in path else path))
    while owners is not None and owners.setdefault(place, path) != path:
        place = f"{place}-{_digest(path)[:32]}"
    if offset is None:
        return f"{place}.md"
    shared = f"-{-length}" if length is not None and length < 0 else ""
    return f"{place}/{offset:012d}{shared}.md"


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()


def _safe(path: str) -> Iterator[str]:
    """Parts of a path that lead nowhere else, at least one; long ones are cut and told apart by a digest.

    None is the list of pages.
    """
    parts = [part for part in path.split("/") if part not in ("", ".")]
    for number, part in enumerate(parts or ["_"]):
        name = "__" if part == ".." else _UNSAFE.sub("_", part)
        name += "_" if name == PAGES and not number else ""
        octets = name.encode()
        if len(octets) > _LONGEST:
            name = f"{octets[:_LONGEST].decode('utf-8', 'ignore')}-{_digest(part)[:8]}"
        yield name
