"""Two runs one after the other on two halves of a crawl that share a third of their pages: is a page in both corpora?

    python -m tests.benchmarks.two_halves --crawl DIR --folder DIR

DIR holds a crawl in Common Crawl's layout and labels.jsonl (url, label, use); pages of use "measure" take no part. Of
five pages, drawn by hash, two go into each half and one into both: there as it is, under another URL, or under another
URL with a line more, by turns. The first half is scanned, trained on and built; a release with signatures carries it to
the second, which is applied to, once as it is and once with --again. Every pair of both corpora is then compared: URL
keys, texts, and exact Jaccard similarity of 5-grams. The last line is one JSON object.
"""

import argparse
import gzip
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recall.config import DuplicatesSection
from recall.corpus import part_keys
from recall.run.rounds import Run
from recall.run.sampling import priority
from recall.sites.urls import url_key
from tests.benchmarks.duplicates import shingles, similar_pairs
from tests.benchmarks.rare_crawl import CRAWL, MEASURE, Row, pages_of, read_rows, write_pages

CONFIG = """
[run]
rounds = 2
[crawl]
ids = ["{crawl}"]
base = "{half}/"
[seed]
labels = "{labels}"
[scan]
rescan = "all"
[label]
answers = "{labels}"
pages = 300
overlap = 0.0
gold_share = 0.0
"""
HALVES = ("first", "second")
COPIES = "https://copies.example/"


def halves_of(rows: Sequence[Row]) -> tuple[dict[str, list[Row]], dict[str, list[Row]]]:
    """What is written into each half, by the URL of the page."""
    first: dict[str, list[Row]] = {}
    second: dict[str, list[Row]] = {}
    for row in rows:
        url, drawn = row["url"], priority(0, row["url"])
        if drawn % 5 < 3:
            first[url] = [row]
        if drawn % 5 > 2:
            second[url] = [row]
        elif drawn % 5 == 0:
            copied = {"url": f"{COPIES}{drawn}", **({"copy_of": url} if drawn % 3 == 2 else {})}
            second[url] = [copied if drawn % 3 else row]
    return first, second


def write_half(crawl: Path, rows: dict[str, list[Row]], out: Path) -> int:
    """Write a half in Common Crawl's layout; how many pages it holds."""
    index = write_pages(pages_of((crawl,), rows), out)
    paths = "".join(f"{path}\n" for path in sorted({row.ref.path for row in index}))
    (out / f"crawl-data/{CRAWL}/warc.paths.gz").write_bytes(gzip.compress(paths.encode(), mtime=0))
    return len(index)


def verb(*arguments: str) -> float:
    """Seconds that a verb takes."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "recall.cli", *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def corpus_of(run: Run) -> dict[str, str]:
    """Texts of a run's corpus by URL."""
    tables = (run.store.read_table(key, ["url", "text"]) for key in part_keys(run))
    return {row["url"]: row["text"] for table in tables for row in table.to_pylist()}


def near_pairs(first: Sequence[str], second: Sequence[str], least: float) -> Iterator[tuple[int, int]]:
    """Pairs of a text of each corpus whose 5-grams agree."""
    sets = [shingles(text) for text in (*first, *second)]
    order = sorted(range(len(sets)), key=lambda number: len(sets[number]))
    ends = np.cumsum([0, *(len(sets[number]) for number in order)]).astype(np.int64)
    left, right, _ = similar_pairs(np.concatenate([sets[number] for number in order]), ends, least)
    for one, other in zip(left, right, strict=True):
        low, high = sorted((order[one], order[other]))
        if low < len(first) <= high:
            yield low, high - len(first)


def shared_by(first: dict[str, str], second: dict[str, str], least: float) -> dict[str, int]:
    """Pages of the second corpus that the first holds: by URL key, by text, and nearly."""
    keys, texts = {url_key(url) for url in first}, set(first.values())
    near = {page for _, page in near_pairs(list(first.values()), list(second.values()), least)}
    urls = {number for number, url in enumerate(second) if url_key(url) in keys}
    same = {number for number, text in enumerate(second.values()) if text in texts}
    return {"url": len(urls), "text": len(same), "near": len(near), "any": len(urls | same | near)}


def main() -> None:
    """Write the halves, run, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crawl", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    folder: Path = options.folder.absolute()
    rows = [row for row in read_rows(options.crawl) if row["use"] != MEASURE]
    pages = {
        name: write_half(options.crawl, half, folder / name) for name, half in zip(HALVES, halves_of(rows), strict=True)
    }
    labels, config = folder / "labels.jsonl", folder / "config.toml"
    labels.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    config.write_text(CONFIG.format(crawl=CRAWL, half=folder / "first", labels=labels), encoding="utf-8")
    runs = {name: str(folder / "runs" / name) for name in (*HALVES, "again")}
    seconds = {"first": verb("init", runs["first"], "--config", str(config)) + verb("run", runs["first"])}
    release = str(folder / "release")
    seconds["release"] = verb("release", runs["first"], release, "--signatures")
    second = ("--from", release, "--crawl", CRAWL, "--base", f"{folder / 'second'}/")
    seconds["second"] = verb("init", runs["second"], *second) + verb("run", runs["second"])
    seconds["again"] = verb("init", runs["again"], *second, "--again") + verb("run", runs["again"])
    opened = {name: Run.open(root) for name, root in runs.items()}
    corpora = {name: corpus_of(run) for name, run in opened.items()}
    dropped = opened["second"].store.read_table("corpus/dropped.parquet", ["stage", "reason"]).to_pylist()
    least = DuplicatesSection().threshold
    figures: dict[str, Any] = {
        "pages": pages,
        "corpora": {name: len(corpus) for name, corpus in corpora.items()},
        "left_out": dict(Counter(row["reason"] for row in dropped if row["stage"] == "earlier")),
        "in_both": {name: shared_by(corpora["first"], corpora[name], least) for name in ("second", "again")},
        "seconds": {name: round(taken, 1) for name, taken in seconds.items()},
    }
    sys.stdout.write(json.dumps(figures, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
