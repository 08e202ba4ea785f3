"""A run's results as an annotation of Common Crawl's indexes: tables and YAML that cc-index-annotations reads.

In: a scanned round. Out: a new folder with hosts.parquet (keyed by surt_host_name), pages.parquet (as `page_table`),
for each a YAML of the index, of the join and of a query, and README.md; whole or not at all, the same bytes for the
same round. Hosts that differ by `www.` alone are one row, as they are in the host index. Layout: cc-index-annotations,
docs/yaml-reference.md and docs/creating-annotations.md.
"""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from recall.archive.index.row_sorter import PIECE, RowSorter
from recall.io.parquet import ParquetWriter, table_of
from recall.release.export_files import new_folder
from recall.release.lists import host_rows
from recall.release.page_table import KEYS, export_pages
from recall.run.rounds import Round
from recall.run.sampling import batches
from recall.run.store import Schema
from recall.sites.surt import surt_host

HOST_KEY = "surt_host_name"
ANNOTATED_HOSTS: Schema = {
    HOST_KEY: "string",
    "recall_pages": "int64",
    "recall_kept": "int64",
    "recall_share": "float64",
    "recall_share_at_least": "float64",
    "recall_code_domain": "bool",
    "recall_judgement": "string",
}
_HELD: Schema = {
    "surt": "string",
    "pages": "int64",
    "kept": "int64",
    "low": "float64",
    "code": "bool",
    "said": "string",
}
_BY_HOST = """
SELECT surt AS surt_host_name, CAST(sum(pages) AS BIGINT) AS recall_pages, CAST(sum(kept) AS BIGINT) AS recall_kept,
    sum(kept) / sum(pages) AS recall_share,
    list_sum(list(pages * low ORDER BY pages * low)) / sum(pages) AS recall_share_at_least,
    bool_or(code) AS recall_code_domain,
    CASE WHEN bool_or(said = 'accept') THEN 'accept' ELSE max(said) END AS recall_judgement
FROM rows GROUP BY surt ORDER BY surt
"""
"""Of hosts that are one, the lower bound is the mean of theirs by pages, which holds where theirs hold. It is added up
in one order, so that threads leave no mark in the last digit."""


def export_annotations(round_: Round, target: Path) -> int:
    """Write the folder; returns how many hosts. Raises BadInput for a name that is taken."""
    with new_folder(target) as building:
        hosts = write_hosts(round_, building / "hosts.parquet")
        pages = export_pages(round_, building / "pages.parquet")
        crawls = sorted({shard.crawl for shard in round_.run.shards if shard.crawl})
        for name, text in annotation_files(crawls).items():
            (building / name).write_text(text, encoding="utf-8")
        (building / "README.md").write_text(_readme(round_, crawls, hosts, pages), encoding="utf-8")
    return hosts


def write_hosts(round_: Round, path: Path) -> int:
    """Write the table of hosts; returns how many."""
    with tempfile.TemporaryDirectory(prefix="recall-") as folder, RowSorter(Path(folder)) as sorter:
        for piece in batches(host_rows(round_), PIECE):
            columns = {
                "surt": [surt_host(row["url_host_name"]) for row in piece],
                "pages": [row["pages"] for row in piece],
                "kept": [row["kept"] for row in piece],
                "low": [row["share_at_least"] or 0.0 for row in piece],
                "code": [row["code_domain"] for row in piece],
                "said": [row["judgement"] for row in piece],
            }
            sorter.add(table_of(columns, _HELD))
        writer = ParquetWriter(path, ANNOTATED_HOSTS, order=[HOST_KEY])
        for table in sorter.rows(_BY_HOST):
            writer.add({name: table.column(name) for name in ANNOTATED_HOSTS})
        if not writer.rows:
            writer.add({name: [] for name in ANNOTATED_HOSTS})
        writer.close()
    return writer.rows


def annotation_files(crawls: list[str]) -> Mapping[str, str]:
    """The YAML files by name: of the index (left), the table (join) and a query (action), for hosts and for pages."""
    limits = f"limits:\n  grep: [{', '.join(crawls)}]\n" if crawls else ""
    web = "table:\n  web_prefix: https://data.commoncrawl.org/\n  paths: {}\n" + limits
    hosts = [name for name in ANNOTATED_HOSTS if name != HOST_KEY]
    return {
        "left_host_index.yaml": web.format("host-index-paths.gz"),
        "left_url_index.yaml": web.format("cc-index-table.paths.gz"),
        "join_recall_hosts.yaml": "".join(_join("hosts.parquet", hosts, [HOST_KEY])),
        "join_recall_pages.yaml": "".join(_join("pages.parquet", ["recall_score", "recall_kept"], list(KEYS))),
        "action_code_domains.yaml": _action([HOST_KEY, "crawl", *hosts], "recall_code_domain"),
        "action_code_pages.yaml": _action(
            [*KEYS, "url", "warc_filename", "warc_record_offset", "warc_record_length", "recall_score"], "recall_kept"
        ),
    }


def _join(file: str, columns: list[str], keys: list[str]) -> Iterator[str]:
    yield f"table:\n  local: ./{file}\n"
    yield "right_columns:\n" + "".join(f"  - {name}\n" for name in columns)
    yield "join_columns:\n" + "".join(f"  - {name}\n" for name in keys)


def _action(columns: list[str], where: str) -> str:
    query = 'sql: "SELECT {columns} FROM joined WHERE {where}"\n'
    return f'{query}columns: "{", ".join(columns)}"\nwhere: "{where}"\n'


def _readme(round_: Round, crawls: list[str], hosts: int, pages: int) -> str:
    return f"""# Code on the web, by host and by page

Round {round_.number} of a recall run on {", ".join(crawls) or "single files"}: {hosts:,} hosts and {pages:,} pages, for
[cc-index-annotations](https://github.com/commoncrawl/cc-index-annotations). The judgements are recall's, not Common
Crawl's.

```sh
python annotate.py left_host_index.yaml join_recall_hosts.yaml action_code_domains.yaml
python annotate.py left_url_index.yaml join_recall_pages.yaml action_code_pages.yaml
```

The first needs `host-index-paths.gz`, the second `cc-index-table.paths.gz` of Common Crawl in this folder.

| hosts.parquet | holds |
|---|---|
| surt_host_name | key: labels reversed, without www |
| recall_pages, recall_kept | pages that the scan has seen, and those at or above the threshold; without repeats |
| recall_share | share of pages kept |
| recall_share_at_least | a lower bound on the share of code pages; 0 for too few pages |
| recall_code_domain | whether that bound makes it a code domain |
| recall_judgement | what people said of URL prefixes of the host: accept, reject or nothing |

| pages.parquet | holds |
|---|---|
| url_surtkey, crawl, fetch_time | key, as in the columnar index |
| recall_score, recall_kept | the model's score; whether it reaches the round's threshold |
| url, warc_filename, warc_record_offset, warc_record_length | the capture |
"""
