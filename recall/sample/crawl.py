"""Writes the sample crawl: gz WARCs, paths files, columnar index and labels, laid out as Common Crawl does.

In: a seed and a number of pages. Out: a folder that reads like the root of a crawl bucket, and `labels.jsonl` with a
row for each page, written last: where it exists the sample is whole. The same seed and number give the same bytes.
"""

import base64
import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from recall.archive.index import IndexRow, write_index
from recall.archive.warc import WarcWriter
from recall.records import WarcRef
from recall.sample.chance import chance
from recall.sample.world import Response, responses
from recall.sites.hosts import host_of, registered_domain

CRAWL = "CC-MAIN-2026-01"
"""A crawl that Common Crawl never made."""

PAGES = 1_600
"""Labelled pages where the caller names no number."""

SHARDS = 8
LABELS = "labels.jsonl"

_SEGMENT = "1767225600000.00"
_START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SampleInfo:
    """What was written. pages: labelled pages; responses: with errors and other files; uses: pages by use and label."""

    folder: Path
    crawl: str
    shards: int
    hosts: int
    pages: int
    responses: int
    uses: Mapping[str, Mapping[str, int]]


def write_sample(folder: Path, seed: int = 0, pages: int = PAGES) -> SampleInfo:
    """Write a sample of about `pages` pages into `folder`; files of the same names are replaced.

    Paths files and index name everything relative to the folder, which serves as the crawl's base. Below about 200
    pages each section of a host keeps one page, so that there are more than were asked for.
    """
    (folder / LABELS).unlink(missing_ok=True)
    answers = list(responses(seed, pages))
    chance(seed, "order").shuffle(answers)
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


def _write_shard(folder: Path, path: str, answers: Sequence[Response], number: int) -> list[IndexRow]:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    with target.open("wb") as stream:
        writer = WarcWriter(stream, path)
        writer.info(_date(0), {"isPartOf": CRAWL, "format": "WARC File Format 1.0", "description": "recall's sample"})
        for place, answer in enumerate(answers):
            date = _date(place * SHARDS + number)
            ref = writer.page(answer.url, answer.body, answer.content_type, date, answer.status, answer.truncated)
            rows.append(_row(answer, ref))
    return rows


def _date(seconds: int) -> str:
    return (_START + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _row(answer: Response, ref: WarcRef) -> IndexRow:
    digest = base64.b32encode(hashlib.sha1(answer.body, usedforsecurity=False).digest()).decode()
    return IndexRow(answer.url, ref, int(answer.status.split()[0]), answer.content_type.partition(";")[0], digest)


def _write_paths(folder: Path, kind: str, paths: Iterable[str]) -> None:
    text = "".join(f"{path}\n" for path in paths).encode()
    (folder / f"crawl-data/{CRAWL}/{kind}.paths.gz").write_bytes(gzip.compress(text, mtime=0))


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def _write_labels(path: Path, labelled: Iterable[Response]) -> None:
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


def _describe(folder: Path, answers: Sequence[Response], labelled: Sequence[Response]) -> SampleInfo:
    tally = Counter((answer.use, answer.label) for answer in labelled)
    uses: dict[str, dict[str, int]] = {}
    for use, label in sorted(tally):
        uses.setdefault(use, {})[label] = tally[use, label]
    hosts = len({host_of(answer.url) for answer in labelled})
    return SampleInfo(folder, CRAWL, SHARDS, hosts, len(labelled), len(answers), uses)
