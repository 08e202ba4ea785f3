"""Writes a crawl with the open web's share of code, made of two labelled ones, and with copies of pages on request.

    python tests/benchmarks/rare_crawl.py --crawl DIR --web DIR --out DIR [--copies 9] [--share 0.02]

DIRs hold crawls in Common Crawl's layout and labels.jsonl (url, label, use, family). What is written: every page that
is not labelled as code; of the code pages of use "pool" every fourth of --crawl and every second of --web, in the order
of the labels, so that 4 % of the pool is code, or with --share so many, evenly taken, that they are this share; all of
other uses. A page that both hold is written once, by the row of the first that keeps it; a family that one of them
measures on is for measuring only.
`--copies N`: every page of seed and pool that is not code N times: itself and N - 1 copies under hosts of other
registered domains, each with a line of its own at its end. Pages to measure on have no copies. A copy's row of
labels.jsonl names the page in `copy_of` and is of use "pool". The same folders give the same bytes.
"""

import argparse
import gzip
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from recall.archive.index import IndexRow, write_index
from recall.archive.warc import WarcWriter, captures
from recall.records import Capture

CRAWL = "CC-MAIN-2026-02"
SEGMENT = f"crawl-data/{CRAWL}/segments/1796000000000.00/warc"
INDEX = f"cc-index/table/cc-main/warc/crawl={CRAWL}/subset=warc/part-00000.gz.parquet"
SHARDS = 12
POSITIVE, MEASURE, POOL = "C", "measure", "pool"
EVERY = (4, 2)
"""Of the code pages of each folder's pool one of so many is kept."""

Row = dict[str, Any]


def read_rows(folder: Path) -> list[Row]:
    """Rows of a crawl's labels.jsonl."""
    with (folder / "labels.jsonl").open(encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def merged(folders: Sequence[list[Row]]) -> list[Row]:
    """Rows of all folders, each URL once, of use "measure" in all of a family that is measured on in one."""
    rows = {row["url"]: row for kept in reversed(folders) for row in kept}
    measured = {row["family"] for row in rows.values() if row["use"] == MEASURE}
    return [{**row, "use": MEASURE} if row["family"] in measured else row for row in rows.values()]


def thinned(folders: Sequence[list[Row]], share: float | None) -> list[Row]:
    """Rows of the pages that are written. share: of code in the pool; None for one of EVERY."""
    if share is None:
        return merged([_one_of(rows, every) for rows, every in zip(folders, EVERY, strict=True)])
    rows = merged(folders)
    code = [row["url"] for row in rows if in_question(row)]
    others = sum(row["use"] == POOL and not is_code(row) for row in rows)
    wanted = min(len(code), round(others * share / (1 - share)))
    kept = {code[number * len(code) // wanted] for number in range(wanted)}
    return [row for row in rows if not in_question(row) or row["url"] in kept]


def _one_of(rows: list[Row], every: int) -> list[Row]:
    kept = {row["url"] for row in [row for row in rows if in_question(row)][::every]}
    return [row for row in rows if not in_question(row) or row["url"] in kept]


def in_question(row: Row) -> bool:
    """Whether a page is one of those of which only some are kept."""
    return is_code(row) and row["use"] == POOL


def is_code(row: Row) -> bool:
    """Whether a page is labelled as code."""
    return bool(row["label"] == POSITIVE)


def copies_of(row: Row, copies: int) -> list[Row]:
    """A page's row and those of its copies, each under a registered domain of its own."""
    if is_code(row) or row["use"] == MEASURE:
        return [row]
    parts = urlsplit(row["url"])
    made = [row]
    for number in range(2, copies + 1):
        domain = f"{(parts.hostname or '').replace('.', '-')[:50].strip('-')}-{number}.example"
        url = parts._replace(netloc=domain).geturl()
        made.append({**row, "url": url, "use": POOL, "family": domain, "copy_of": row["url"]})
    return made


def write_pages(pages: Iterable[tuple[Row, Capture]], out: Path) -> list[IndexRow]:
    """Write pages into WARC files by turns."""
    names = [f"{SEGMENT}/CC-MAIN-20261206000000-20261206030000-{number:05}.warc.gz" for number in range(SHARDS)]
    (out / SEGMENT).mkdir(parents=True, exist_ok=True)
    index = []
    with ExitStack() as stack:
        writers = [WarcWriter(stack.enter_context((out / name).open("wb")), name) for name in names]
        for writer in writers:
            writer.info("2026-12-06T00:00:00Z", {"isPartOf": CRAWL, "format": "WARC File Format 1.0"})
        for number, (row, page) in enumerate(pages):
            kind = "text/html" + (f"; charset={page.charset}" if page.charset else "")
            line = f"\n<p>{urlsplit(row['url']).hostname}</p>\n".encode() if "copy_of" in row else b""
            body = page.body + line
            ref = writers[number % SHARDS].page(row["url"], body, kind, page.fetched, truncated=page.truncated)
            index.append(IndexRow(row["url"], ref, 200, "text/html", ""))
    return index


def pages_of(folders: Sequence[Path], rows: Mapping[str, list[Row]]) -> Iterator[tuple[Row, Capture]]:
    """Every row to write with its page. rows: by the URL of the page, itself and its copies."""
    seen: set[str] = set()
    for folder in folders:
        for warc in sorted(folder.glob("crawl-data/**/warc/*.warc.gz")):
            for page in captures(str(warc)):
                if page.url in rows and page.url not in seen:
                    seen.add(page.url)
                    for row in rows[page.url]:
                        yield row, page


def write_rare_crawl(crawl: Path, web: Path, out: Path, copies: int = 1, share: float | None = None) -> Counter[str]:
    """Write the crawl; what it holds, by use and whether it is code. labels.jsonl is written last."""
    kept = thinned([read_rows(crawl), read_rows(web)], share)
    rows = {row["url"]: copies_of(row, copies) for row in kept}
    index = write_pages(pages_of((crawl, web), rows), out)
    (out / INDEX).parent.mkdir(parents=True, exist_ok=True)
    write_index(index, out / INDEX)
    for kind, paths in (("warc", sorted({row.ref.path for row in index})), ("cc-index-table", [INDEX])):
        text = "".join(f"{path}\n" for path in paths).encode()
        (out / f"crawl-data/{CRAWL}/{kind}.paths.gz").write_bytes(gzip.compress(text, mtime=0))
    (out / "collinfo.json").write_text(json.dumps([{"id": CRAWL, "name": "rare", "timegate": "", "cdx-api": ""}]))
    labels = sorted((row for made in rows.values() for row in made), key=lambda row: str(row["url"]))
    (out / "labels.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in labels), encoding="utf-8")
    return Counter(f"{row['use']} {'code' if is_code(row) else 'other'}" for row in labels)


def main() -> None:
    """Write, print what was written."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crawl", type=Path, required=True)
    parser.add_argument("--web", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--share", type=float)
    options = parser.parse_args()
    made = write_rare_crawl(options.crawl, options.web, options.out, options.copies, options.share)
    print(json.dumps(dict(sorted(made.items()))))  # noqa: T201 - the last line is the result


if __name__ == "__main__":
    main()
