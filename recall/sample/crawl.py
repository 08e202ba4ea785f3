"""Writes the sample crawl: gz WARCs, paths files, columnar index and labels, laid out as Common Crawl does.

In: the responses that come with recall (`responses.parquet`, written for this project by `tests/sample_generator`).
Out: a folder that reads like the root of a crawl bucket, and `labels.jsonl` with a row for each page, written last:
where it exists the sample is whole. The same responses give the same bytes.
"""

import base64
import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

from recall.archive.index import IndexRow, write_index
from recall.archive.warc import WarcWriter
from recall.io.parquet import table_from
from recall.records import WarcRef
from recall.sites.hosts import registered_domain
from recall.sites.urls import host_of

CRAWL = "CC-MAIN-2026-01"
"""A crawl that Common Crawl never made."""

SHARDS = 8
LABELS = "labels.jsonl"
RESPONSES = "responses.parquet"

_SEGMENT = "1767225600000.00"
_START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SampleResponse:
    """A server's response. label: "" for one that is no page and has no label; language: of the host's text."""

    url: str
    body: bytes
    content_type: str
    language: str
    use: str
    label: str = ""
    status: str = "200 OK"
    truncated: str | None = None


@dataclass(frozen=True, slots=True)
class SampleInfo:
    """A written sample. pages: labelled pages; responses: with errors and other files; uses: pages by use and label."""

    folder: Path
    crawl: str
    shards: int
    hosts: int
    pages: int
    responses: int
    uses: Mapping[str, Mapping[str, int]]


def sample_responses() -> list[SampleResponse]:
    """Read the responses of the sample, in the order in which they were crawled."""
    table = table_from(files("recall.sample").joinpath(RESPONSES).read_bytes())
    columns = [table.column(field.name).to_pylist() for field in fields(SampleResponse)]
    return [SampleResponse(*row) for row in zip(*columns, strict=True)]


def write_sample(folder: Path) -> SampleInfo:
    """Write the sample into `folder`; files of the same names are replaced."""
    return write_crawl(folder, sample_responses())


def write_crawl(folder: Path, answers: Sequence[SampleResponse]) -> SampleInfo:
    """Write responses as a crawl of eight WARC files into `folder`.

    Paths files and index name everything relative to the folder, which serves as the crawl's base.
    """
    (folder / LABELS).unlink(missing_ok=True)
    rows: list[IndexRow] = []
    paths = []
    for number in range(SHARDS):
        path = _warc_path(number)
        paths.append(path)
        rows += _write_shard(folder, path, answers[number::SHARDS], number)
    _write_paths(folder, "warc", paths)
    index = f"cc-index/table/cc-main/warc/crawl={CRAWL}/subset=warc/part-00000.gz.parquet"
    (folder / index).parent.mkdir(parents=True, exist_ok=True)
    write_index(rows, folder / index)
    _write_paths(folder, "cc-index-table", [index])
    _write_json(folder / "collinfo.json", [{"id": CRAWL, "name": "sample", "timegate": "", "cdx-api": ""}])
    labelled = sorted((answer for answer in answers if answer.label), key=lambda answer: answer.url)
    _write_labels(folder / LABELS, labelled)
    return _describe(folder, answers, labelled)


def _warc_path(number: int) -> str:
    return f"crawl-data/{CRAWL}/segments/{_SEGMENT}/warc/CC-MAIN-20260101000000-20260101030000-{number:05}.warc.gz"


def _write_shard(folder: Path, path: str, answers: Sequence[SampleResponse], number: int) -> list[IndexRow]:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    with target.open("wb") as stream:
        writer = WarcWriter(stream, path)
        writer.info(_date(0), {"isPartOf": CRAWL, "format": "WARC File Format 1.0", "description": "recall's sample"})
        for position, answer in enumerate(answers):
            date = _date(position * SHARDS + number)
            ref = writer.page(answer.url, answer.body, answer.content_type, date, answer.status, answer.truncated)
            rows.append(_row(answer, ref))
    return rows


def _date(seconds: int) -> str:
    return (_START + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _row(answer: SampleResponse, ref: WarcRef) -> IndexRow:
    digest = base64.b32encode(hashlib.sha1(answer.body, usedforsecurity=False).digest()).decode()
    return IndexRow(answer.url, ref, int(answer.status.split()[0]), answer.content_type.partition(";")[0], digest)


def _write_paths(folder: Path, kind: str, paths: Iterable[str]) -> None:
    text = "".join(f"{path}\n" for path in paths).encode()
    (folder / f"crawl-data/{CRAWL}/{kind}.paths.gz").write_bytes(gzip.compress(text, mtime=0))


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def _write_labels(path: Path, labelled: Iterable[SampleResponse]) -> None:
    lines = [
        json.dumps(
            {
                "url": answer.url,
                "label": answer.label,
                "use": answer.use,
                "family": registered_domain(host_of(answer.url)),
            }
        )
        for answer in labelled
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _describe(folder: Path, answers: Sequence[SampleResponse], labelled: Sequence[SampleResponse]) -> SampleInfo:
    tally = Counter((answer.use, answer.label) for answer in labelled)
    uses: dict[str, dict[str, int]] = {}
    for use, label in sorted(tally):
        uses.setdefault(use, {})[label] = tally[use, label]
    hosts = len({host_of(answer.url) for answer in labelled})
    return SampleInfo(folder, CRAWL, SHARDS, hosts, len(labelled), len(answers), uses)
