"""The pages of a corpus in other forms: JSON lines, and WARC with the original records.

In: the corpus' part files, read in pieces; for WARC the crawl, by byte range. Out: one file, whole or not at all, the
same bytes for the same corpus. Raises Damaged where a record is no longer the page of its row.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from recall.archive.ranges import read_records
from recall.archive.shards import is_text
from recall.archive.warc import WarcWriter, capture_in
from recall.corpus import part_keys
from recall.errors import BadInput, Damaged
from recall.records import OTHER_BODIES, WarcRef
from recall.release.export_files import compressed, new_file
from recall.run.rounds import Run

ROWS = 512
"""Rows held at a time; the records of neighbouring rows are read with one request."""

DATE = "2000-01-01T00:00:00Z"
"""Of the warcinfo record: a fixed one, so that the same corpus gives the same bytes."""


def rows_of(run: Run, columns: list[str] | None = None) -> Iterator[list[dict[str, Any]]]:
    """The corpus' rows in pieces, in order. Raises BadInput before the corpus is built."""
    if not run.step("corpus").done:
        raise BadInput(f"{run.store.root}: the corpus is not built yet; see `recall status`")
    for key in part_keys(run):
        for table in run.store.read_batches(key, columns, ROWS):
            yield table.to_pylist()


def export_jsonl(run: Run, target: Path) -> int:
    """Write every row of the corpus as a JSON object on a line; returns how many."""
    count = 0
    with new_file(target) as stream, compressed(stream, target.name) as lines:
        for rows in rows_of(run):
            for row in rows:
                lines.write(json.dumps(row, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n")
            count += len(rows)
    return count


def export_warc(run: Run, target: Path) -> int:
    """Write the original response record of every row behind a warcinfo record; returns how many.

    Raises BadInput for a corpus of bare text, Damaged when a record is not the row's page, ShardFailed when the crawl
    cannot be read.
    """
    urls = {shard.path: shard.url for shard in run.shards}
    if any(is_text(url) for url in urls.values()):
        raise BadInput(f"{run.store.root}: its pages come from texts that others extracted; there are no WARC records")
    if not target.name.endswith(".gz"):
        raise BadInput(f"{target}: records are compressed one by one; choose a name that ends in .warc.gz")
    count = 0
    with new_file(target) as stream:
        writer = WarcWriter(stream, target.name)
        software = {"software": f"recall {run.inputs.version}", "format": "WARC File Format 1.0"}
        writer.info(DATE, {**software, "description": f"pages of the recall run {run.digest()}"})
        for rows in rows_of(run, ["url", "warc_path", "offset", "length", "digest"]):
            count += _copy(rows, writer, lambda path: urls[path], run)
    return count


def _copy(rows: list[dict[str, Any]], writer: WarcWriter, url_of: Callable[[str], str], run: Run) -> int:
    wanted: Mapping[WarcRef, dict[str, Any]] = {
        WarcRef(row["warc_path"], row["offset"], row["length"]): row for row in rows
    }
    for ref, data in read_records(wanted, url_of, run.config.access):
        row = wanted[ref]
        capture = capture_in(data, ref, OTHER_BODIES)
        if capture.url != row["url"] or f"sha256:{sha256(capture.body).hexdigest()}" != row["digest"]:
            raise Damaged(f"{ref.path} at {ref.offset}: holds another page than the corpus says; see `recall verify`")
        writer.copy(data)
    return len(wanted)
