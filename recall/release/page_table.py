"""Scores of all pages as a table that joins with Common Crawl's columnar index: every row of a round's scan.

In: a scanned round. Out: one Parquet file keyed by url_surtkey, crawl and fetch_time, sorted by them, the same bytes
for the same round; memory is bounded (`RowSorter`), disk is not. Keys and times are those of the index where the config
names one ([crawl] index), found by file and offset, so that every page joins; else they follow the rule (`sites.surt`)
and the capture's own date. Page content is no part of it.
"""

import re
import tempfile
from pathlib import Path
from typing import Any

from recall.archive.index import part_urls
from recall.archive.index.row_sorter import RowSorter
from recall.errors import BadInput
from recall.io.parquet import ParquetWriter, Table, table_of
from recall.release.export_files import new_file
from recall.run.rounds import Round
from recall.run.scanned import ScannedShard, read_rows, scanned_shards
from recall.run.store import Schema
from recall.sites.surt import surt_key

KEYS = ("url_surtkey", "crawl", "fetch_time")
PAGES: Schema = {
    "url_surtkey": "string",
    "crawl": "string",
    "fetch_time": "timestamp",
    "recall_score": "float64",
    "recall_kept": "bool",
    "url": "string",
    "warc_filename": "string",
    "warc_record_offset": "int64",
    "warc_record_length": "int64",
}
"""recall_score: of the round's model, or of an older one where the scan kept that; recall_kept: at or above the round's
threshold. fetch_time: as in the index, null where it is not known."""

_HELD: Schema = {
    "surt": "string",
    "crawl": "string",
    "seconds": "int64",
    "recall_score": "float64",
    "recall_kept": "bool",
    "url": "string",
    "warc_filename": "string",
    "warc_record_offset": "int64",
    "warc_record_length": "int64",
}
_IN_CRAWL = re.compile(r"(?:^|/)((?:crawl-data|projects)/.+)$")
_BY_RULE = """
SELECT surt AS url_surtkey, crawl, CASE WHEN seconds > 0 THEN 1000 * seconds END AS fetch_time,
    recall_score, recall_kept, url, warc_filename, warc_record_offset, warc_record_length
FROM rows
ORDER BY url_surtkey, crawl, fetch_time, warc_filename, warc_record_offset, warc_record_length
"""
_BY_INDEX = """
WITH captures AS (
    SELECT warc_filename AS path, warc_record_offset AS place, url_surtkey AS surtkey, epoch_ms(fetch_time) AS fetched
    FROM read_parquet($index, hive_partitioning = false, binary_as_string = true)
    WHERE warc_filename IN (SELECT DISTINCT warc_filename FROM rows)
)
SELECT coalesce(surtkey, surt) AS url_surtkey, crawl,
    coalesce(fetched, CASE WHEN seconds > 0 THEN 1000 * seconds END) AS fetch_time,
    recall_score, recall_kept, url, warc_filename, warc_record_offset, warc_record_length
FROM rows LEFT JOIN captures ON path = warc_filename AND place = warc_record_offset
ORDER BY url_surtkey, crawl, fetch_time, warc_filename, warc_record_offset, warc_record_length
"""


def export_pages(round_: Round, target: Path) -> int:
    """Write the table of a round's pages; returns how many. Raises BadInput, and ShardFailed where the index fails."""
    if target.suffix != ".parquet":
        raise BadInput(f"{target}: scores of pages are written as .parquet")
    config = round_.run.config
    crawls = config.crawl.ids or sorted({shard.crawl for shard in round_.run.shards if shard.crawl})
    index = config.crawl.index
    files = [url for crawl in crawls for url in part_urls(index, crawl, config.access)] if index else []
    with (
        tempfile.TemporaryDirectory(prefix="recall-") as folder,
        RowSorter(Path(folder), files, config.access) as sorter,
        new_file(target) as stream,
    ):
        for shard in scanned_shards(round_):
            sorter.add(_held(round_, shard))
            if shard.others is not None:
                sorter.add(_held(round_, shard.others))
        schema = {**PAGES, "fetch_time": _time_type(sorter) if files else "timestamp[UTC]"}
        writer = ParquetWriter(Path(stream.name), schema, order=KEYS)
        for piece in sorter.rows(_BY_INDEX if files else _BY_RULE):
            writer.add({name: piece.column(name) for name in schema})
        if not writer.rows:
            writer.add({name: [] for name in schema})
        writer.close()
    return writer.rows


def _time_type(sorter: RowSorter) -> str:
    return "timestamp[UTC]" if "ZONE" in sorter.type_in_index("fetch_time") else "timestamp"


def _held(round_: Round, scanned: ScannedShard) -> Table:
    """A shard's rows as _HELD."""
    table = read_rows(round_.run.store, scanned, ["url", "offset", "length", "score", "kept", "time"])
    urls, count = table.column("url").to_pylist(), table.num_rows
    path = _IN_CRAWL.search(scanned.shard.path)
    columns: dict[str, Any] = {
        "surt": [surt_key(url) for url in urls],
        "crawl": [scanned.shard.crawl] * count,
        "seconds": table.column("time"),
        "recall_score": table.column("score"),
        "recall_kept": table.column("kept"),
        "url": urls,
        "warc_filename": [path[1] if path else scanned.shard.path] * count,
        "warc_record_offset": table.column("offset"),
        "warc_record_length": table.column("length"),
    }
    return table_of(columns, _HELD)
